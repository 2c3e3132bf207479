#ifndef PORCHLIGHT_ALERTD_BUTTONS_H
#define PORCHLIGHT_ALERTD_BUTTONS_H

#include "config/config.h"
#include "kiosk/common/loop.h"
#include "kiosk/core/button.h"
#include "kiosk/mqtt/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The connection to the broker that buttons by radio are read from: [buttons] of the config. For
 * each switch with line = mqtt:TOPIC it reads TOPIC, TOPIC/availability, and the gateway's own
 * state beside them (zigbee2mqtt/bridge/state). Nothing is published there. */
struct buttons;

struct buttons_listener {
    void *context;
    /* a message about switch number `i` of the config */
    void (*report)(void *context, size_t i, const struct button_report *report, int64_t now);
    void (*link)(void *context, size_t i, bool up); /* whether the broker gives what it says */
};

/* `password` may be NULL (none), and is copied. NULL with errno. */
struct buttons *buttons_new(const struct config *config, const char *password, struct loop *loop,
                            const struct buttons_listener *listener);
void buttons_free(struct buttons *b); /* NULL is safe */

/* Whether the config has a button by radio, so that such a connection is needed. */
bool buttons_are_used(const struct config *config);

/* For status. MQTT_FAULT_FINE: connected, and every topic may be read. `detail`: until the next
 * event, or "". */
enum mqtt_fault buttons_fault(const struct buttons *b, const char **detail);

/* What time brings to the log, and when: at no other moment, whatever else wakes the kiosk. NULL is
 * safe. */
void buttons_time(struct buttons *b, int64_t now);
int64_t buttons_deadline(const struct buttons *b);

#endif
