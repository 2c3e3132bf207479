#ifndef PORCHLIGHT_MQTT_LINK_FLAP_H
#define PORCHLIGHT_MQTT_LINK_FLAP_H

#include "kiosk/mqtt/fault.h"

#include <stdbool.h>
#include <stdint.h>

/* Whether a connection comes and goes: one that is there just now is not fine then. Pure. Times are
 * ns of one clock. */

/* Connections in a row that ended soon; one alone may have been a restart. */
enum { LINK_FLAPS = 2 };

/* All zeroes but `steady`: it has never been up. */
struct link_flap {
    int64_t steady; /* a connection that has lasted so long has worked */
    int64_t up_at;
    bool up;
    unsigned soon;         /* connections in a row that ended sooner */
    enum mqtt_fault fault; /* why the last of them did */
};

void link_flap_up(struct link_flap *f, int64_t now);
void link_flap_down(struct link_flap *f, enum mqtt_fault fault, int64_t now);

/* Whether the connection that is up has lasted by now, and it flapped before. */
bool link_flap_is_over(struct link_flap *f, int64_t now);

/* When that is; INT64_MAX: never, as it is down, or does not flap. */
int64_t link_flap_deadline(const struct link_flap *f);

/* Why it comes and goes, MQTT_FAULT_FINE: it does not. */
enum mqtt_fault link_flap_fault(const struct link_flap *f);

#endif
