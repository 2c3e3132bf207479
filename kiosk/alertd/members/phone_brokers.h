#ifndef PORCHLIGHT_ALERTD_MEMBERS_PHONE_BROKERS_H
#define PORCHLIGHT_ALERTD_MEMBERS_PHONE_BROKERS_H

#include "config/config.h"
#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/sealer.h"

#include <stdbool.h>
#include <stddef.h>

/* The brokers that phones use: those with phones = in the config. Brokers are numbered as in the
 * config. */
struct phone_brokers {
    const struct config *config; /* the one in use; its content changes with a reload */
    struct delivery *delivery;
    const struct sealer *sealer;
};

bool phone_brokers_has(const struct phone_brokers *b, size_t broker);
bool phone_brokers_is_up(const struct phone_brokers *b, size_t broker); /* false: not one of them */
bool phone_brokers_any_up(const struct phone_brokers *b);

/* By the address that phones are given; CONFIG_BROKERS_MAX: none of them has it. */
size_t phone_brokers_find(const struct phone_brokers *b, const char *address);

/* Sends to each one that is up. */
void phone_brokers_send(const struct phone_brokers *b, const struct mqtt_publication *p);

/* Writes enrol/<account> into `topic`, and the place that messages there are sealed for. */
struct envelope_place phone_brokers_enrol_place(const struct phone_brokers *b, const char *account,
                                                char topic[TOPIC_NAME_MAX]);

#endif
