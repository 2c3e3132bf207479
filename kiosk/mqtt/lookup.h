#ifndef PORCHLIGHT_MQTT_LOOKUP_H
#define PORCHLIGHT_MQTT_LOOKUP_H

#include "kiosk/mqtt/host.h"
#include "kiosk/mqtt/race.h"

#include <poll.h>

/* One look-up of a host, A and AAAA apart, so that the first answer can be used. It never blocks,
 * and is patient: it asks again after 2, 6, 14 and 30 s, and takes an answer of any of these. Names
 * that no DNS server knows are looked up by libc, which may hang for good: begin another one after
 * LOOKUP_PATIENCE. */
#define LOOKUP_PATIENCE (90 * INT64_C(1000000000))

struct mqtt_lookup;

enum { LOOKUP_FAMILIES = 2, LOOKUP_FDS = 16 };
enum lookup_family { LOOKUP_FOUR, LOOKUP_SIX };

/* `interface`: servers are asked by this one alone, those of its own link where they are known
 * (link_servers.h); "": by any. What libc looks up, it looks up by any. NULL with errno. */
struct mqtt_lookup *mqtt_lookup_new(const struct mqtt_host *host, int port, const char *interface);
void mqtt_lookup_free(struct mqtt_lookup *l); /* NULL is safe */

/* What to poll, at most LOOKUP_FDS; returns how many. *until: when mqtt_lookup_turn is due though
 * nothing is readable, ns of CLOCK_MONOTONIC. */
size_t mqtt_lookup_fds(const struct mqtt_lookup *l, struct pollfd fds[LOOKUP_FDS], int64_t now,
                       int64_t *until);

/* Reads and writes what can be, without waiting. */
void mqtt_lookup_turn(struct mqtt_lookup *l, const struct pollfd *fds, size_t count);

/* Whether this family's answer, good or bad, is there. */
bool mqtt_lookup_is_done(const struct mqtt_lookup *l, enum lookup_family f);

/* What was found so far. */
size_t mqtt_lookup_found(const struct mqtt_lookup *l, enum lookup_family f,
                         const union race_ip **found);

/* Why nothing was found, or not yet, as a clause in static storage. */
const char *mqtt_lookup_why(const struct mqtt_lookup *l);

#endif
