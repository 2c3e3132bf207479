#include "kiosk/relay/ring_policy.h"

#include "kiosk/core/ns.h"

void ring_policy_init(struct ring_policy *w, size_t count, int64_t blind, int64_t now)
{
    *w = (struct ring_policy){
        .rules = {.lost_after = VIEW_LOST_AFTER,
                  .stale_after = VIEW_STALE_AFTER,
                  .all_clear_lasts = VIEW_ALL_CLEAR_LASTS},
        .blind = blind,
        .count = count,
        .unlinked_at = now,
    };
    for (size_t i = 0; i < count; i++) {
        view_init(&w->kiosks[i].view);
        w->kiosks[i].rung_at = NS_NEVER;
    }
}

void ring_policy_link(struct ring_policy *w, bool linked, int64_t now)
{
    if (w->linked == linked)
        return;
    w->linked = linked;
    w->blind_rung = false;
    w->unlinked_at = now;
    for (size_t i = 0; i < w->count; i++)
        view_link(&w->kiosks[i].view, linked, now);
}

/* Whether what is shown now is worth a locked phone's ring. */
static bool rings(enum view_show show)
{
    return show == VIEW_LOCKDOWN || show == VIEW_CAUTION || show == VIEW_DRILL ||
           show == VIEW_ALL_CLEAR;
}

enum ring_policy_ring ring_policy_word(struct ring_policy *w, size_t i,
                                       const struct view_message *word, int64_t now)
{
    struct view_kiosk *v = &w->kiosks[i].view;

    if (view_step(v, &w->rules, word, now) != VIEW_TOLD)
        return RING_POLICY_NOTHING;
    /* A retained drill is no sign of life, so that the view calls it unknown: it rings all the
     * same. */
    bool drill = v->drill && v->state != ALERT_QUIET;
    return drill || rings(view_look(v, &w->rules, now).show) ? RING_POLICY_ALERT
                                                             : RING_POLICY_NOTHING;
}

void ring_policy_retire(struct ring_policy *w, size_t i)
{
    view_retire(&w->kiosks[i].view);
}

/* Silent, and not rung for this silence yet: it may wait for the last one's ring to be old enough,
 * but it rings if it lasts. */
static bool silence_rings(struct ring_policy *w, struct ring_policy_kiosk *k, int64_t now)
{
    if (view_look(&k->view, &w->rules, now).show != VIEW_LOST) {
        k->rung = false;
        return false;
    }
    if (k->rung || (k->rung_at != NS_NEVER && now - k->rung_at < RING_POLICY_SILENCE_EVERY))
        return false;
    k->rung = true;
    k->rung_at = now;
    return true;
}

enum ring_policy_ring ring_policy_tick(struct ring_policy *w, int64_t now)
{
    for (size_t i = 0; i < w->count; i++)
        if (silence_rings(w, &w->kiosks[i], now))
            return RING_POLICY_SILENT;
    if (!w->linked && !w->blind_rung && w->blind > 0 && now - w->unlinked_at >= w->blind) {
        w->blind_rung = true;
        return RING_POLICY_BLIND;
    }
    return RING_POLICY_NOTHING;
}

/* When to ring because this kiosk is silent; NS_NEVER: that was done, or it is not listened to. */
static int64_t silence_at(const struct ring_policy *w, const struct ring_policy_kiosk *k,
                          int64_t now)
{
    const struct view_kiosk *v = &k->view;
    int64_t lost_at = (v->life_at == NS_NEVER ? v->linked_at : v->life_at) + w->rules.lost_after;
    if (!v->linked || v->retired)
        return NS_NEVER;
    if (now < lost_at)
        return lost_at;
    if (k->rung || view_look(v, &w->rules, now).show != VIEW_LOST)
        return NS_NEVER;
    return k->rung_at == NS_NEVER ? lost_at : k->rung_at + RING_POLICY_SILENCE_EVERY;
}

int64_t ring_policy_deadline(const struct ring_policy *w, int64_t now)
{
    bool blind = !w->linked && !w->blind_rung && w->blind > 0;
    int64_t next = blind ? w->unlinked_at + w->blind : NS_NEVER;
    for (size_t i = 0; i < w->count; i++) {
        int64_t at = silence_at(w, &w->kiosks[i], now);
        next = at < next ? at : next;
    }
    return next;
}
