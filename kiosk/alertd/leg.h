#ifndef PORCHLIGHT_ALERTD_LEG_H
#define PORCHLIGHT_ALERTD_LEG_H

#include "kiosk/alertd/broker.h"
#include "kiosk/alertd/compose.h"
#include "kiosk/common/loop.h"

#include <stdbool.h>
#include <stdint.h>

/* How one broker stands, seen from the main loop. */
struct leg {
    struct broker *broker;
    struct broker_setup setup;
    bool up;
    bool outside; /* what it accepts is handed over: configured so, and not on this machine */
    int version;
    uint64_t connection;
    enum path_fault fault;
    int64_t up_at, echo_at; /* echo_at: when the kiosk's own beat last came back, or NS_NEVER */
    int64_t latency;        /* ns from gesture to PUBACK of the last alert; -1: none yet */
};

/* Everything that a broker's thread must know; starts nothing. `password` may be NULL, and
 * lives as long as the leg: a thread that hangs is replaced. */
void leg_init(struct leg *l, const struct config *config, size_t i, const char *password,
              const struct compose *compose);

/* The thread, and its events in the loop. 0 or -1 with errno. */
int leg_start(struct leg *l, struct loop *loop, loop_fn *on_events, void *context);
void leg_stop(struct leg *l, struct loop *loop);

/* Takes note of BROKER_UP and BROKER_DOWN, and says it in the log. `simulated`: kiosk and broker
 * stand on one machine on purpose, and the config is believed. */
void leg_is_up(struct leg *l, const struct broker_event *e, bool simulated, int64_t now);
void leg_is_down(struct leg *l, enum path_fault fault);

/* Why the leg must be begun anew: its thread hangs (what it hangs in: PATH_DNS, PATH_TLS,
 * PATH_BROKER), an alert sent at `unacked_since` (NS_NEVER: none) is still not acknowledged
 * (PATH_BROKER), or the kiosk's own beat no longer comes back (PATH_BEAT). PATH_FINE: it need not.
 */
enum path_fault leg_stale(const struct leg *l, int64_t beat, int64_t unacked_since, int64_t now);

/* Bare bytes on a topic that is none of ours (plain.h). An empty retained payload takes back what
 * was kept there. */
void leg_publish_bare(struct leg *l, const char *topic, bool retain, long expiry_s,
                      const char *payload, size_t len);

/* Makes the message for `topic` and gives it to the thread. `token` comes back when it is
 * acknowledged; 0: not wanted. 0, or -1: the thread has too much to do, or there is no memory. */
int leg_publish(struct leg *l, struct compose *c, enum topic t, struct message *m, uint64_t token);

#endif
