#ifndef PORCHLIGHT_CLI_BROKERS_H
#define PORCHLIGHT_CLI_BROKERS_H

#include "kiosk/mqtt/thread.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A phone's way to its brokers: an MQTT thread for each, and one fd for what all of them say. */

enum { BROKERS_MAX = CONFIG_BROKERS_MAX, BROKERS_WHY_MAX = 640 };

struct brokers_plan {
    struct mqtt_setup common; /* the same for all; broker and password are taken from below */
    struct mqtt_subscription subscriptions[MQTT_SUBSCRIPTIONS_MAX]; /* its */
    struct config_broker list[BROKERS_MAX];
    const char *passwords[BROKERS_MAX]; /* NULL: none */
    size_t count;
};

/* Empty, with the pauses of a phone: whoever holds it does not wait for half a minute. It stays
 * where it is: it points into itself. */
void brokers_plan_init(struct brokers_plan *plan);

/* One more topic, at QoS 1. 0, or -1: there are too many, or this is none. */
int brokers_plan_topic(struct brokers_plan *plan, enum topic t, const char *venue,
                       const char *kiosk, const char *account);

struct brokers;

/* The plan is copied. NULL with errno. */
struct brokers *brokers_new(const struct brokers_plan *plan);
void brokers_free(struct brokers *b); /* NULL is safe */

/* Readable while events wait. */
int brokers_fd(const struct brokers *b);

/* Takes one event; *which is the broker's index in the plan. MQTT_DOWN comes once for each fault,
 * not at each attempt. False: none waits. */
bool brokers_next(struct brokers *b, size_t *which, struct mqtt_event *e);

/* To every connected broker, at QoS 1. To how many it was handed (an MQTT_ACKED or MQTT_REFUSED
 * of each follows); nothing is kept for the others. `len` is at most MQTT_PAYLOAD_MAX. */
size_t brokers_publish(struct brokers *b, const char *topic, bool retain, const void *payload,
                       size_t len);

/* By which the MQTT_ACKED of the last brokers_publish is known. */
uint64_t brokers_token(const struct brokers *b);

/* What an MQTT_DOWN or MQTT_REFUSED means, for a person. */
void brokers_why(const struct mqtt_event *e, char out[BROKERS_WHY_MAX]);

#endif
