#ifndef PORCHLIGHT_MQTT_DIAL_H
#define PORCHLIGHT_MQTT_DIAL_H

#include "kiosk/mqtt/fault.h"

#include <stdbool.h>
#include <stdint.h>

/* The way to a broker: its name looked up and its addresses tried. The only resolver of the tree.
 * It blocks (the look-up above all), so it runs on a thread that nothing waits for. */

enum { MQTT_ADDRESS_MAX = 64 };

/* What became of one attempt. */
struct mqtt_dialled {
    enum mqtt_fault fault;          /* MQTT_FAULT_FINE, MQTT_FAULT_DNS or MQTT_FAULT_ROUTE */
    int error;                      /* DNS: an EAI_ code; ROUTE: errno of the last address tried */
    char address[MQTT_ADDRESS_MAX]; /* FINE: the address that answered, as text */
};

/* Connects to each address of `host` in turn, for up to `timeout` ns each, until one answers. A
 * connected, non-blocking socket, which the caller closes; or -1. *d says which of both, and why.
 */
int mqtt_dial(const char *host, int port, int64_t timeout, struct mqtt_dialled *d);

/* d->error as a clause, such as "Connection refused". Static storage. */
const char *mqtt_dial_why(const struct mqtt_dialled *d);

/* Whether the other end of a connected socket has an address of this machine; true in doubt, so
 * that what such a broker accepts does not count as handed over. */
bool mqtt_dial_is_here(int fd);

#endif
