#include "kiosk/alertd/actions.h"

#include "kiosk/alertd/door_box.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* How long the wipe waits for the record of its being asked for, and no longer: porchlight-wipe
 * writes an intent of its own before it begins. Alerts wait for no record at all. */
#define WIPE_PATIENCE (250 * NS_PER_MS)

static struct alert_id fresh_id(void)
{
    struct alert_id id;
    randombytes_buf(id.bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40); /* RFC 9562: version 4, */
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80); /* variant 10 */
    return id;
}

/* --- doing what alert_step says -------------------------------------------------------------- */

static void do_seal(struct kiosk_state *s, const struct outputs *o, enum alert_door door)
{
    door_box_seal(s, o->sealer, door);
    if (s->record.boxed)
        delivery_staff(o->delivery, s->record.box);
}

/* Another alert, or none, in the place of the last one. */
static void record_begin(struct kiosk_state *s, const struct alert_id *id, int64_t began)
{
    if (!alert_id_is_none(&s->record.standing.id)) {
        memmove(s->ended + 1, s->ended, (KIOSK_STATE_ENDED - 1) * sizeof s->ended[0]);
        s->ended[0] = s->record.standing.id;
    }
    s->record.standing.id = *id;
    s->record.began = alert_id_is_none(id) ? 0 : began;
}

static void do_record(struct kiosk_state *s, struct recorder *recorder)
{
    const struct alert_standing *now = &s->alert.now;
    if (!s->box_is_new && memcmp(&s->record.standing, now, sizeof *now) == 0)
        return;
    s->box_is_new = false;
    if (!alert_id_equal(&s->record.standing.id, &now->id))
        record_begin(s, &now->id, clock_is_set() ? clock_wall_seconds() : 0);
    s->record.standing = *now;
    s->recorded_at = clock_now();
    recorder_ask(recorder, &s->record);
}

/* Only after the alert itself is on its way. */
static void do_where(struct kiosk_state *s, const struct outputs *o)
{
    if (!door_box_moved(s, o->sealer))
        return;
    delivery_staff(o->delivery, s->record.box);
    do_record(s, o->recorder);
}

/* ms since the alert began; -1: there is none, or it is not known, as after a restart without a
 * clock.
 */
static int64_t state_age(const struct kiosk_state *s)
{
    if (s->alert.now.state == ALERT_QUIET)
        return -1;
    if (s->began_seq > 0)
        return (clock_now() - s->alert.since) / NS_PER_MS;
    int64_t age = clock_wall_seconds() - s->record.began;
    return clock_is_set() && s->record.began > 0 && age >= 0 ? age * 1000 : -1;
}

void actions_publish_state(struct kiosk_state *s, struct delivery *d)
{
    const struct alert_standing *now = &s->alert.now;
    struct message m = {.kind = MSG_STATE,
                        .id = now->id,
                        .age_ms = state_age(s),
                        .state = now->state,
                        .drill = now->drill,
                        .unconfirmed = now->unconfirmed};
    const struct alert_id none = {{0}};
    bool counted = alert_id_equal(&s->acks.id, &now->id); /* not those of a drill that it ends */
    const struct message counts = {.kind = MSG_COUNTS,
                                   .id = now->state == ALERT_QUIET ? none : now->id,
                                   .age_ms = -1,
                                   .seen = counted ? s->facts.seen : 0,
                                   .safe = counted ? s->facts.safe : 0,
                                   .help = counted ? s->facts.help : 0,
                                   .of = s->facts.members + s->staff,
                                   .rang = s->rang,
                                   .phones = s->phones};
    memcpy(m.nonce, s->nonce, sizeof m.nonce);
    delivery_state(d, &m);
    delivery_counts(d, &counts);
    s->publish_state = false;
    s->published_at = clock_now();
}

struct alert_id actions_notice(struct delivery *d, enum message_kind kind, const char *where,
                               const char *detail)
{
    const struct alert_id id = fresh_id();
    actions_notice_again(d, &id, kind, where, detail);
    return id;
}

void actions_notice_again(struct delivery *d, const struct alert_id *id, enum message_kind kind,
                          const char *where, const char *detail)
{
    struct message m = {.kind = kind, .id = *id, .age_ms = 0};
    snprintf(m.detail, sizeof m.detail, "%s", detail);
    snprintf(m.where, sizeof m.where, "%s", where);
    delivery_notice(d, &m);
}

static struct drill_result drill_result_now(uint32_t seen, uint32_t safe, uint32_t rang)
{
    struct drill_result now = {.seen = seen, .safe = safe, .rang = rang};
    clock_wall(now.at);
    return now;
}

/* One report for each broker, as message.h says. */
static void do_report(struct kiosk_state *s, struct delivery *d, const struct alert_id *id)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(d, paths);
    const struct drill_result *last = &s->last_drill;
    s->last_drill = drill_result_now(s->facts.seen, s->facts.safe, s->acks.rang);
    for (size_t i = 0; i < n; i++) {
        struct message m = {.kind = MSG_DRILL_REPORT,
                            .id = *id,
                            .drill = true,
                            .age_ms = paths[i].latency < 0 ? -1 : paths[i].latency / NS_PER_MS,
                            .seen = last->seen,
                            .safe = last->safe,
                            .rang = last->rang};
        snprintf(m.detail, sizeof m.detail, "%.*s", (int)sizeof m.detail - 1, paths[i].name);
        delivery_notice(d, &m);
    }
}

/* Forgets who answered the last alert; from now on answers to the current one are counted. */
static void do_forget(struct kiosk_state *s)
{
    uint8_t key[ACKS_KEY];
    s->facts.seen = s->facts.safe = s->facts.help = 0;
    s->facts.handed_over = s->facts.delivered_lan = false;
    s->facts.no_subscriber = s->facts.unproved = s->facts.denied = false;
    s->left = false;
    s->help = (struct help_ring){.rung_at = 0};
    acks_forget(&s->acks);
    if (alert_id_is_none(&s->alert.now.id))
        return;
    randombytes_buf(key, sizeof key);
    acks_begin(&s->acks, &s->alert.now.id, key);
    sodium_memzero(key, sizeof key);
}

/* Decided once more, just before what cannot be undone: neither without need, nor without a record
 * that says so after a power cut. */
void actions_release_wipe(struct kiosk_state *s, const struct outputs *o, int64_t now)
{
    if (s->wipe_by == NS_NEVER ||
        (now < s->wipe_by && recorder_look(o->recorder) == RECORDER_PENDING))
        return;
    s->wipe_by = NS_NEVER;
    if (s->rules.wipe && s->alert.now.wipe_pending)
        wiper_ask(o->wiper, WIPER_WIPE, now);
}

static void do_wipe(struct kiosk_state *s, const struct outputs *o, bool drill, int64_t now)
{
    if (drill) {
        wiper_ask(o->wiper, WIPER_DRILL, now);
        return;
    }
    if (s->wipe_by == NS_NEVER)
        s->wipe_by = now + WIPE_PATIENCE;
    actions_release_wipe(s, o, now);
}

void actions_left(struct kiosk_state *s)
{
    s->left = true;
}

/* What the site was shown is over. */
static void site_all_clear(struct kiosk_state *s, int64_t now)
{
    s->all_clears++;
    s->all_clear_at = now;
}

static void do_action(struct kiosk_state *s, const struct outputs *o, const struct alert_action *a,
                      bool resumed, int64_t now)
{
    switch (a->kind) {
    case ALERT_DO_SEAL:
        do_seal(s, o, a->door);
        break;
    case ALERT_DO_RECORD:
        do_record(s, o->recorder);
        break;
    case ALERT_DO_PUBLISH:
        delivery_alert(o->delivery, a, resumed, now, resumed ? s->record.began : 0);
        break;
    case ALERT_DO_STATE:
        do_where(s, o);
        actions_publish_state(s, o->delivery);
        break;
    case ALERT_DO_WIPE:
        do_wipe(s, o, a->drill, now);
        break;
    case ALERT_DO_NOTICE:
        actions_notice(o->delivery, MSG_FAULT, s->touched, gesture_name(a->notice));
        break;
    case ALERT_DO_DOOR:
        delivery_door(o->delivery, s->record.box);
        break;
    case ALERT_DO_FORGET:
        do_forget(s);
        break;
    case ALERT_DO_REPORT:
        if (a->feigned) {
            s->last_drill = drill_result_now(0, 0, 0);
            site_all_clear(s, now);
        } else {
            do_report(s, o->delivery, &a->id);
        }
        break;
    }
}

/* Record and publish run side by side. The broker's thread is woken first: the record's would take
 * the free processor, and keep it while the card is written. */
static bool goes_behind_publish(const struct alert_action *a, size_t left)
{
    return left > 1 && a[0].kind == ALERT_DO_RECORD && a[1].kind == ALERT_DO_PUBLISH;
}

static void do_all(struct kiosk_state *s, const struct outputs *o, const struct alert_action *a,
                   size_t n, bool resumed, int64_t now)
{
    for (size_t i = 0; i < n; i++) {
        bool behind = goes_behind_publish(&a[i], n - i);
        do_action(s, o, &a[i + behind], resumed, now);
        if (behind)
            do_action(s, o, &a[i++], resumed, now);
    }
}

void actions_step(struct kiosk_state *s, const struct outputs *o, struct alert_event e, int64_t now)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    const struct alert_standing before = s->alert.now;
    e.fresh_id = fresh_id();
    size_t n = alert_step(&s->alert, &s->rules, &e, now, out);
    if (before.state != ALERT_QUIET && !before.calm && s->alert.now.state == ALERT_QUIET)
        site_all_clear(s, now);
    if (!alert_id_equal(&before.id, &s->alert.now.id)) {
        s->began_seq = o->sealer->seq + 1;
        if (e.kind != ALERT_EV_GESTURE)
            s->where[0] = '\0';
    }
    do_all(s, o, out, n, false, now);
}

void actions_gesture(struct kiosk_state *s, const struct outputs *o, const char *where,
                     enum gesture g, int64_t now)
{
    bool counts = g == GESTURE_LOCKDOWN || g == GESTURE_CAUTION || g == GESTURE_UNCLEAR ||
                  g == GESTURE_CODE || g == GESTURE_DURESS;
    snprintf(s->touched, sizeof s->touched, "%s", where);
    if (counts)
        strcpy(s->where, s->touched);
    actions_step(s, o, (struct alert_event){.kind = ALERT_EV_GESTURE, .gesture = g}, now);
}

void actions_drill(struct kiosk_state *s, const struct outputs *o, bool wipe, int64_t now)
{
    actions_step(s, o, (struct alert_event){.kind = ALERT_EV_DRILL, .drill_wipe = wipe}, now);
}

void actions_staff_changed(struct kiosk_state *s, const struct outputs *o)
{
    if (!door_box_again(s, o->sealer))
        return;
    do_record(s, o->recorder);
    delivery_staff(o->delivery, s->record.box);
    actions_publish_state(s, o->delivery);
}

void actions_take_over(struct kiosk_state *s, const struct outputs *o, const struct message *state,
                       int64_t now)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    const struct alert_event e = {.kind = ALERT_EV_KEPT,
                                  .state = state->state,
                                  .unconfirmed = state->unconfirmed,
                                  .fresh_id = state->id};
    size_t n = alert_step(&s->alert, &s->rules, &e, now, out);
    if (n == 0)
        return;
    log_info("continuing an alert that a broker has kept, and the record has not");
    record_begin(s, &state->id, clock_wall_of(state->at));
    s->began_seq = 0;
    do_all(s, o, out, n, true, now);
}

void actions_resume(struct kiosk_state *s, const struct outputs *o, int64_t now)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    size_t n = alert_resume(&s->alert, &s->record.standing, now, out);
    if (s->record.was_duress)
        s->alert.door = ALERT_DOOR_DURESS;
    if (s->alert.now.state != ALERT_QUIET)
        log_info("continuing what was active before the restart");
    do_forget(s);
    if (s->record.boxed)
        delivery_staff(o->delivery, s->record.box);
    do_all(s, o, out, n, true, now);
    if (s->alert.now.pressed)
        delivery_ring_staff(o->delivery);
}
