#include "tests/nights/watch.h"

#include "kiosk/core/alert.h"
#include "kiosk/core/big_endian.h"
#include "kiosk/core/cue.h"
#include "kiosk/core/record.h"
#include "tests/nights/intruder.h"
#include "tests/nights/night.h"
#include "tests/nights/pair.h"
#include "tests/nights/story.h"
#include "tests/nights/watch_moves.h"
#include "tests/nights/watch_replays.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Silence and delay must be noticed within this, and an alert must be out within that (EN 50131-1).
 */
#define NOTICED (20 * S)
#define IN_TIME (10 * S)

enum {
    COMMANDS = 128,
    /* Each block counts as the next power of two. The kiosk's and the delivery's own structs are
     * half of it, a broker's thread is 64 kB, a message in one of its queues 2 kB. */
    MEMORY_MOST = 1 << 20,
    FDS_MOST = 48,
    LOGS_MOST = 400,
    CONNECTS_MOST = 400
};

static struct {
    struct night *night;
    struct press presses[WATCH_PRESSES];
    size_t presses_count;
    struct view_latch cleared[COMMANDS]; /* what staff have said is over, and what they looked at */
    size_t cleared_count;
    struct alert_id in_vain[COMMANDS]; /* what revoked staff have said is over */
    size_t in_vain_count;
    struct record durable[VENUE_KIOSKS + 1];
    uint64_t gestures[VENUE_KIOSKS + 1]; /* lockdowns that a switch gave */
    int64_t gesture_at[VENUE_KIOSKS + 1];
    struct view_latch shown_lockdown[VENUE_PHONES][VENUE_KIOSKS]; /* id none: it shows none */
    const struct phone *proved_by[VENUE_KIOSKS]; /* whose proof an intruder has made last */
    int64_t proved_at[VENUE_KIOSKS];
    struct failure failures[FAILURES];
    size_t failures_count;
} watch;

void watch_fail(const char *name, const char *format, ...)
{
    va_list more;
    for (size_t i = 0; i < watch.failures_count; i++)
        if (watch.failures[i].name == name)
            return;
    if (watch.failures_count == FAILURES)
        return;
    struct failure *f = &watch.failures[watch.failures_count++];
    f->name = name;
    f->at = world_now();
    va_start(more, format);
    vsnprintf(f->text, sizeof f->text, format, more);
    va_end(more);
    story("*** %s: %s", name, f->text);
}

size_t watch_failures(const struct failure **out)
{
    *out = watch.failures;
    return watch.failures_count;
}

void watch_begin(struct night *n)
{
    memset(&watch, 0, sizeof watch);
    watch.night = n;
    watch_moves_begin(n);
    watch_replays_begin(n);
}

size_t watch_presses(struct press **out)
{
    *out = watch.presses;
    return watch.presses_count;
}

static size_t index_of(const struct station *s)
{
    return (size_t)(s - watch.night->stations);
}

struct press *watch_press(const struct alert_id *id)
{
    for (size_t i = 0; i < watch.presses_count; i++)
        if (alert_id_equal(&watch.presses[i].id, id))
            return &watch.presses[i];
    return NULL;
}

static bool is_real(const struct alert *a)
{
    return a->now.state != ALERT_QUIET && !a->now.drill;
}

bool watch_is_active(const struct press *p)
{
    return p->ended_at == INT64_MAX && !p->excused;
}

const char *watch_short_id(const struct alert_id *id)
{
    static char out[9];
    snprintf(out, sizeof out, "%02x%02x%02x%02x", id->bytes[0], id->bytes[1], id->bytes[2],
             id->bytes[3]);
    return out;
}

/* --- the kiosk's decisions, as they are made -------------------------------------------------- */

size_t __real_alert_step(struct alert *a, const struct alert_rules *r, const struct alert_event *e,
                         int64_t now, struct alert_action out[ALERT_ACTIONS_MAX]);
size_t __wrap_alert_step(struct alert *a, const struct alert_rules *r, const struct alert_event *e,
                         int64_t now, struct alert_action out[ALERT_ACTIONS_MAX]);
size_t __real_alert_resume(struct alert *a, const struct alert_standing *s, int64_t now,
                           struct alert_action out[ALERT_ACTIONS_MAX]);
size_t __wrap_alert_resume(struct alert *a, const struct alert_standing *s, int64_t now,
                           struct alert_action out[ALERT_ACTIONS_MAX]);

static bool is_among(const struct alert_id *all, size_t count, const struct alert_id *id)
{
    for (size_t i = 0; i < count; i++)
        if (alert_id_equal(&all[i], id))
            return true;
    return false;
}

static bool staff_said(const struct alert_id *id)
{
    for (size_t i = 0; i < watch.cleared_count; i++)
        if (alert_id_equal(&watch.cleared[i].id, id))
            return true;
    return false;
}

/* Who ended what no staff phone has ended: which invariant fails. */
static const char *ender_of(const struct alert_id *id, const char *nobody)
{
    return is_among(watch.in_vain, watch.in_vain_count, id) ? "revoked-staff-end-nothing" : nobody;
}

static void press_begins(const struct station *s, const struct alert *a)
{
    struct press *p = watch_press(&a->now.id);
    if (p) { /* a broker kept it, and the record did not */
        p->excused = false;
        story("%s %s goes on", alert_state_name(a->now.state), watch_short_id(&a->now.id));
        return;
    }
    if (watch.presses_count == WATCH_PRESSES)
        return;
    watch.presses[watch.presses_count++] =
        (struct press){.station = s,
                       .id = a->now.id,
                       .lockdown = a->now.state == ALERT_LOCKDOWN,
                       .at = world_now(),
                       .ended_at = INT64_MAX,
                       .help_at = INT64_MAX,
                       .help_shown_at = INT64_MAX,
                       .rooted_at = INT64_MAX};
    story("%s %s begins", alert_state_name(a->now.state), watch_short_id(&a->now.id));
}

static void press_ends(const struct alert_standing *was, const struct alert_event *e)
{
    struct press *p = watch_press(&was->id);
    if (p && p->ended_at == INT64_MAX)
        p->ended_at = world_now();
    bool staff = e->kind == ALERT_EV_COMMAND && staff_said(&was->id);
    bool root = e->kind == ALERT_EV_ROOT && p && watch_root_may_end(p->station->number, p);
    if (was->state == ALERT_LOCKDOWN && !staff && !root)
        watch_fail(ender_of(&was->id, "nobody-ends-a-lockdown"),
                   "the kiosk ended %s, and no staff phone had said so", watch_short_id(&was->id));
    story("%s is over at the kiosk", watch_short_id(&was->id));
}

size_t __wrap_alert_step(struct alert *a, const struct alert_rules *r, const struct alert_event *e,
                         int64_t now, struct alert_action out[ALERT_ACTIONS_MAX])
{
    const struct station *s = station_now();
    struct alert_standing was = a->now;
    bool real_before = is_real(a);
    struct alert_event given = *e;
    bool door =
        e->kind == ALERT_EV_GESTURE && (e->gesture == GESTURE_CODE || e->gesture == GESTURE_DURESS);
    if (door)
        pair_id(&given.fresh_id);
    size_t n = __real_alert_step(a, r, &given, now, out);
    watch_standing(s, &a->now);
    if (e->kind == ALERT_EV_COMMAND)
        watch_command_taken(s, e->command);
    if (e->kind == ALERT_EV_GESTURE)
        watch_gesture(s, e->gesture);
    if (e->kind == ALERT_EV_GESTURE && e->gesture == GESTURE_LOCKDOWN) {
        watch.gestures[index_of(s)]++;
        watch.gesture_at[index_of(s)] = world_now();
    }
    if (e->kind == ALERT_EV_GESTURE && e->gesture != GESTURE_SENSED)
        story("gesture: %s", gesture_name(e->gesture));
    if (e->kind == ALERT_EV_GESTURE && e->gesture != GESTURE_SENSED &&
        e->gesture != GESTURE_LOCKDOWN)
        pair_gesture(!door       ? NULL
                     : was.drill ? "drill"
                                 : alert_state_name(was.state),
                     world_now() - s->machine->started_at);
    bool same = alert_id_equal(&was.id, &a->now.id);
    if (real_before && (!same || !is_real(a))) {
        if (is_real(a) && was.state == ALERT_CAUTION) {
            struct press *p = watch_press(&was.id); /* a caution that has become a lockdown */
            if (p)
                p->ended_at = world_now();
        } else {
            press_ends(&was, e);
        }
    }
    if (is_real(a) && (!real_before || !same))
        press_begins(s, a);
    return n;
}

/* After a start: what was durable must be active again. */
size_t __wrap_alert_resume(struct alert *a, const struct alert_standing *now_standing, int64_t now,
                           struct alert_action out[ALERT_ACTIONS_MAX])
{
    const struct station *s = station_now();
    size_t n = __real_alert_resume(a, now_standing, now, out);
    watch_standing(s, &a->now);
    bool record_gone = night_has(watch.night, BREAK_RECORD_LOST) ||
                       night_has(watch.night, BREAK_RECORD_OLD) ||
                       night_has(watch.night, BREAK_COPY);
    for (size_t i = 0; i < watch.presses_count; i++) {
        struct press *p = &watch.presses[i];
        if (p->station != s || !watch_is_active(p))
            continue;
        if (p->kept && !record_gone && !alert_id_equal(&p->id, &a->now.id))
            watch_fail("no-press-is-lost", "%s was durable, and is gone after a restart",
                       watch_short_id(&p->id));
        if (!alert_id_equal(&p->id, &a->now.id))
            p->excused = true;
    }
    if (is_real(a))
        story("resumes %s %s", alert_state_name(a->now.state), watch_short_id(&a->now.id));
    return n;
}

void watch_synced(struct station *s)
{
    struct record r;
    uint32_t serial;
    if (!s || record_newest(s->disk.durable, s->disk.durable_size, false, &r, &serial) < 0)
        return;
    watch.durable[index_of(s)] = r;
    struct press *p = watch_press(&r.standing.id);
    if (p && p->station == s)
        p->kept = true;
}

/* The process is gone. What neither the card nor a phone had is lost by nature: no medium had the
 * time to take it. */
void watch_ended(struct station *s)
{
    for (size_t i = 0; i < watch.presses_count; i++) {
        struct press *p = &watch.presses[i];
        if (p->station == s && watch_is_active(p) && !p->delivered)
            p->cut = true;
        if (p->station == s && watch_is_active(p) && !p->kept) {
            p->excused = true;
            story("%s was not durable yet", watch_short_id(&p->id));
        }
    }
}

void watch_hand(struct station *s)
{
    if (watch.gesture_at[index_of(s)] < world_now() - 5 * S &&
        !night_has(watch.night, BREAK_WIRE) && !night_has(watch.night, BREAK_EDGES))
        watch_fail("a-press-is-felt", "%s: the switch was held, and nothing came of it",
                   s->machine->name);
}

/* --- on site ---------------------------------------------------------------------------------- */

void watch_output(const struct machine *m, bool active)
{
    (void)m;
    pair_observe(SURFACE_SITE, "the silent output", &active, sizeof active);
}

static struct press *newest_of(const struct station *s)
{
    for (size_t i = watch.presses_count; i > 0; i--)
        if (watch.presses[i - 1].station == s && watch_is_active(&watch.presses[i - 1]))
            return &watch.presses[i - 1];
    return NULL;
}

/* Whether the record may not be on the card yet: what failed is tried again each second, and a sync
 * that began while the card was slow may still be under way. */
static bool record_may_wait(const struct station *s)
{
    int64_t slowest = s->disk.slow > 2 * S ? s->disk.slow : 2 * S;
    return (s->disk.faults & (DISK_FULL | DISK_READ_ONLY | DISK_FAILING)) != 0 ||
           night_disk_is_broken(watch.night, world_now() - slowest, world_now());
}

void watch_screen(struct station *s, const struct screen_cue *cue)
{
    const struct press *p = newest_of(s);
    pair_observe(SURFACE_SITE, "the screen", cue, sizeof *cue);
    story("the screen shows signs 0x%x, seen %u, safe %u", cue->signs, cue->seen, cue->safe);
    if (cue->signs & CUE_ACCEPTED && !(cue->signs & CUE_DRILL) && p && !p->taken && !p->answered &&
        !p->delivered)
        watch_fail("handed-over-to-somebody", "%s is shown as handed over, and nobody had it",
                   watch_short_id(&p->id));
    if (cue->signs & CUE_ACCEPTED && !(cue->signs & CUE_DRILL) && p && !p->kept &&
        !record_may_wait(s))
        watch_fail("handed-over-is-recorded",
                   "%s is shown as handed over, and a power cut would lose it",
                   watch_short_id(&p->id));
}

void watch_wipe(struct station *s, const void *word, size_t len)
{
    const struct record *r = &watch.durable[index_of(s)];
    /* It waits 250 ms for the record. */
    if (len == 4 && memcmp(word, "WIPE", 4) == 0 && !r->standing.wipe_pending &&
        !record_may_wait(s))
        watch_fail("wipe-after-its-intent", "%s: the wipe began, and its intent was not durable",
                   s->machine->name);
    if (len == 6 && memcmp(word, "FINISH", 6) == 0) {
        const struct press *p = newest_of(s);
        if (!s->wiped)
            watch_fail("wipe-order", "%s: the credentials were to go before the rest",
                       s->machine->name);
        if (p && !p->taken && !p->delivered && !p->answered && world_now() - p->at < 3600 * S)
            watch_fail("wipe-order", "%s: the credentials were to go before %s was handed over",
                       s->machine->name, watch_short_id(&p->id));
    }
}

/* --- brokers ---------------------------------------------------------------------------------- */

/* A relay that was given the ring is somebody, too. */
static bool hands_over(const char *topic)
{
    const char *name = strrchr(topic, '/');
    return sort_of(topic) == SORT_ALERT || (name && strcmp(name, "/ring") == 0);
}

void watch_published(struct broker *b, const struct packet *p)
{
    const char *name = strrchr(p->topic, '/');
    if (!p->conn || !hands_over(p->topic))
        return;
    struct station *s = NULL;
    for (size_t i = 0; i <= VENUE_KIOSKS; i++)
        for (size_t w = 0; w < watch.night->stations[i].ways_count; w++)
            if (p->conn->way == &watch.night->stations[i].ways[w])
                s = &watch.night->stations[i];
    if (s && name && strcmp(name, "/ring") == 0 && p->payload->len == ENVELOPE_SIZE)
        watch_ring_made(s->number, big_endian_get(p->payload->bytes + 2, 8),
                        big_endian_get(p->payload->bytes + 10, 8));
    struct press *newest = s ? newest_of(s) : NULL;
    if (newest && b->outside && broker_has_reader(b, p->topic))
        newest->taken = true;
}

void watch_connected(struct broker *b, const struct hello *h)
{
    story("%s: %s connects with MQTT %d", b->name, h->client_id, h->version);
}

/* --- phones ----------------------------------------------------------------------------------- */

/* -1: nobody did. */
static int64_t begun_at(const struct alert_id *id)
{
    const struct press *p = watch_press(id);
    return p ? p->at : intruder_made_at(id);
}

/* Staff have ended this very alert, or a later one that they were looking at, or a later quiet.
 * What who has the kiosk's keys made up is earlier by the order that he gave it. */
static bool staff_covered(const struct view_latch *alert)
{
    int64_t of = begun_at(&alert->id);
    bool made_up = intruder_made_at(&alert->id) >= 0;
    for (size_t i = 0; i < watch.cleared_count; i++) {
        const struct view_latch *c = &watch.cleared[i];
        int64_t by = begun_at(&c->id);
        bool later = c->epoch > alert->epoch || (c->epoch == alert->epoch && c->seq >= alert->seq);
        if (alert_id_equal(&c->id, &alert->id) || (of >= 0 && by >= of) ||
            ((alert_id_is_none(&c->id) || made_up) && later))
            return true;
    }
    return false;
}

/* What staff say again about one alert, they say of what they have seen since. */
static void note_cleared(const struct message *m)
{
    for (size_t i = 0; i < watch.cleared_count; i++) {
        struct view_latch *c = &watch.cleared[i];
        if (alert_id_is_none(&m->id) || !alert_id_equal(&c->id, &m->id))
            continue;
        if (m->epoch > c->epoch || (m->epoch == c->epoch && m->seq > c->seq)) {
            c->epoch = m->epoch;
            c->seq = m->seq;
        }
        return;
    }
    if (watch.cleared_count < COMMANDS)
        watch.cleared[watch.cleared_count++] =
            (struct view_latch){.id = m->id, .epoch = m->epoch, .seq = m->seq};
}

void watch_proved(const struct phone *by, size_t kiosk)
{
    watch.proved_by[kiosk] = by;
    watch.proved_at[kiosk] = world_now();
}

/* Who has a staff phone and a kiosk's keys ends what began before, at each phone that does not know
 * that the root key has shut that staff phone out. */
static bool intruder_covered(const struct phone *p, size_t kiosk, const struct alert_id *id)
{
    const struct phone *by = watch.proved_by[kiosk];
    return by && begun_at(id) <= watch.proved_at[kiosk] && !watch_was_told_of(p, kiosk, by);
}

static void watch_view(const struct phone *p, size_t kiosk)
{
    const struct view_kiosk *v = &p->client.kiosks[kiosk].view;
    struct view_latch *was = &watch.shown_lockdown[p - watch.night->phone][kiosk];
    bool lockdown = v->state == ALERT_LOCKDOWN && !v->drill;
    if (!alert_id_is_none(&was->id) && !lockdown && !staff_covered(was) &&
        !intruder_covered(p, kiosk, &was->id) &&
        !watch_is_rooted(kiosk, &was->id, was->epoch, was->seq))
        watch_fail(ender_of(&was->id, "a-phone-keeps-a-lockdown"),
                   "%s has ended %s, and no staff phone had said so", p->name,
                   watch_short_id(&was->id));
    *was = lockdown ? v->alert : (struct view_latch){0};
}

void watch_received(struct phone *p, size_t kiosk, const struct phone_client_heard *h)
{
    const struct message *m = &h->message;
    bool alarm = m->kind == MSG_LOCKDOWN || m->kind == MSG_CAUTION ||
                 (m->kind == MSG_STATE && m->state != ALERT_QUIET);
    watch_view(p, kiosk);
    watch_opened(p, h);
    if (m->kind == MSG_COUNTS)
        watch_counts(m);
    if (story_told && m->kind != MSG_BEAT && (m->kind != MSG_STATE || h->verdict != VIEW_ACCEPTED))
        story("%s has %s%s seq %llu.%llu: %s", p->name, message_kind_name(m->kind),
              h->word.retained ? " (kept)" : "", (unsigned long long)m->epoch,
              (unsigned long long)m->seq, view_verdict_name(h->verdict));
    if (!alarm || m->drill)
        return;
    struct press *press = watch_press(&m->id);
    if (!press && intruder_made_at(&m->id) >= 0)
        return;
    if (!press) {
        watch_fail("one-press-is-one-alert", "%s has an alert %s that nobody began", p->name,
                   watch_short_id(&m->id));
        return;
    }
    if (h->verdict == VIEW_OLD || h->verdict == VIEW_DISOWNED)
        return;
    if (!press->delivered) {
        press->delivered = true;
        press->epoch = m->epoch;
        press->seq = m->seq;
        press->delivered_at = world_now();
        story("%s reached %s after %.3f s", watch_short_id(&press->id), p->name,
              (double)(world_now() - press->at) / 1e9);
    }
}

void watch_answered(struct phone *p, const struct alert_id *id, enum message_kind kind)
{
    struct press *press = watch_press(id);
    watch_answer(p, id, kind);
    if (press)
        press->answered = true;
}

void watch_commanded(struct phone *p, size_t kiosk, const struct message *m)
{
    if (!watch_is_shut_out(p))
        watch_command_sent(kiosk, m->kind);
    if (m->kind != MSG_CMD_ALL_CLEAR)
        return;
    if (watch_is_shut_out(p)) {
        if (watch.in_vain_count < COMMANDS)
            watch.in_vain[watch.in_vain_count++] = m->id;
        return;
    }
    note_cleared(m);
    struct press *press = watch_press(&m->id);
    if (press && press->ended_at == INT64_MAX) {
        press->ended_at = world_now(); /* phones may believe it from now on */
        press->ended_by_thief = p->stolen;
    }
}

static bool is_calm(enum view_show s)
{
    return s == VIEW_QUIET || s == VIEW_ALL_CLEAR || s == VIEW_DRILL;
}

void watch_shown(struct phone *p, size_t kiosk)
{
    const struct view_shown *shown = &p->shown[kiosk];
    const struct station *s = &watch.night->stations[kiosk];
    int64_t now = world_now();
    watch_clocks(p, kiosk);
    if (!is_calm(shown->show) || intruder_is_kiosk_since(kiosk) != INT64_MAX)
        return; /* who has its keys may say that all is quiet, until it is disowned */
    for (size_t i = 0; i < watch.presses_count; i++) {
        const struct press *press = &watch.presses[i];
        if (press->station == s && press->lockdown && watch_is_active(press) &&
            now - press->at > NOTICED)
            watch_fail("quiet-in-lockdown", "%s shows %s, %.1f s after lockdown %s began", p->name,
                       view_show_name(shown->show), (double)(now - press->at) / 1e9,
                       watch_short_id(&press->id));
    }
    const struct station *other = &watch.night->stations[VENUE_KIOSKS];
    bool copy = kiosk == 0 && other->machine->starts > 0 &&
                (other->machine->running || now - other->silent_since < NOTICED);
    if (!copy && s->silent_since != INT64_MAX && now - s->silent_since > NOTICED)
        watch_fail("silence-is-noticed", "%s shows %s, %.1f s after the kiosk has died", p->name,
                   view_show_name(shown->show), (double)(now - s->silent_since) / 1e9);
    if (!copy && s->cut_since != INT64_MAX && now - s->cut_since > NOTICED)
        watch_fail("cut-is-noticed", "%s shows %s, %.1f s after the kiosk was cut off", p->name,
                   view_show_name(shown->show), (double)(now - s->cut_since) / 1e9);
}

/* --- always ----------------------------------------------------------------------------------- */

void watch_event(void)
{
}

/* --- at the end ------------------------------------------------------------------------------- */

/* Since when something that was broken may keep this alert from phones. What kept a new key from
 * them keeps it for about as long again: it is sent after 40 s, and then after twice as long. */
static int64_t broken_since(const struct press *p)
{
    int64_t rotated = watch.night->rotated[p->station->number].at, ago = 90 * S;
    if (rotated < p->at && (p->at - rotated + 60 * S) / 2 > ago)
        ago = (p->at - rotated + 60 * S) / 2;
    return p->at - (ago < 310 * S ? ago : 310 * S);
}

static void end_of_press(const struct press *p)
{
    bool seized =
        night_has(watch.night, BREAK_SEIZED) || night_has(watch.night, BREAK_STOLEN_KIOSK);
    bool unheard =
        p->ended_at != INT64_MAX &&
        (night_has(watch.night, BREAK_OPERATOR_PROXY) ||
         (p->ended_by_thief && night_is_broken(watch.night, broken_since(p), p->ended_at, true)));
    if (p->excused || (p->ended_at != INT64_MAX && !p->lockdown))
        return;
    if (!p->delivered && !unheard && !(seized && p->ended_at == INT64_MAX))
        watch_fail("no-press-is-lost", "%s never reached a phone", watch_short_id(&p->id));
    if (p->delivered && !p->cut && p->delivered_at - p->at > IN_TIME &&
        !night_is_broken(watch.night, broken_since(p), p->delivered_at, true))
        watch_fail("in-time", "%s took %.1f s, and nothing was broken", watch_short_id(&p->id),
                   (double)(p->delivered_at - p->at) / 1e9);
}

/* The relay watches b0, and rings for what leaves by it. */
static void end_of_rings(const struct press *p)
{
    const struct watcher *w = &watch.night->watcher;
    bool soon = watcher_rang(w, p->at, p->at + NOTICED), ever = watcher_rang(w, p->at, NIGHT);
    if (!watch.night->relay || p->excused || !p->delivered)
        return;
    if (!soon && !night_is_broken(watch.night, p->at - 90 * S, p->at + NOTICED, false))
        watch_fail("locked-phones-are-rung", "%s rang nobody within 20 s, and nothing was broken",
                   watch_short_id(&p->id));
    if (!ever && p->ended_at == INT64_MAX && p->station->machine->running)
        watch_fail("locked-phones-are-rung", "%s never rang anybody", watch_short_id(&p->id));
}

static void end_of_silence(const struct station *s)
{
    const struct watcher *w = &watch.night->watcher;
    if (!watch.night->relay || s->silent_since == INT64_MAX || s->silent_since > NIGHT - 400 * S ||
        night_is_broken(watch.night, s->silent_since + 1, NIGHT, false))
        return;
    if (!watcher_rang(w, s->silent_since, NIGHT))
        watch_fail("locked-phones-are-rung", "%s has been silent for %.0f s, and nobody was rung",
                   s->machine->name, (double)(NIGHT - s->silent_since) / 1e9);
}

static void end_of_phone(const struct phone *p)
{
    if (p->revoked_at != INT64_MAX)
        return; /* it reads no more */
    bool keyless = night_has(watch.night, BREAK_OPERATOR_PROXY);
    for (size_t k = 0; k < watch.night->kiosks; k++) {
        const struct station *s = &watch.night->stations[k];
        enum view_show show = p->shown[k].show;
        if (keyless && watch.night->rotated[k].at != INT64_MAX &&
            !phone_has_key(p, watch.night->rotated[k].key))
            continue; /* it was dropped, and comes again after minutes */
        if (!s->machine->running) {
            if (is_calm(show))
                watch_fail("everything-heals", "%s shows %s for a kiosk that is gone", p->name,
                           view_show_name(show));
            continue;
        }
        const struct press *active = newest_of(s);
        bool unknown = show == VIEW_UNKNOWN && !p->shown[k].late;
        if (show == VIEW_LOST || unknown || p->shown[k].silent || p->shown[k].stale)
            watch_fail("everything-heals", "%s shows %s%s%s at the end", p->name,
                       view_show_name(show), p->shown[k].silent ? ", silent" : "",
                       p->shown[k].stale ? ", stale" : "");
        else if (active && active->lockdown && show != VIEW_LOCKDOWN && show != VIEW_UNCONFIRMED)
            watch_fail("everything-heals", "%s shows %s at the end, and lockdown %s is active",
                       p->name, view_show_name(show), watch_short_id(&active->id));
    }
}

static void end_of_station(const struct station *s)
{
    const struct machine *m = s->machine;
    if (m->memory_most > MEMORY_MOST)
        watch_fail("memory-is-bounded", "%s took %zu bytes", m->name, m->memory_most);
    if (fds_count(m) > FDS_MOST)
        watch_fail("memory-is-bounded", "%s has %zu files open", m->name, fds_count(m));
    if (m->log_lines > LOGS_MOST)
        watch_fail("logs-are-bounded", "%s wrote %llu lines in 20 minutes", m->name,
                   (unsigned long long)m->log_lines);
    if (s->powered && !m->running)
        watch_fail("everything-heals", "%s: porchlightd does not run", m->name);
}

void watch_end(void)
{
    for (size_t i = 0; i < watch.presses_count; i++)
        end_of_press(&watch.presses[i]);
    for (size_t i = 0; i < watch.presses_count; i++)
        end_of_rings(&watch.presses[i]);
    for (size_t i = 0; i < watch.night->phones; i++)
        end_of_phone(&watch.night->phone[i]);
    for (size_t i = 0; i < watch.night->kiosks; i++)
        end_of_station(&watch.night->stations[i]);
    for (size_t i = 0; i < watch.night->kiosks; i++)
        end_of_silence(&watch.night->stations[i]);
    watch_moves_end();
    for (size_t i = 0; i < watch.night->brokers; i++)
        if (watch.night->broker[i].connects > CONNECTS_MOST)
            watch_fail("connects-are-bounded", "%s was connected to %llu times",
                       watch.night->broker[i].name,
                       (unsigned long long)watch.night->broker[i].connects);
}
