#include "tests/nights/watch_replays.h"

#include "kiosk/common/topics.h"
#include "kiosk/core/big_endian.h"
#include "kiosk/relay/ring_policy.h"
#include "tests/nights/intruder.h"
#include "tests/nights/story.h"
#include "tests/nights/watch.h"
#include "tests/nights/watch_moves.h"

#include <string.h>

/* Older than this, bytes are late, whatever a phone makes of them; and younger than that they are
 * fresh on every way that works. */
#define LATE  (20 * S)
#define FRESH (4 * S)

enum { CALLS = 64, RINGS = 512, ROOTS = 16, GROUPS = 4 };

struct order {
    uint64_t epoch, seq;
};

/* What a phone knows of a kiosk, by the bytes that it was given. */
struct given {
    struct order newest[GROUPS];
    struct order proved; /* up to here staff have ended all */
    struct {
        struct order order;
        enum message_kind kind;
        struct alert_id id;
        char at[MESSAGE_AT_MAX];
    } calls[CALLS];
    size_t calls_count;
    unsigned replayed; /* calls for what was played again, or came late and out of order */
    unsigned roots;    /* bits: which of the root key's messages */
};

struct ring {
    size_t kiosk;
    struct order order;
    int64_t at;
    bool given, rung;
};

static struct {
    struct night *night;
    struct given given[VENUE_PHONES][VENUE_KIOSKS];
    struct ring rings[RINGS];
    size_t rings_count;
    struct order rung_newest[VENUE_KIOSKS]; /* that the relay was given */
    unsigned rung_again[VENUE_KIOSKS];
    bool relay_retired[VENUE_KIOSKS];
    struct {
        size_t kiosk;
        struct root_word said;
        uint8_t wire[ENVELOPE_SIZE];
    } roots[ROOTS];
    size_t roots_count;
    unsigned sent[VENUE_KIOSKS][2], taken[VENUE_KIOSKS][2]; /* lockdown, caution */
} replays;

void watch_replays_begin(struct night *n)
{
    memset(&replays, 0, sizeof replays);
    replays.night = n;
}

static struct given *given_to(const struct phone *p, size_t kiosk)
{
    return &replays.given[p - replays.night->phone][kiosk];
}

static bool is_before(const struct order *a, const struct order *b)
{
    return a->epoch < b->epoch || (a->epoch == b->epoch && a->seq < b->seq);
}

static bool is_same(const struct order *a, const struct order *b)
{
    return a->epoch == b->epoch && a->seq == b->seq;
}

/* --- the root key ----------------------------------------------------------------------------- */

void watch_root_made(size_t kiosk, const struct root_word *w, const uint8_t wire[ENVELOPE_SIZE])
{
    if (replays.roots_count == ROOTS)
        return;
    replays.roots[replays.roots_count].kiosk = kiosk;
    replays.roots[replays.roots_count].said = *w;
    memcpy(replays.roots[replays.roots_count++].wire, wire, ENVELOPE_SIZE);
}

void watch_given(const struct phone *p, const struct packet *packet)
{
    for (size_t i = 0; i < replays.roots_count; i++)
        if (packet->payload->len == ENVELOPE_SIZE &&
            memcmp(packet->payload->bytes, replays.roots[i].wire, ENVELOPE_SIZE) == 0)
            given_to(p, replays.roots[i].kiosk)->roots |= 1u << i;
}

bool watch_was_told_of(const struct phone *p, size_t kiosk, const struct phone *revoked)
{
    for (size_t i = 0; i < replays.roots_count; i++)
        if (given_to(p, kiosk)->roots & 1u << i &&
            root_word_revokes(&replays.roots[i].said, revoked->keys->account_bytes))
            return true;
    return false;
}

static bool was_told_to_disown(const struct phone *p, size_t kiosk)
{
    for (size_t i = 0; i < replays.roots_count; i++)
        if (given_to(p, kiosk)->roots & 1u << i && replays.roots[i].said.retired)
            return true;
    return false;
}

void watch_retired(const struct phone *p, size_t kiosk)
{
    bool shown = p->shown[kiosk].show == VIEW_RETIRED;
    if (shown && !was_told_to_disown(p, kiosk))
        watch_fail("nobody-retires-a-kiosk",
                   "%s shows a kiosk as removed, and the root key never was "
                   "asked for that",
                   p->name);
    if (!shown && was_told_to_disown(p, kiosk))
        watch_fail("retired-for-good", "%s shows %s for a kiosk that the root key has disowned",
                   p->name, view_show_name(p->shown[kiosk].show));
}

/* --- calls ------------------------------------------------------------------------------------ */

/* What is counted in one order (PROTOCOL, "Newer or older"). */
static size_t group_of(enum message_kind k)
{
    if (k <= MSG_ALL_CLEAR || k == MSG_STATE)
        return 0;
    if (k == MSG_CODE || k == MSG_DURESS || k == MSG_NOTHING)
        return 1;
    return k == MSG_COUNTS ? 2 : 3;
}

static bool has_called_for(const struct given *g, const struct message *m)
{
    for (size_t i = 0; i < g->calls_count; i++)
        if (!alert_id_is_none(&m->id) && alert_id_equal(&g->calls[i].id, &m->id))
            return true;
    return false;
}

static bool has_called_by(const struct given *g, const struct message *m)
{
    const struct order order = {m->epoch, m->seq};
    for (size_t i = 0; i < g->calls_count; i++)
        if (is_same(&g->calls[i].order, &order) && g->calls[i].kind == m->kind &&
            alert_id_equal(&g->calls[i].id, &m->id))
            return true;
    return false;
}

/* A press at the door is known by its time, however often the kiosk says it; but one that starts
 * again may have lost a newer one, and come back with this. */
static bool has_called_for_press(const struct given *g, const struct message *m)
{
    for (size_t i = 0; i < g->calls_count; i++)
        if ((m->kind == MSG_CODE || m->kind == MSG_DURESS) && g->calls[i].kind == m->kind &&
            g->calls[i].order.epoch == m->epoch && alert_id_equal(&g->calls[i].id, &m->id) &&
            strcmp(g->calls[i].at, m->at) == 0)
            return true;
    return false;
}

/* A night is shorter than the hour within which what is played again calls once. */
static void phone_calls(const struct phone *p, size_t kiosk, const struct message *m, int64_t age,
                        bool behind)
{
    struct given *g = given_to(p, kiosk);
    bool late = behind && age > LATE;
    bool again = !late && (has_called_by(g, m) || (age > LATE && has_called_for_press(g, m)));
    if (again || late || (behind && has_called_for(g, m)))
        g->replayed++;
    if ((again || g->replayed > 1) && intruder_is_kiosk_since(kiosk) == INT64_MAX)
        watch_fail("replays-call-once", "%s calls for %s %s, which is %.1f s old%s", p->name,
                   message_kind_name(m->kind), watch_short_id(&m->id), (double)age / 1e9,
                   again ? ", and has called for it before"
                         : " and out of order, not for the first time");
    if (was_told_to_disown(p, kiosk))
        watch_fail("retired-for-good", "%s calls for %s of a kiosk that the root key has disowned",
                   p->name, message_kind_name(m->kind));
    if (g->calls_count == CALLS)
        return;
    g->calls[g->calls_count].order = (struct order){m->epoch, m->seq};
    g->calls[g->calls_count].kind = m->kind;
    memcpy(g->calls[g->calls_count].at, m->at, sizeof m->at);
    g->calls[g->calls_count++].id = m->id;
}

/* Staff or the root key have ended what was said up to there: a kiosk that has lost its record
 * begins before that, until it knows. */
static bool is_ended_by_order(const struct phone *p, size_t kiosk, const struct message *m)
{
    const struct given *g = given_to(p, kiosk);
    const struct order order = {m->epoch, m->seq};
    for (size_t i = 0; i < replays.roots_count; i++)
        if (g->roots & 1u << i && root_word_ends(&replays.roots[i].said, &m->id, m->epoch, m->seq))
            return true;
    return !is_before(&g->proved, &order);
}

/* A lockdown that goes on, in bytes that are seconds old. */
static void fresh_lockdown(const struct phone *p, size_t kiosk, const struct message *m,
                           int64_t age, bool behind)
{
    const struct press *press = watch_press(&m->id);
    const struct view_shown *s = &p->shown[kiosk];
    bool lockdown = m->kind == MSG_LOCKDOWN || (m->kind == MSG_STATE && m->state == ALERT_LOCKDOWN);
    if (!lockdown || m->drill || age > FRESH || !press || !watch_is_active(press) ||
        press->station->number != kiosk || was_told_to_disown(p, kiosk) ||
        intruder_is_kiosk_since(kiosk) != INT64_MAX)
        return;
    bool counts = s->show == VIEW_LOCKDOWN || s->show == VIEW_UNCONFIRMED;
    if (!counts && !(behind && (s->late || is_ended_by_order(p, kiosk, m))))
        watch_fail("no-fresh-lockdown-is-refused", "%s has lockdown %s, %.1f s old, and shows %s",
                   p->name, watch_short_id(&m->id), (double)age / 1e9, view_show_name(s->show));
}

/* What fills a gap with cover is in no order, and changes nothing. */
static bool is_cover(size_t kiosk, const struct message *m, const struct packet *packet)
{
    char account[TOPIC_ID_LEN + 1];
    enum topic t;
    return m->kind == MSG_NOTHING &&
           (topic_parse(packet->topic, replays.night->venue->id,
                        replays.night->venue->kiosks[kiosk].id, &t, account) != 0 ||
            t != TOPIC_STAFF);
}

void watch_heard(const struct phone *p, size_t kiosk, const struct phone_client_heard *h,
                 const struct packet *packet)
{
    const struct message *m = &h->message;
    struct order order = {m->epoch, m->seq},
                 *newest = &given_to(p, kiosk)->newest[group_of(m->kind)];
    int64_t age = world_now() - packet->payload->made_at;
    bool behind = is_before(&order, newest);
    if (m->kind > MSG_STATE || is_cover(kiosk, m, packet))
        return;
    if (h->verdict == VIEW_TOLD || h->verdict == VIEW_LATE)
        phone_calls(p, kiosk, m, age, behind);
    fresh_lockdown(p, kiosk, m, age, behind);
    if (!behind)
        *newest = order;
    if (h->word.proved) {
        const struct order proved = {h->word.proved_epoch, h->word.proved_seq};
        if (is_before(&given_to(p, kiosk)->proved, &proved))
            given_to(p, kiosk)->proved = proved;
    }
}

/* --- the relay -------------------------------------------------------------------------------- */

enum ring_policy_ring __real_ring_policy_word(struct ring_policy *w, size_t i,
                                              const struct message *m, bool retained, int64_t at,
                                              int64_t now);
enum ring_policy_ring __wrap_ring_policy_word(struct ring_policy *w, size_t i,
                                              const struct message *m, bool retained, int64_t at,
                                              int64_t now);
enum ring_policy_ring __real_ring_policy_root(struct ring_policy *w, size_t i,
                                              const struct root_word *said,
                                              const uint8_t public[ENVELOPE_PUBLIC]);
enum ring_policy_ring __wrap_ring_policy_root(struct ring_policy *w, size_t i,
                                              const struct root_word *said,
                                              const uint8_t public[ENVELOPE_PUBLIC]);

static struct ring *ring_find(size_t kiosk, const struct order *order)
{
    for (size_t i = 0; i < replays.rings_count; i++)
        if (replays.rings[i].kiosk == kiosk && is_same(&replays.rings[i].order, order))
            return &replays.rings[i];
    return NULL;
}

void watch_ring_made(size_t kiosk, uint64_t epoch, uint64_t seq)
{
    const struct order order = {epoch, seq};
    if (replays.rings_count < RINGS && !ring_find(kiosk, &order))
        replays.rings[replays.rings_count++] =
            (struct ring){.kiosk = kiosk, .order = order, .at = world_now()};
}

static void relay_rings(size_t kiosk, const struct message *m, struct ring *r)
{
    struct order order = {m->epoch, m->seq};
    bool behind = is_before(&order, &replays.rung_newest[kiosk]);
    if (!r) {
        if (replays.rings_count < RINGS)
            watch_fail("only-kiosks-ring", "the relay rings for %s, and no kiosk has asked for it",
                       watch_short_id(&m->id));
        return;
    }
    if (r->rung || (behind && world_now() - r->at > LATE))
        replays.rung_again[kiosk]++;
    if ((r->rung || replays.rung_again[kiosk] > 1) && intruder_is_kiosk_since(kiosk) == INT64_MAX)
        watch_fail("replays-ring-once", "the relay rings for %s, which was sent %.1f s ago%s",
                   watch_short_id(&m->id), (double)(world_now() - r->at) / 1e9,
                   r->rung ? ", and has rung by it before"
                           : " and is out of order, not for the first time");
    r->rung = true;
}

enum ring_policy_ring __wrap_ring_policy_word(struct ring_policy *w, size_t i,
                                              const struct message *m, bool retained, int64_t at,
                                              int64_t now)
{
    enum ring_policy_ring rings = __real_ring_policy_word(w, i, m, retained, at, now);
    const struct order order = {m->epoch, m->seq};
    if (rings != RING_POLICY_NOTHING && replays.relay_retired[i])
        watch_fail("retired-for-good",
                   "the relay rings for a kiosk that the root key has disowned");
    if (m->kind != MSG_RING)
        return rings;
    struct ring *r = ring_find(i, &order);
    if (rings != RING_POLICY_NOTHING)
        relay_rings(i, m, r);
    if (is_before(&replays.rung_newest[i], &order))
        replays.rung_newest[i] = order;
    return rings;
}

enum ring_policy_ring __wrap_ring_policy_root(struct ring_policy *w, size_t i,
                                              const struct root_word *said,
                                              const uint8_t public[ENVELOPE_PUBLIC])
{
    replays.relay_retired[i] = replays.relay_retired[i] || said->retired;
    return __real_ring_policy_root(w, i, said, public);
}

/* --- commands --------------------------------------------------------------------------------- */

void watch_command_sent(size_t kiosk, enum message_kind kind)
{
    if (kind == MSG_CMD_LOCKDOWN || kind == MSG_CMD_CAUTION)
        replays.sent[kiosk][kind == MSG_CMD_CAUTION]++;
}

void watch_command_taken(const struct station *s, enum alert_command command)
{
    bool caution = command == ALERT_CMD_CAUTION;
    if (!caution && command != ALERT_CMD_LOCKDOWN)
        return;
    if (++replays.taken[s->number][caution] > replays.sent[s->number][caution])
        watch_fail("a-command-counts-once",
                   "%s takes a command for a %s that no staff phone has sent", s->machine->name,
                   caution ? "caution" : "lockdown");
}
