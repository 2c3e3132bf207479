#include "tests/nights/intruder.h"

#include "kiosk/common/topics.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/staff_box.h"
#include "tests/nights/story.h"
#include "tests/nights/watch.h"
#include "tests/nights/watch_replays.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { INTRUDERS = 4, MADE_UP = 512 };

struct intruder {
    struct night *night;
    struct broker *broker;
    struct chance chance;
    bool is_kiosk;         /* he has the keys of this one: */
    size_t kiosk;          /* of which he speaks, or as */
    size_t phone;          /* whose he has, of the venue's; VENUE_PHONES: none */
    const uint8_t *secret; /* what he signs as a kiosk by */
    uint8_t venue_key[ENVELOPE_KEY];
    int64_t since, until;

    /* what he has read of this kiosk */
    bool state_known;
    struct message state;
    struct alert_id alert; /* the last one that was active; none: none was */
    uint64_t epoch, seq;
    uint8_t proof[CERT_PROOF]; /* a genuine one */
    size_t proof_len;
    uint8_t asked[FRESHNESS_ECHO_MAX][FRESHNESS_NONCE]; /* pings to a kiosk whose keys he has */
    size_t asked_count;
};

static struct {
    struct intruder all[INTRUDERS];
    size_t count;
    struct {
        struct alert_id id;
        int64_t at;
    } made[MADE_UP];
    size_t made_count;
} intruders;

void intruders_begin(void)
{
    memset(&intruders, 0, sizeof intruders);
}

int64_t intruder_is_kiosk_since(size_t kiosk)
{
    for (size_t i = 0; i < intruders.count; i++)
        if (intruders.all[i].is_kiosk && intruders.all[i].kiosk == kiosk)
            return intruders.all[i].since;
    return INT64_MAX;
}

int64_t intruder_made_at(const struct alert_id *id)
{
    for (size_t i = 0; i < intruders.made_count; i++)
        if (alert_id_equal(&intruders.made[i].id, id))
            return intruders.made[i].at;
    return -1;
}

static const struct venue_kiosk *kiosk_keys(const struct intruder *r)
{
    return &r->night->venue->kiosks[r->kiosk];
}

static const struct venue_phone *phone_keys(const struct intruder *r)
{
    return r->phone < VENUE_PHONES ? &r->night->venue->phones[r->phone] : NULL;
}

/* The members' key: a phone that he has is given each new one, as long as it is not shut out. */
static const uint8_t *members_key(const struct intruder *r)
{
    bool plays = r->phone < r->night->phones;
    return plays ? r->night->phone[r->phone].client.venue_key : r->venue_key;
}

static struct envelope_place place_at(const struct intruder *r, const char *topic)
{
    struct envelope_place at = {.topic = topic};
    memcpy(at.venue, r->night->venue->id_bytes, sizeof at.venue);
    memcpy(at.kiosk, kiosk_keys(r)->id_bytes, sizeof at.kiosk);
    return at;
}

/* --- what he reads ---------------------------------------------------------------------------- */

static void note_order(struct intruder *r, uint64_t epoch, uint64_t seq)
{
    if (epoch > r->epoch || (epoch == r->epoch && seq > r->seq)) {
        r->epoch = epoch;
        r->seq = seq;
    }
}

static void read_sealed(struct intruder *r, const struct packet *p)
{
    struct envelope_place at = place_at(r, p->topic);
    char text[ENVELOPE_TEXT_MAX + 1];
    struct message m;
    const char *why;
    size_t len;
    if (envelope_open(&at, members_key(r), kiosk_keys(r)->public, p->payload->bytes,
                      p->payload->len, text, &len) != ENVELOPE_OK ||
        message_read(&m, text, len, &why) != 0)
        return;
    note_order(r, m.epoch, m.seq);
    if (m.kind == MSG_STATE) {
        r->state = m;
        r->state_known = true;
    }
    if (m.kind == MSG_LOCKDOWN || (m.kind == MSG_STATE && m.state != ALERT_QUIET))
        r->alert = m.id;
    if (m.proof_len == CERT_PROOF && !r->is_kiosk) {
        memcpy(r->proof, m.proof, CERT_PROOF);
        r->proof_len = CERT_PROOF;
    }
}

static void read_beat(struct intruder *r, const struct packet *p)
{
    struct envelope_place at = place_at(r, p->topic);
    char text[ENVELOPE_CLEAR_MAX + 1];
    size_t len;
    if (envelope_clear_open(&at, kiosk_keys(r)->public, p->payload->bytes, p->payload->len, text,
                            &len) == ENVELOPE_OK)
        note_order(r, at.epoch, at.seq);
}

/* A staff phone's own signature that an alert is over, which was meant for the kiosk. */
static void take_proof(struct intruder *r, const struct message *m)
{
    const struct venue *v = r->night->venue;
    for (size_t i = 0; i < VENUE_PHONES; i++) {
        const struct venue_phone *by = &v->phones[i];
        struct cert_clear c = {.id = m->id, .epoch = m->epoch, .seq = m->seq};
        struct cert_staff s;
        uint8_t cert[CERT_STAFF];
        if (!by->staff || strcmp(by->account, m->account) != 0 || m->proof_len != CERT_SIGNATURE)
            continue;
        memcpy(c.account, by->account_bytes, sizeof c.account);
        memcpy(s.venue, v->id_bytes, sizeof s.venue);
        memcpy(s.account, by->account_bytes, sizeof s.account);
        memcpy(s.public, by->public, sizeof s.public);
        memcpy(cert, by->public, sizeof by->public); /* the card has all certificates */
        cert_staff_sign(&s, v->root_secret, cert + ENVELOPE_PUBLIC);
        cert_proof_write(&c, cert, m->proof, r->proof);
        r->proof_len = CERT_PROOF;
    }
}

static void read_letter(struct intruder *r, const struct packet *p)
{
    const struct venue_kiosk *k = kiosk_keys(r);
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t signature[CERT_SIGNATURE];
    struct message m;
    const char *why;
    size_t len;
    if (envelope_letter_open(k->public, k->secret, p->payload->bytes, p->payload->len, text, &len,
                             signature) != ENVELOPE_OK ||
        message_read(&m, text, len, &why) != 0)
        return;
    if (m.kind == MSG_PING && r->asked_count < FRESHNESS_ECHO_MAX)
        memcpy(r->asked[r->asked_count++], m.echo[0], FRESHNESS_NONCE);
    if (m.kind == MSG_CMD_ALL_CLEAR)
        take_proof(r, &m);
}

void intruders_read(const struct broker *b, const struct packet *p)
{
    char account[TOPIC_ID_LEN + 1];
    enum topic t;
    for (size_t i = 0; i < intruders.count; i++) {
        struct intruder *r = &intruders.all[i];
        if (r->broker != b ||
            topic_parse(p->topic, r->night->venue->id, kiosk_keys(r)->id, &t, account) != 0)
            continue;
        if (t == TOPIC_STATE || t == TOPIC_ALERT)
            read_sealed(r, p);
        else if (t == TOPIC_BEAT)
            read_beat(r, p);
        else if (r->is_kiosk && (t == TOPIC_ACK || t == TOPIC_RELAY || t == TOPIC_COMMAND))
            read_letter(r, p);
    }
}

/* --- what he writes --------------------------------------------------------------------------- */

static void publish_wire(struct intruder *r, enum topic t, const char *topic, const uint8_t *wire,
                         bool retain)
{
    struct packet p = {.kind = PACKET_PUBLISH,
                       .topic = world_text(topic),
                       .payload = blob_of(wire, ENVELOPE_SIZE),
                       .qos = topic_table[t].qos,
                       .retain = retain,
                       .expiry = topic_table[t].expiry_s * S};
    broker_say(r->broker, &p);
}

static void name_topic(const struct intruder *r, enum topic t, const char *account,
                       char out[TOPIC_NAME_MAX])
{
    topic_name(t, r->night->venue->id, kiosk_keys(r)->id, account, out);
}

static void date(const struct intruder *r, struct message *m)
{
    time_t at = (time_t)(EVENING + world_now() / S);
    struct tm utc;
    gmtime_r(&at, &utc);
    strftime(m->at, sizeof m->at, "%Y-%m-%dT%H:%M:%SZ", &utc);
    m->synced = true;
    m->up_ms = (uint64_t)((world_now() - r->since) / MS) + 1;
}

/* As a kiosk does, by the key that he has. */
static void say(struct intruder *r, enum topic t, struct message *m)
{
    char topic[TOPIC_NAME_MAX], text[ENVELOPE_CLEAR_MAX + 1];
    uint8_t wire[ENVELOPE_SIZE], nonce[ENVELOPE_NONCE];
    bool clear = message_is_clear(m->kind), done;
    name_topic(r, t, NULL, topic);
    date(r, m);
    m->epoch = r->epoch;
    m->seq = ++r->seq;
    struct envelope_place at = place_at(r, topic);
    at.epoch = m->epoch;
    at.seq = m->seq;
    int len = message_write(m, text, clear ? sizeof text : ENVELOPE_TEXT_MAX + 1);
    randombytes_buf(nonce, sizeof nonce);
    done = len >= 0 && (clear ? envelope_clear_sign(&at, r->secret, text, (size_t)len, wire)
                              : envelope_seal(&at, members_key(r), r->secret, nonce, text,
                                              (size_t)len, wire)) == ENVELOPE_OK;
    if (!done)
        return;
    if (t == TOPIC_RING && r->is_kiosk)
        watch_ring_made(r->kiosk, m->epoch, m->seq);
    publish_wire(r, t, topic, wire, topic_table[t].retained && chance_percent(&r->chance, 70));
}

static struct alert_id id_made_up(struct intruder *r)
{
    struct alert_id id;
    uint64_t halves[2] = {chance_next(&r->chance), chance_next(&r->chance)};
    memcpy(id.bytes, halves, sizeof id.bytes);
    id.bytes[6] = (uint8_t)(0x40 | (id.bytes[6] & 0x0f)); /* a UUID of version 4 */
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    if (r->is_kiosk && intruders.made_count < MADE_UP) {
        intruders.made[intruders.made_count].id = id;
        intruders.made[intruders.made_count++].at = world_now();
    }
    return id;
}

/* --- an end, and who has said so -------------------------------------------------------------- */

/* A proof by his own phone: a staff phone's holds until it is revoked. A member's has no
 * certificate, and he signs one himself. */
static void prove(struct intruder *r, struct message *m)
{
    const struct venue *v = r->night->venue;
    const struct venue_phone *by = phone_keys(r);
    uint8_t cert[CERT_STAFF], signature[CERT_SIGNATURE];
    struct cert_clear c = {.id = m->id, .epoch = r->epoch, .seq = r->seq};
    struct cert_staff s;
    if (!by)
        return;
    memcpy(c.account, by->account_bytes, sizeof c.account);
    memcpy(s.venue, v->id_bytes, sizeof s.venue);
    memcpy(s.account, by->account_bytes, sizeof s.account);
    memcpy(s.public, by->public, sizeof s.public);
    memcpy(cert, by->public, sizeof by->public);
    cert_staff_sign(&s, by->staff ? v->root_secret : by->secret, cert + ENVELOPE_PUBLIC);
    cert_clear_sign(&c, v->id_bytes, kiosk_keys(r)->id_bytes, by->secret, signature);
    cert_proof_write(&c, cert, signature, m->proof);
    m->proof_len = CERT_PROOF;
    if (by->staff && r->is_kiosk)
        watch_proved(&r->night->phone[r->phone], r->kiosk);
}

static void borrow_proof(struct intruder *r, struct message *m)
{
    uint64_t how = chance_below(&r->chance, 3);
    if (how == 0)
        prove(r, m);
    else if (how == 1 && r->proof_len > 0) {
        memcpy(m->proof, r->proof, CERT_PROOF);
        m->proof_len = CERT_PROOF;
    }
}

/* --- forgeries -------------------------------------------------------------------------------- */

static void forge_alarm(struct intruder *r)
{
    struct message m = {.kind = chance_percent(&r->chance, 70) ? MSG_LOCKDOWN : MSG_CAUTION,
                        .id = id_made_up(r)};
    m.drill = chance_percent(&r->chance, 20);
    say(r, TOPIC_ALERT, &m);
}

static void forge_end(struct intruder *r)
{
    struct message m = {.kind = MSG_ALL_CLEAR, .id = r->alert};
    if (alert_id_is_none(&m.id))
        return;
    m.drill = chance_percent(&r->chance, 20);
    if (chance_percent(&r->chance, 20))
        strcpy(m.detail, "unconfirmed");
    borrow_proof(r, &m);
    say(r, TOPIC_ALERT, &m);
}

static void forge_state(struct intruder *r)
{
    struct message m = {.kind = MSG_STATE, .age_ms = -1};
    if (chance_percent(&r->chance, 30)) {
        m.state = (enum alert_state)(ALERT_CAUTION + chance_below(&r->chance, 2));
        m.drill = chance_percent(&r->chance, 30);
        m.unconfirmed = chance_percent(&r->chance, 30);
        m.id = chance_percent(&r->chance, 50) || alert_id_is_none(&r->alert) ? id_made_up(r)
                                                                             : r->alert;
    } else {
        m.id = r->alert;
        borrow_proof(r, &m);
        m.id = (struct alert_id){{0}};
    }
    randombytes_buf(m.nonce, sizeof m.nonce);
    say(r, TOPIC_STATE, &m);
}

static void forge_beat(struct intruder *r)
{
    struct message m = {.kind = MSG_BEAT, .age_ms = -1};
    m.newest[FRESHNESS_STATE] = chance_percent(&r->chance, 50) ? 0 : r->state.seq;
    m.echo_count = r->asked_count;
    memcpy(m.echo, r->asked, sizeof m.echo);
    r->asked_count = 0;
    say(r, TOPIC_BEAT, &m);
}

static void forge_presence(struct intruder *r)
{
    struct message m = {.kind = chance_percent(&r->chance, 50) ? MSG_ONLINE : MSG_LOST,
                        .age_ms = -1,
                        .connection = chance_below(&r->chance, 9)};
    say(r, TOPIC_PRESENCE, &m);
}

static void forge_ring(struct intruder *r)
{
    struct message m = {.kind = MSG_RING, .age_ms = -1, .on = chance_percent(&r->chance, 60)};
    m.id = m.on ? id_made_up(r) : r->alert;
    if (chance_percent(&r->chance, 30))
        m.staff = id_made_up(r);
    say(r, TOPIC_RING, &m);
}

/* What only staff phones read: he knows their keys from the card alone. */
static void forge_box(struct intruder *r)
{
    static const enum message_kind kinds[] = {MSG_CODE, MSG_DURESS, MSG_NOTHING, MSG_DOOR,
                                              MSG_COUNTS};
    const struct venue *v = r->night->venue;
    uint64_t which = chance_below(&r->chance, 5);
    struct message m = {.kind = kinds[which], .id = r->alert, .age_ms = -1};
    enum topic t = which < 3 && chance_percent(&r->chance, 50) ? TOPIC_STAFF : TOPIC_NOTICE;
    char topic[TOPIC_NAME_MAX], text[STAFF_BOX_TEXT_MAX + 1];
    uint8_t phones[2][ENVELOPE_PUBLIC], seed[STAFF_BOX_SEED], box[STAFF_BOX_SIZE];
    uint8_t wire[ENVELOPE_SIZE];
    if (alert_id_is_none(&m.id))
        m.id = id_made_up(r);
    if (m.kind == MSG_DOOR)
        strcpy(m.detail, "held-open");
    m.seen = m.safe = m.of = m.kind == MSG_COUNTS ? 3 : 0;
    date(r, &m);
    name_topic(r, t, NULL, topic);
    struct envelope_place at = place_at(r, topic);
    at.epoch = r->epoch;
    at.seq = ++r->seq;
    for (size_t i = 0; i < 2; i++)
        memcpy(phones[i], v->phones[i].public, ENVELOPE_PUBLIC);
    randombytes_buf(seed, sizeof seed);
    int len = message_write_boxed(&m, text, sizeof text);
    if (len < 0 || staff_box_seal(&at, phones, 2, seed, text, (size_t)len, box) != ENVELOPE_OK ||
        envelope_staff_sign(&at, r->secret, (uint64_t)(EVENING + world_now() / S), box, wire) !=
            ENVELOPE_OK)
        return;
    publish_wire(r, t, topic, wire, topic_table[t].retained);
}

/* The root key is on no card, and no phone has it. */
static void forge_root(struct intruder *r)
{
    const struct venue *v = r->night->venue;
    const struct venue_kiosk *k = kiosk_keys(r);
    struct root_word w = {.made = (uint64_t)(EVENING + world_now() / S)};
    char topic[TOPIC_NAME_MAX];
    uint8_t wire[ENVELOPE_SIZE];
    w.retired = chance_percent(&r->chance, 40);
    memcpy(w.public, k->public, w.retired ? sizeof w.public : 0);
    w.ended = !alert_id_is_none(&r->alert) && chance_percent(&r->chance, 60);
    if (w.ended) {
        w.id = r->alert;
        w.epoch = r->epoch;
        w.seq = r->seq;
    }
    if (chance_percent(&r->chance, 40))
        root_word_revoke(&w, v->phones[0].account_bytes);
    name_topic(r, TOPIC_ROOT, NULL, topic);
    root_word_sign(&w, v->id_bytes, k->id_bytes, phone_keys(r) ? phone_keys(r)->secret : r->secret,
                   wire);
    publish_wire(r, TOPIC_ROOT, topic, wire, chance_percent(&r->chance, 50));
}

/* A key of his own for every phone. A kiosk may give one: that he does not try with its keys. */
static void forge_key(struct intruder *r)
{
    const struct venue *v = r->night->venue;
    uint8_t key[ENVELOPE_KEY], wire[ENVELOPE_SIZE];
    char topic[TOPIC_NAME_MAX], text[ENVELOPE_LETTER_MAX + 1], hex[2 * ENVELOPE_KEY + 1];
    if (r->is_kiosk)
        return;
    randombytes_buf(key, sizeof key);
    for (size_t i = 0; i < r->night->phones; i++) {
        name_topic(r, TOPIC_ENROL, v->phones[i].account, topic);
        struct envelope_place at = place_at(r, topic);
        int len = snprintf(text, sizeof text, "{\"v\":2,\"kind\":\"key\",\"venue_key\":\"%s\"}",
                           sodium_bin2hex(hex, sizeof hex, key, sizeof key));
        if (envelope_welcome_seal(&at, v->phones[i].public, r->secret, text, (size_t)len, wire) ==
            ENVELOPE_OK)
            publish_wire(r, TOPIC_ENROL, topic, wire, false);
    }
}

/* --- letters ---------------------------------------------------------------------------------- */

static void letter_post(struct intruder *r, enum topic t, const char *account,
                        const struct message *m)
{
    char topic[TOPIC_NAME_MAX], text[ENVELOPE_LETTER_MAX + 1];
    uint8_t wire[ENVELOPE_SIZE];
    int len = message_write(m, text, sizeof text);
    name_topic(r, t, account, topic);
    struct envelope_place at = place_at(r, topic);
    if (len < 0 || envelope_letter_seal(&at, kiosk_keys(r)->public, phone_keys(r)->secret, text,
                                        (size_t)len, wire) != ENVELOPE_OK)
        return;
    publish_wire(r, t, topic, wire, chance_percent(&r->chance, 10));
}

/* In another phone's name on its topic, in its name on his own, and in his own. */
static void forge_answer(struct intruder *r)
{
    static const enum message_kind kinds[] = {MSG_SEEN, MSG_SAFE, MSG_HELP, MSG_RANG};
    const struct venue *v = r->night->venue;
    const struct venue_phone *mine = phone_keys(r);
    size_t other = chance_below(&r->chance, VENUE_PHONES);
    bool own = chance_percent(&r->chance, 30);
    struct message m = {.kind = own ? MSG_SEEN : kinds[chance_below(&r->chance, 4)],
                        .id = r->alert,
                        .seq = 1 + chance_below(&r->chance, 200),
                        .age_ms = -1};
    bool plays = r->phone < r->night->phones; /* else nobody counts what it has said */
    if (!mine || alert_id_is_none(&m.id) || (own ? !plays : other == r->phone))
        return;
    const char *name = own ? mine->account : v->phones[other].account;
    memcpy(m.account, name, strlen(name) + 1);
    if (own)
        watch_answered(&r->night->phone[r->phone], &m.id, m.kind);
    letter_post(r, TOPIC_ACK, chance_percent(&r->chance, 50) ? name : mine->account, &m);
}

/* A staff phone's own, or a member's in a staff phone's name. */
static void forge_command(struct intruder *r)
{
    const struct venue *v = r->night->venue;
    const struct venue_phone *mine = phone_keys(r);
    struct message m = {.age_ms = -1};
    m.kind = (enum message_kind)(MSG_CMD_LOCKDOWN + chance_below(&r->chance, 5));
    if (!mine || !r->state_known || r->is_kiosk) /* to himself */
        return;
    const char *name =
        mine->staff || chance_percent(&r->chance, 30) ? mine->account : v->phones[0].account;
    m.id = r->state.id;
    m.epoch = r->state.epoch;
    m.seq = r->state.seq;
    memcpy(m.nonce, r->state.nonce, sizeof m.nonce);
    memcpy(m.account, name, strlen(name) + 1);
    if (m.kind == MSG_CMD_ALL_CLEAR) {
        struct cert_clear c = {.id = m.id, .epoch = m.epoch, .seq = m.seq};
        sodium_hex2bin(c.account, sizeof c.account, name, strlen(name), NULL, NULL, NULL);
        cert_clear_sign(&c, v->id_bytes, kiosk_keys(r)->id_bytes, mine->secret, m.proof);
        m.proof_len = CERT_SIGNATURE;
    }
    if (mine->staff)
        watch_commanded(&r->night->phone[r->phone], r->kiosk, &m);
    story("an intruder sends %s", message_kind_name(m.kind));
    letter_post(r, TOPIC_COMMAND, name, &m);
}

/* As if a relay had rung for all that there is. */
static void forge_ping(struct intruder *r)
{
    struct message m = {.kind = MSG_PING, .epoch = r->epoch, .seq = r->seq, .echo_count = 1};
    if (!phone_keys(r))
        return;
    m.newest[FRESHNESS_RING] = r->seq;
    randombytes_buf(m.echo[0], sizeof m.echo[0]);
    letter_post(r, TOPIC_RELAY, r->night->venue->relay_account, &m);
}

/* --- when --------------------------------------------------------------------------------------
 */

static void intruder_acts(void *context, uint64_t number)
{
    static void (*const forgeries[])(struct intruder *) = {
        forge_alarm, forge_end,  forge_state, forge_beat,   forge_presence, forge_ring,
        forge_box,   forge_root, forge_key,   forge_answer, forge_command,  forge_ping};
    struct intruder *r = context;
    uint64_t which = chance_below(&r->chance, sizeof forgeries / sizeof forgeries[0]);
    uint64_t epoch = r->epoch, seq = r->seq;
    if (world_now() >= r->until)
        return;
    bool more = r->is_kiosk ? chance_percent(&r->chance, 5) : chance_percent(&r->chance, 50);
    if (more)
        r->epoch += chance_percent(&r->chance, 50) ? 1 : 1 << 20;
    else if (chance_percent(&r->chance, 20))
        r->seq += 1000;
    forgeries[which](r);
    if (!r->is_kiosk) { /* nobody has believed any of that */
        r->epoch = epoch;
        r->seq = seq;
    }
    world_at(world_now() + chance_between(&r->chance, 300 * MS, 12 * S), intruder_acts, r, number);
}

/* As a kiosk that seems to run: every 5 s, as often as it likes. */
static void kiosk_seems_to_run(void *context, uint64_t number)
{
    struct intruder *r = context;
    if (world_now() >= r->until)
        return;
    forge_beat(r);
    world_at(world_now() + 5 * S, kiosk_seems_to_run, r, number);
}

bool intruder_has_staff_too(const struct happening *h)
{
    return h->kind == BREAK_STOLEN_KIOSK && h->number % 3 == 0;
}

static size_t phone_of(const struct night *n, const struct happening *h)
{
    if (h->kind == DO_STOLEN_STAFF || intruder_has_staff_too(h))
        return 1;
    if (h->kind == BREAK_STOLEN_KIOSK)
        return VENUE_PHONES;
    return n->phones > 2 ? n->phones - 1 : 2;
}

/* The card has the newest epoch, and the operator has what was said in it. */
static void know_order(struct intruder *r)
{
    for (size_t i = 0; i < r->night->phones; i++) {
        const struct view_kiosk *v = &r->night->phone[i].client.kiosks[r->kiosk].view;
        uint64_t next = v->live_next > v->told_next ? v->live_next : v->told_next;
        note_order(r, v->epoch, next);
    }
}

static void intruder_comes(struct night *n, const struct happening *h, size_t kiosk,
                           const uint8_t *secret)
{
    const struct venue *v = n->venue;
    if (intruders.count == INTRUDERS)
        return;
    struct intruder *r = &intruders.all[intruders.count++];
    *r = (struct intruder){.night = n,
                           .broker = &n->broker[h->broker],
                           .chance = chance_of(h->number, 19 + intruders.count),
                           .is_kiosk = secret == v->kiosks[kiosk].secret,
                           .kiosk = kiosk,
                           .phone = phone_of(n, h),
                           .secret = secret,
                           .since = world_now(),
                           .until = h->until};
    memcpy(r->venue_key, n->rotated[kiosk].at == INT64_MAX ? v->key : n->rotated[kiosk].key,
           sizeof r->venue_key);
    know_order(r);
    if (r->phone < n->phones)
        n->phone[r->phone].stolen = true;
    if (r->is_kiosk)
        world_at(world_now() + chance_between(&r->chance, 0, 20 * S), kiosk_seems_to_run, r, 0);
    world_at(world_now() + chance_between(&r->chance, 0, 10 * S), intruder_acts, r, 0);
}

void intruder_begins(struct night *n, const struct happening *h)
{
    const struct venue *v = n->venue;
    bool kiosk = h->kind == BREAK_STOLEN_KIOSK;
    size_t phone = phone_of(n, h);
    story("an intruder at %s has the keys of %s%s%s", n->broker[h->broker].name,
          kiosk ? n->stations[h->kiosk].machine->name : "",
          kiosk && phone < VENUE_PHONES ? " and of " : "",
          phone == VENUE_PHONES    ? ""
          : v->phones[phone].staff ? "a staff phone"
                                   : "a member's phone");
    for (size_t k = 0; k < n->kiosks; k++) /* also of the others, by the keys of this one */
        intruder_comes(n, h, k, kiosk ? v->kiosks[h->kiosk].secret : v->phones[phone].secret);
}
