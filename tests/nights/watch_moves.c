#include "tests/nights/watch_moves.h"

#include "tests/nights/intruder.h"
#include "tests/nights/story.h"
#include "tests/nights/watch.h"

#include <string.h>

#define NOTICED (20 * S)
#define BEFORE  (90 * S) /* what was broken that lately may still heal */
#define MINUTE  (60 * S)
#define COUNTED (2 * S) /* the kiosk tells staff of new answers so often */

static struct {
    struct night *night;
    struct root_word rooted[VENUE_KIOSKS];
    int64_t rooted_at[VENUE_KIOSKS];
    struct alert_standing standing[VENUE_KIOSKS + 1];
    int64_t alarmed_at[VENUE_KIOSKS + 1]; /* the last lockdown that was recognised */
} moves;

void watch_moves_begin(struct night *n)
{
    memset(&moves, 0, sizeof moves);
    moves.night = n;
}

static size_t station_number(const struct station *s)
{
    return (size_t)(s - moves.night->stations);
}

static bool is_calm_around(int64_t at, int64_t until)
{
    return !night_is_broken(moves.night, at - BEFORE, until, false) &&
           !night_has(moves.night, BREAK_SEIZED) && !night_has(moves.night, BREAK_STOLEN_KIOSK) &&
           !night_has(moves.night, BREAK_COPY) && !night_has(moves.night, BREAK_RECORD_LOST) &&
           !night_has(moves.night, BREAK_RECORD_OLD);
}

/* --- clocks ----------------------------------------------------------------------------------- */

/* The first minutes are for starting. */
#define STARTED (3 * MINUTE)

/* It lacks something for longer than what is broken, or nothing can be said. */
static bool may_wait_for_longer(const struct phone *p, size_t kiosk)
{
    static const enum happening_kind kinds[] = {BREAK_SEIZED,       BREAK_COPY,
                                                BREAK_RECORD_LOST,  BREAK_RECORD_OLD,
                                                BREAK_CUT_IN_WRITE, BREAK_STOLEN_KIOSK};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (night_has(moves.night, kinds[i]))
            return true;
    /* A key that was dropped comes again after some minutes; until then it can open nothing. */
    return p->revoked_at != INT64_MAX || p->root_revoked_at != INT64_MAX ||
           moves.night->rotated[kiosk].at != INT64_MAX;
}

void watch_clocks(const struct phone *p, size_t kiosk)
{
    const struct view_shown *shown = &p->shown[kiosk];
    int64_t now = world_now();
    if ((!shown->delayed && !shown->held) || now < STARTED ||
        night_is_broken_but_for_clocks(moves.night, now - BEFORE - NOTICED, now) ||
        may_wait_for_longer(p, kiosk))
        return;
    watch_fail("no-false-delay", "%s shows that messages are %s, and nobody holds any back",
               p->name, shown->delayed ? "delayed" : "held back");
}

/* --- the root key's message ------------------------------------------------------------------- */

bool watch_is_rooted(size_t kiosk, const struct alert_id *id, uint64_t epoch, uint64_t seq)
{
    return root_word_ends(&moves.rooted[kiosk], id, epoch, seq);
}

bool watch_root_may_end(size_t kiosk, const struct press *p)
{
    const struct root_word *w = &moves.rooted[kiosk];
    return w->ended && (alert_id_equal(&w->id, &p->id) || p->at <= moves.rooted_at[kiosk]);
}

void watch_rooted(size_t kiosk, const struct root_word *w, bool taken)
{
    struct press *all;
    size_t n = watch_presses(&all);
    root_word_join(&moves.rooted[kiosk], w);
    if (!taken)
        moves.rooted_at[kiosk] = world_now();
    for (size_t i = 0; i < n; i++) {
        struct press *p = &all[i];
        bool theirs = p->station->number == kiosk &&
                      (alert_id_equal(&p->id, &w->id) ||
                       (p->delivered && watch_is_rooted(kiosk, &p->id, p->epoch, p->seq)));
        if (theirs && p->ended_at == INT64_MAX)
            p->ended_at = world_now(); /* phones may believe it from now on */
        if (theirs && taken && p->rooted_at == INT64_MAX && alert_id_equal(&p->id, &w->id))
            p->rooted_at = world_now();
    }
}

void watch_standing(const struct station *s, const struct alert_standing *now)
{
    moves.standing[station_number(s)] = *now;
}

/* A broker that forgets it, keeps it to itself or refuses it may keep it from somebody, and so may
 * who works with its operator and leaves something else there. */
static bool reaches_all(void)
{
    static const enum happening_kind kinds[] = {BREAK_BROKER_DIES,
                                                BREAK_BROKER_FORGETS,
                                                BREAK_BROKER_KEEPS_NOTHING,
                                                BREAK_BROKER_DENIES,
                                                BREAK_OPERATOR_DELAYS,
                                                BREAK_OPERATOR_DROPS,
                                                BREAK_OPERATOR_REPLAYS,
                                                BREAK_OPERATOR_PROXY,
                                                BREAK_STOLEN_KIOSK,
                                                BREAK_COPY,
                                                BREAK_SEIZED,
                                                DO_STOLEN_MEMBER,
                                                DO_STOLEN_STAFF};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (night_has(moves.night, kinds[i]))
            return false;
    return true;
}

static void end_of_root(const struct press *p)
{
    const struct night *n = moves.night;
    const struct station *s = p->station;
    const struct alert_standing *now = &moves.standing[station_number(s)];
    if (p->rooted_at == INT64_MAX || !reaches_all())
        return;
    if (s->machine->running && now->state != ALERT_QUIET && alert_id_equal(&now->id, &p->id))
        watch_fail("root-ends-it", "%s goes on at %s, which the root key has ended",
                   watch_short_id(&p->id), s->machine->name);
    for (size_t i = 0; i < n->phones; i++) {
        const struct view_kiosk *v = &n->phone[i].client.kiosks[s->number].view;
        if (phone_is_linked(&n->phone[i]) && v->state != ALERT_QUIET &&
            alert_id_equal(&v->alert.id, &p->id))
            watch_fail("root-ends-it", "%s shows %s, which the root key has ended",
                       n->phone[i].name, watch_short_id(&p->id));
    }
}

/* Kiosk and phones have had the time to learn it. */
bool watch_is_shut_out(const struct phone *p)
{
    int64_t at = p->root_revoked_at, now = world_now();
    return at < now - NOTICED && is_calm_around(at, now) && reaches_all();
}

/* The kiosk obeys without anybody there, and has all others given another key. */
static void end_of_root_revocation(void)
{
    const struct night *n = moves.night;
    for (size_t i = 0; i < n->phones; i++) {
        const struct phone *p = &n->phone[i];
        if (p->root_revoked_at < NIGHT - 400 * S && is_calm_around(p->root_revoked_at, NIGHT) &&
            reaches_all() && (n->rotated[0].at == INT64_MAX || p->revoked_at > n->rotated[0].at))
            watch_fail("root-shuts-out",
                       "%s was revoked by the root key, and the others have no "
                       "new key",
                       p->name);
    }
}

/* --- answers ---------------------------------------------------------------------------------- */

void watch_answer(const struct phone *p, const struct alert_id *id, enum message_kind kind)
{
    struct press *press = watch_press(id);
    unsigned bit = 1u << (p - moves.night->phone);
    if (!press || p->revoked_at != INT64_MAX)
        return; /* a phone that is revoked counts nowhere */
    press->answers[0] |= bit;
    press->answers[1] |= kind == MSG_SAFE ? bit : 0;
    press->answers[2] |= kind == MSG_HELP ? bit : 0;
    bool unheard = world_now() - press->help_at < COUNTED || !press->station->machine->running;
    if (unheard && kind != MSG_HELP && p == press->help_by && press->help_shown_at == INT64_MAX)
        press->help_at = INT64_MAX; /* taken back before staff could be told */
    if (kind == MSG_HELP && press->help_at == INT64_MAX) {
        press->help_at = world_now();
        press->help_by = p;
    }
}

void watch_counts(const struct message *m)
{
    struct press *p = watch_press(&m->id);
    if (!p || intruder_is_kiosk_since(p->station->number) != INT64_MAX)
        return;
    const uint32_t shown[] = {m->seen, m->safe, m->help};
    for (int i = 0; i < 3; i++)
        if (shown[i] > (uint32_t)__builtin_popcount(p->answers[i]))
            watch_fail("answers-are-counted",
                       "staff are shown %u, %u and %u answers to %s; %s were "
                       "more than were given",
                       m->seen, m->safe, m->help, watch_short_id(&p->id),
                       i == 0   ? "all"
                       : i == 1 ? "those who are safe"
                                : "those who need help");
    if (m->help > 0 && p->help_shown_at == INT64_MAX)
        p->help_shown_at = world_now();
}

/* Somebody needed help and was not revoked, nothing was broken, and the alert went on. */
static void end_of_help(const struct press *p)
{
    int64_t until = p->help_at == INT64_MAX ? 0 : p->help_at + NOTICED;
    if (p->help_at == INT64_MAX || p->excused || p->ended_at < until || until > NIGHT ||
        !is_calm_around(p->help_at, until) || p->help_by->revoked_at < until ||
        p->help_by->root_revoked_at < until || p->help_by->stolen)
        return;
    if (p->help_shown_at > until)
        watch_fail("answers-are-counted", "somebody needs help in %s, and staff were not shown it",
                   watch_short_id(&p->id));
    if (moves.night->relay && !watcher_rang_staff(&moves.night->watcher, p->help_at, until))
        watch_fail("help-rings-staff", "somebody needs help in %s, and no staff phone was rung",
                   watch_short_id(&p->id));
}

/* --- ringing again ---------------------------------------------------------------------------- */

/* In seconds since the alert, as README promises it; the second is half a ring later at most. */
static const struct {
    int64_t after;
    enum watcher_ring how;
} again[] = {
    {60, WATCHER_AGAIN}, {150, WATCHER_AGAIN}, {285, WATCHER_AGAIN}, {300, WATCHER_TOPICS}};

static void end_of_ringing(const struct press *p)
{
    const struct watcher *w = &moves.night->watcher;
    if (!moves.night->again || !moves.night->relay || p->excused || !p->delivered)
        return;
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++) {
        int64_t due = p->at + again[i].after * S, until = due + NOTICED;
        if (p->ended_at > until && until < NIGHT && is_calm_around(p->at, until) &&
            !watcher_rang_again(w, again[i].how, due - S, until))
            watch_fail("rings-again",
                       "%s was active for %lld s, and locked phones were not rung again",
                       watch_short_id(&p->id), (long long)again[i].after);
    }
}

/* --- a button by radio, and hands ------------------------------------------------------------- */

/* From the start of a hand's gesture to its last recognition. */
#define HAND_LASTS (5 * S)

void watch_gesture(const struct station *s, enum gesture g)
{
    int64_t now = world_now();
    bool alarm = g == GESTURE_LOCKDOWN || g == GESTURE_CAUTION;
    bool any = alarm || g == GESTURE_CODE || g == GESTURE_DURESS || g == GESTURE_WIPE ||
               g == GESTURE_UNCLEAR;
    if (g == GESTURE_LOCKDOWN)
        moves.alarmed_at[station_number(s)] = now;
    if (!any || now <= s->hand_until + HAND_LASTS || night_has(moves.night, BREAK_WIRE) ||
        night_has(moves.night, BREAK_EDGES))
        return;
    if (now > s->button_until)
        watch_fail("nobody-pressed", "%s: %s, and nobody was at the switch or a button",
                   s->machine->name, gesture_name(g));
    else if (!alarm)
        watch_fail("a-button-only-alarms", "%s: %s by a button by radio", s->machine->name,
                   gesture_name(g));
}

/* A gateway repeats a hold: within 5 s it is one. */
void watch_button_held(const struct station *s, int64_t at)
{
    if (moves.alarmed_at[station_number(s)] < at - 5 * S)
        watch_fail("a-button-is-felt", "%s: a button by radio was held, and nothing came of it",
                   s->machine->name);
}

/* --- the host's own lines --------------------------------------------------------------------- */

static void end_of_words(const struct station *s)
{
    const struct night *n = moves.night;
    if (s->words_revision == 0 || !s->machine->running || !reaches_all())
        return;
    for (size_t i = 0; i < n->phones; i++) {
        const struct phone *p = &n->phone[i];
        if (phone_is_linked(p) && p->revoked_at == INT64_MAX &&
            p->words[s->number].whole != s->words_revision)
            watch_fail("lines-reach-phones", "%s has the host's lines of revision %llu, not %llu",
                       p->name, (unsigned long long)p->words[s->number].whole,
                       (unsigned long long)s->words_revision);
    }
}

/* --- phones that join ------------------------------------------------------------------------- */

/* An alert of this kiosk that began before `before` and was still on after `after`. */
static bool alert_between(const struct station *s, int64_t after, int64_t before)
{
    struct press *all;
    size_t n = watch_presses(&all);
    for (size_t i = 0; i < n; i++)
        if (all[i].station == s && all[i].at < before && all[i].ended_at > after)
            return true;
    return false;
}

/* Whoever is on site may have read the invitation; staff need the host and the root key as well. */
static void end_of_newcomer(const struct newcomer *c)
{
    struct press *all;
    size_t n = watch_presses(&all);
    int64_t takes = NOTICED + (c->staff ? NEWCOMER_TYPES : 0);
    int64_t until = c->asked_at == INT64_MAX ? 0 : c->asked_at + takes;
    if (c->invited_at == INT64_MAX || c->asked_at == INT64_MAX)
        return;
    if (c->wrong && (c->welcomed_at != INT64_MAX || c->in_at != INT64_MAX))
        watch_fail("nobody-is-staff-without-its-digits",
                   "a staff phone joined, and other digits were typed in");
    for (size_t i = 0; i < n && c->welcomed_at != INT64_MAX && !c->staff; i++)
        if (all[i].station == c->station && !all[i].excused && all[i].at > c->invited_at &&
            all[i].at < c->asked_at)
            watch_fail("nobody-joins-by-an-old-invitation",
                       "a phone joined by an invitation that was open when %s began",
                       watch_short_id(&all[i].id));
    if (c->forged)
        watch_fail("newcomers-join", "the welcome is not this venue's");
    if (!c->wrong && c->in_at > until && until < NIGHT && is_calm_around(c->invited_at, until) &&
        !night_has(moves.night, DO_CODE) && !night_has(moves.night, DO_DURESS) &&
        !night_has(moves.night, DO_ROTATE) && /* a new key ends open invitations */
        !night_has(moves.night, DO_REVOKE) && !night_has(moves.night, DO_ROOT_REVOKE) &&
        !night_has(moves.night, DO_DRILL) && /* a power cut prolongs it: nobody joins meanwhile */
        !alert_between(c->station, c->invited_at, until))
        watch_fail(c->staff ? "staff-join" : "newcomers-join",
                   "a phone was invited, and is not in after %lld s", (long long)(takes / S));
}

/* --- keys ------------------------------------------------------------------------------------- */

/* TCP holds messages back for as long as a hole lasts. */
#define ON_ITS_WAY (200 * S)

void watch_opened(const struct phone *p, const struct phone_client_heard *h)
{
    int64_t now = world_now(), rotated = moves.night->rotated[h->kiosk - p->client.kiosks].at;
    bool sealed = h->message.kind <= MSG_ALL_CLEAR || h->message.kind == MSG_STATE;
    if (sealed && h->verdict != VIEW_OLD && p->revoked_at < now && rotated < now &&
        rotated > p->revoked_at && !night_is_broken(moves.night, now - ON_ITS_WAY, now, true) &&
        now > rotated + NOTICED)
        watch_fail("revoked-phones-read-nothing", "%s reads %s, and is revoked", p->name,
                   message_kind_name(h->message.kind));
}

static void end_of_keys(size_t kiosk)
{
    const struct night *n = moves.night;
    int64_t rotated = n->rotated[kiosk].at;
    const uint8_t *key = n->rotated[kiosk].key;
    if (rotated == INT64_MAX || !reaches_all())
        return;
    for (size_t i = 0; i < n->phones; i++) {
        const struct phone *p = &n->phone[i];
        if (p->revoked_at == INT64_MAX && phone_is_linked(p) && !phone_has_key(p, key))
            watch_fail("new-keys-reach-phones", "%s lacks the key that %s uses", p->name,
                       n->stations[kiosk].machine->name);
        if (p->revoked_at < rotated && phone_has_key(p, key))
            watch_fail("revoked-phones-read-nothing",
                       "%s has a key that was drawn after it was "
                       "revoked",
                       p->name);
    }
}

void watch_moves_end(void)
{
    struct press *all;
    size_t n = watch_presses(&all);
    for (size_t i = 0; i < n; i++) {
        end_of_root(&all[i]);
        end_of_help(&all[i]);
        end_of_ringing(&all[i]);
    }
    for (size_t i = 0; i < moves.night->kiosks; i++) {
        end_of_words(&moves.night->stations[i]);
        end_of_keys(i);
    }
    end_of_root_revocation();
    for (size_t i = 0; i < moves.night->newcomers; i++)
        end_of_newcomer(&moves.night->newcomer[i]);
}
