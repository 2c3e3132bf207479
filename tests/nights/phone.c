#include "tests/nights/phone.h"

#include "kiosk/common/topics.h"
#include "kiosk/core/cert.h"
#include "tests/nights/story.h"
#include "tests/nights/transcript.h"
#include "tests/nights/watch.h"
#include "tests/nights/watch_replays.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* The page's own (kiosk/phone/core/link.js). */
#define FIRST_PAUSE   (500 * MS)
#define LONGEST_PAUSE (8 * S)
#define QUIET         (8 * S)
#define PATIENCE      (4 * S)
#define KEEPALIVE     (60 * S)
#define LOOK          (1 * S)
#define CLEARS_AGAIN  (12 * S)

static void link_dial(void *context, uint64_t attempt);

int64_t phone_now(void)
{
    return world_now() - world_now() % (MS / 64);
}

static void phone_look(struct phone *p)
{
    for (size_t k = 0; k < p->client.kiosks_count; k++) {
        struct view_shown was = p->shown[k];
        p->shown[k] = view_look(&p->client.kiosks[k].view, &p->rules, phone_now());
        if (was.show != p->shown[k].show)
            story("%s shows %s%s%s", p->name, view_show_name(p->shown[k].show),
                  p->client.kiosks_count > 1 ? " for " : "",
                  p->client.kiosks_count > 1 ? k == 0 ? "k0" : "k1" : "");
        watch_shown(p, k);
        watch_retired(p, k);
        transcript_shown(p, k);
    }
}

/* --- its way to a broker ---------------------------------------------------------------------- */

bool phone_is_linked(const struct phone *p)
{
    for (size_t i = 0; i < p->links_count; i++)
        if (p->links[i].up)
            return true;
    return false;
}

static void link_report(struct phone_link *l, bool up)
{
    struct phone *p = l->phone;
    l->up = up;
    for (size_t k = 0; k < p->client.kiosks_count; k++) {
        view_link(&p->client.kiosks[k].view, phone_is_linked(p), phone_now());
        transcript_link(p, k, phone_is_linked(p));
    }
    phone_look(p);
}

static void link_fail(struct phone_link *l, bool quietly)
{
    if (l->conn)
        conn_close_client(l->conn, quietly, false);
    l->conn = NULL;
    l->attempt++;
    if (l->up)
        link_report(l, false);
    if (!l->phone->online)
        return;
    world_at(world_now() + chance_between(&l->phone->chance, l->pause / 2, l->pause), link_dial, l,
             l->attempt);
    l->pause = l->pause * 2 < LONGEST_PAUSE ? l->pause * 2 : LONGEST_PAUSE;
}

static void link_reads(struct phone_link *l, enum topic t, const char *kiosk)
{
    char topic[TOPIC_NAME_MAX];
    topic_name(t, l->phone->venue->id, kiosk,
               t == TOPIC_WORDS   ? "+"
               : t == TOPIC_ENROL ? l->phone->keys->account
                                  : NULL,
               topic);
    conn_send(l->conn, true, (struct packet){.kind = PACKET_SUBSCRIBE, .topic = world_text(topic)});
}

static void link_subscribe(struct phone_link *l)
{
    static const enum topic read_by_all[] = {TOPIC_ALERT, TOPIC_STATE,  TOPIC_PRESENCE,
                                             TOPIC_BEAT,  TOPIC_NOTICE, TOPIC_STAFF};
    const struct phone *p = l->phone;
    size_t n = p->keys->staff ? 6 : 4;
    for (size_t k = 0; k < p->client.kiosks_count; k++) {
        const char *kiosk = p->client.kiosks[k].id;
        if (p->reads_keys) /* first, as the page does, before what a new key opens */
            link_reads(l, TOPIC_ENROL, kiosk);
        for (size_t i = 0; i < n; i++)
            link_reads(l, read_by_all[i], kiosk);
        if (p->reads_root)
            link_reads(l, TOPIC_ROOT, kiosk);
        if (p->reads_words)
            link_reads(l, TOPIC_WORDS, kiosk);
    }
}

static void phone_take(struct phone *p, const struct packet *packet);

static void link_packet(void *client, struct conn *c, const struct packet *packet)
{
    struct phone_link *l = client;
    struct phone *p = l->phone;
    if (l->conn != c)
        return;
    l->received_at = world_now();
    l->asked = false;
    if (packet->kind == PACKET_CONNACK && packet->reason != 0)
        link_fail(l, false);
    else if (packet->kind == PACKET_CONNACK) {
        l->pause = FIRST_PAUSE;
        link_subscribe(l);
        link_report(l, true);
    } else if (packet->kind == PACKET_PUBLISH) {
        phone_take(p, packet);
    } else if (packet->kind == PACKET_PUBACK && packet->number > 0) {
        p->unread[packet->number - 1] = packet->reason != 0;
    }
}

static void link_closed(void *client, struct conn *c)
{
    struct phone_link *l = client;
    if (l->conn == c)
        link_fail(l, true);
}

static const struct conn_client link_client = {.packet = link_packet, .closed = link_closed};

static void link_connect(void *context, uint64_t attempt)
{
    struct phone_link *l = context;
    if (l->attempt != attempt || !l->phone->online)
        return;
    int64_t takes;
    if (way_try(&l->way, &takes) != WAY_OPEN) {
        link_fail(l, true);
        return;
    }
    l->conn = conn_open(&l->way, &link_client, l);
    l->received_at = l->asked_at = world_now();
    l->asked = false;
    conn_send(l->conn, true, (struct packet){.kind = PACKET_CONNECT, .hello = &l->hello});
}

static void link_dial(void *context, uint64_t attempt)
{
    struct phone_link *l = context;
    int64_t takes;
    if (l->attempt != attempt || !l->phone->online)
        return;
    if (way_try(&l->way, &takes) == WAY_SILENT)
        takes = PATIENCE;
    world_at(world_now() + takes, link_connect, l, attempt);
}

/* Silence may be the kiosk's or a dead connection's: a live broker answers this. */
static void link_ask(struct phone_link *l)
{
    if (!l->conn)
        return;
    if (l->asked && world_now() - l->asked_at > PATIENCE) {
        link_fail(l, false);
    } else if (!l->asked && (world_now() - l->received_at > QUIET ||
                             world_now() - l->asked_at > KEEPALIVE - 5 * S)) {
        l->asked = true;
        l->asked_at = world_now();
        conn_send(l->conn, true, (struct packet){.kind = PACKET_PING});
    }
}

void phone_online(struct phone *p, bool online)
{
    if (p->online == online)
        return;
    p->online = online;
    story("%s is %s", p->name, online ? "opened" : "put away");
    for (size_t i = 0; i < p->links_count; i++) {
        struct phone_link *l = &p->links[i];
        l->pause = FIRST_PAUSE;
        if (online)
            link_dial(l, ++l->attempt);
        else
            link_fail(l, false);
    }
}

/* --- what it says ----------------------------------------------------------------------------- */

static void phone_send(struct phone *p, size_t kiosk, enum topic t, const struct message *m)
{
    const struct venue_kiosk *k = &p->venue->kiosks[kiosk];
    char topic[TOPIC_NAME_MAX], text[PHONE_CLIENT_TEXT];
    uint8_t wire[ENVELOPE_SIZE];
    struct envelope_place at = {0};
    topic_name(t, p->venue->id, k->id, p->keys->account, topic);
    memcpy(at.venue, p->venue->id_bytes, sizeof at.venue);
    memcpy(at.kiosk, k->id_bytes, sizeof at.kiosk);
    at.topic = topic;
    int len = message_write(m, text, sizeof text);
    if (len < 0 || envelope_letter_seal(&at, k->public, p->keys->secret, text, (size_t)len, wire) !=
                       ENVELOPE_OK)
        return;
    bool answers = m->kind == MSG_SEEN || m->kind == MSG_SAFE || m->kind == MSG_HELP;
    struct packet packet = {.kind = PACKET_PUBLISH,
                            .topic = world_text(topic),
                            .payload = blob_of(wire, sizeof wire),
                            .qos = 1,
                            .number = answers ? kiosk + 1 : 0,
                            .expiry = topic_table[t].expiry_s * S};
    for (size_t i = 0; i < p->links_count; i++)
        if (p->links[i].up)
            conn_send(p->links[i].conn, true, packet);
}

struct answer {
    struct phone *phone;
    size_t kiosk;
    struct alert_id id;
    uint64_t seq; /* counts its answers to this alert */
};

static const enum message_kind answers[] = {MSG_SEEN, MSG_SAFE, MSG_HELP};

/* Somebody who was safe needs help, or the reverse. */
static void phone_answers_again(struct answer *a, uint64_t number);

static void phone_says(struct phone *p, size_t kiosk, const struct alert_id *id,
                       enum message_kind kind, uint64_t seq)
{
    struct message m = {.kind = kind, .id = *id, .seq = seq, .age_ms = -1};
    memcpy(m.account, p->keys->account, sizeof p->keys->account);
    phone_send(p, kiosk, TOPIC_ACK, &m);
}

static void phone_answer(void *context, uint64_t number)
{
    struct answer *a = context;
    struct own_answers *own = &a->phone->said[a->kiosk];
    if (!phone_is_linked(a->phone) || a->phone->stolen)
        return;
    story("%s answers %s", a->phone->name, message_kind_name(answers[number]));
    watch_answered(a->phone, &a->id, answers[number]);
    phone_says(a->phone, a->kiosk, &a->id, answers[number], a->seq);
    if (alert_id_equal(&own->now.id, &a->id))
        own_answer_give(own, answers[number], a->seq);
    if (a->phone->helps && a->seq < 4)
        phone_answers_again(a, number);
}

static void phone_answers_again(struct answer *a, uint64_t number)
{
    struct phone *p = a->phone;
    if (!chance_percent(&p->more, 50))
        return;
    a->seq++;
    world_at(world_now() + chance_between(&p->more, S, 120 * S), phone_answer, a,
             number == 2 ? 1 : 2);
}

void phone_flood(struct phone *p, size_t kiosk, uint64_t count)
{
    struct message m = {.kind = MSG_SEEN, .age_ms = -1};
    memset(m.id.bytes, 7, sizeof m.id.bytes);
    memcpy(m.account, p->keys->account, sizeof p->keys->account);
    for (uint64_t i = 0; i < count; i++)
        phone_send(p, kiosk, TOPIC_ACK, &m);
}

bool phone_command(struct phone *p, size_t kiosk, enum message_kind kind)
{
    const struct message *s = &p->state[kiosk];
    const struct view_kiosk *v = &p->client.kiosks[kiosk].view;
    struct message m = {.kind = kind,
                        .id = v->state == ALERT_QUIET ? s->id : v->alert.id,
                        .epoch = s->epoch,
                        .seq = s->seq,
                        .age_ms = -1};
    if (!p->state_known[kiosk] || !phone_is_linked(p) || p->stolen)
        return false;
    memcpy(m.nonce, s->nonce, sizeof m.nonce);
    memcpy(m.account, p->keys->account, sizeof p->keys->account);
    if (kind == MSG_CMD_ALL_CLEAR) {
        struct cert_clear c = {.id = m.id, .epoch = m.epoch, .seq = m.seq};
        memcpy(c.account, p->keys->account_bytes, sizeof c.account);
        cert_clear_sign(&c, p->venue->id_bytes, p->venue->kiosks[kiosk].id_bytes, p->keys->secret,
                        m.proof);
        m.proof_len = CERT_SIGNATURE;
    }
    story("%s sends %s", p->name, message_kind_name(kind));
    watch_commanded(p, kiosk, &m);
    phone_send(p, kiosk, TOPIC_COMMAND, &m);
    return true;
}

/* --- what it receives ------------------------------------------------------------------------- */

static void phone_told(struct phone *p, size_t kiosk, const struct message *m)
{
    if (!p->answers || !own_answer_is_asked(m) || alert_id_equal(&p->answered, &m->id))
        return;
    p->answered = m->id;
    struct answer *a = world_memory(sizeof *a);
    *a = (struct answer){.phone = p, .kiosk = kiosk, .id = m->id, .seq = 1};
    int64_t at = world_now() + chance_between(&p->chance, 2 * S, 60 * S);
    uint64_t kind = chance_below(&p->chance, 2);
    if (p->helps && chance_percent(&p->more, 30))
        kind = 2;
    world_at(at, phone_answer, a, kind);
}

/* A set counts once all of its pieces are there. */
static void phone_words(struct phone *p, size_t kiosk, const struct words_piece *piece)
{
    if (piece->revision < p->words[kiosk].revision)
        return;
    if (piece->revision > p->words[kiosk].revision)
        p->words[kiosk].have = 0;
    p->words[kiosk].revision = piece->revision;
    p->words[kiosk].have |= UINT64_C(1) << piece->piece;
    if (p->words[kiosk].have == (UINT64_C(1) << piece->pieces) - 1)
        p->words[kiosk].whole = piece->revision;
}

/* --- its keys --------------------------------------------------------------------------------- */

static void key_begin(struct phone *p, const uint8_t key[ENVELOPE_KEY])
{
    size_t n = 0;
    for (size_t i = 0; i < p->older_count; i++)
        if (memcmp(p->older[i], key, ENVELOPE_KEY) != 0)
            memcpy(p->older[n++], p->older[i], ENVELOPE_KEY);
    p->older_count = n < PHONE_OLDER ? n + 1 : n;
    memmove(p->older[1], p->older[0], (p->older_count - 1) * ENVELOPE_KEY);
    memcpy(p->older[0], p->client.venue_key, ENVELOPE_KEY);
    memcpy(p->client.venue_key, key, ENVELOPE_KEY);
}

bool phone_has_key(const struct phone *p, const uint8_t key[ENVELOPE_KEY])
{
    bool has = memcmp(p->client.venue_key, key, ENVELOPE_KEY) == 0;
    for (size_t i = 0; i < p->older_count; i++)
        has = has || memcmp(p->older[i], key, ENVELOPE_KEY) == 0;
    return has;
}

/* As kiosk/phone/core/session.js does; true: it was a letter to this phone, and no more. */
static bool phone_takes_key(struct phone *p, const struct packet *packet)
{
    struct envelope_place at = {.topic = packet->topic};
    bool second = strstr(packet->topic, p->venue->kiosks[1].id);
    const struct venue_kiosk *k = &p->venue->kiosks[second ? 1 : 0];
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t key[ENVELOPE_KEY];
    size_t len;
    if (!p->reads_keys || !strstr(packet->topic, "/enrol/"))
        return false;
    memcpy(at.venue, p->venue->id_bytes, sizeof at.venue);
    memcpy(at.kiosk, k->id_bytes, sizeof at.kiosk);
    if (envelope_welcome_open(&at, p->keys->public, p->keys->secret, k->public,
                              packet->payload->bytes, packet->payload->len, text,
                              &len) != ENVELOPE_OK)
        return true;
    cJSON *letter = cJSON_ParseWithLength(text, len);
    const char *hex = cJSON_GetStringValue(cJSON_GetObjectItem(letter, "venue_key"));
    if (hex && sodium_hex2bin(key, sizeof key, hex, strlen(hex), NULL, NULL, NULL) == 0 &&
        memcmp(key, p->client.venue_key, sizeof key) != 0) {
        key_begin(p, key);
        story("%s has a new key", p->name);
    }
    cJSON_Delete(letter);
    return true;
}

/* By the newest key, or by an older one, which brokers may still keep messages under. */
static void phone_opens(struct phone *p, const struct mqtt_event *e, struct phone_client_heard *h)
{
    int64_t wall = p->wall_offset == 0 ? EVENING + world_now() / S : 0;
    uint8_t newest[ENVELOPE_KEY];
    memcpy(newest, p->client.venue_key, sizeof newest);
    /* A clock that is wrong is found out, by the page server's date. */
    phone_client_receive(&p->client, &p->rules, e, wall, h);
    for (size_t i = 0; h->refused && i < p->older_count; i++) {
        memcpy(p->client.venue_key, p->older[i], sizeof newest);
        phone_client_receive(&p->client, &p->rules, e, wall, h);
    }
    memcpy(p->client.venue_key, newest, sizeof newest);
}

/* The kiosk is there again, perhaps: what nobody has read is said once more, as by the page. */
static void phone_comes_back(struct phone *p, size_t kiosk)
{
    const struct own_answer *own = &p->said[kiosk].now;
    bool unread = p->unread[kiosk] && own->seq > 0 && !p->stolen;
    p->unread[kiosk] = false;
    if (unread)
        phone_says(p, kiosk, &own->id, own->kind, own->seq);
}

static void phone_take(struct phone *p, const struct packet *packet)
{
    static struct mqtt_event e;
    static struct phone_client_heard h;
    watch_given(p, packet);
    if (phone_takes_key(p, packet))
        return;
    e.kind = MQTT_MESSAGE;
    e.at = phone_now();
    e.retained = packet->retain;
    e.len = packet->payload->len;
    snprintf(e.topic, sizeof e.topic, "%s", packet->topic);
    memcpy(e.payload, packet->payload->bytes, e.len < sizeof e.payload ? e.len : sizeof e.payload);
    phone_opens(p, &e, &h);
    size_t k = h.kiosk ? (size_t)(h.kiosk - p->client.kiosks) : 0;
    if (h.words && !h.refused)
        phone_words(p, k, &h.piece);
    if (h.root) {
        transcript_root(p, k);
        phone_look(p);
    }
    if (h.refused || h.root || h.words) {
        p->refused += h.refused != NULL;
        return;
    }
    if (h.message.kind == MSG_STATE && (h.verdict != VIEW_OLD && h.verdict != VIEW_DISOWNED)) {
        p->state[k] = h.message;
        p->state_known[k] = true;
    }
    transcript_message(p, k, &h);
    watch_received(p, k, &h);
    if (h.verdict != VIEW_OLD && h.verdict != VIEW_LATE && h.verdict != VIEW_DISOWNED)
        own_answer_hear(&p->said[k], &h.message, (uint32_t)chance_next(&p->later), phone_now());
    if (!e.retained && h.message.kind != MSG_LOST)
        phone_comes_back(p, k);
    if (h.verdict == VIEW_TOLD)
        phone_told(p, k, &h.message);
    phone_look(p);
    watch_heard(p, k, &h, packet);
}

/* --- time ------------------------------------------------------------------------------------- */

static void phone_clears(struct phone *p)
{
    const struct view_kiosk *v = &p->client.kiosks[p->clears_kiosk].view;
    bool drill = v->state != ALERT_QUIET && v->drill;
    if (!p->clears || (v->state == ALERT_QUIET && !v->duress))
        return;
    phone_command(p, p->clears_kiosk, drill ? MSG_CMD_ABORT : MSG_CMD_ALL_CLEAR);
}

/* What phone_client_ping does, over the night's links. */
static void phone_ping(struct phone *p)
{
    for (size_t k = 0; k < p->client.kiosks_count; k++) {
        struct view_kiosk *v = &p->client.kiosks[k].view;
        struct message ping = {.kind = MSG_PING, .epoch = v->epoch, .echo_count = 1};
        uint64_t nonce = chance_next(&p->chance);
        if (!phone_is_linked(p) || !view_wants_ping(v, &p->rules, phone_now()))
            continue;
        memcpy(ping.echo[0], &nonce, sizeof ping.echo[0]);
        phone_send(p, k, TOPIC_ACK, &ping);
        freshness_ask(&v->fresh, ping.echo[0], phone_now());
        transcript_ask(p, k, ping.echo[0]);
    }
}

/* A kiosk that restarted has forgotten it. */
static void phone_answers_once_more(struct phone *p)
{
    for (size_t k = 0; k < p->client.kiosks_count && phone_is_linked(p); k++) {
        const struct own_answer *own = &p->said[k].now;
        if (own_answer_is_due(&p->said[k], phone_now()) && !p->stolen) {
            story("%s answers %s once more", p->name, message_kind_name(own->kind));
            phone_says(p, k, &own->id, own->kind, own->seq);
        }
    }
}

static void phone_tick(void *context, uint64_t number)
{
    struct phone *p = context;
    phone_ping(p);
    phone_answers_once_more(p);
    for (size_t i = 0; i < p->links_count; i++)
        link_ask(&p->links[i]);
    if (number % (CLEARS_AGAIN / LOOK) == 0)
        phone_clears(p);
    phone_look(p);
    world_at(world_now() + LOOK, phone_tick, p, number + 1);
}

void phone_init(struct phone *p, const struct venue *v, size_t number, size_t kiosks,
                const char *name, struct broker *brokers, size_t brokers_count, struct chance *c)
{
    const struct venue_phone *keys = &v->phones[number];
    memset(p, 0, sizeof *p);
    p->revoked_at = p->root_revoked_at = INT64_MAX;
    p->name = name;
    p->venue = v;
    p->keys = keys;
    p->chance = chance_of(chance_next(c), 6);
    p->rules = (struct view_rules){.lost_after = VIEW_LOST_AFTER,
                                   .stale_after = VIEW_STALE_AFTER,
                                   .all_clear_lasts = VIEW_ALL_CLEAR_LASTS,
                                   .staff = keys->staff};
    p->links_count = brokers_count;
    venue_phone_client(v, number, kiosks, &p->client);
    for (size_t i = 0; i < brokers_count; i++) {
        struct phone_link *l = &p->links[i];
        way_init(&l->way, name, &brokers[i], &p->chance);
        l->phone = p;
        l->hello = (struct hello){.client_id = world_text(keys->account),
                                  .account = world_text(keys->account),
                                  .version = 5,
                                  .keepalive = KEEPALIVE};
    }
    world_at(chance_between(&p->chance, 0, LOOK), phone_tick, p, 1);
}
