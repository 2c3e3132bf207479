#ifndef PORCHLIGHT_MQTT_PUBLICATION_H
#define PORCHLIGHT_MQTT_PUBLICATION_H

#include "config/config.h"
#include "kiosk/common/topics.h"
#include "kiosk/mqtt/budget.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a program asks of a broker: how to connect, what to subscribe to, what to publish. */

enum { MQTT_PAYLOAD_MAX = 4096, MQTT_SUBSCRIPTIONS_MAX = 96, MQTT_DETAIL_MAX = 384 };

/* Fills `payload` (MQTT_PAYLOAD_MAX bytes) with the will of connection number `connection`; returns
 * its length. Called on the broker's thread: it may read only what never changes and outlives the
 * thread. */
typedef size_t mqtt_will(const void *context, uint64_t connection, uint8_t *payload);

struct mqtt_subscription {
    char topic[TOPIC_NAME_MAX];
    int qos;
    bool news;   /* neither what is retained there nor what we wrote; MQTT 5 alone can ask for it */
    bool needed; /* careful: one hang-up when it is asked for may have been the network's */
    char family; /* careful: it is left out when another of these ended a connection; 0: none */
    struct mqtt_budget each, all; /* for each topic of it, and for all of them together */
};

/* What a broker allows; all of it before it says otherwise. */
struct mqtt_limits {
    int qos; /* at most */
    bool retain, will, wildcard;
    uint32_t packet; /* bytes at most; 0: no limit */
};

struct mqtt_setup {
    struct config_broker broker;                    /* name, host, port, tls, ca, user */
    char client_id[CONFIG_TEXT_MAX];                /* empty: any; not with a session */
    const char *password;                           /* copied into locked memory. NULL: none */
    int64_t keepalive, probe, backoff, backoff_max; /* ns, as in struct config */
    uint32_t session_s; /* the broker keeps session and messages for so long; 0: not at all */
    bool careful;       /* what a broker has not yet accepted is asked for one by one (manners.h) */
    struct mqtt_subscription *subscribe; /* at most MQTT_SUBSCRIPTIONS_MAX */
    size_t subscribe_count;
    char will_topic[TOPIC_NAME_MAX];
    mqtt_will *will; /* NULL: none */
    const void *will_context;
};

struct mqtt_publication {
    char topic[TOPIC_NAME_MAX];
    int qos;
    bool retain;
    bool vital;     /* goes at once, before everything that waits */
    bool optional;  /* careful: it is left out as soon as it ended a connection */
    char family;    /* as that of a subscription */
    long expiry_s;  /* 0: none; MQTT 5 alone can say it */
    uint64_t token; /* comes back with MQTT_ACKED or MQTT_REFUSED; 0: not wanted */
    size_t len;
    uint8_t payload[MQTT_PAYLOAD_MAX];
};

/* How many bytes of it are in use: what is behind its payload is not. */
static inline size_t mqtt_publication_size(const struct mqtt_publication *p)
{
    return offsetof(struct mqtt_publication, payload) + p->len;
}

#endif
