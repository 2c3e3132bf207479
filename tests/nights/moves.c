#include "tests/nights/moves.h"

#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"
#include "tests/nights/story.h"
#include "tests/nights/watch_moves.h"
#include "tests/nights/watch_replays.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- the root key's word ---------------------------------------------------------------------- */

/* Longer than a beat, so that a broker that keeps nothing has something to say too. */
#define LOOKING (7 * S)
#define LEAVING (10 * S)

struct laptop {
    struct night *night;
    size_t kiosk;
    struct way ways[VENUE_BROKERS];
    struct conn *conns[VENUE_BROKERS]; /* NULL: it is not reached */
    bool in[VENUE_BROKERS];
    struct hello hello;
    bool received, asked, on;
    uint64_t epoch, seq, ring_epoch, ring_seq;
    struct alert_id id;
    enum { LAPTOP_ENDS, LAPTOP_REVOKES, LAPTOP_RETIRES } does;
    struct phone *revoked;
    struct root_word word; /* of earlier times, then what it says now */
};

static const char *laptop_topic(const struct laptop *l, enum topic t)
{
    char topic[TOPIC_NAME_MAX];
    const struct venue *v = l->night->venue;
    topic_name(t, v->id, v->kiosks[l->kiosk].id, NULL, topic);
    return world_text(topic);
}

static bool is_later(uint64_t epoch, uint64_t seq, uint64_t than, uint64_t than_seq)
{
    return epoch > than || (epoch == than && seq > than_seq);
}

static void laptop_reads(struct laptop *l, const struct packet *p)
{
    const struct venue *v = l->night->venue;
    const struct venue_kiosk *k = &v->kiosks[l->kiosk];
    struct envelope_place at = {.topic = p->topic};
    struct root_word before;
    char text[ENVELOPE_CLEAR_MAX + 1];
    size_t len;
    struct message m;
    const char *why;
    if (root_word_read(&before, v->id_bytes, k->id_bytes, v->root_public, p->payload->bytes,
                       p->payload->len))
        root_word_join(&l->word, &before);
    memcpy(at.venue, v->id_bytes, sizeof at.venue);
    memcpy(at.kiosk, k->id_bytes, sizeof at.kiosk);
    if (envelope_clear_open(&at, k->public, p->payload->bytes, p->payload->len, text, &len) !=
            ENVELOPE_OK ||
        message_read(&m, text, len, &why) != 0)
        return;
    if (!l->received || is_later(m.epoch, m.seq, l->epoch, l->seq)) {
        l->received = true;
        l->epoch = m.epoch;
        l->seq = m.seq;
    }
    if (m.kind == MSG_RING && (!l->asked || is_later(m.epoch, m.seq, l->ring_epoch, l->ring_seq))) {
        l->asked = true;
        l->on = m.on;
        l->id = m.id;
        l->ring_epoch = m.epoch;
        l->ring_seq = m.seq;
    }
}

static size_t laptop_number(const struct laptop *l, const struct conn *c)
{
    size_t i = 0;
    while (i < l->night->brokers && l->conns[i] != c)
        i++;
    return i;
}

static void laptop_packet(void *client, struct conn *c, const struct packet *p)
{
    static const enum topic wanted[] = {TOPIC_RING, TOPIC_BEAT, TOPIC_ROOT};
    struct laptop *l = client;
    size_t i = laptop_number(l, c);
    if (i == l->night->brokers)
        return;
    if (p->kind == PACKET_CONNACK && p->reason == 0) {
        l->in[i] = true;
        for (size_t t = 0; t < sizeof wanted / sizeof wanted[0]; t++)
            conn_send(
                c, true,
                (struct packet){.kind = PACKET_SUBSCRIBE, .topic = laptop_topic(l, wanted[t])});
    } else if (p->kind == PACKET_PUBLISH) {
        laptop_reads(l, p);
    } else if (p->kind == PACKET_PUBACK && p->reason < 0x80) {
        watch_rooted(l->kiosk, &l->word, true);
        if (l->revoked && l->revoked->root_revoked_at == INT64_MAX)
            l->revoked->root_revoked_at = world_now();
    }
}

static void laptop_closed(void *client, struct conn *c)
{
    struct laptop *l = client;
    size_t i = laptop_number(l, c);
    if (i == l->night->brokers)
        return;
    conn_close_client(c, true, false);
    l->conns[i] = NULL;
}

static const struct conn_client laptop_client = {.packet = laptop_packet, .closed = laptop_closed};

static void laptop_connects(void *context, uint64_t i)
{
    struct laptop *l = context;
    int64_t takes;
    if (way_try(&l->ways[i], &takes) != WAY_OPEN)
        return;
    l->conns[i] = conn_open(&l->ways[i], &laptop_client, l);
    conn_send(l->conns[i], true, (struct packet){.kind = PACKET_CONNECT, .hello = &l->hello});
}

static void laptop_leaves(void *context, uint64_t number)
{
    struct laptop *l = context;
    (void)number;
    for (size_t i = 0; i < l->night->brokers; i++)
        if (l->conns[i])
            conn_close_client(l->conns[i], false, true);
    memset(l->conns, 0, sizeof l->conns);
}

/* As porchlight root end makes it (kiosk/cli/keys/root_command.c). */
static void laptop_ends(struct laptop *l)
{
    struct root_word *w = &l->word;
    bool later = !w->ended || is_later(l->epoch, l->seq, w->epoch, w->seq);
    w->ended = true;
    w->id = l->on ? l->id : (struct alert_id){{0}};
    w->epoch = later ? l->epoch : w->epoch;
    w->seq = later ? l->seq : w->seq + 1;
    story("the root key ends what kiosk %zu has said up to %llu.%llu", l->kiosk,
          (unsigned long long)w->epoch, (unsigned long long)w->seq);
}

static void laptop_retires(struct laptop *l)
{
    l->word.retired = true;
    memcpy(l->word.public, l->night->venue->kiosks[l->kiosk].public, sizeof l->word.public);
    story("the root key disowns kiosk %zu", l->kiosk);
}

static void laptop_says(void *context, uint64_t number)
{
    struct laptop *l = context;
    const struct venue *v = l->night->venue;
    struct root_word *w = &l->word;
    uint8_t wire[ENVELOPE_SIZE];
    (void)number;
    if (!l->received && l->does != LAPTOP_RETIRES) {
        story("the root key's owner finds nothing of this kiosk");
        return;
    }
    if (l->does == LAPTOP_ENDS)
        laptop_ends(l);
    else if (l->does == LAPTOP_RETIRES)
        laptop_retires(l);
    else if (root_word_revoke(w, l->revoked->keys->account_bytes) == 0)
        story("the root key revokes %s", l->revoked->name);
    w->made = (uint64_t)(EVENING + world_now() / S);
    root_word_sign(w, v->id_bytes, v->kiosks[l->kiosk].id_bytes, v->root_secret, wire);
    watch_root_made(l->kiosk, w, wire);
    watch_rooted(l->kiosk, w, false);
    for (size_t i = 0; i < l->night->brokers; i++)
        if (l->conns[i] && l->in[i])
            conn_send(l->conns[i], true,
                      (struct packet){.kind = PACKET_PUBLISH,
                                      .topic = laptop_topic(l, TOPIC_ROOT),
                                      .payload = blob_of(wire, sizeof wire),
                                      .qos = 1,
                                      .retain = true});
}

static void laptop_opens(struct night *n, const struct happening *h, struct phone *revoked)
{
    struct laptop *l = world_memory(sizeof *l);
    struct chance c = chance_of(h->number, 10);
    *l = (struct laptop){.night = n, .kiosk = h->kiosk, .revoked = revoked};
    l->does = revoked ? LAPTOP_REVOKES : h->kind == DO_RETIRE ? LAPTOP_RETIRES : LAPTOP_ENDS;
    l->hello = (struct hello){.client_id = "root", .account = "root", .version = 5};
    l->hello.keepalive = 60 * S;
    for (size_t i = 0; i < n->brokers; i++) {
        int64_t takes;
        way_init(&l->ways[i], "laptop", &n->broker[i], &c);
        way_try(&l->ways[i], &takes);
        world_at(world_now() + takes, laptop_connects, l, i);
    }
    world_at(world_now() + LOOKING, laptop_says, l, 0);
    world_at(world_now() + LEAVING, laptop_leaves, l, 0);
}

void move_root_ends(struct night *n, const struct happening *h)
{
    laptop_opens(n, h, NULL);
}

void move_retires(struct night *n, const struct happening *h)
{
    laptop_opens(n, h, NULL);
}

/* --- a button by radio ------------------------------------------------------------------------ */

#define FELT (2 * S)

struct press_by_radio {
    struct night *night;
    struct station *station;
    uint64_t starts;
    int64_t at;
};

static void button_is_felt(void *context, uint64_t number)
{
    const struct press_by_radio *p = context;
    const struct machine *m = p->station->machine;
    (void)number;
    if (m->running && m->starts == p->starts && !m->graceful)
        watch_button_held(p->station, p->at);
}

static void gateway_dies(void *context, uint64_t number)
{
    struct broker *gateway = context;
    if (number == 0)
        broker_stop(gateway);
    else
        broker_start(gateway);
}

void move_button(struct night *n, const struct happening *h)
{
    static const char *const actions[] = {"hold",   "double",    "hold",
                                          "single", "quintuple", "release"};
    struct press_by_radio *p = world_memory(sizeof *p);
    const char *action = actions[h->number % 6];
    bool kept = h->number / 6 % 2 == 0;
    char text[64];
    int len = snprintf(text, sizeof text, "{\"action\":\"%s\",\"battery\":80}", action);
    *p = (struct press_by_radio){.night = n, .station = &n->stations[h->kiosk], .at = world_now()};
    p->starts = p->station->machine->starts;
    struct packet packet = {.kind = PACKET_PUBLISH,
                            .topic = world_text(VENUE_BUTTON),
                            .payload = blob_of(text, (size_t)len),
                            .qos = 1,
                            .retain = kept};
    for (size_t i = 0; i <= VENUE_KIOSKS; i++) /* a copy reads the same gateway */
        n->stations[i].button_until = world_now() + FELT + 10 * S;
    story("a button by radio: %s%s", action, kept ? " (kept)" : "");
    bool reached = broker_reaches(&n->gateway, packet.topic, &p->station->gateway);
    broker_say(&n->gateway, &packet);
    if (reached && strcmp(action, "hold") == 0)
        world_at(world_now() + FELT, button_is_felt, p, 0);
    if (h->number / 12 % 2 == 0) { /* what was kept must not alarm again */
        world_at(world_now() + 20 * S, gateway_dies, &n->gateway, 0);
        world_at(world_now() + 40 * S, gateway_dies, &n->gateway, 1);
    }
}

/* --- the host's own lines --------------------------------------------------------------------- */

void move_words(struct night *n, const struct happening *h)
{
    const struct venue_kiosk *k = &n->venue->kiosks[h->kiosk];
    struct station *s = &n->stations[h->kiosk];
    char path[2 * PATH_LEN];
    snprintf(path, sizeof path, "%s" PATH_WORDS, k->prefix);
    FILE *f = fopen(path, "w");
    if (!f)
        return;
    s->words_revision = (uint64_t)(EVENING + world_now() / S);
    /* Each time of another length: that is how the kiosk sees a new file within one real moment. */
    fprintf(f, "[words]\nrevision = %llu\nlink = tel:+99450%07llu\n[en]\nlockdown-way = Go back",
            (unsigned long long)s->words_revision, (unsigned long long)(h->number % 10000000));
    for (uint64_t i = 0; i <= s->words_written; i++)
        fprintf(f, ".");
    for (size_t i = 0; h->number % 2 == 0 && i < 4; i++)
        fprintf(f, "\n[%s]\ncontact = Come %zu",
                i == 0   ? "az"
                : i == 1 ? "ka"
                : i == 2 ? "ru"
                         : "ar",
                i);
    fprintf(f, "\n");
    fclose(f);
    s->words_written++;
    story("the host writes lines of revision %llu at kiosk %zu",
          (unsigned long long)s->words_revision, h->kiosk);
}

/* --- a new key -------------------------------------------------------------------------------- */

#define LOOKS_AGAIN (500 * MS)

/* What the host's command does, step by step (kiosk/cli/members/new_key.c). */
struct rotation {
    struct night *night;
    struct station *station;
    struct phone *revoked; /* NULL: none */
    enum { ROTATION_REVOKES, ROTATION_BEGINS, ROTATION_WAITS, ROTATION_ENDS } step;
    uint8_t key[ENVELOPE_KEY];
    unsigned looks;
};

static void rotation_ask(void *context, uint64_t number);

static void rotation_is_over(struct rotation *r)
{
    size_t k = r->station->number;
    r->night->rotated[k].at = world_now();
    memcpy(r->night->rotated[k].key, r->key, sizeof r->key);
    story("the kiosk uses a new key");
}

/* For the next start, before it is used. */
static bool key_is_stored(const struct rotation *r)
{
    char path[2 * PATH_LEN], hex[2 * ENVELOPE_KEY + 1];
    snprintf(path, sizeof path, "%s" PATH_CREDENTIALS "/venue.key", r->station->keys->prefix);
    FILE *f = fopen(path, "w");
    return f && fprintf(f, "%s\n", sodium_bin2hex(hex, sizeof hex, r->key, sizeof r->key)) > 0 &&
           fclose(f) == 0;
}

static bool new_key_is_wanted(const struct night *n, size_t kiosk)
{
    char path[2 * PATH_LEN];
    snprintf(path, sizeof path, "%s" PATH_NEW_KEY, n->venue->kiosks[kiosk].prefix);
    return access(path, F_OK) == 0;
}

/* The kiosk has obeyed the root key before it began to send this key: whoever changes it first
 * changes it for all others. */
static void rotation_shuts_out(struct night *n, size_t kiosk)
{
    for (size_t i = 0; i < n->phones && new_key_is_wanted(n, kiosk); i++)
        if (n->phone[i].root_revoked_at != INT64_MAX && n->phone[i].revoked_at == INT64_MAX)
            n->phone[i].revoked_at = world_now();
}

static void rotation_said(void *context, struct local *l, const void *bytes, size_t len)
{
    struct rotation *r = context;
    if (len == 0)
        return;
    cJSON *reply = cJSON_ParseWithLength(bytes, len);
    bool done = cJSON_IsTrue(cJSON_GetObjectItem(reply, "ok"));
    double left = cJSON_GetNumberValue(cJSON_GetObjectItem(reply, "left"));
    cJSON_Delete(reply);
    local_hang_up(l);
    if (!done) {
        story("the key is not changed: %.*s", (int)len, (const char *)bytes);
        return;
    }
    if (r->step == ROTATION_REVOKES) {
        r->revoked->revoked_at = world_now();
        story("%s is revoked", r->revoked->name);
    }
    if (r->step == ROTATION_BEGINS)
        rotation_shuts_out(r->night, r->station->number);
    if (r->step == ROTATION_ENDS)
        rotation_is_over(r);
    else if (r->step != ROTATION_WAITS)
        r->step++;
    else if (left <= 0 && key_is_stored(r))
        r->step = ROTATION_ENDS;
    else if (++r->looks > 40)
        return;
    if (r->night->rotated[r->station->number].at != world_now())
        world_at(world_now() + LOOKS_AGAIN, rotation_ask, r, 0);
}

static void rotation_ask(void *context, uint64_t number)
{
    static const char *const words[] = {"revoke", "rotate", "rotating", "rotated"};
    struct rotation *r = context;
    char request[128], hex[2 * ENVELOPE_KEY + 1];
    struct local *l = local_dial(r->station->machine, "admin.sock", rotation_said, r);
    (void)number;
    sodium_bin2hex(hex, sizeof hex, r->key, sizeof r->key);
    int len = snprintf(request, sizeof request, "%s%s%s", words[r->step],
                       r->step == ROTATION_WAITS ? "" : " ",
                       r->step == ROTATION_WAITS     ? ""
                       : r->step == ROTATION_REVOKES ? r->revoked->keys->account
                                                     : hex);
    if (l)
        local_send(l, request, (size_t)len);
}

static void rotation_begin(struct night *n, const struct happening *h, struct phone *revoked)
{
    struct rotation *r = world_memory(sizeof *r);
    struct chance c = chance_of(h->number, 13);
    *r = (struct rotation){.night = n,
                           .station = &n->stations[h->kiosk],
                           .revoked = revoked,
                           .step = revoked ? ROTATION_REVOKES : ROTATION_BEGINS};
    for (size_t i = 0; i < sizeof r->key; i++)
        r->key[i] = (uint8_t)chance_next(&c);
    rotation_ask(r, 0);
}

void move_rotates(struct night *n, const struct happening *h)
{
    rotation_begin(n, h, NULL);
}

void move_revokes(struct night *n, const struct happening *h)
{
    struct phone *last = &n->phone[n->phones - 1];
    if (n->kiosks == 1 && !last->keys->staff && last->revoked_at == INT64_MAX)
        rotation_begin(n, h, last);
}

#define PATH_UNIT_LOOKS (61 * S) /* as long as its service waits after a failure */

struct path_unit {
    struct night *night;
    struct happening key; /* by whose number a key is drawn */
};

/* Through systemd it would be at once. */
static void path_unit_looks(void *context, uint64_t looks)
{
    struct path_unit *u = context;
    if (new_key_is_wanted(u->night, u->key.kiosk)) {
        u->key.number++;
        rotation_begin(u->night, &u->key, NULL);
    }
    if (looks > 0)
        world_at(world_now() + PATH_UNIT_LOOKS, path_unit_looks, u, looks - 1);
}

void move_root_revokes(struct night *n, const struct happening *h)
{
    struct path_unit *u = world_memory(sizeof *u);
    *u = (struct path_unit){.night = n, .key = *h};
    if (n->kiosks > 1)
        return;
    laptop_opens(n, h, &n->phone[1]);
    world_at(world_now() + LEAVING, path_unit_looks, u, NIGHT / PATH_UNIT_LOOKS);
}
