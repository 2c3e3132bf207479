#ifndef PORCHLIGHT_RELAY_LINK_H
#define PORCHLIGHT_RELAY_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The relay's way to its broker: a thread that connects, subscribes, and connects again for ever.
 * The home of libmosquitto here. */
struct link;

enum { LINK_TOPICS_MAX = 96, LINK_TOPIC_LEN = 128 };

struct link_plan {
    const char *host;
    int port;
    bool tls;
    const char *ca;
    const char *account, *password; /* the account is the client id too */
    char topics[LINK_TOPICS_MAX][LINK_TOPIC_LEN];
    size_t topics_count;

    /* Called on the link's thread. up: connected and subscribed, or not any more. */
    void (*up)(void *context, bool up);
    void (*heard)(void *context, const char *topic, const uint8_t *payload, size_t len,
                  bool retained);
    void *context;
};

/* The plan must outlive it. NULL with errno. */
struct link *link_new(const struct link_plan *plan);
void link_free(struct link *l); /* NULL is safe */

/* At QoS 0, if connected. */
void link_publish(struct link *l, const char *topic, const void *payload, size_t len);

/* Retained, at QoS 1, if connected: once for each `up`. */
void link_keep(struct link *l, const char *topic, const void *payload, size_t len);

#endif
