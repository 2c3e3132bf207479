#include "kiosk/core/ns.h"
#include "kiosk/core/view.h"

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
        bool listening = v->life_at == NS_NEVER && ns_within(v->linked_at, r->lost_after, now);
        return listening ? VIEW_UNKNOWN : VIEW_LOST;
    }
    if (s->held)
        return VIEW_LOST;
    if (s->stale || v->behind || s->late)
        return VIEW_UNKNOWN;
    if (v->drill)
        return VIEW_DRILL;
    return ns_within(v->clear_at, r->all_clear_lasts, now) ? VIEW_ALL_CLEAR : VIEW_QUIET;
}

bool view_wants_ping(const struct view_kiosk *v, const struct view_rules *r, int64_t now)
{
    bool lost = r->staff && !ns_within(v->life_at, r->lost_after, now);
    return v->linked && freshness_wants(&v->fresh, lost ? UINT64_MAX : v->epoch, now);
}

struct view_shown view_look(const struct view_kiosk *v, const struct view_rules *r, int64_t now)
{
    struct view_shown s = {
        .duress = v->duress && r->staff,
        .code = v->press.kind == MSG_CODE && !v->press.over && !v->press.lifted && !v->duress &&
                r->staff,
        .drill = v->drill,
        .silent = !v->linked || !ns_within(v->life_at, r->lost_after, now),
        .stale = !ns_within(v->state_at, r->stale_after, now),
        .held = v->linked && freshness_held(&v->fresh, now),
        .late = ns_within(v->late_at, r->all_clear_lasts, now),
    };
    bool comes = v->linked && s.silent && ns_within(v->received_at, r->lost_after, now);
    s.undated = comes && ns_within(v->doubted_at, r->lost_after, now);
    s.delayed = comes && !s.undated;
    s.show = show_of(v, r, &s, now);
    s.rooted = v->rooted && s.show == VIEW_ALL_CLEAR;
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
        [VIEW_ACCEPTED] = "accepted", [VIEW_TOLD] = "told",         [VIEW_REPEATED] = "repeated",
        [VIEW_OLD] = "old",           [VIEW_UNPROVED] = "unproved", [VIEW_DISOWNED] = "disowned",
        [VIEW_LATE] = "late",
    };
    return (size_t)v < sizeof names / sizeof names[0] ? names[v] : "unknown";
}
