#include "kiosk/core/view.h"

#include "kiosk/core/ns.h"

#include <string.h>

void view_init(struct view_kiosk *v)
{
    *v = (struct view_kiosk){.press = {.kind = MSG_NOTHING},
                             .linked_at = NS_NEVER,
                             .life_at = NS_NEVER,
                             .state_at = NS_NEVER,
                             .clear_at = NS_NEVER,
                             .received_at = NS_NEVER,
                             .doubted_at = NS_NEVER,
                             .late_at = NS_NEVER,
                             .called_at = NS_NEVER};
    freshness_init(&v->fresh, (const bool[FRESHNESS_GROUPS]){[FRESHNESS_STATE] = true});
}

void view_link(struct view_kiosk *v, bool linked, int64_t now)
{
    if (v->linked == linked)
        return;
    v->linked = linked;
    v->linked_at = now;
    v->life_at = v->received_at = v->doubted_at = NS_NEVER;
    freshness_linked(&v->fresh, now);
}

static bool changes_state(enum message_kind k)
{
    return k <= MSG_STATE;
}

static uint64_t *mark_of(struct view_kiosk *v, enum message_kind k)
{
    if (k == MSG_DOOR || k == MSG_FAULT || k == MSG_DRILL_REPORT)
        return &v->notice_next;
    if (k == MSG_CODE || k == MSG_DURESS || k == MSG_NOTHING)
        return &v->door_next;
    if (k == MSG_COUNTS)
        return &v->counts_next;
    return changes_state(k) ? &v->told_next : &v->live_next;
}

/* Judges epoch and seq and moves the marks. VIEW_ACCEPTED: it is new. */
static enum view_verdict pass_marks(struct view_kiosk *v, const struct message *m)
{
    if (m->epoch < v->epoch)
        return VIEW_OLD;
    if (m->epoch > v->epoch) {
        v->epoch = m->epoch;
        v->told_next = v->live_next = v->notice_next = v->door_next = v->connection = 0;
        v->counts_next = 0;
    }
    if (m->kind == MSG_ONLINE || m->kind == MSG_LOST) {
        if (m->connection < v->connection)
            return VIEW_OLD;
        v->connection = m->connection;
    }
    if (m->kind == MSG_LOST)
        return VIEW_ACCEPTED;
    uint64_t *mark = mark_of(v, m->kind);
    if (m->seq < *mark)
        return m->seq + 1 == *mark ? VIEW_REPEATED : VIEW_OLD;
    *mark = m->seq + 1;
    if (m->seq + 1 > v->live_next)
        v->live_next = m->seq + 1;
    return VIEW_ACCEPTED;
}

static bool view_in_lockdown(const struct view_kiosk *v)
{
    return v->state == ALERT_LOCKDOWN && !v->drill;
}

/* No phone can have shown a state that this message is older than. */
static bool is_ahead(const struct view_message *w)
{
    const struct message *m = w->message;
    return w->proved_epoch > m->epoch || (w->proved_epoch == m->epoch && w->proved_seq >= m->seq);
}

/* Whether the staff phone's proof covers what is latched: this very alert, or anything up to the
 * state that the phone was showing. */
static bool covers(const struct view_message *w, const struct view_latch *l)
{
    if (!w->proved || is_ahead(w))
        return false;
    if (memcmp(&w->proved_id, &l->id, sizeof l->id) == 0)
        return true;
    return w->proved_epoch > l->epoch || (w->proved_epoch == l->epoch && w->proved_seq >= l->seq);
}

static void latch(struct view_latch *l, const struct message *m)
{
    *l = (struct view_latch){.id = m->id, .epoch = m->epoch, .seq = m->seq};
}

static void latch_alert(struct view_kiosk *v, const struct message *m)
{
    if (!alert_id_is_none(&v->alert.id) && !alert_id_equal(&v->alert.id, &m->id)) {
        memmove(v->past + 1, v->past, (VIEW_PAST - 1) * sizeof v->past[0]);
        v->past[0] = v->alert.id;
    }
    latch(&v->alert, m);
}

static bool was_shown(const struct view_kiosk *v, const struct alert_id *id)
{
    for (size_t i = 0; i < VIEW_PAST; i++)
        if (alert_id_equal(&v->past[i], id))
            return true;
    return alert_id_equal(&v->alert.id, id);
}

/* The alarm that was late counts now, or its end was seen. */
static void view_late_is_known(struct view_kiosk *v, const struct alert_id *id)
{
    if (!alert_id_equal(&v->late.id, id))
        return;
    v->late = (struct view_latch){.epoch = 0};
    v->late_at = NS_NEVER;
}

static enum view_verdict view_begin(struct view_kiosk *v, const struct message *m,
                                    enum alert_state state, bool unconfirmed)
{
    bool same = v->state == state && v->drill == m->drill &&
                memcmp(&v->alert.id, &m->id, sizeof m->id) == 0;
    if (!same)
        latch_alert(v, m);
    view_late_is_known(v, &m->id);
    bool news = !same || v->unconfirmed != unconfirmed;
    v->state = state;
    v->drill = m->drill;
    v->unconfirmed = unconfirmed;
    v->clear_at = NS_NEVER;
    return news ? VIEW_TOLD : VIEW_REPEATED;
}

static enum view_verdict end(struct view_kiosk *v, int64_t now)
{
    if (v->state == ALERT_QUIET)
        return VIEW_ACCEPTED;
    if (!v->drill)
        v->clear_at = now;
    v->state = ALERT_QUIET;
    v->drill = v->unconfirmed = v->rooted = false;
    return VIEW_TOLD;
}

enum view_verdict view_root(struct view_kiosk *v, const struct root_word *w,
                            const uint8_t public[ENVELOPE_PUBLIC], int64_t now)
{
    const struct root_word *all = &v->root;
    const struct view_latch *a = &v->alert, *d = &v->dangered;
    struct view_press *p = &v->press;
    if (!root_word_join(&v->root, w))
        return VIEW_ACCEPTED;
    v->retired = root_word_retires(all, public);
    if (all->ended)
        view_late_is_known(v, &all->id);
    if (root_word_ends(all, &d->id, d->epoch, d->seq))
        v->duress = false;
    p->over = p->over || root_word_ends(all, &p->id, p->epoch, p->seq);
    if (v->state == ALERT_QUIET || !root_word_ends(all, &a->id, a->epoch, a->seq))
        return VIEW_ACCEPTED;
    bool real = !v->drill;
    end(v, now);
    v->rooted = real;
    return VIEW_TOLD;
}

static bool view_is_fresh(int64_t age)
{
    return age >= 0 && age < FRESHNESS_LATE;
}

/* Whether the alert that this message is about is over by the root key's message. What is fresh and
 * of another alert began later, whatever its order says. */
static bool view_is_rooted(const struct view_kiosk *v, const struct message *m, int64_t age)
{
    const struct root_word *w = &v->root;
    bool same = w->ended && alert_id_equal(&w->id, &m->id);
    return same || (!view_is_fresh(age) && root_word_ends(w, &m->id, m->epoch, m->seq));
}

static bool view_is_unconfirmed(const struct message *m)
{
    return m->kind == MSG_ALL_CLEAR && strcmp(m->detail, "unconfirmed") == 0;
}

/* Says that something is active, or was pressed. */
static bool view_begins(const struct message *m)
{
    return view_is_unconfirmed(m) || m->kind == MSG_LOCKDOWN || m->kind == MSG_CAUTION ||
           m->kind == MSG_CODE || m->kind == MSG_DURESS ||
           (m->kind == MSG_STATE && m->state != ALERT_QUIET);
}

/* The kiosk sends its state. What is less than the current lockdown needs a staff phone's proof. */
static enum view_verdict view_state(struct view_kiosk *v, const struct view_rules *r,
                                    const struct view_message *w, enum alert_state state,
                                    bool unconfirmed, int64_t now)
{
    const struct message *m = w->message;
    bool less = state != ALERT_LOCKDOWN || m->drill;
    if (view_in_lockdown(v) && less && !r->plain && !covers(w, &v->alert)) {
        v->unconfirmed = true;
        return VIEW_UNPROVED;
    }
    return state == ALERT_QUIET ? end(v, now) : view_begin(v, m, state, unconfirmed);
}

/* Who never received the alert before it learns that there is one. How bad it is, the state that
 * follows says. */
static enum view_verdict view_unconfirmed(struct view_kiosk *v, const struct message *m)
{
    bool real = v->state != ALERT_QUIET && !v->drill;
    bool over = alert_id_equal(&v->alert.id, &m->id) || alert_id_equal(&v->proved.id, &m->id);
    if (real ? v->unconfirmed : over)
        return VIEW_ACCEPTED;
    if (!real)
        return view_begin(v, m, ALERT_CAUTION, true);
    v->unconfirmed = true;
    return VIEW_TOLD;
}

static enum view_verdict on_all_clear(struct view_kiosk *v, const struct view_rules *r,
                                      const struct view_message *w, int64_t now)
{
    if (view_is_unconfirmed(w->message))
        return view_unconfirmed(v, w->message);
    if (w->message->drill && !v->drill)
        return VIEW_ACCEPTED; /* the end of a drill that a real alert has replaced */
    return view_state(v, r, w, ALERT_QUIET, false, now);
}

/* Staff are told of each press once, however often the kiosk repeats it. Of two under duress, both
 * are over once the later one is. */
static enum view_verdict view_on_door(struct view_kiosk *v, const struct view_rules *r,
                                      const struct message *m)
{
    struct view_press *p = &v->press;
    bool again = m->kind == p->kind && alert_id_equal(&m->id, &p->id) && strcmp(m->at, p->at) == 0;
    p->lifted = m->kind == MSG_NOTHING;
    if (p->lifted || (again && p->over))
        return VIEW_ACCEPTED;
    if (m->kind == MSG_DURESS && !(again && v->duress))
        latch(&v->dangered, m);
    v->duress = v->duress || m->kind == MSG_DURESS;
    if (again)
        return VIEW_ACCEPTED;
    *p = (struct view_press){.kind = m->kind, .id = m->id, .epoch = m->epoch, .seq = m->seq};
    memcpy(p->at, m->at, sizeof p->at);
    return r->staff ? VIEW_TOLD : VIEW_ACCEPTED;
}

/* Staff are told whenever more than before need help. */
static enum view_verdict view_on_counts(struct view_kiosk *v, const struct view_rules *r,
                                        const struct message *m)
{
    bool same = alert_id_equal(&v->help_id, &m->id);
    bool more = m->help > (same ? v->help : 0);
    v->help_id = m->id;
    v->help = m->help;
    return more && r->staff ? VIEW_TOLD : VIEW_ACCEPTED;
}

/* What a proof covers is over, also for whoever plays it again later. */
static void view_remember_proof(struct view_kiosk *v, const struct view_message *w)
{
    static const struct alert_id none;
    const struct view_latch *p = &v->proved;
    bool newer = alert_id_equal(&p->id, &none) || w->proved_epoch > p->epoch ||
                 (w->proved_epoch == p->epoch && w->proved_seq > p->seq);
    if (!w->proved || is_ahead(w))
        return;
    view_late_is_known(v, &w->proved_id);
    if (newer)
        v->proved =
            (struct view_latch){.id = w->proved_id, .epoch = w->proved_epoch, .seq = w->proved_seq};
}

static enum view_verdict on_state_change(struct view_kiosk *v, const struct view_rules *r,
                                         const struct view_message *w, int64_t age, int64_t now)
{
    const struct message *m = w->message;
    view_remember_proof(v, w);
    if (view_begins(m) && view_is_rooted(v, m, age))
        return VIEW_ACCEPTED;
    if (v->duress && covers(w, &v->dangered)) {
        v->duress = false;
        v->press.over = v->press.over || v->press.kind == MSG_DURESS;
    }
    switch (m->kind) {
    case MSG_LOCKDOWN:
        return view_state(v, r, w, ALERT_LOCKDOWN, false, now);
    case MSG_CAUTION:
        return view_state(v, r, w, ALERT_CAUTION, false, now);
    case MSG_ALL_CLEAR:
        return on_all_clear(v, r, w, now);
    case MSG_CODE:
    case MSG_DURESS:
    case MSG_NOTHING:
        return view_on_door(v, r, m);
    case MSG_COUNTS:
        return view_on_counts(v, r, m);
    case MSG_STATE: {
        enum view_verdict verdict = view_state(v, r, w, m->state, m->unconfirmed, now);
        return verdict == VIEW_REPEATED ? VIEW_ACCEPTED : verdict; /* sent again every minute */
    }
    default:
        return r->staff ? VIEW_TOLD : VIEW_ACCEPTED; /* notices */
    }
}

static bool tells_state(enum message_kind k)
{
    return k <= MSG_ALL_CLEAR || k == MSG_STATE;
}

/* How old the message is at most; -1: not known. */
static int64_t view_age(struct view_kiosk *v, const struct view_rules *r,
                        const struct view_message *w, int64_t now)
{
    const struct message *m = w->message;
    if (r->plain && !w->retained)
        return 0;
    int64_t age = -1;
    if (tells_state(m->kind) || m->kind == MSG_BEAT)
        age = freshness_age(&v->fresh, m->epoch, (int64_t)m->up_ms * NS_PER_MS, now);
    return age >= 0 ? age : w->wall_age;
}

/* Sent at the same time as, or after, what is known already. */
static void view_date_state(struct view_kiosk *v, int64_t sent)
{
    if (v->state_at == NS_NEVER || sent > v->state_at)
        v->state_at = sent;
}

static void view_on_beat(struct view_kiosk *v, const struct message *m, int64_t now)
{
    struct freshness_beat b = {.epoch = m->epoch,
                               .up = (int64_t)m->up_ms * NS_PER_MS,
                               .echo = m->echo,
                               .echo_count = m->echo_count};
    memcpy(b.newest, m->newest, sizeof b.newest);
    freshness_beat(&v->fresh, &b, now);
    if (!v->undated)
        return;
    int64_t age =
        freshness_age(&v->fresh, v->undated_epoch, (int64_t)v->undated_up_ms * NS_PER_MS, now);
    v->undated = age < 0;
    if (age >= 0)
        view_date_state(v, now - age);
}

static void view_note_group(struct view_kiosk *v, const struct message *m, int64_t now)
{
    if (tells_state(m->kind))
        freshness_got(&v->fresh, FRESHNESS_STATE, m->epoch, m->seq, now);
    else if (changes_state(m->kind))
        freshness_got(&v->fresh, FRESHNESS_STAFF, m->epoch, m->seq, now);
}

static bool alarms(const struct message *m)
{
    bool alert = m->kind == MSG_LOCKDOWN || m->kind == MSG_CAUTION ||
                 (m->kind == MSG_STATE && m->state != ALERT_QUIET);
    return alert && !m->drill;
}

static bool is_of(const struct view_latch *l, const struct message *m)
{
    return memcmp(&l->id, &m->id, sizeof m->id) == 0;
}

static bool is_ended(const struct view_kiosk *v, const struct message *m)
{
    return is_of(&v->proved, m) || m->epoch < v->proved.epoch ||
           (m->epoch == v->proved.epoch && m->seq <= v->proved.seq);
}

static enum alert_state state_said(const struct message *m)
{
    if (m->kind == MSG_STATE)
        return m->state;
    return m->kind == MSG_CAUTION ? ALERT_CAUTION : ALERT_LOCKDOWN;
}

/* An alarm that its epoch or seq alone would refuse: more than what is active counts. */
static enum view_verdict view_out_of_order(struct view_kiosk *v, const struct view_rules *r,
                                           const struct view_message *w, int64_t age, int64_t now)
{
    const struct message *m = w->message;
    bool more = v->drill || state_said(m) > v->state;
    if (!alarms(m) || !more || is_ended(v, m) || view_is_rooted(v, m, age) || was_shown(v, &m->id))
        return VIEW_OLD;
    if (view_is_fresh(age)) {
        view_date_state(v, now - age);
        return view_state(v, r, w, state_said(m), m->unconfirmed, now);
    }
    bool called = v->called_at != NS_NEVER && now - v->called_at < VIEW_LATE_EVERY;
    bool again = is_of(&v->late, m);
    latch(&v->late, m);
    v->late_at = now;
    if (called || again)
        return VIEW_OLD;
    v->called_at = now;
    return VIEW_LATE;
}

static void view_date(struct view_kiosk *v, const struct message *m, int64_t age, int64_t now)
{
    v->undated = age < 0;
    v->undated_epoch = m->epoch;
    v->undated_up_ms = m->up_ms;
    if (age >= 0)
        view_date_state(v, now - age);
}

/* After a silence, or once messages were held back, what is known is not the newest for certain. */
static void view_catch_up(struct view_kiosk *v, bool interrupted)
{
    v->behind = (v->behind || interrupted) && freshness_lacks(&v->fresh, FRESHNESS_STATE, v->epoch);
}

/* A sign of life has come, of this age; -1: not known. */
static void view_note_life(struct view_kiosk *v, const struct view_rules *r, int64_t age,
                           int64_t now)
{
    if (age >= 0)
        v->doubted_at = NS_NEVER;
    else if (v->doubted_at == NS_NEVER || !ns_within(v->received_at, r->lost_after, now))
        v->doubted_at = now;
    v->received_at = now;
    if (age >= 0)
        view_catch_up(v, !ns_within(v->life_at, r->lost_after, now));
    if (age >= 0 && (v->life_at == NS_NEVER || now - age > v->life_at))
        v->life_at = now - age;
}

/* A proof has no date, so one by a revoked account is worth nothing, whenever it was made. */
static struct view_message view_believed(const struct view_kiosk *v, const struct view_message *w)
{
    struct view_message one = *w;
    one.proved = w->proved && !root_word_revokes(&v->root, w->proved_account);
    return one;
}

enum view_verdict view_step(struct view_kiosk *v, const struct view_rules *r,
                            const struct view_message *came, int64_t now)
{
    const struct view_message believed = view_believed(v, came), *w = &believed;
    const struct message *m = w->message;
    if (v->retired)
        return VIEW_DISOWNED;
    bool no_news = m->kind == MSG_ONLINE && w->retained; /* sent at an unknown time */
    if (m->kind >= MSG_RETIRED || no_news)
        return VIEW_ACCEPTED;
    v->fresh.groups[FRESHNESS_STAFF].reads = r->staff;
    bool held = freshness_held(&v->fresh, now);
    if (m->kind == MSG_BEAT)
        view_on_beat(v, m, now);
    view_note_group(v, m, now);
    view_catch_up(v, held);
    int64_t age = view_age(v, r, w, now);
    enum view_verdict verdict = pass_marks(v, m);
    if (verdict == VIEW_OLD)
        return view_out_of_order(v, r, w, age, now);
    if (verdict != VIEW_ACCEPTED)
        return verdict;
    if (!w->retained && m->kind != MSG_LOST)
        view_note_life(v, r, age, now);
    if (!changes_state(m->kind))
        return VIEW_ACCEPTED;
    if (tells_state(m->kind))
        view_date(v, m, age, now);
    return on_state_change(v, r, w, age, now);
}
