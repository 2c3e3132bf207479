#ifndef PORCHLIGHT_COMMON_TALLY_H
#define PORCHLIGHT_COMMON_TALLY_H

#include "kiosk/common/say_once.h"

#include <stdbool.h>
#include <stdint.h>

/* How much of something there was since the start, and how much of that a log has said: whatever
 * was not said when it came is said as a sum SAY_ONCE_EVERY later. Pure. Times are ns of one clock.
 */
struct tally {
    uint64_t total, told; /* all zeroes: there was none */
    int64_t since;        /* when the first came that was not said */
};

/* So many more, which are said now or not. */
void tally_add(struct tally *t, uint64_t count, bool said, int64_t now);

/* Whether the sum is to be said now, and is said thereby. INT64_MAX: at the end. */
bool tally_due(struct tally *t, int64_t now);

/* When that is; INT64_MAX: never. */
int64_t tally_deadline(const struct tally *t);

#endif
