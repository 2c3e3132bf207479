#ifndef PORCHLIGHT_MQTT_DIAL_H
#define PORCHLIGHT_MQTT_DIAL_H

#include "kiosk/mqtt/fault.h"

#include <stdbool.h>
#include <stdint.h>

/* The way to a broker: its name looked up and its addresses raced (race.h). The only resolver of
 * the tree. It waits, so it runs on a thread that nothing waits for. */

enum { MQTT_ADDRESS_MAX = 64 };

/* What became of one attempt. */
struct mqtt_dialled {
    enum mqtt_fault fault;          /* MQTT_FAULT_FINE, MQTT_FAULT_DNS or MQTT_FAULT_ROUTE */
    int error;                      /* ROUTE: the most telling errno of all addresses */
    const char *why;                /* DNS: what is wrong, a clause in static storage */
    char address[MQTT_ADDRESS_MAX]; /* FINE: the address that answered, as text */
};

/* What it remembers from one attempt to the next: a look-up in progress, which address was good,
 * and which were bad. `host` in any spelling (host.h). `interface`: look-ups and connections go by
 * this one alone (SO_BINDTODEVICE, which needs no rights since Linux 5.7); "": by any. NULL with
 * errno. */
struct mqtt_dialler;
struct mqtt_dialler *mqtt_dialler_new(const char *host, int port, const char *interface);
void mqtt_dialler_free(struct mqtt_dialler *d); /* NULL is safe */

/* Called at least four times a second while somebody waits; false: stop. */
typedef bool mqtt_dial_on(void *context);

/* Looks the host up and races its addresses, `step` ns for each, until one answers: a connected,
 * non-blocking socket, which the caller closes; or -1. *said says which of both, and why. Ends
 * after 3 x step though a look-up is still in progress; the next call goes on with that. */
int mqtt_dialler_dial(struct mqtt_dialler *d, int64_t step, mqtt_dial_on *on, void *context,
                      struct mqtt_dialled *said);

/* What came of the address that answered last: one that served is tried first the next time, one
 * that did not is tried last. */
void mqtt_dialler_judge(struct mqtt_dialler *d, bool served);

/* Whether the name has an address beside the one that answered last which was not judged as bad:
 * who is kept waiting by that one need not wait long. */
bool mqtt_dialler_has_another(const struct mqtt_dialler *d);

/* All of it once, without a memory. */
int mqtt_dial(const char *host, int port, const char *interface, int64_t step,
              struct mqtt_dialled *said);

/* said->error or said->why as a clause, such as "Connection refused". Static storage. */
const char *mqtt_dial_why(const struct mqtt_dialled *said);

/* The next connect(2) of this thread, to whatever it is, takes this connected socket instead, and
 * closes `fd`: libmosquitto has no other door. -1: none, after all. */
void mqtt_dial_hand_over(int fd);

/* Whether the other end of a connected socket has an address of this machine; true in doubt, so
 * that what such a broker accepts does not count as handed over. */
bool mqtt_dial_is_here(int fd);

#endif
