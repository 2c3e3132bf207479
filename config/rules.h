#ifndef PORCHLIGHT_CONFIG_RULES_H
#define PORCHLIGHT_CONFIG_RULES_H

#include <stdbool.h>

/* What no single key of porchlight.conf can show: overlaps, contradictions, one line used twice;
 * and what a city gives. Called when each key by itself is right. */
struct reader;
void rules_check(struct reader *r);

/* Whether a host is this machine itself: localhost, ::1 or 127.x.x.x. */
bool rules_is_loopback(const char *host);

/* Complains unless a broker at `host` is reached by TLS with a CA, or is on this machine itself.
 * `in` is its section. */
struct instance;
void rules_check_tls(struct reader *r, const struct instance *in, bool tls, const char *host,
                     const char *ca);

#endif
