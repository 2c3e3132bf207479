#include "kiosk/alertd/buttons.h"

#include "kiosk/alertd/button_payload.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/say_once.h"
#include "kiosk/mqtt/link_log.h"
#include "kiosk/mqtt/thread.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AVAILABILITY "availability"

enum { TOPICS_EACH = 3 };

enum topic_kind { BUTTON_TOPIC_ACTION, BUTTON_TOPIC_AVAILABILITY, BUTTON_TOPIC_BRIDGE };

/* One topic of one switch. */
struct button_topic {
    size_t owner;
    enum topic_kind kind;
    char name[TOPIC_NAME_MAX];
};

struct buttons {
    struct loop *loop;
    struct buttons_listener listener;
    struct mqtt_thread *thread;
    struct button_topic topics[TOPICS_EACH * CONFIG_SWITCHES_MAX];
    size_t count;
    enum mqtt_fault fault;
    char detail[MQTT_DETAIL_MAX];
    struct link_log log;
    struct say_once said;
};

bool buttons_are_used(const struct config *config)
{
    for (size_t i = 0; i < config->switches_count; i++)
        if (config_button_topic(&config->switches[i].line))
            return true;
    return false;
}

static void buttons_add(struct buttons *b, size_t owner, enum topic_kind kind, const char *topic,
                        const char *base)
{
    struct button_topic *t = &b->topics[b->count++];
    *t = (struct button_topic){.owner = owner, .kind = kind};
    if (kind == BUTTON_TOPIC_ACTION)
        snprintf(t->name, sizeof t->name, "%s", topic);
    else if (kind == BUTTON_TOPIC_AVAILABILITY)
        snprintf(t->name, sizeof t->name, "%.114s/" AVAILABILITY, topic);
    else
        button_payload_bridge(topic, base, t->name, sizeof t->name);
}

/* What is asked for twice is asked for once: several buttons have one gateway. */
static size_t buttons_subscriptions(const struct buttons *b, struct mqtt_subscription *out)
{
    size_t n = 0;
    for (size_t i = 0; i < b->count; i++) {
        bool known = false;
        for (size_t k = 0; k < i; k++)
            known = known || strcmp(b->topics[k].name, b->topics[i].name) == 0;
        if (known)
            continue;
        out[n] = (struct mqtt_subscription){.qos = 1, .each = {30, 10}};
        memcpy(out[n++].topic, b->topics[i].name, sizeof out->topic);
    }
    return n;
}

/* --- what the thread reports ----------------------------------------------------------------- */

static void buttons_on_message(const struct buttons *b, const struct mqtt_event *e)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct button_topic *t = &b->topics[i];
        struct button_report r;
        if (strcmp(t->name, e->topic) != 0)
            continue;
        if (t->kind == BUTTON_TOPIC_ACTION)
            button_payload_read(e->payload, e->len, &r);
        else
            button_payload_availability(e->payload, e->len, &r);
        r.kept = e->retained;
        b->listener.report(b->listener.context, t->owner, &r, clock_now());
    }
}

/* Whether presses come to that topic. */
static bool buttons_is_action(const struct buttons *b, const char *topic)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->topics[i].kind == BUTTON_TOPIC_ACTION && strcmp(b->topics[i].name, topic) == 0)
            return true;
    return false;
}

/* Each switch that a topic is of; NULL: all of them. */
static void buttons_link(const struct buttons *b, const char *topic, bool up)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct button_topic *t = &b->topics[i];
        if (topic ? strcmp(t->name, topic) == 0 : t->kind == BUTTON_TOPIC_ACTION)
            b->listener.link(b->listener.context, t->owner, up);
    }
}

static void buttons_on_down(struct buttons *b, const struct mqtt_event *e)
{
    char line[LINK_LOG_LINE];
    bool was_up = b->fault == MQTT_FAULT_FINE || b->fault == MQTT_FAULT_RIGHTS;
    b->fault = e->fault;
    snprintf(b->detail, sizeof b->detail, "%s", e->detail);
    if (link_log_down(&b->log, e->fault, e->detail, e->at, line))
        log_warning("the buttons' broker: %s", line);
    if (was_up)
        buttons_link(b, NULL, false);
}

static void buttons_on_event(struct buttons *b, const struct mqtt_event *e)
{
    char line[LINK_LOG_LINE];
    unsigned before;
    if (e->kind == MQTT_UP) {
        b->fault = MQTT_FAULT_FINE;
        b->detail[0] = '\0';
        if (link_log_up(&b->log, "", e->at, line))
            log_info("the buttons' broker: %s", line);
        buttons_link(b, NULL, true);
    } else if (e->kind == MQTT_DOWN) {
        buttons_on_down(b, e);
    } else if (e->kind == MQTT_REFUSED) {
        b->fault = MQTT_FAULT_RIGHTS;
        snprintf(b->detail, sizeof b->detail, "%.120s: %.200s", e->topic, e->detail);
        if (say_once(&b->said, e->topic, e->at, &before))
            log_warning("the buttons' broker: it refuses %s (%s), so %s. Let the account in "
                        "[buttons] read it",
                        e->topic, e->detail,
                        buttons_is_action(b, e->topic)
                            ? "that button does not work"
                            : "nobody learns when a button is out of reach");
        buttons_link(b, e->topic, false);
    } else if (e->kind == MQTT_MESSAGE && !e->too_long) {
        buttons_on_message(b, e);
    }
}

static void buttons_on_events(void *context, int fd, short revents)
{
    struct buttons *b = context;
    struct mqtt_event e;
    (void)fd;
    (void)revents;
    while (mqtt_thread_next(b->thread, &e))
        buttons_on_event(b, &e);
}

/* --- set-up ---------------------------------------------------------------------------------- */

static int buttons_begin(struct buttons *b, const struct config *config, const char *password)
{
    struct mqtt_subscription subscribe[TOPICS_EACH * CONFIG_SWITCHES_MAX];
    struct mqtt_setup setup = {.broker = config->buttons.broker,
                               .password = password,
                               .keepalive = config->timing.keepalive,
                               .probe = config->timing.probe,
                               .backoff = config->timing.backoff,
                               .backoff_max = config->timing.backoff_max,
                               .subscribe = subscribe};
    for (size_t i = 0; i < config->switches_count; i++) {
        const char *topic = config_button_topic(&config->switches[i].line);
        for (int kind = BUTTON_TOPIC_ACTION; topic && kind <= BUTTON_TOPIC_BRIDGE; kind++)
            buttons_add(b, i, (enum topic_kind)kind, topic, config->buttons.base);
    }
    setup.subscribe_count = buttons_subscriptions(b, subscribe);
    b->thread = mqtt_thread_new(&setup);
    if (!b->thread)
        return -1;
    return loop_add(b->loop, mqtt_thread_fd(b->thread), POLLIN, buttons_on_events, b);
}

struct buttons *buttons_new(const struct config *config, const char *password, struct loop *loop,
                            const struct buttons_listener *listener)
{
    struct buttons *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->loop = loop;
    b->listener = *listener;
    b->fault = MQTT_FAULT_ROUTE;
    if (buttons_begin(b, config, password) == 0)
        return b;
    buttons_free(b);
    return NULL;
}

void buttons_free(struct buttons *b)
{
    if (!b)
        return;
    if (b->thread)
        loop_remove(b->loop, mqtt_thread_fd(b->thread));
    mqtt_thread_free(b->thread);
    free(b);
}

void buttons_time(struct buttons *b, int64_t now)
{
    char line[LINK_LOG_LINE];
    if (b && link_log_time(&b->log, now, line))
        log_warning("the buttons' broker: %s", line);
}

int64_t buttons_deadline(const struct buttons *b)
{
    return b ? link_log_deadline(&b->log) : INT64_MAX;
}

enum mqtt_fault buttons_fault(const struct buttons *b, const char **detail)
{
    *detail = b->detail;
    return b->fault;
}
