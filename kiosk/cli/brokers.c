#include "kiosk/cli/brokers.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define S  INT64_C(1000000000)
#define MS INT64_C(1000000)

struct brokers {
    struct {
        struct mqtt_thread *thread;
        bool up;
        enum mqtt_fault said; /* the last MQTT_DOWN's; MQTT_FAULT_FINE: none since it was up */
    } all[BROKERS_MAX];
    size_t count, turn; /* the one that is asked next */
    uint64_t tokens;
    int fd; /* epoll over all threads' fds */
};

void brokers_plan_init(struct brokers_plan *plan)
{
    memset(plan, 0, sizeof *plan);
    plan->common.subscribe = plan->subscriptions;
    plan->common.keepalive = 10 * S;
    plan->common.probe = 4 * S;
    plan->common.backoff = 100 * MS;
    plan->common.backoff_max = 3 * S;
}

int brokers_plan_topic(struct brokers_plan *plan, enum topic t, const char *venue,
                       const char *kiosk, const char *account)
{
    struct mqtt_setup *s = &plan->common;
    if (s->subscribe_count == MQTT_SUBSCRIPTIONS_MAX)
        return -1;
    struct mqtt_subscription *one = &s->subscribe[s->subscribe_count++];
    one->qos = 1;
    return topic_name(t, venue, kiosk, account, one->topic);
}

static int broker_start(struct brokers *b, struct mqtt_setup *setup)
{
    struct epoll_event readable = {.events = EPOLLIN};
    struct mqtt_thread *thread = mqtt_thread_new(setup);
    if (!thread)
        return -1;
    b->all[b->count++].thread = thread;
    return epoll_ctl(b->fd, EPOLL_CTL_ADD, mqtt_thread_fd(thread), &readable);
}

struct brokers *brokers_new(const struct brokers_plan *plan)
{
    struct mqtt_setup setup = plan->common;
    struct brokers *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    b->fd = epoll_create1(EPOLL_CLOEXEC);
    if (b->fd < 0)
        goto free_brokers;
    for (size_t i = 0; i < plan->count; i++) {
        setup.broker = plan->list[i];
        setup.password = plan->passwords[i];
        if (broker_start(b, &setup) < 0)
            goto free_brokers;
    }
    return b;
free_brokers:;
    int saved = errno;
    brokers_free(b);
    errno = saved;
    return NULL;
}

void brokers_free(struct brokers *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++)
        mqtt_thread_free(b->all[i].thread);
    if (b->fd >= 0)
        close(b->fd);
    free(b);
}

int brokers_fd(const struct brokers *b)
{
    return b->fd;
}

/* Whether an event is news: a broker that stays away is none at each attempt. */
static bool broker_note(struct brokers *b, size_t i, const struct mqtt_event *e)
{
    enum mqtt_fault said = b->all[i].said;
    if (e->kind == MQTT_UP || e->kind == MQTT_DOWN) {
        b->all[i].up = e->kind == MQTT_UP;
        b->all[i].said = e->fault;
    }
    return e->kind != MQTT_DOWN || said != e->fault;
}

bool brokers_next(struct brokers *b, size_t *which, struct mqtt_event *e)
{
    for (size_t asked = 0; asked < b->count; asked++) {
        size_t i = b->turn;
        b->turn = (b->turn + 1) % b->count;
        while (mqtt_thread_next(b->all[i].thread, e))
            if (broker_note(b, i, e)) {
                *which = i;
                return true;
            }
    }
    return false;
}

size_t brokers_publish(struct brokers *b, const char *topic, bool retain, const void *payload,
                       size_t len)
{
    struct mqtt_publication p = {.qos = 1, .retain = retain, .token = ++b->tokens, .len = len};
    size_t handed = 0;
    snprintf(p.topic, sizeof p.topic, "%s", topic);
    memcpy(p.payload, payload, len);
    for (size_t i = 0; i < b->count; i++)
        handed += b->all[i].up && mqtt_thread_publish(b->all[i].thread, &p) == 0;
    sodium_memzero(&p, sizeof p); /* it may hold a password */
    return handed;
}

uint64_t brokers_token(const struct brokers *b)
{
    return b->tokens;
}

void brokers_why(const struct mqtt_event *e, char out[BROKERS_WHY_MAX])
{
    snprintf(out, BROKERS_WHY_MAX, e->detail[0] ? "%s (%s)" : "%s", mqtt_fault_sentence(e->fault),
             e->detail);
}
