#include "kiosk/relay/relay.h"

#include "config/secret.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/say_once.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/ns.h"
#include "kiosk/mqtt/flood_log.h"
#include "kiosk/mqtt/link_log.h"
#include "kiosk/mqtt/thread.h"
#include "kiosk/relay/inbound.h"
#include "kiosk/relay/ntfy.h"
#include "kiosk/relay/push_registration.h"
#include "kiosk/relay/ring_kept.h"
#include "kiosk/relay/ring_policy.h"
#include "kiosk/relay/root_kept.h"
#include "kiosk/relay/webpush_sender.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { PASSWORD_MAX = SECRET_FILE_MAX };

#define S  INT64_C(1000000000)
#define MS INT64_C(1000000)

struct relay {
    const struct relay_conf *conf;
    const char *prefix;
    struct inbound inbound;
    struct ring_policy policy;
    struct ring_kept *kept;
    struct ntfy *pushes[RELAY_PUSHES_MAX];
    struct push_registration registration;
    struct webpush_sender *web; /* NULL: no Web Push */
    char *password;             /* locked */

    struct loop *loop; /* NULL: not started */
    struct mqtt_thread *mqtt;
    struct mqtt_event event; /* the one that is being looked at */
    struct link_log log;
    struct say_once said; /* complaints about rights */
    struct flood_log flood;
    int64_t beat_at;
};

static void ring(struct relay *r, enum ring_policy_ring why)
{
    static const char *const names[] = {
        [RING_POLICY_STAFF] = "staff are asked for",
        [RING_POLICY_ALERT] = "an alert, a drill, or the end of one",
        [RING_POLICY_SILENT] = "a kiosk is silent, or what it sends comes late",
        [RING_POLICY_HELD] = "what a kiosk sends is held back",
        [RING_POLICY_BLIND] = "no broker for too long",
        [RING_POLICY_AGAIN] = "again, phones that are not awake",
        [RING_POLICY_TOPICS] = "again, by ntfy",
    };
    bool staff = why == RING_POLICY_STAFF;
    if (why == RING_POLICY_NOTHING)
        return;
    log_info("ringing: %s", names[why]);
    if (why == RING_POLICY_AGAIN) {
        webpush_sender_again(r->web, &r->policy.again_for);
        return;
    }
    for (size_t i = 0; i < r->conf->pushes_count; i++)
        if (!staff || r->conf->pushes[i].staff)
            ntfy_wake(r->pushes[i]);
    if (why != RING_POLICY_TOPICS)
        webpush_sender_wake(r->web, staff);
}

/* --- what the kiosks send -------------------------------------------------------------------- */

/* Of one account: the topic's end, which the kiosk's signature covers. */
static void relay_on_account(struct relay *r, const char *topic, size_t kiosk,
                             const struct message *m)
{
    char account[TOPIC_ID_LEN + 1];
    enum topic t;
    if (topic_parse(topic, r->inbound.venue, r->inbound.kiosks[kiosk].id, &t, account) < 0)
        return;
    if (m->kind == MSG_REVOKED)
        webpush_sender_revoke(r->web, account);
    else
        webpush_sender_vouch(r->web, account, m->hash);
}

/* One ping: the kiosk echoes its nonce, and sees that this relay works and what it has received. */
static void ping(struct relay *r, size_t kiosk, int64_t now)
{
    struct mqtt_publication p = {.len = ENVELOPE_SIZE};
    const struct ring_policy_kiosk *k = &r->policy.kiosks[kiosk];
    struct message m = {.kind = MSG_PING, .epoch = k->epoch, .echo_count = 1};
    if (k->top.epoch > k->epoch)
        m.epoch = k->top.epoch;
    if (m.epoch == k->epoch && k->next > 0)
        m.seq = k->next - 1;
    if (k->known && m.epoch == k->ring_epoch)
        m.newest[FRESHNESS_RING] = k->ring_seq;
    randombytes_buf(m.echo[0], sizeof m.echo[0]);
    struct subs_count got = webpush_sender_count(r->web);
    m.rang = got.rang;
    m.month = got.month;
    m.phones = got.phones;
    m.month_known = got.phones > 0;
    m.dropped = r->flood.dropped.total;
    if (inbound_ping(&r->inbound, kiosk, &m, p.topic, p.payload) == 0 &&
        mqtt_thread_publish(r->mqtt, &p) == 0)
        ring_policy_ask(&r->policy, kiosk, m.echo[0], now);
}

/* A relay that cannot push rings nobody: it does not claim to work. */
static bool works(const struct relay *r)
{
    for (size_t i = 0; i < r->conf->pushes_count; i++)
        if (!ntfy_works(r->pushes[i]))
            return false;
    return r->policy.linked && webpush_sender_works(r->web);
}

/* Rung first, then kept: no ring waits for the disk. */
static void relay_on_ring(struct relay *r, const struct mqtt_event *e, size_t kiosk,
                          const struct message *m)
{
    const struct ring_policy_kiosk *k = &r->policy.kiosks[kiosk];
    struct freshness_mark before = k->top;
    int64_t late_at = k->late_at;
    ring(r, ring_policy_word(&r->policy, kiosk, m, e->retained, clock_wall_of(m->at), e->at));
    if (freshness_mark_before(&before, &k->top))
        ring_kept_newest(r->kept, kiosk, m, e->payload);
    if (k->late_at != late_at)
        ring_kept_late(r->kept, kiosk, clock_wall_seconds());
    if (works(r))
        ping(r, kiosk, e->at); /* the answer by which the kiosk knows that its ring has arrived */
}

static void relay_on_word(struct relay *r, const struct mqtt_event *e, size_t kiosk,
                          const struct message *m)
{
    if (m->kind == MSG_REVOKED || m->kind == MSG_VOUCHED) {
        relay_on_account(r, e->topic, kiosk, m);
        return;
    }
    if (m->kind == MSG_RING)
        relay_on_ring(r, e, kiosk, m);
    else
        ring(r, ring_policy_word(&r->policy, kiosk, m, e->retained, clock_wall_of(m->at), e->at));
}

/* Kept, so that it is obeyed after a restart too, should the broker not send it any more. */
static void relay_on_root(struct relay *r, size_t kiosk, const struct root_word *said)
{
    const struct root_word *all = &r->policy.kiosks[kiosk].root, before = *all;
    char account[TOPIC_ID_LEN + 1];
    enum ring_policy_ring why =
        ring_policy_root(&r->policy, kiosk, said, r->inbound.kiosks[kiosk].public);
    for (size_t i = before.revoked_count; i < all->revoked_count && r->web; i++)
        webpush_sender_revoke(
            r->web, sodium_bin2hex(account, sizeof account, all->revoked[i], ENVELOPE_ID));
    if (memcmp(&before, all, sizeof before) != 0)
        root_kept_write(r->prefix, r->inbound.kiosks[kiosk].id, all);
    ring(r, why);
}

static void relay_on_message(struct relay *r, const struct mqtt_event *e)
{
    struct inbound_message m;
    size_t kiosk;
    if (e->too_long)
        return;
    if (r->web && push_registration_receive(&r->registration, &r->inbound, &r->policy, r->web, e))
        return;
    switch (inbound_read(&r->inbound, e, &kiosk, &m)) {
    case INBOUND_NOTHING:
        log_debug("a message was refused");
        break;
    case INBOUND_ROOT:
        relay_on_root(r, kiosk, &m.root);
        break;
    case INBOUND_WORD:
        relay_on_word(r, e, kiosk, &m.kiosk);
        break;
    }
}

static void beat(struct relay *r, int64_t now)
{
    for (size_t i = 0; i < r->inbound.count && works(r); i++)
        ping(r, i, now);
}

/* --- the broker ------------------------------------------------------------------------------ */

/* Connected, and subscribed to everything; or not any more. */
static void relay_link(struct relay *r, bool linked, int64_t at)
{
    char line[LINK_LOG_LINE];
    ring_policy_link(&r->policy, linked, at);
    if (!linked)
        return;
    if (link_log_up(&r->log, "", at, line))
        log_info("%s", line);
    beat(r, at);
    if (r->web)
        push_registration_offer(&r->registration, &r->inbound, r->web, r->mqtt);
}

static void relay_unlink(struct relay *r, const struct mqtt_event *e)
{
    char line[LINK_LOG_LINE];
    if (link_log_down(&r->log, e->fault, e->detail, e->at, line))
        log_warning("broker %s port %d: %s", r->conf->broker.host, r->conf->broker.port, line);
    relay_link(r, false, e->at);
}

static void relay_on_event(struct relay *r, const struct mqtt_event *e)
{
    unsigned before;
    switch (e->kind) {
    case MQTT_SUBSCRIBED:
        if (e->refused == 0)
            relay_link(r, true, e->at);
        break;
    case MQTT_DOWN:
        relay_unlink(r, e);
        break;
    case MQTT_REFUSED:
        if (say_once(&r->said, e->topic, e->at, &before))
            log_warning("broker %s port %d: it refuses %s (%s: %s). %s", r->conf->broker.host,
                        r->conf->broker.port, e->topic, mqtt_fault_name(e->fault), e->detail,
                        mqtt_fault_sentence(e->fault));
        break;
    case MQTT_MESSAGE:
        relay_on_message(r, e);
        break;
    case MQTT_DROPPED:
        if (flood_log_note(&r->flood, e))
            log_warning("too many messages on %s: %zu were not looked at. Other accounts are not "
                        "held up. If this goes on, revoke that phone or look at that kiosk",
                        e->topic, e->count);
        break;
    case MQTT_UP:
    case MQTT_ACKED:
    case MQTT_STRANGE:
    case MQTT_TAKEN:
        break;
    }
}

static void relay_on_readable(void *context, int fd, short revents)
{
    struct relay *r = context;
    (void)fd;
    (void)revents;
    while (mqtt_thread_next(r->mqtt, &r->event))
        relay_on_event(r, &r->event);
}

/* --- time ------------------------------------------------------------------------------------ */

/* INT64_MAX: at the end. */
static void flood_sum(struct relay *r, int64_t now)
{
    char line[FLOOD_LOG_LINE];
    if (flood_log_time(&r->flood, now, line))
        log_warning("%s", line);
}

void relay_time(struct relay *r, int64_t now)
{
    enum ring_policy_ring wanted;
    char line[LINK_LOG_LINE];
    flood_sum(r, now);
    if (link_log_time(&r->log, now, line))
        log_warning("broker %s port %d: %s", r->conf->broker.host, r->conf->broker.port, line);
    while ((wanted = ring_policy_tick(&r->policy, now)) != RING_POLICY_NOTHING)
        ring(r, wanted);
    if (r->web && r->policy.linked)
        push_registration_gone(&r->registration, &r->inbound, r->web, r->mqtt);
    if (now < r->beat_at)
        return;
    r->beat_at = now + r->conf->relay.beat;
    beat(r, now);
}

int64_t relay_deadline(const struct relay *r, int64_t now)
{
    int64_t policy = ring_policy_deadline(&r->policy, now);
    int64_t log = link_log_deadline(&r->log), flood = flood_log_deadline(&r->flood);
    int64_t first = policy < r->beat_at ? policy : r->beat_at;
    first = flood < first ? flood : first;
    return log < first ? log : first;
}

/* --- from the config to what runs ------------------------------------------------------------ */

/* What is taken of each kind, for one topic and for all: a kiosk beats ten times a second at most,
 * and phones register one by one, or all of a venue at once after its relay was away. A flood by
 * one account costs that account alone. */
static const struct wanted {
    enum topic topic;
    struct mqtt_budget each, all;
} wanted[] = {
    {TOPIC_RING, {100, 50}, {0, 0}},  {TOPIC_PRESENCE, {50, 20}, {0, 0}},
    {TOPIC_BEAT, {50, 20}, {0, 0}},   {TOPIC_ROOT, {20, 5}, {0, 0}},
    {TOPIC_WAKE, {8, 1}, {600, 200}}, /* the last: of phones, and for Web Push alone */
};

static void subscribe_to(struct mqtt_setup *s, const struct relay *r, const struct wanted *w,
                         const char *kiosk)
{
    struct mqtt_subscription *one = &s->subscribe[s->subscribe_count++];
    one->qos = 1;
    one->each = w->each;
    one->all = w->all;
    topic_name(w->topic, r->conf->venue.id, kiosk, w->topic == TOPIC_WAKE ? "+" : NULL, one->topic);
}

/* Quicker than a phone: a dead broker is known after 10 s, and tried again within 3 s. */
static void mqtt_prepare(const struct relay *r, struct mqtt_setup *s)
{
    size_t kinds = sizeof wanted / sizeof wanted[0] - !r->web;
    const struct relay_conf *c = r->conf;
    *s = (struct mqtt_setup){.subscribe = s->subscribe,
                             .broker = {.name = "broker", .port = c->broker.port},
                             .password = r->password,
                             .keepalive = 5 * S,
                             .probe = 4 * S,
                             .backoff = 100 * MS,
                             .backoff_max = 3 * S};
    s->broker.tls = c->broker.tls;
    memcpy(s->broker.host, c->broker.host, sizeof s->broker.host);
    memcpy(s->broker.ca, c->broker.ca, sizeof s->broker.ca);
    memcpy(s->broker.user, c->relay.account, sizeof c->relay.account);
    memcpy(s->client_id, c->relay.account, sizeof c->relay.account);
    for (size_t i = 0; i < c->kiosks_count; i++)
        for (size_t t = 0; t < kinds; t++)
            subscribe_to(s, r, &wanted[t], c->kiosks[i].id);
}

static int mqtt_start(struct relay *r)
{
    struct mqtt_subscription subscriptions[MQTT_SUBSCRIPTIONS_MAX] = {0};
    struct mqtt_setup setup = {.subscribe = subscriptions};
    mqtt_prepare(r, &setup);
    r->mqtt = mqtt_thread_new(&setup);
    if (r->mqtt && loop_add(r->loop, mqtt_thread_fd(r->mqtt), POLLIN, relay_on_readable, r) == 0)
        return 0;
    log_error("cannot start the connection to the broker: %s", strerror(errno));
    return -1;
}

static int web_start(struct relay *r, const char *prefix)
{
    uint8_t seed[32];
    int result = push_registration_init(&r->registration, &r->inbound, prefix, seed);
    if (result == 0) {
        r->web = webpush_sender_new(&r->conf->web, prefix, seed);
        result = r->web ? 0 : -1;
        if (!r->web)
            log_error("web push cannot start: %s; look at " PATH_RELAY_DIR, strerror(errno));
    }
    sodium_memzero(seed, sizeof seed);
    return result;
}

static int pushes_start(struct relay *r, const char *prefix)
{
    int result = -1;
    char *token = sodium_malloc(PASSWORD_MAX);
    if (!token)
        return -1;
    for (size_t i = 0; i < r->conf->pushes_count; i++) {
        const struct relay_push *to = &r->conf->pushes[i];
        token[0] = '\0';
        if (to->token[0] && secret_read_line(prefix, to->token, token, PASSWORD_MAX,
                                             config_complain_stderr, NULL) < 0)
            goto token_free;
        r->pushes[i] = ntfy_new(to, r->conf->relay.word, token);
        if (!r->pushes[i])
            goto token_free;
    }
    result = 0;
token_free:
    sodium_free(token);
    return result;
}

static bool kept_is_signed(void *context, size_t i, const uint8_t wire[ENVELOPE_SIZE],
                           struct message *ring)
{
    struct relay *r = context;
    struct inbound_message m;
    size_t kiosk;
    r->event = (struct mqtt_event){.kind = MQTT_MESSAGE, .len = ENVELOPE_SIZE};
    memcpy(r->event.payload, wire, ENVELOPE_SIZE);
    topic_name(TOPIC_RING, r->inbound.venue, r->inbound.kiosks[i].id, NULL, r->event.topic);
    if (inbound_read(&r->inbound, &r->event, &kiosk, &m) != INBOUND_WORD)
        return false;
    *ring = m.kiosk;
    return true;
}

/* How long ago an old one rang, by a clock that may have been set since: not in the future. */
static int64_t late_at_of(int64_t late_s, int64_t now)
{
    int64_t ago = clock_wall_seconds() - late_s;
    return late_s > 0 && ago >= 0 && ago < RING_POLICY_LATE_EVERY / S ? now - ago * S : NS_NEVER;
}

static int relay_resume(struct relay *r)
{
    const char *ids[RELAY_KIOSKS_MAX];
    struct message ring;
    int64_t late_s;
    for (size_t i = 0; i < r->inbound.count; i++)
        ids[i] = r->inbound.kiosks[i].id;
    r->kept = ring_kept_new(r->prefix, ids, r->inbound.count);
    for (size_t i = 0; r->kept && i < r->inbound.count; i++)
        if (ring_kept_read(r->kept, i, kept_is_signed, r, &ring, &late_s))
            ring_policy_resume(&r->policy, i, (struct freshness_mark){ring.epoch, ring.seq},
                               late_at_of(late_s, clock_now()));
    if (!r->kept)
        log_error("cannot start: %s", strerror(errno));
    return r->kept ? 0 : -1;
}

int relay_start(struct relay *r, const char *prefix, struct loop *loop)
{
    r->loop = loop;
    r->prefix = prefix;
    ring_policy_init(&r->policy, r->conf->kiosks_count, r->conf->relay.blind, r->conf->relay.again,
                     clock_now());
    for (size_t i = 0; i < r->inbound.count; i++) {
        struct root_word kept = {.made = 0};
        root_kept_read(prefix, r->inbound.kiosks[i].id, &kept);
        ring_policy_root(&r->policy, i, &kept, r->inbound.kiosks[i].public);
    }
    if (relay_resume(r) < 0 || pushes_start(r, prefix) < 0 ||
        (r->conf->web.contact[0] && web_start(r, prefix) < 0))
        return -1;
    return mqtt_start(r);
}

struct relay *relay_new(const char *prefix, const struct relay_conf *conf)
{
    struct relay *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->conf = conf;
    r->password = sodium_malloc(PASSWORD_MAX);
    if (r->password &&
        secret_read_line(prefix, "relay-broker", r->password, PASSWORD_MAX, config_complain_stderr,
                         NULL) == 0 &&
        inbound_init(&r->inbound, conf, prefix) == 0)
        return r;
    relay_free(r);
    return NULL;
}

void relay_free(struct relay *r)
{
    if (!r)
        return;
    if (r->mqtt)
        loop_remove(r->loop, mqtt_thread_fd(r->mqtt));
    mqtt_thread_free(r->mqtt);
    flood_sum(r, INT64_MAX);
    for (size_t i = 0; i < RELAY_PUSHES_MAX; i++)
        ntfy_free(r->pushes[i]);
    webpush_sender_free(r->web);
    ring_kept_free(r->kept);
    push_registration_finish(&r->registration);
    inbound_finish(&r->inbound);
    sodium_free(r->password);
    free(r);
}
