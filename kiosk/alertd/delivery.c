#include "kiosk/alertd/alert_message.h"
#include "kiosk/alertd/delivery_parts.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

/* With cover, everything waits for the next slot. */
#define SLOT (2 * NS_PER_S)
/* Beats that only give echoes back, at most: a flood of pings makes no flood of beats. */
#define ECHO_EVERY NS_PER_S
/* A relay that has received nothing newer than this is as good as away: three beats of 5 s. */
#define RECENT (15 * NS_PER_S)

/* --- alerts ---------------------------------------------------------------------------------- */

static void alert_write(const struct delivery *d, const struct outbox_entry *e, int64_t now,
                        struct message *m)
{
    alert_message_make(e, now, clock_is_set() ? clock_wall_seconds() : 0, m);
    if (e->publish == ALERT_PUB_ALL_CLEAR && !e->drill)
        delivery_proof_add(d, m);
}

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
        delivery_text_to(d, &d->paths[i], &m);
    return true;
}

static void push(struct delivery *d, size_t i)
{
    while (!d->cover && push_one(d, i))
        ;
}

/* A new thread has to be told, too. */
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
    sched_yield(); /* brokers' threads on this processor send it before what follows is sealed */
    delivery_ring_for(d, a);
    hurry(d);
}

void delivery_answered(struct delivery *d, const struct alert_id *id)
{
    if (outbox_answered(&d->outbox, id))
        hurry(d);
}

/* --- the beat -------------------------------------------------------------------------------- */

static void beat_publish(struct delivery *d, struct broker_path *p)
{
    struct message m = {.kind = MSG_BEAT};
    memcpy(m.newest, p->newest, sizeof m.newest);
    m.echo_count = echoes_copy(&d->echoes, m.echo);
    if (p->up)
        broker_path_publish(p, d->sealer, TOPIC_BEAT, &m, 0);
}

void delivery_ping(struct delivery *d, const char *account, bool relay,
                   const uint8_t nonce[FRESHNESS_NONCE])
{
    echoes_add(&d->echoes, account, relay, nonce);
}

/* --- what a broker's thread reports ----------------------------------------------------------- */

static void delivery_on_up(struct delivery *d, size_t i, const struct mqtt_event *e)
{
    struct broker_path *p = &d->paths[i];
    broker_path_is_up(p, e, d->simulated, clock_now());
    delivery_words_up(d, p);
    push(d, i);
    p->online_due = d->cover;
    if (!d->cover) {
        delivery_ring_to(d, p);
        beat_publish(d, p); /* it comes back behind all that the broker keeps of this kiosk */
    }
    delivery_notices_flush(d);
    d->listener.up(d->listener.context, p->home);
    delivery_discover(d, p);
}

static void delivery_on_answered(struct delivery *d, size_t i, uint64_t token, enum outbox_leg how)
{
    struct outbox_entry e;
    struct broker_path *p = &d->paths[i];
    int64_t now = clock_now();
    outbox_acked(&d->outbox, i, p->outside, token, how, now, &e);
    if (e.order == 0)
        return;
    if (how != OUTBOX_DENIED) {
        p->latency = now - e.at;
        broker_path_is_let_through(p, TOPIC_ALERT);
    }
    hurry(d);
    d->listener.acked(d->listener.context, &e, how, p->outside);
}

static void delivery_on_refused(struct delivery *d, size_t i, const struct mqtt_event *e)
{
    struct broker_path *p = &d->paths[i];
    bool first = p->denied == MQTT_FAULT_FINE;
    if (broker_path_is_denied(p, d->sealer, e, clock_now()) && first)
        d->listener.denied(d->listener.context, p->setup.broker.name, e->fault);
    if (e->token != 0)
        delivery_on_answered(d, i, e->token, OUTBOX_DENIED);
}

/* What went nowhere for a while does again: the broker may have none of what it was to keep. */
static void delivery_on_way_back(struct delivery *d, struct broker_path *p)
{
    p->echoless = false;
    p->listening = true; /* state and presence follow (delivery_listen) */
    delivery_words_up(d, p);
    if (!d->cover)
        delivery_ring_to(d, p);
    d->listener.up(d->listener.context, p->home);
}

static void delivery_on_message(struct delivery *d, size_t i, const struct mqtt_event *e)
{
    struct broker_path *p = &d->paths[i];
    enum topic t;
    char account[TOPIC_ID_LEN + 1];
    if (delivery_is_greeting(d, e)) {
        delivery_discover(d, p);
        delivery_presence_to(d, p);
        delivery_state_to(d, p);
    }
    if (topic_parse(e->topic, d->sealer->venue_id, d->sealer->kiosk_id, &t, account) != 0 ||
        (topic_table[t].per_account && delivery_has_come(d, i, e)))
        return;
    if (t == TOPIC_BEAT && !broker_path_sent(p, e)) {
        return; /* by another way to the same broker */
    } else if (t == TOPIC_BEAT) {
        if (p->echoless)
            delivery_on_way_back(d, p);
        p->echo_at = p->listen_until = clock_now();
        p->fault = MQTT_FAULT_FINE;
    } else if (t == TOPIC_REGISTERED) {
        d->listener.answered(d->listener.context, p->home, e);
    } else if (t == TOPIC_STATE || t == TOPIC_PRESENCE) {
        d->listener.own(d->listener.context, i, t, e);
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
        hurry(d);
        break;
    case MQTT_ACKED:
        delivery_words_answered(d, &d->paths[i], e->token, true);
        if (e->has_subscriber && d->paths[i].outside && delivery_ring_is_taken(d, e->token))
            d->listener.rung(d->listener.context, &d->ring.id);
        if (delivery_ring_has(e->token))
            broker_path_is_let_through(&d->paths[i], TOPIC_RING);
        delivery_on_answered(d, i, e->token,
                             e->has_subscriber   ? OUTBOX_ACKED
                             : e->no_subscribers ? OUTBOX_NO_SUBSCRIBER
                                                 : OUTBOX_UNPROVED);
        break;
    case MQTT_STRANGE:
        broker_path_is_strange(&d->paths[i], e->at);
        break;
    case MQTT_REFUSED:
        delivery_words_answered(d, &d->paths[i], e->token, false);
        delivery_on_refused(d, i, e);
        break;
    case MQTT_TAKEN:
        broker_path_has_taken(&d->paths[i], d->sealer, e);
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

/* --- time ------------------------------------------------------------------------------------ */

static void rebuild(struct delivery *d, size_t i, int64_t now)
{
    struct broker_path *p = &d->paths[i];
    if (!p->thread && broker_path_start(p, d->loop, on_events, d) != 0)
        log_error("broker %s: %s", p->setup.broker.name, strerror(errno));
    if (!p->thread)
        return;
    int64_t unacked_since = outbox_unacked_since(&d->outbox, i);
    enum mqtt_fault why = broker_path_stale(p, d->beat, unacked_since, now);
    broker_path_is_heard(p, unacked_since, now);
    if (why == MQTT_FAULT_FINE)
        return;
    p->echoless = why == MQTT_FAULT_BEAT;
    if (p->up && why == MQTT_FAULT_BROKER)
        broker_path_is_mute(p);
    broker_path_stop(p, d->loop);
    broker_path_is_down(p, why,
                        why == MQTT_FAULT_BEAT     ? "the kiosk's own beat does not come back"
                        : why == MQTT_FAULT_BROKER ? "an alert is not acknowledged"
                                                   : "its thread hangs",
                        now);
    outbox_broker_down(&d->outbox, i);
    if (broker_path_start(p, d->loop, on_events, d) != 0)
        log_error("broker %s: %s", p->setup.broker.name, strerror(errno));
    hurry(d);
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
        push(d, i);
    }
    outbox_expire(&d->outbox, topic_table[TOPIC_ALERT].expiry_s * NS_PER_S, now);
}

/* One packet on each topic, whether or not there is something to say, and all of one length. The
 * slots keep their pace whatever happens. */
static void on_slot(struct delivery *d, int64_t now)
{
    d->slot_at += SLOT * ((now - d->slot_at) / SLOT + 1);
    bool said = delivery_notice_next(d), counts = !said && !d->sealer->plain && d->state_known;
    if (counts)
        delivery_counts_again(d);
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        if (!push_one(d, i))
            delivery_nothing_to(d, p, TOPIC_ALERT);
        if (!said && !counts)
            delivery_notice_cover(d, p);
        delivery_state_to(d, p);
        delivery_ring_to(d, p);
    }
    beat_all(d, now);
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        if (p->online_due && !p->listening) {
            delivery_presence_to(d, p);
            p->online_due = false;
        }
    }
}

/* When a beat more is sent because somebody waits for an echo; NS_NEVER: nobody does. */
static int64_t echo_at(const struct delivery *d)
{
    return !d->cover && d->echoes.count > 0 ? d->beaten_at + ECHO_EVERY : NS_NEVER;
}

void delivery_time(struct delivery *d, int64_t now)
{
    delivery_listen(d, now);
    delivery_watch(d, now);
    for (size_t i = 0; i < d->paths_count; i++)
        broker_path_age(&d->paths[i], now);
    if (now >= d->beat_at)
        on_beat(d, now);
    else if (now >= echo_at(d))
        beat_all(d, now);
    if (d->cover && now >= d->slot_at)
        on_slot(d, now);
    if (!d->cover && d->state_known && now >= d->state_at) {
        delivery_state_again(d);
        delivery_counts_again(d);
    }
    delivery_words_time(d);
}

int64_t delivery_deadline(const struct delivery *d)
{
    int64_t next = d->cover ? d->slot_at : d->state_at;
    if (echo_at(d) < next)
        next = echo_at(d);
    for (size_t i = 0; i < d->paths_count; i++) {
        const struct broker_path *p = &d->paths[i];
        if (p->listening && p->listen_until < next)
            next = p->listen_until;
        if (broker_path_age_at(p) < next)
            next = broker_path_age_at(p);
    }
    if (delivery_watch_deadline(d) < next)
        next = delivery_watch_deadline(d);
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
    hurry(d);
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
                                        .interface = p->setup.broker.interface,
                                        .lost = p->watch.lost,
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
