#include "kiosk/common/clock.h"
#include "kiosk/mqtt/session_parts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long the rest waits for something vital that is due, and for an answer to what is tried. */
#define VITAL_FIRST (1 * SECOND)
#define ANSWER      (5 * SECOND)

void session_trial_begin(struct trial *t, struct manners_thing *thing, const char *topic,
                         bool vital, bool retained)
{
    *t = (struct trial){.thing = thing, .vital = vital, .retained = retained, .began = clock_now()};
    snprintf(t->topic, sizeof t->topic, "%s", topic);
}

void session_trial_answered(struct mqtt_session *s, struct manners_thing *thing)
{
    if (!thing)
        return;
    manners_prove(s->manners, thing, s->trial.thing == thing && s->trial.retained);
    if (s->trial.thing == thing)
        s->trial.thing = NULL;
}

static bool is_unproven(const struct manners_thing *t)
{
    return t && t->standing == MANNERS_UNPROVEN;
}

void session_subscription_answered(struct mqtt_session *s, size_t i, struct mqtt_reason r, bool ok)
{
    bool again = s->answered >= s->setup->subscribe_count; /* a second chance */
    s->grants[i] = 0;
    s->answered++;
    if (!ok) {
        s->refused += !again;
        s->listener.unread(s->listener.context, s->setup->subscribe[i].topic, r.fault, r.text);
    } else if (again && s->refused > 0) {
        s->refused--;
    }
    if (s->answered >= s->setup->subscribe_count)
        s->listener.subscribed(s->listener.context, s->refused);
}

struct manners_thing *session_subscription_thing(const struct mqtt_session *s, size_t i)
{
    const struct mqtt_subscription *one = &s->setup->subscribe[i];
    struct manners_thing *t = s->setup->careful ? manners_of(s->manners, 's', one->topic, 0) : NULL;
    if (t) {
        t->needed = one->needed;
        t->family = one->family;
    }
    return t;
}

static bool session_leaves_out(const struct mqtt_session *s, struct manners_thing *t)
{
    return t && manners_leaves_out(s->manners, t, clock_now() - s->up_at);
}

static struct mqtt_reason left_out(const struct manners_thing *t)
{
    return (struct mqtt_reason){t->limited ? MQTT_FAULT_LIMITS : MQTT_FAULT_RIGHTS,
                                "it ended the connection when this was tried"};
}

/* One packet for each: an answer to one then says nothing about another. */
static void subscribe(struct mqtt_session *s, size_t i)
{
    const struct mqtt_subscription *one = &s->setup->subscribe[i];
    struct manners_thing *thing = session_subscription_thing(s, i);
    int qos = one->qos < s->limits.qos ? one->qos : s->limits.qos;
    int options = one->news && s->version == MQTT_VERSION_5
                      ? MQTT_SUB_OPT_NO_LOCAL | MQTT_SUB_OPT_SEND_RETAIN_NEVER
                      : 0;
    if (session_leaves_out(s, thing)) {
        session_subscription_answered(s, i, left_out(thing), false);
        return;
    }
    int code = mosquitto_subscribe_v5(s->mosq, &s->grants[i], one->topic, qos, options, NULL);
    if (code != 0)
        session_subscription_answered(
            s, i, (struct mqtt_reason){MQTT_FAULT_LIMITS, mosquitto_strerror(code)}, false);
    else if (is_unproven(thing))
        session_trial_begin(&s->trial, thing, one->topic, false, false);
}

void session_publication_refused(struct mqtt_session *s, const char *topic, uint64_t token,
                                 enum mqtt_fault fault, const char *detail)
{
    s->denies = true;
    s->listener.refused(s->listener.context, topic, token, fault, detail);
}

static int publication_send(struct mqtt_session *s, const struct mqtt_publication *p, int *mid,
                            int qos, bool retain)
{
    mosquitto_property *properties = NULL;
    if (p->expiry_s > 0 && s->version == MQTT_VERSION_5)
        mosquitto_property_add_int32(&properties, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL,
                                     (uint32_t)p->expiry_s);
    int code = mosquitto_publish_v5(s->mosq, mid, p->topic, (int)p->len, p->payload, qos, retain,
                                    properties);
    mosquitto_property_free_all(&properties);
    return code;
}

/* As much of it as the broker allows. */
static void publication_give(struct mqtt_session *s, const struct mqtt_publication *p,
                             struct manners_thing *thing)
{
    int mid = 0, qos = p->qos < s->limits.qos ? p->qos : s->limits.qos;
    bool retain = p->retain && s->limits.retain;
    if (!p->vital && session_leaves_out(s, thing)) {
        if (p->token != 0 || thing->standing == MANNERS_BLAMED) /* else its family was named */
            session_publication_refused(s, p->topic, p->token, left_out(thing).fault,
                                        left_out(thing).text);
        return;
    }
    int code = publication_send(s, p, &mid, qos, retain);
    if (code != MOSQ_ERR_SUCCESS) {
        session_publication_refused(
            s, p->topic, p->token,
            code == MOSQ_ERR_OVERSIZE_PACKET ? MQTT_FAULT_LIMITS : MQTT_FAULT_BROKER,
            code == MOSQ_ERR_OVERSIZE_PACKET ? "the message is too large for it"
                                             : mosquitto_strerror(code));
        return;
    }
    struct trial *t = qos > 0 ? &s->trial : &s->mute;
    if (is_unproven(thing) && !t->thing)
        session_trial_begin(t, thing, p->topic, p->vital, retain);
    if (qos == 0 && p->token != 0)
        s->listener.acked(s->listener.context, p->token, false, false);
    if (qos > 0)
        pubacks_sent(&s->pubacks, mid, p->token, p->vital, thing, p->topic, clock_now());
}

static struct manners_thing *publication_thing(const struct mqtt_session *s,
                                               const struct mqtt_publication *p)
{
    bool retain = p->retain && s->limits.retain;
    struct manners_thing *t =
        s->careful ? manners_of(s->manners, p->qos > 0 ? 'p' : 'q', p->topic, retain) : NULL;
    if (t) {
        t->needed = !p->optional; /* phones wait for it */
        t->family = p->family;
    }
    return t;
}

/* It may hold a password: those of accounts that the program makes. */
void session_waiting_free(struct waiting *w)
{
    sodium_memzero(&w->publication, mqtt_publication_size(&w->publication));
    free(w);
}

static void waiting_give_one(struct mqtt_session *s)
{
    struct waiting *w = s->waiting;
    s->waiting = w->next;
    s->waiting_count--;
    if (!s->waiting)
        s->waiting_last = &s->waiting;
    publication_give(s, &w->publication, publication_thing(s, &w->publication));
    session_waiting_free(w);
}

/* What would go next, if it has not shown yet that the broker bears it. */
static bool is_next_unproven(const struct mqtt_session *s)
{
    if (s->next_subscription < s->setup->subscribe_count)
        return is_unproven(session_subscription_thing(s, s->next_subscription));
    return s->waiting && is_unproven(publication_thing(s, &s->waiting->publication));
}

bool session_is_held(const struct mqtt_session *s)
{
    int64_t now = clock_now();
    if (s->pending && now - s->up_at < VITAL_FIRST)
        return true;
    return is_next_unproven(s) && pubacks_wait_vital(&s->pubacks, now - ANSWER);
}

/* What can go now. */
void session_advance(struct mqtt_session *s)
{
    while (s->up && !s->trial.thing && !session_is_held(s)) {
        if (s->next_subscription < s->setup->subscribe_count)
            subscribe(s, s->next_subscription++);
        else if (s->waiting)
            waiting_give_one(s);
        else
            break;
    }
}

void mqtt_session_publish(struct mqtt_session *s, const struct mqtt_publication *p)
{
    struct manners_thing *thing = publication_thing(s, p);
    struct waiting *w = NULL;
    if (is_unproven(thing) && !p->vital && s->waiting_count < WAITING_MOST)
        w = malloc(offsetof(struct waiting, publication) + mqtt_publication_size(p));
    if (!w) {
        publication_give(s, p, thing);
        s->pending = s->pending && !p->vital;
        session_advance(s);
        return;
    }
    w->next = NULL;
    memcpy(&w->publication, p, mqtt_publication_size(p));
    *s->waiting_last = w;
    s->waiting_last = &w->next;
    s->waiting_count++;
    session_advance(s);
}

/* What is left out, or was refused, gets another chance. */
static void chance_give(struct mqtt_session *s, int64_t lasted)
{
    for (size_t i = 0; s->careful && !s->trial.thing && i < s->setup->subscribe_count; i++) {
        struct manners_thing *thing = session_subscription_thing(s, i);
        if (s->grants[i] == 0 && ((thing && manners_chance(thing, lasted)) ||
                                  manners_asks_again(s->refusals[i], lasted)))
            subscribe(s, i);
    }
    if (!s->trial.thing && manners_chance_retain(s->manners, lasted))
        s->limits.retain = s->may_retain;
}

/* What time brings to what is tried: no answer is none, and at QoS 0 none is an answer. */
void session_age(struct mqtt_session *s)
{
    int64_t now = clock_now();
    if (s->trial.thing && now - s->trial.began > ANSWER) {
        s->trial.thing = NULL;
        s->careful = false;
    }
    if (s->mute.thing && now - s->mute.began > MANNERS_SUSPICION) {
        manners_prove(s->manners, s->mute.thing, s->mute.retained);
        s->mute.thing = NULL;
    }
    if (s->up && now - s->up_at > ANSWER)
        manners_lasted(s->manners);
    session_pubacks_judge(s);
    session_pubacks_age(s, now);
    if (s->up)
        chance_give(s, now - s->up_at);
    session_advance(s);
}
