#include "kiosk/core/view.h"

#include "kiosk/core/ns.h"

#include <string.h>

void view_init(struct view_kiosk *v)
{
    *v = (struct view_kiosk){.press = {.kind = MSG_NOTHING},
                             .linked_at = NS_NEVER,
                             .life_at = NS_NEVER,
                             .state_at = NS_NEVER,
                             .clear_at = NS_NEVER};
}

void view_link(struct view_kiosk *v, bool linked, int64_t now)
{
    if (v->linked == linked)
        return;
    v->linked = linked;
    v->linked_at = now;
    v->life_at = NS_NEVER;
}

void view_retire(struct view_kiosk *v)
{
    v->retired = true;
}

/* --- newer or older ------------------------------------------------------------------------- */

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
    return changes_state(k) ? &v->told_next : &v->live_next;
}

/* Judges epoch and seq and moves the marks. VIEW_HEARD: it is new. */
static enum view_verdict pass_marks(struct view_kiosk *v, const struct message *m)
{
    if (m->epoch < v->epoch)
        return VIEW_OLD;
    if (m->epoch > v->epoch) {
        v->epoch = m->epoch;
        v->told_next = v->live_next = v->notice_next = v->door_next = v->connection = 0;
    }
    if (m->kind == MSG_ONLINE || m->kind == MSG_LOST) {
        if (m->connection < v->connection)
            return VIEW_OLD;
        v->connection = m->connection;
    }
    if (m->kind == MSG_LOST)
        return VIEW_HEARD;
    uint64_t *mark = mark_of(v, m->kind);
    if (m->seq < *mark)
        return m->seq + 1 == *mark ? VIEW_REPEATED : VIEW_OLD;
    *mark = m->seq + 1;
    if (m->seq + 1 > v->live_next)
        v->live_next = m->seq + 1;
    return VIEW_HEARD;
}

/* --- the state ------------------------------------------------------------------------------ */

static bool view_in_lockdown(const struct view_kiosk *v)
{
    return v->state == ALERT_LOCKDOWN && !v->drill;
}

/* Whether the staff phone's proof covers what is latched: this very alert, or anything up to the
 * state that the phone was showing. No phone can have shown a state that this message is older
 * than. */
static bool covers(const struct view_message *w, const struct view_latch *l)
{
    const struct message *m = w->message;
    bool ahead =
        w->proved_epoch > m->epoch || (w->proved_epoch == m->epoch && w->proved_seq >= m->seq);
    if (!w->proved || ahead)
        return false;
    if (memcmp(&w->proved_id, &l->id, sizeof l->id) == 0)
        return true;
    return w->proved_epoch > l->epoch || (w->proved_epoch == l->epoch && w->proved_seq >= l->seq);
}

static void latch(struct view_latch *l, const struct message *m)
{
    *l = (struct view_latch){.id = m->id, .epoch = m->epoch, .seq = m->seq};
}

static enum view_verdict view_begin(struct view_kiosk *v, const struct message *m,
                                    enum alert_state state, bool unconfirmed)
{
    bool same = v->state == state && v->drill == m->drill &&
                memcmp(&v->alert.id, &m->id, sizeof m->id) == 0;
    if (!same)
        latch(&v->alert, m);
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
        return VIEW_HEARD;
    if (!v->drill)
        v->clear_at = now;
    v->state = ALERT_QUIET;
    v->drill = v->unconfirmed = false;
    return VIEW_TOLD;
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

static enum view_verdict on_all_clear(struct view_kiosk *v, const struct view_rules *r,
                                      const struct view_message *w, int64_t now)
{
    if (strcmp(w->message->detail, "unconfirmed") == 0) {
        if (v->state == ALERT_QUIET || v->drill || v->unconfirmed)
            return VIEW_HEARD;
        v->unconfirmed = true;
        return VIEW_TOLD;
    }
    if (w->message->drill && !v->drill)
        return VIEW_HEARD; /* the end of a drill that a real alert has replaced */
    return view_state(v, r, w, ALERT_QUIET, false, now);
}

/* Staff are told of each press once, however often the kiosk repeats it. */
static enum view_verdict view_on_door(struct view_kiosk *v, const struct view_rules *r,
                                      const struct message *m)
{
    struct view_press press = {.kind = m->kind, .id = m->id};
    memcpy(press.at, m->at, sizeof press.at);
    bool news = m->kind != MSG_NOTHING &&
                (press.kind != v->press.kind || memcmp(&press.id, &v->press.id, sizeof press.id) ||
                 strcmp(press.at, v->press.at) != 0);
    if (m->kind == MSG_DURESS && !v->duress)
        latch(&v->dangered, m);
    v->duress = v->duress || m->kind == MSG_DURESS;
    v->press = press;
    return news && r->staff ? VIEW_TOLD : VIEW_HEARD;
}

static enum view_verdict on_state_change(struct view_kiosk *v, const struct view_rules *r,
                                         const struct view_message *w, int64_t now)
{
    const struct message *m = w->message;
    if (v->duress && covers(w, &v->dangered))
        v->duress = false;
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
    case MSG_STATE: {
        enum view_verdict verdict = view_state(v, r, w, m->state, m->unconfirmed, now);
        return verdict == VIEW_REPEATED ? VIEW_HEARD : verdict; /* sent again every minute */
    }
    default:
        return r->staff ? VIEW_TOLD : VIEW_HEARD; /* notices */
    }
}

/* A retained message is as old as its date says; without a date it is at least no older than what
 * it follows. */
static void date_state(struct view_kiosk *v, const struct view_message *w, int64_t now)
{
    if (!w->retained)
        v->state_at = now;
    else if (w->wall_age >= 0 && (v->state_at == NS_NEVER || now - w->wall_age > v->state_at))
        v->state_at = now - w->wall_age;
}

enum view_verdict view_step(struct view_kiosk *v, const struct view_rules *r,
                            const struct view_message *w, int64_t now)
{
    const struct message *m = w->message;
    if (v->retired)
        return VIEW_DISOWNED;
    bool no_news = m->kind == MSG_ONLINE && w->retained; /* sent at an unknown time */
    if (m->kind >= MSG_RETIRED || no_news)
        return VIEW_HEARD;
    enum view_verdict verdict = pass_marks(v, m);
    if (verdict != VIEW_HEARD)
        return verdict;
    if (!w->retained && m->kind != MSG_LOST)
        v->life_at = now;
    if (!changes_state(m->kind))
        return VIEW_HEARD;
    if (m->kind <= MSG_ALL_CLEAR || m->kind == MSG_STATE)
        date_state(v, w, now);
    return on_state_change(v, r, w, now);
}

/* --- what is shown -------------------------------------------------------------------------- */

static bool view_within(int64_t at, int64_t span, int64_t now)
{
    return at != NS_NEVER && now - at < span;
}

static enum view_show show_of(const struct view_kiosk *v, const struct view_rules *r,
                              const struct view_shown *s, int64_t now)
{
    if (v->retired)
        return VIEW_RETIRED;
    if (v->state != ALERT_QUIET && !v->drill) {
        if (v->unconfirmed)
            return VIEW_UNCONFIRMED;
        return v->state == ALERT_LOCKDOWN ? VIEW_LOCKDOWN : VIEW_CAUTION;
    }
    if (!v->linked)
        return VIEW_UNKNOWN;
    if (s->silent) {
        bool listening = v->life_at == NS_NEVER && view_within(v->linked_at, r->lost_after, now);
        return listening ? VIEW_UNKNOWN : VIEW_LOST;
    }
    if (s->stale)
        return VIEW_UNKNOWN;
    if (v->drill)
        return VIEW_DRILL;
    return view_within(v->clear_at, r->all_clear_lasts, now) ? VIEW_ALL_CLEAR : VIEW_QUIET;
}

struct view_shown view_look(const struct view_kiosk *v, const struct view_rules *r, int64_t now)
{
    struct view_shown s = {
        .duress = v->duress && r->staff,
        .code = v->press.kind == MSG_CODE && !v->duress && r->staff,
        .drill = v->drill,
        .silent = !v->linked || !view_within(v->life_at, r->lost_after, now),
        .stale = !view_within(v->state_at, r->stale_after, now),
    };
    s.show = show_of(v, r, &s, now);
    return s;
}

enum view_show view_worst(const enum view_show *shows, size_t count)
{
    size_t retired = 0;
    enum view_show worst = VIEW_QUIET;
    for (size_t i = 0; i < count; i++) {
        if (shows[i] == VIEW_RETIRED)
            retired++;
        else if (shows[i] > worst)
            worst = shows[i];
    }
    if (count == 0)
        return VIEW_UNKNOWN;
    return retired == count ? VIEW_RETIRED : worst;
}

const char *view_show_name(enum view_show s)
{
    static const char *const names[] = {
        [VIEW_QUIET] = "quiet",       [VIEW_ALL_CLEAR] = "all-clear",
        [VIEW_DRILL] = "drill",       [VIEW_RETIRED] = "retired",
        [VIEW_UNKNOWN] = "unknown",   [VIEW_LOST] = "lost",
        [VIEW_CAUTION] = "caution",   [VIEW_UNCONFIRMED] = "unconfirmed",
        [VIEW_LOCKDOWN] = "lockdown",
    };
    return (size_t)s < sizeof names / sizeof names[0] ? names[s] : "unknown";
}

const char *view_verdict_name(enum view_verdict v)
{
    static const char *const names[] = {
        [VIEW_HEARD] = "heard", [VIEW_TOLD] = "told",         [VIEW_REPEATED] = "repeated",
        [VIEW_OLD] = "old",     [VIEW_UNPROVED] = "unproved", [VIEW_DISOWNED] = "disowned",
    };
    return (size_t)v < sizeof names / sizeof names[0] ? names[v] : "unknown";
}
