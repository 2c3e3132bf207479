#include "kiosk/alertd/delivery_parts.h"

#include <string.h>

void delivery_text_to(struct delivery *d, struct broker_path *p, const struct message *m)
{
    char topic[PLAIN_TOPIC_MAX];
    const char *text = d->sealer->plain ? plain_text(&d->plain, m) : NULL;
    if (!text)
        return;
    plain_text_topic(d->sealer, topic);
    broker_path_publish_text(p, topic, text);
}

static void entity_publish(struct delivery *d, struct broker_path *p, const struct plain_entity *e)
{
    char topic[PLAIN_TOPIC_MAX];
    const char *state = plain_entity_state(e);
    plain_entity_topic(e, d->sealer, topic);
    broker_path_publish_home(p, topic, state, strlen(state));
}

/* Every part; one that is not needed (any more) is withdrawn. */
static void discovery_parts(struct delivery *d, struct broker_path *p, const char *prefix)
{
    char topic[PLAIN_TOPIC_MAX], json[PLAIN_DISCOVERY_MAX];
    size_t next = 0;
    for (size_t part = 0; part < PLAIN_PARTS; part++) {
        size_t len = prefix == d->withdrawn
                         ? 0
                         : plain_discovery(&d->plain, d->sealer, &d->entities, part, &next, json);
        plain_discovery_topic(prefix, d->sealer, part, topic);
        broker_path_publish_home(p, topic, json, len);
    }
}

void delivery_discover(struct delivery *d, struct broker_path *p)
{
    if (!d->sealer->plain)
        return;
    if (d->withdrawn[0] != '\0')
        discovery_parts(d, p, d->withdrawn);
    if (!plain_discovers(&d->plain))
        return;
    discovery_parts(d, p, d->plain.discovery);
    for (size_t i = 0; i < d->entities.count; i++)
        entity_publish(d, p, &d->entities.each[i]);
}

void delivery_entities(struct delivery *d, const struct plain_entities *now)
{
    struct plain_entities before = d->entities;
    bool known = before.count == now->count;
    if (!d->sealer->plain || !plain_discovers(&d->plain))
        return;
    for (size_t k = 0; known && k < now->count; k++)
        known = before.each[k].kind == now->each[k].kind &&
                strcmp(before.each[k].name, now->each[k].name) == 0;
    d->entities = *now;
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        if (p->up && !known)
            delivery_discover(d, p);
        for (size_t k = 0; p->up && known && k < now->count; k++)
            if (before.each[k].state != now->each[k].state)
                entity_publish(d, p, &now->each[k]);
    }
}

/* Home Assistant has started, and asks what there is. */
bool delivery_is_greeting(const struct delivery *d, const struct mqtt_event *e)
{
    char topic[PLAIN_TOPIC_MAX];
    if (!d->sealer->plain || !plain_discovers(&d->plain) || e->retained || e->len != 6 ||
        memcmp(e->payload, "online", 6) != 0)
        return false;
    plain_status_topic(d->plain.discovery, topic);
    return strcmp(e->topic, topic) == 0;
}
