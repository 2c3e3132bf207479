#ifndef PORCHLIGHT_MQTT_HOST_H
#define PORCHLIGHT_MQTT_HOST_H

#include <stdbool.h>

/* A broker's host in each spelling that people write: a name, a name with a final dot, a name in
 * any script, an IPv4 address, an IPv6 address with or without brackets and zone. */

enum { MQTT_HOST_MAX = 256 };

struct mqtt_host {
    char dialled[MQTT_HOST_MAX];   /* in ASCII, without brackets; a final dot and a zone stay */
    char certified[MQTT_HOST_MAX]; /* as certificates have it: without final dot and zone */
    bool numeric;                  /* an address */
    bool local;                    /* localhost, or below .local: not for a DNS server */
};

/* False: it is no host, and *why says why, a clause in static storage. */
bool mqtt_host_read(const char *text, struct mqtt_host *h, const char **why);

#endif
