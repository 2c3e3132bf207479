#include "kiosk/common/clock.h"
#include "kiosk/mqtt/thread_parts.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000000)

static void event_send(struct mqtt_thread *t, const struct mqtt_event *e)
{
    size_t len = offsetof(struct mqtt_event, payload) + e->len;
    struct event_item *i = malloc(offsetof(struct event_item, event) + len);
    if (!i)
        return;
    memcpy(&i->event, e, len);
    i->event.at = clock_now();
    if (mqtt_queue_push(&t->events, &i->item) != 0)
        free(i);
}

void thread_say_down(struct mqtt_thread *t)
{
    struct mqtt_event e = {.kind = MQTT_DOWN, .fault = t->fault};
    memcpy(e.detail, t->detail, sizeof e.detail);
    event_send(t, &e);
}

static void thread_on_up(void *context, int fd, const struct mqtt_limits *limits)
{
    struct mqtt_thread *t = context;
    if (t->peeks)
        return;
    event_send(t, &(struct mqtt_event){.kind = MQTT_UP,
                                       .here = mqtt_dial_is_here(fd),
                                       .version = (int)t->version,
                                       .connection = t->connection,
                                       .limits = *limits});
}

static void thread_on_subscribed(void *context, size_t refused)
{
    event_send(context, &(struct mqtt_event){.kind = MQTT_SUBSCRIBED, .refused = refused});
}

static void thread_on_acked(void *context, uint64_t token, bool has_subscriber, bool no_subscribers)
{
    event_send(context, &(struct mqtt_event){.kind = MQTT_ACKED,
                                             .token = token,
                                             .has_subscriber = has_subscriber,
                                             .no_subscribers = no_subscribers});
}

static void thread_on_strange(void *context)
{
    event_send(context, &(struct mqtt_event){.kind = MQTT_STRANGE});
}

static void thread_refusal_send(void *thread, struct mqtt_event *e, const char *topic,
                                const char *detail)
{
    snprintf(e->topic, sizeof e->topic, "%s", topic);
    snprintf(e->detail, sizeof e->detail, "%s", detail);
    event_send(thread, e);
}

static void thread_on_refused(void *context, const char *topic, uint64_t token,
                              enum mqtt_fault fault, const char *detail)
{
    struct mqtt_event e = {.kind = MQTT_REFUSED, .token = token, .fault = fault};
    thread_refusal_send(context, &e, topic, detail);
}

static void thread_on_taken(void *context, const char *topic)
{
    struct mqtt_event e = {.kind = MQTT_TAKEN};
    snprintf(e.topic, sizeof e.topic, "%s", topic);
    event_send(context, &e);
}

static void thread_on_unread(void *context, const char *topic, enum mqtt_fault fault,
                             const char *detail)
{
    struct mqtt_event e = {.kind = MQTT_REFUSED, .subscription = true, .fault = fault};
    thread_refusal_send(context, &e, topic, detail);
}

/* Once a second. */
void thread_dropped_report(struct mqtt_thread *t, int64_t now)
{
    if (t->dropped.count == 0 || now - t->dropped.at < SECOND)
        return;
    t->dropped.kind = MQTT_DROPPED;
    event_send(t, &t->dropped);
    t->dropped.count = 0;
    t->dropped.at = now;
}

/* Whether this message is within the budgets of its topic and its subscription. */
static bool is_within_budget(struct mqtt_thread *t, const char *topic)
{
    int64_t now = clock_now();
    for (size_t i = 0; i < t->setup.subscribe_count; i++) {
        const struct mqtt_subscription *s = &t->setup.subscribe[i];
        if (!topic_matches(s->topic, topic))
            continue;
        if (budget_take_topic(&t->each, topic, s->each, now) &&
            budget_take(&t->all[i], s->all, now))
            return true;
        snprintf(t->dropped.topic, sizeof t->dropped.topic, "%s", topic);
        t->dropped.count++;
        thread_dropped_report(t, now);
        return false;
    }
    return true;
}

static void thread_on_message(void *context, const char *topic, const void *payload, size_t len,
                              bool retained)
{
    struct mqtt_thread *t = context;
    struct mqtt_event e = {
        .kind = MQTT_MESSAGE, .retained = retained, .too_long = len > MQTT_PAYLOAD_MAX};
    if (strlen(topic) >= sizeof e.topic || !is_within_budget(t, topic))
        return;
    strcpy(e.topic, topic);
    e.len = e.too_long ? 0 : len;
    if (e.len > 0)
        memcpy(e.payload, payload, e.len);
    event_send(t, &e);
}

const struct mqtt_session_listener thread_events = {.up = thread_on_up,
                                                    .subscribed = thread_on_subscribed,
                                                    .acked = thread_on_acked,
                                                    .strange = thread_on_strange,
                                                    .refused = thread_on_refused,
                                                    .taken = thread_on_taken,
                                                    .unread = thread_on_unread,
                                                    .message = thread_on_message};
