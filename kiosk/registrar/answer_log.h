#ifndef PORCHLIGHT_REGISTRAR_ANSWER_LOG_H
#define PORCHLIGHT_REGISTRAR_ANSWER_LOG_H

#include "kiosk/common/say_once.h"
#include "kiosk/common/tally.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the registrar's log says of requests that changed nothing, and why: each reason once for who
 * asks, again after ten minutes with how often it came meanwhile, and then how many there were in
 * all. However many ask for whatever, that is ANSWER_LOG_BURST lines in ten minutes and one more.
 * Pure: the caller writes the lines. Times are ns of one clock. */

#define ANSWER_LOG_EVERY SAY_ONCE_EVERY

enum { ANSWER_LOG_BURST = 64, ANSWER_LOG_LINE = 160 };

/* All zeroes: nothing was asked. */
struct answer_log {
    struct say_once said;
    int64_t began_at; /* of the time that `lines` were said in */
    unsigned lines;
    struct tally refused;
};

/* It was refused for this reason, or (`refused` false) there was nothing to do or not now: whether
 * to log it; *before as say_once has it. */
bool answer_log_note(struct answer_log *l, const char *who, const char *why, bool refused,
                     int64_t now, unsigned *before);

/* More were refused than was said: whether to log `line` now, which has all of them. Call it now
 * and then, and with INT64_MAX at the end. */
bool answer_log_time(struct answer_log *l, int64_t now, char line[ANSWER_LOG_LINE]);

/* When that is due; INT64_MAX: never. */
int64_t answer_log_deadline(const struct answer_log *l);

#endif
