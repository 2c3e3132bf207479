#ifndef PORCHLIGHT_MQTT_FLOOD_LOG_H
#define PORCHLIGHT_MQTT_FLOOD_LOG_H

#include "kiosk/common/say_once.h"
#include "kiosk/common/tally.h"
#include "kiosk/mqtt/thread.h"

#include <stdbool.h>
#include <stdint.h>

/* What a program's log says of messages that were over a budget: the topic when it begins, and then
 * how many there were in all, so that a flood does not fill the log. Pure: the caller writes the
 * lines. Times are ns of one clock. */

enum { FLOOD_LOG_LINE = 160 };

/* All zeroes: none were. */
struct flood_log {
    struct say_once said;
    struct tally dropped;
};

/* An MQTT_DROPPED: whether to log its topic and count now. */
bool flood_log_note(struct flood_log *l, const struct mqtt_event *e);

/* More were dropped since: whether to log `line` now, which has all of them. Call it now and then,
 * and with INT64_MAX at the end. */
bool flood_log_time(struct flood_log *l, int64_t now, char line[FLOOD_LOG_LINE]);

/* When that is due; INT64_MAX: never. */
int64_t flood_log_deadline(const struct flood_log *l);

#endif
