#include "kiosk/alertd/members/phone_brokers.h"

#include <string.h>

bool phone_brokers_has(const struct phone_brokers *b, size_t broker)
{
    return broker < b->config->brokers_count && b->config->brokers[broker].phones[0] != '\0';
}

bool phone_brokers_is_up(const struct phone_brokers *b, size_t broker)
{
    return phone_brokers_has(b, broker) && delivery_is_up(b->delivery, broker);
}

bool phone_brokers_any_up(const struct phone_brokers *b)
{
    for (size_t i = 0; i < b->config->brokers_count; i++)
        if (phone_brokers_is_up(b, i))
            return true;
    return false;
}

size_t phone_brokers_find(const struct phone_brokers *b, const char *address)
{
    for (size_t i = 0; i < b->config->brokers_count; i++)
        if (phone_brokers_has(b, i) && strcmp(b->config->brokers[i].phones, address) == 0)
            return i;
    return CONFIG_BROKERS_MAX;
}

void phone_brokers_send(const struct phone_brokers *b, const struct mqtt_publication *p)
{
    for (size_t i = 0; i < b->config->brokers_count; i++)
        if (phone_brokers_is_up(b, i))
            delivery_say(b->delivery, i, p);
}

struct envelope_place phone_brokers_enrol_place(const struct phone_brokers *b, const char *account,
                                                char topic[TOPIC_NAME_MAX])
{
    sealer_topic(b->sealer, TOPIC_ENROL, account, topic);
    return sealer_place(b->sealer, topic);
}
