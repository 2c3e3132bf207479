#ifndef PORCHLIGHT_MQTT_LINK_LOG_H
#define PORCHLIGHT_MQTT_LINK_LOG_H

#include "kiosk/mqtt/fault.h"
#include "kiosk/mqtt/publication.h"

#include <stdbool.h>
#include <stdint.h>

/* What a program's log says of one connection: each time that it comes and goes, until that fills
 * the log. Then only what lasts is said, with how often it has come and gone. Pure: the caller
 * writes the lines. Times are ns of one clock. */

#define LINK_LOG_EVERY  (600 * INT64_C(1000000000)) /* so many lines in this time: */
#define LINK_LOG_STEADY (30 * INT64_C(1000000000))  /* what has lasted is said all the same */

enum { LINK_LOG_BURST = 4, LINK_LOG_WHO = 64, LINK_LOG_LINE = MQTT_DETAIL_MAX + 768 };

/* All zeroes: nothing was said. */
struct link_log {
    bool up, known, withheld; /* withheld: the last line was not said */
    enum mqtt_fault fault;
    char detail[MQTT_DETAIL_MAX], as[LINK_LOG_WHO];
    int64_t since;    /* of what it is now */
    int64_t began_at; /* of the time that `lines` were said in */
    unsigned lines, unsaid;
};

/* It is connected; `as`: more about it, or "". Whether to log `line`, which is "connected..." */
bool link_log_up(struct link_log *l, const char *as, int64_t now, char line[LINK_LOG_LINE]);

/* It is not, for this reason; `detail` as in struct mqtt_event. Whether to log `line`, which is
 * "not connected (...)..." */
bool link_log_down(struct link_log *l, enum mqtt_fault fault, const char *detail, int64_t now,
                   char line[LINK_LOG_LINE]);

/* What lasts, and was not said: whether to log `line` now. Call it now and then. */
bool link_log_time(struct link_log *l, int64_t now, char line[LINK_LOG_LINE]);

/* When that is due; INT64_MAX: never. */
int64_t link_log_deadline(const struct link_log *l);

#endif
