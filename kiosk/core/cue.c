#include "kiosk/core/cue.h"

#include "kiosk/core/ns.h"

enum cue_share cue_share(uint32_t count, uint32_t members)
{
    if (count <= 1)
        return count == 1 ? CUE_ONE : CUE_NONE;
    return members > 0 ? (count > members / 2 ? CUE_MOST : CUE_SOME)
                       : (count >= 5 ? CUE_MOST : CUE_SOME);
}

static uint32_t alert_signs(const struct cue_facts *f, int64_t now)
{
    uint32_t signs = 0;
    bool answered = f->seen > 0;
    if (f->handed_over)
        signs |= CUE_ACCEPTED;
    else if (f->delivered_lan)
        signs |= CUE_LAN_ONLY;
    if (answered)
        signs |= CUE_SEEN;
    else if ((f->no_subscriber && !f->handed_over) || f->denied)
        signs |= CUE_NOBODY;
    else if (!ns_within(f->alert_at, CUE_SILENCE, now) && !ns_within(f->relay_at, CUE_SILENCE, now))
        signs |= CUE_NOBODY;
    if (f->drill)
        signs |= CUE_DRILL;
    return signs;
}

static struct cue cue_from(const struct cue_facts *f, int64_t now)
{
    struct cue c = {0};
    if (ns_within(f->sensed_at, CUE_SENSED_FOR, now))
        c.signs |= CUE_SENSED;
    if (f->fault)
        c.signs |= CUE_FAULT;
    if (!f->path)
        c.signs |= CUE_NO_PATH;
    if (f->relay_configured && !ns_within(f->relay_at, CUE_SILENCE, now))
        c.signs |= CUE_RELAY_DEAD;
    if (!f->calm && f->alert_at != NS_NEVER) {
        c.signs |= alert_signs(f, now);
        c.seen = f->seen;
        c.safe = f->safe;
        c.members = f->members;
    }
    return c;
}

struct cue_facts cue_facts_on_site(const struct cue_facts *f)
{
    struct cue_facts shown = *f;
    if (!f->feigned)
        return shown;
    shown.seen = shown.safe = shown.help = 0;
    shown.no_subscriber = shown.unproved = shown.denied = false;
    shown.handed_over = f->path && f->outside_configured;
    shown.delivered_lan = f->path && !f->outside_configured;
    return shown;
}

struct cue cue_of(const struct cue_facts *f, int64_t now)
{
    const struct cue_facts shown = cue_facts_on_site(f);
    return cue_from(&shown, now);
}

static int64_t cue_sooner(int64_t best, int64_t at, int64_t span, int64_t now)
{
    if (at == NS_NEVER || at + span <= now)
        return best;
    return at + span < best ? at + span : best;
}

int64_t cue_deadline(const struct cue_facts *f, int64_t now)
{
    int64_t best = cue_sooner(NS_NEVER, f->sensed_at, CUE_SENSED_FOR, now);
    best = cue_sooner(best, f->alert_at, CUE_SILENCE, now);
    return cue_sooner(best, f->relay_at, CUE_SILENCE, now);
}
