#include "kiosk/alertd/delivery.h"

#include "kiosk/alertd/alert_message.h"
#include "kiosk/alertd/plain.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/echoes.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* With cover, everything waits for the next slot. */
#define SLOT (2 * NS_PER_S)
/* Beats that only give echoes back, at most: a flood of pings makes no flood of beats. */
#define ECHO_EVERY NS_PER_S
/* A relay that has received nothing newer than this is as good as away: three beats of 5 s. */
#define RECENT (15 * NS_PER_S)
/* What only staff are woken for is worth no ring afterwards, like a notice. */
#define STAFF_RINGS_FOR (3600 * NS_PER_S)

enum { NOTICES = 16 };

/* A notice waits until one broker, any, can take it. */
struct waiting_notice {
    struct message message;
    int64_t at;
    bool boxed; /* sealed already; `message` is not used */
    uint8_t box[STAFF_BOX_SIZE];
};

struct delivery {
    struct sealer *sealer;
    struct loop *loop;
    struct delivery_listener listener;
    bool simulated, cover;
    struct config_plain plain;
    struct plain_entities entities;
    char withdrawn[CONFIG_NAME_MAX]; /* a prefix of which the apps are to forget us; empty: none */
    int64_t beat, state_quiet, state_alert;
    struct broker_path paths[CONFIG_BROKERS_MAX];
    size_t paths_count;
    struct outbox outbox;
    struct echoes echoes; /* nonces that the next beat gives back */
    struct message ring;  /* what relays are asked for; its seq: the first that said this */
    int64_t staff_at;     /* since when ring.staff is there */
    uint64_t seq_then, seq_lately; /* what was sent RECENT ago or longer, and since */
    int64_t seq_at;
    struct message state;
    bool state_known, staff_known;
    uint8_t staff[STAFF_BOX_SIZE]; /* what staff read beside the state */
    uint8_t proof[MESSAGE_PROOF_MAX];
    size_t proof_len;
    struct waiting_notice notices[NOTICES]; /* the oldest first */
    size_t notices_count;
    int64_t beat_at, state_at, slot_at; /* when the next is due */
    int64_t beaten_at;                  /* the last beat */
};

/* --- alerts ---------------------------------------------------------------------------------- */

static void proof_add(const struct delivery *d, struct message *m)
{
    memcpy(m->proof, d->proof, d->proof_len);
    m->proof_len = d->proof_len;
}

void delivery_prove(struct delivery *d, const uint8_t *proof, size_t len)
{
    memcpy(d->proof, proof, len);
    d->proof_len = len;
}

static void alert_write(const struct delivery *d, const struct outbox_entry *e, int64_t now,
                        struct message *m)
{
    alert_message_make(e, now, clock_is_set() ? clock_wall_seconds() : 0, m);
    if (e->publish == ALERT_PUB_ALL_CLEAR && !e->drill)
        proof_add(d, m);
}

/* --- a plain venue's apps -------------------------------------------------------------------- */

static void text_publish(struct delivery *d, struct broker_path *p, const struct message *m)
{
    char topic[PLAIN_TOPIC_MAX];
    const char *text = d->sealer->plain ? plain_text(&d->plain, m) : NULL;
    if (!text)
        return;
    plain_text_topic(d->sealer, topic);
    broker_path_publish_bare(p, topic, false, topic_table[TOPIC_ALERT].expiry_s, text,
                             strlen(text));
}

static void entity_publish(struct delivery *d, struct broker_path *p, const struct plain_entity *e)
{
    char topic[PLAIN_TOPIC_MAX];
    const char *state = plain_entity_state(e);
    plain_entity_topic(e, d->sealer, topic);
    broker_path_publish_bare(p, topic, true, 0, state, strlen(state));
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
        broker_path_publish_bare(p, topic, true, 0, json, len);
    }
}

static void discovery_publish(struct delivery *d, struct broker_path *p)
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
            discovery_publish(d, p);
        for (size_t k = 0; p->up && known && k < now->count; k++)
            if (before.each[k].state != now->each[k].state)
                entity_publish(d, p, &now->each[k]);
    }
}

/* Home Assistant has started, and asks what there is. */
static bool is_greeting(const struct delivery *d, const struct mqtt_event *e)
{
    char topic[PLAIN_TOPIC_MAX];
    if (!d->sealer->plain || !plain_discovers(&d->plain) || e->retained || e->len != 6 ||
        memcmp(e->payload, "online", 6) != 0)
        return false;
    plain_status_topic(d->plain.discovery, topic);
    return strcmp(e->topic, topic) == 0;
}

/* --- relays ---------------------------------------------------------------------------------- */

static void ring_publish(struct delivery *d, struct broker_path *p)
{
    struct message m = d->ring;
    if (clock_now() - d->staff_at > STAFF_RINGS_FOR)
        m.staff = (struct alert_id){{0}};
    if (p->up && d->state_known)
        broker_path_publish(p, d->sealer, TOPIC_RING, &m, 0);
}

/* What relays are asked for has changed. */
static void ring_changed(struct delivery *d)
{
    d->ring.seq = d->sealer->seq + 1;
    for (size_t i = 0; i < d->paths_count && !d->cover; i++)
        ring_publish(d, &d->paths[i]);
}

static void ring_all(struct delivery *d, const struct alert_id *id, bool on)
{
    bool same = alert_id_equal(&d->ring.id, id);
    if (on ? same && d->ring.on : !same || !d->ring.on)
        return;
    d->ring.id = *id;
    d->ring.on = on;
    ring_changed(d);
}

/* A code and duress are the same to a relay. */
void delivery_ring_staff(struct delivery *d)
{
    randombytes_buf(d->ring.staff.bytes, sizeof d->ring.staff.bytes);
    d->staff_at = clock_now();
    ring_changed(d);
}

/* What kind of alert it is, is the same to a relay. */
static void ring_for(struct delivery *d, const struct alert_action *a)
{
    switch (a->publish) {
    case ALERT_PUB_LOCKDOWN:
    case ALERT_PUB_CAUTION:
    case ALERT_PUB_UNCLEAR:
        ring_all(d, &a->id, true);
        break;
    case ALERT_PUB_ALL_CLEAR:
        ring_all(d, &a->id, false);
        break;
    case ALERT_PUB_UNCONFIRMED: /* staff are rung for what was pressed: delivery_door */
        break;
    }
}

bool delivery_has_rung(const struct delivery *d, uint64_t epoch, uint64_t ring,
                       const struct alert_id *id)
{
    return epoch == d->sealer->epoch && d->ring.on && d->ring.seq > 0 && ring >= d->ring.seq &&
           ring <= d->sealer->seq && alert_id_equal(&d->ring.id, id);
}

bool delivery_is_recent(const struct delivery *d, uint64_t epoch, uint64_t seq)
{
    return epoch == d->sealer->epoch && seq > d->seq_then && seq <= d->sealer->seq;
}

/* --- alerts, handed over --------------------------------------------------------------------- */

/* The next alert that this broker has not been sent. False: it has all, or takes no more now; then
 * the next beat tries again. */
static bool push_one(struct delivery *d, size_t i)
{
    struct message m;
    int64_t now = clock_now();
    struct outbox_entry *e = d->paths[i].up ? outbox_next(&d->outbox, i, now) : NULL;
    if (!e)
        return false;
    bool again = e->sent_before[i];
    alert_write(d, e, now, &m);
    if (broker_path_publish(&d->paths[i], d->sealer, TOPIC_ALERT, &m,
                            outbox_sent(&d->outbox, e, i, now)) != 0) {
        outbox_unsent(e, i);
        return false;
    }
    if (!again)
        text_publish(d, &d->paths[i], &m);
    return true;
}

static void push(struct delivery *d, size_t i)
{
    while (!d->cover && push_one(d, i))
        ;
}

static void hurry(struct delivery *d)
{
    bool pending = outbox_waiting(&d->outbox);
    for (size_t i = 0; i < d->paths_count; i++)
        if (d->paths[i].thread)
            mqtt_thread_hurry(d->paths[i].thread, pending);
}

void delivery_alert(struct delivery *d, const struct alert_action *a, bool resumed, int64_t at,
                    int64_t began)
{
    outbox_add(&d->outbox, a, resumed, at, began);
    for (size_t i = 0; i < d->paths_count; i++)
        push(d, i);
    ring_for(d, a);
    hurry(d);
}

void delivery_answered(struct delivery *d, const struct alert_id *id)
{
    if (outbox_answered(&d->outbox, id))
        hurry(d);
}

/* --- state, presence, notices, beat ---------------------------------------------------------- */

static void state_publish(struct delivery *d, struct broker_path *p)
{
    struct message m = d->state;
    proof_add(d, &m);
    if (!p->up || !d->state_known)
        return;
    broker_path_publish(p, d->sealer, TOPIC_STATE, &m, 0);
    if (d->staff_known)
        broker_path_publish_box(p, d->sealer, TOPIC_STAFF, d->staff, true);
}

static void presence_publish(struct delivery *d, struct broker_path *p)
{
    struct message m = {.kind = MSG_ONLINE, .age_ms = -1, .connection = p->connection};
    broker_path_publish(p, d->sealer, TOPIC_PRESENCE, &m, 0);
}

/* Plain apps believe the newest word on presence: the will of an earlier connection, which a broker
 * may publish long after the new one is there, must not be the last. */
static void state_again(struct delivery *d)
{
    for (size_t i = 0; i < d->paths_count; i++) {
        state_publish(d, &d->paths[i]);
        if (d->sealer->plain && d->paths[i].up)
            presence_publish(d, &d->paths[i]);
    }
    d->state_at = clock_now() + (d->state.state != ALERT_QUIET ? d->state_alert : d->state_quiet);
}

void delivery_state(struct delivery *d, const struct message *state)
{
    d->state = *state;
    d->state_known = true;
    if (!d->cover)
        state_again(d);
    /* After a restart the state alone shows that an alert is active. */
    if (state->state == ALERT_QUIET)
        ring_all(d, &d->ring.id, false);
    else
        ring_all(d, &state->id, true);
}

void delivery_staff(struct delivery *d, const uint8_t box[STAFF_BOX_SIZE])
{
    memcpy(d->staff, box, sizeof d->staff);
    d->staff_known = true;
}

static void beat_publish(struct delivery *d, struct broker_path *p)
{
    struct message m = {.kind = MSG_BEAT};
    memcpy(m.newest, p->newest, sizeof m.newest);
    m.echo_count = echoes_copy(&d->echoes, m.echo);
    if (p->up)
        broker_path_publish(p, d->sealer, TOPIC_BEAT, &m, 0);
}

/* With cover: one packet more on a topic that has nothing to say. */
static void nothing_publish(struct delivery *d, struct broker_path *p, enum topic t)
{
    struct message m = {.kind = MSG_NOTHING, .age_ms = -1};
    if (p->up)
        broker_path_publish(p, d->sealer, t, &m, 0);
}

void delivery_ping(struct delivery *d, const char *account, bool relay,
                   const uint8_t nonce[FRESHNESS_NONCE])
{
    echoes_add(&d->echoes, account, relay, nonce);
}

static bool delivery_any_up(const struct delivery *d)
{
    for (size_t i = 0; i < d->paths_count; i++)
        if (d->paths[i].up)
            return true;
    return false;
}

static void notice_to(struct delivery *d, struct broker_path *p, const struct waiting_notice *n)
{
    struct message m = n->message;
    uint8_t box[STAFF_BOX_SIZE];
    if (m.kind != MSG_DRILL_REPORT)
        m.age_ms = (clock_now() - n->at) / NS_PER_MS;
    clock_wall(m.at);
    if (n->boxed)
        broker_path_publish_box(p, d->sealer, TOPIC_NOTICE, n->box, true);
    else if (d->sealer->plain)
        broker_path_publish(p, d->sealer, TOPIC_NOTICE, &m, 0);
    else if (sealer_box(d->sealer, &m, box) == 0)
        broker_path_publish_box(p, d->sealer, TOPIC_NOTICE, box, m.kind != MSG_NOTHING);
    else
        log_error("a %s notice could not be written: %s", message_kind_name(m.kind),
                  strerror(errno));
}

static void notice_publish(struct delivery *d, const struct waiting_notice *n)
{
    for (size_t i = 0; i < d->paths_count; i++)
        if (d->paths[i].up)
            notice_to(d, &d->paths[i], n);
}

/* A notice that says nothing, as long as any other. */
static void notice_cover(struct delivery *d, struct broker_path *p)
{
    const struct waiting_notice nothing = {.message = {.kind = MSG_NOTHING}, .at = clock_now()};
    if (d->sealer->plain)
        nothing_publish(d, p, TOPIC_NOTICE);
    else if (p->up)
        notice_to(d, p, &nothing);
}

/* The oldest waiting notice, if any broker is there to take it. */
static bool notice_one(struct delivery *d)
{
    if (d->notices_count == 0 || !delivery_any_up(d))
        return false;
    notice_publish(d, &d->notices[0]);
    memmove(d->notices, d->notices + 1, --d->notices_count * sizeof d->notices[0]);
    return true;
}

static void notices_flush(struct delivery *d)
{
    while (!d->cover && notice_one(d))
        ;
}

static struct waiting_notice *notice_add(struct delivery *d)
{
    if (d->notices_count == NOTICES)
        memmove(d->notices, d->notices + 1, --d->notices_count * sizeof d->notices[0]);
    struct waiting_notice *n = &d->notices[d->notices_count++];
    *n = (struct waiting_notice){.at = clock_now()};
    return n;
}

void delivery_notice(struct delivery *d, const struct message *notice)
{
    notice_add(d)->message = *notice;
    notices_flush(d);
}

void delivery_door(struct delivery *d, const uint8_t box[STAFF_BOX_SIZE])
{
    struct waiting_notice *n = notice_add(d);
    n->boxed = true;
    memcpy(n->box, box, sizeof n->box);
    notices_flush(d);
    delivery_ring_staff(d);
}

/* --- what a broker's thread reports -------------------------------------------------------------
 */

static void delivery_on_up(struct delivery *d, size_t i, const struct mqtt_event *e)
{
    struct broker_path *p = &d->paths[i];
    broker_path_is_up(p, e, d->simulated, clock_now());
    push(d, i);
    p->online_due = d->cover;
    if (!d->cover) {
        state_publish(d, p);
        ring_publish(d, p);
        presence_publish(d, p);
        beat_publish(d, p);
    }
    notices_flush(d);
    d->listener.up(d->listener.context, i);
    discovery_publish(d, p);
}

static void delivery_on_answered(struct delivery *d, size_t i, uint64_t token, enum outbox_leg how)
{
    struct outbox_entry e;
    struct broker_path *p = &d->paths[i];
    int64_t now = clock_now();
    bool news = outbox_acked(&d->outbox, i, p->outside, token, how, now, &e);
    if (e.order == 0)
        return;
    if (how != OUTBOX_DENIED) {
        p->latency = now - e.at;
        broker_path_is_let_through(p);
    }
    hurry(d);
    d->listener.acked(d->listener.context, &e, how, p->outside, news);
}

static void delivery_on_refused(struct delivery *d, size_t i, const struct mqtt_event *e)
{
    struct broker_path *p = &d->paths[i];
    bool first = p->denied == MQTT_FAULT_FINE;
    if (broker_path_is_denied(p, d->sealer, e, clock_now()) && first)
        d->listener.denied(d->listener.context, e->fault);
    if (e->token != 0)
        delivery_on_answered(d, i, e->token, OUTBOX_DENIED);
}

static void delivery_on_message(struct delivery *d, size_t i, const struct mqtt_event *e)
{
    struct broker_path *p = &d->paths[i];
    enum topic t;
    char account[TOPIC_ID_LEN + 1];
    if (is_greeting(d, e)) {
        discovery_publish(d, p);
        presence_publish(d, p);
        state_publish(d, p);
    }
    if (topic_parse(e->topic, d->sealer->venue_id, d->sealer->kiosk_id, &t, account) != 0)
        return;
    if (t == TOPIC_BEAT) {
        p->echo_at = clock_now();
        p->echoless = false;
        p->fault = MQTT_FAULT_FINE;
    } else if (t == TOPIC_REGISTERED) {
        d->listener.answered(d->listener.context, i, e);
    } else {
        d->listener.received(d->listener.context, t, account, e);
    }
}

static void delivery_on_event(struct delivery *d, size_t i, const struct mqtt_event *e)
{
    switch (e->kind) {
    case MQTT_UP:
        delivery_on_up(d, i, e);
        break;
    case MQTT_DOWN:
        broker_path_is_down(&d->paths[i], e->fault, e->detail, e->at);
        outbox_broker_down(&d->outbox, i);
        break;
    case MQTT_ACKED:
        delivery_on_answered(d, i, e->token,
                             e->heard            ? OUTBOX_ACKED
                             : e->no_subscribers ? OUTBOX_UNHEARD
                                                 : OUTBOX_UNPROVED);
        break;
    case MQTT_REFUSED:
        delivery_on_refused(d, i, e);
        break;
    case MQTT_DROPPED:
        broker_path_is_flooded(&d->paths[i], e, e->at);
        break;
    case MQTT_MESSAGE:
        if (!e->too_long)
            delivery_on_message(d, i, e);
        break;
    case MQTT_SUBSCRIBED:
        if (e->refused == 0)
            broker_path_is_let_in(&d->paths[i]);
        break;
    }
}

static void on_events(void *context, int fd, short revents)
{
    (void)revents;
    struct delivery *d = context;
    struct mqtt_event e;
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        while (p->thread && mqtt_thread_fd(p->thread) == fd && mqtt_thread_next(p->thread, &e))
            delivery_on_event(d, i, &e);
    }
}

int delivery_say(struct delivery *d, size_t i, const struct mqtt_publication *p)
{
    if (delivery_is_up(d, i))
        return mqtt_thread_publish(d->paths[i].thread, p);
    errno = ENOTCONN;
    return -1;
}

bool delivery_is_up(const struct delivery *d, size_t i)
{
    return i < d->paths_count && d->paths[i].up;
}

/* --- time ------------------------------------------------------------------------------------ */

static void rebuild(struct delivery *d, size_t i, int64_t now)
{
    struct broker_path *p = &d->paths[i];
    if (!p->thread && broker_path_start(p, d->loop, on_events, d) != 0)
        log_error("broker %s: %s", p->setup.broker.name, strerror(errno));
    if (!p->thread)
        return;
    enum mqtt_fault why = broker_path_stale(p, d->beat, outbox_unacked_since(&d->outbox, i), now);
    if (why == MQTT_FAULT_FINE)
        return;
    p->echoless = why == MQTT_FAULT_BEAT;
    broker_path_stop(p, d->loop);
    broker_path_is_down(p, why,
                        why == MQTT_FAULT_BEAT     ? "the kiosk's own beat does not come back"
                        : why == MQTT_FAULT_BROKER ? "an alert is not acknowledged"
                                                   : "its thread hangs",
                        now);
    outbox_broker_down(&d->outbox, i);
    if (broker_path_start(p, d->loop, on_events, d) != 0)
        log_error("broker %s: %s", p->setup.broker.name, strerror(errno));
}

/* To every broker, with all nonces that wait: each asker reads at least one of them. */
static void beat_all(struct delivery *d, int64_t now)
{
    for (size_t i = 0; i < d->paths_count; i++)
        beat_publish(d, &d->paths[i]);
    echoes_clear(&d->echoes);
    d->beaten_at = now;
    if (now - d->seq_at < RECENT)
        return;
    d->seq_then = d->seq_lately;
    d->seq_lately = d->sealer->seq;
    d->seq_at = now;
}

static void on_beat(struct delivery *d, int64_t now)
{
    d->beat_at = now + d->beat;
    if (!d->cover)
        beat_all(d, now);
    for (size_t i = 0; i < d->paths_count; i++) {
        rebuild(d, i, now);
        broker_path_age(&d->paths[i], now);
        push(d, i);
    }
    outbox_expire(&d->outbox, topic_table[TOPIC_ALERT].expiry_s * NS_PER_S, now);
}

/* One packet on each topic, whether or not there is something to say, and all of one length. The
 * slots keep their pace whatever happens. */
static void on_slot(struct delivery *d, int64_t now)
{
    d->slot_at += SLOT * ((now - d->slot_at) / SLOT + 1);
    bool said = notice_one(d);
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        if (!push_one(d, i))
            nothing_publish(d, p, TOPIC_ALERT);
        if (!said)
            notice_cover(d, p);
        state_publish(d, p);
        ring_publish(d, p);
    }
    beat_all(d, now);
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        if (p->online_due && p->up)
            presence_publish(d, p);
        p->online_due = false;
    }
}

/* When a beat more is sent because somebody waits for an echo; NS_NEVER: nobody does. */
static int64_t echo_at(const struct delivery *d)
{
    return !d->cover && d->echoes.count > 0 ? d->beaten_at + ECHO_EVERY : NS_NEVER;
}

void delivery_time(struct delivery *d, int64_t now)
{
    if (now >= d->beat_at)
        on_beat(d, now);
    else if (now >= echo_at(d))
        beat_all(d, now);
    if (d->cover && now >= d->slot_at)
        on_slot(d, now);
    if (!d->cover && d->state_known && now >= d->state_at)
        state_again(d);
}

int64_t delivery_deadline(const struct delivery *d)
{
    int64_t next = d->cover ? d->slot_at : d->state_at;
    if (echo_at(d) < next)
        next = echo_at(d);
    return next < d->beat_at ? next : d->beat_at;
}

/* --- set-up ---------------------------------------------------------------------------------- */

void delivery_swap(struct delivery *d, const struct config *config,
                   char *const passwords[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < d->paths_count; i++)
        broker_path_stop(&d->paths[i], d->loop);
    d->simulated = config->simulated;
    d->cover = config->kiosk.cover;
    if (d->plain.discovery[0] != '\0' && plain_discovers(&d->plain) &&
        strcmp(d->plain.discovery, config->plain.discovery) != 0)
        memcpy(d->withdrawn, d->plain.discovery, sizeof d->withdrawn);
    d->plain = config->plain;
    d->beat = config->timing.beat;
    d->state_quiet = config->timing.state;
    d->state_alert = config->timing.state_alert;
    d->beat_at = d->slot_at = clock_now();
    d->paths_count = config->brokers_count;
    outbox_brokers(&d->outbox, d->paths_count);
    for (size_t i = 0; i < d->paths_count; i++) {
        broker_path_init(&d->paths[i], config, i, passwords[i], d->sealer);
        if (broker_path_start(&d->paths[i], d->loop, on_events, d) != 0)
            log_error("broker %s: no thread (%s); the next beat tries again",
                      config->brokers[i].name, strerror(errno));
    }
}

struct delivery *delivery_new(const struct config *config, struct sealer *sealer,
                              char *const passwords[CONFIG_BROKERS_MAX], struct loop *loop,
                              const struct delivery_listener *listener)
{
    struct delivery *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    d->sealer = sealer;
    d->loop = loop;
    d->listener = *listener;
    d->state_at = NS_NEVER;
    d->ring = (struct message){.kind = MSG_RING};
    d->beaten_at = d->seq_at = clock_now();
    outbox_init(&d->outbox, config->brokers_count);
    delivery_swap(d, config, passwords);
    return d;
}

void delivery_free(struct delivery *d)
{
    if (!d)
        return;
    for (size_t i = 0; i < d->paths_count; i++)
        broker_path_stop(&d->paths[i], d->loop);
    free(d);
}

size_t delivery_paths(const struct delivery *d, struct delivery_path out[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < d->paths_count; i++) {
        const struct broker_path *p = &d->paths[i];
        out[i] = (struct delivery_path){.name = p->setup.broker.name,
                                        .up = p->up,
                                        .outside = p->up ? p->outside : p->setup.broker.outside,
                                        .carries = broker_path_carries(p),
                                        .refuses = broker_path_refuses(p),
                                        .version = p->version,
                                        .fault = broker_path_fault(p),
                                        .detail = p->detail,
                                        .dropped = p->dropped,
                                        .echo_at = p->echo_at,
                                        .latency = p->latency};
        broker_path_losses(p, out[i].losses);
    }
    return d->paths_count;
}

size_t delivery_pending(const struct delivery *d)
{
    return outbox_pending(&d->outbox);
}
