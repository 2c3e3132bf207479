#include "kiosk/relay/ring_policy.h"

#include "kiosk/core/ns.h"

#include <string.h>

/* Ten years: no alert is older, whatever a clock says. */
#define KEPT_AGE_MOST (INT64_C(3650) * 86400)

void ring_policy_init(struct ring_policy *w, size_t count, int64_t blind, int64_t again,
                      int64_t now)
{
    static const bool reads[FRESHNESS_GROUPS] = {[FRESHNESS_RING] = true};
    *w = (struct ring_policy){
        .blind = blind, .again = again, .count = count, .linked_at = NS_NEVER, .unlinked_at = now};
    for (size_t i = 0; i < count; i++) {
        struct ring_policy_kiosk *k = &w->kiosks[i];
        freshness_init(&k->fresh, reads);
        k->life_at = k->asked_since = k->late_at = k->rung_at = k->again_ends = NS_NEVER;
        k->staff_at = k->alive_at = NS_NEVER;
    }
}

void ring_policy_resume(struct ring_policy *w, size_t i, struct freshness_mark top, int64_t late_at)
{
    w->kiosks[i].top = top;
    w->kiosks[i].late_at = late_at;
}

void ring_policy_link(struct ring_policy *w, bool linked, int64_t now)
{
    if (w->linked == linked)
        return;
    w->linked = linked;
    w->blind_rung = false;
    w->unlinked_at = w->linked_at = now;
    for (size_t i = 0; i < w->count; i++) {
        w->kiosks[i].life_at = w->kiosks[i].asked_since = NS_NEVER;
        freshness_linked(&w->kiosks[i].fresh, now);
    }
}

void ring_policy_ask(struct ring_policy *w, size_t i, const uint8_t nonce[FRESHNESS_NONCE],
                     int64_t now)
{
    struct ring_policy_kiosk *k = &w->kiosks[i];
    freshness_ask(&k->fresh, nonce, now);
    if (k->asked_since == NS_NEVER)
        k->asked_since = now;
}

enum ring_policy_ring ring_policy_root(struct ring_policy *w, size_t i,
                                       const struct root_word *said,
                                       const uint8_t public[ENVELOPE_PUBLIC])
{
    struct ring_policy_kiosk *k = &w->kiosks[i];
    if (!root_word_join(&k->root, said))
        return RING_POLICY_NOTHING;
    k->retired = root_word_retires(&k->root, public);
    if (k->retired)
        k->again_ends = k->staff_at = NS_NEVER;
    if (!k->known || !k->on || !root_word_ends(&k->root, &k->id, k->ring_epoch, k->ring_seq))
        return RING_POLICY_NOTHING;
    k->on = false;
    k->again_ends = NS_NEVER;
    return RING_POLICY_ALERT;
}

/* The kiosk may go on asking for an alert that the root key's message has ended. */
static bool ring_policy_is_over(const struct ring_policy_kiosk *k, const struct alert_id *id)
{
    return k->root.ended && alert_id_equal(&k->root.id, id);
}

/* --- signs of life --------------------------------------------------------------------------- */

/* A beat's age by the echo of a ping. Where no ping was answered yet, it is believed until the
 * first has waited for too long. */
static bool beat_is_fresh(struct ring_policy_kiosk *k, const struct message *m, int64_t now)
{
    int64_t age = freshness_age(&k->fresh, m->epoch, (int64_t)m->up_ms * NS_PER_MS, now);
    if (age >= 0)
        return age < FRESHNESS_LATE;
    return k->asked_since == NS_NEVER || now - k->asked_since < FRESHNESS_LATE;
}

/* How old the retained ring is by the clock of the kiosk that sent it, right or wrong, and not more
 * than that kiosk has run; 0 where nothing says it. A relay's own clock is not asked. */
static int64_t kept_age(const struct ring_policy_kiosk *k, const struct message *beat, int64_t at)
{
    int64_t s = k->kept_at > 0 && at > k->kept_at ? at - k->kept_at : 0;
    int64_t age = (s < KEPT_AGE_MOST ? s : KEPT_AGE_MOST) * NS_PER_S;
    int64_t up = (int64_t)beat->up_ms * NS_PER_MS;
    return beat->epoch == k->ring_epoch && up < age ? up : age;
}

/* A beat dates the retained ring: whether staff, who wait for that, are rung now. */
static bool kept_is_dated(struct ring_policy_kiosk *k, const struct message *beat, int64_t at)
{
    bool waits = k->staff_at != NS_NEVER;
    int64_t age = k->undated || waits ? kept_age(k, beat, at) : 0;
    if (k->undated && k->again_ends != NS_NEVER)
        k->again_ends -= age;
    k->undated = false;
    k->staff_at = NS_NEVER;
    return waits && age <= RING_POLICY_STAFF_FOR;
}

static enum ring_policy_ring ring_policy_on_beat(struct ring_policy_kiosk *k,
                                                 const struct message *m, int64_t at, int64_t now)
{
    struct freshness_beat b = {.epoch = m->epoch,
                               .up = (int64_t)m->up_ms * NS_PER_MS,
                               .echo = m->echo,
                               .echo_count = m->echo_count};
    int64_t asked = k->fresh.asked;
    memcpy(b.newest, m->newest, sizeof b.newest);
    freshness_beat(&k->fresh, &b, now);
    if (k->fresh.asked == NS_NEVER)
        k->asked_since = NS_NEVER;
    if (asked != NS_NEVER && k->fresh.asked == NS_NEVER) {
        k->alive_epoch = m->epoch;
        k->alive_at = asked;
    }
    /* A kiosk that lost its record starts with a lower epoch. An echo shows that it is alive. */
    bool known = freshness_age(&k->fresh, m->epoch, b.up, now) >= 0;
    bool newer = m->epoch > k->epoch || (m->epoch == k->epoch && m->seq >= k->next);
    if ((!newer && !(known && m->epoch < k->epoch)) || !beat_is_fresh(k, m, now))
        return RING_POLICY_NOTHING;
    k->epoch = m->epoch;
    k->next = m->seq + 1;
    k->life_at = now;
    return kept_is_dated(k, m, at) ? RING_POLICY_STAFF : RING_POLICY_NOTHING;
}

static bool ring_policy_is_lost(const struct ring_policy *w, const struct ring_policy_kiosk *k,
                                int64_t now)
{
    int64_t since = k->life_at == NS_NEVER ? w->linked_at : k->life_at;
    return w->linked && !k->retired && now - since >= RING_POLICY_LOST_AFTER;
}

static bool ring_policy_is_held(const struct ring_policy *w, const struct ring_policy_kiosk *k,
                                int64_t now)
{
    return w->linked && !k->retired && freshness_held(&k->fresh, now);
}

/* --- what the kiosk asks for ----------------------------------------------------------------- */

/* Whether this is the first time; an empty id never is. */
static bool first_for(struct alert_id rung[RING_POLICY_RUNG], const struct alert_id *id)
{
    if (alert_id_is_none(id))
        return false;
    for (size_t i = 0; i < RING_POLICY_RUNG; i++)
        if (alert_id_equal(&rung[i], id))
            return false;
    memmove(rung + 1, rung, (RING_POLICY_RUNG - 1) * sizeof *id);
    rung[0] = *id;
    return true;
}

/* Of the alert that is on from now on. */
static void again_begin(const struct ring_policy *w, struct ring_policy_kiosk *k, int64_t now)
{
    if (w->again <= 0)
        return;
    k->again_ends = now + RING_POLICY_AGAIN_ENDS * w->again;
    k->again_pause = w->again;
    k->again_at = now + k->again_pause;
    k->topics_pause = RING_POLICY_TOPIC_FIRST * w->again;
    k->topics_at = now + k->topics_pause;
}

/* After k->on and k->id; `other`: the alert that is on is not the one before. */
static void again_follow(const struct ring_policy *w, struct ring_policy_kiosk *k, bool other,
                         int64_t now)
{
    if (!k->on)
        k->again_ends = NS_NEVER;
    else if (other)
        again_begin(w, k, now);
}

/* Its epoch or place in it is not the newest, but its signature is good. */
static enum ring_policy_ring ring_policy_on_old(struct ring_policy_kiosk *k,
                                                const struct message *m, int64_t now)
{
    bool again = m->epoch == k->ring_epoch && m->seq == k->ring_seq;
    if (again || !m->on || ring_policy_is_over(k, &m->id) ||
        (k->late_at != NS_NEVER && now - k->late_at < RING_POLICY_LATE_EVERY) ||
        !first_for(k->rung_for, &m->id))
        return RING_POLICY_NOTHING;
    k->late_at = now;
    return RING_POLICY_ALERT;
}

/* Whether this is the newest ring of an earlier run, and the first of this one. */
static bool ring_is_resumed(const struct ring_policy_kiosk *k, const struct message *m)
{
    return !k->known && m->epoch == k->top.epoch && m->seq == k->top.seq;
}

/* Whether this is what the kiosk asks for now. */
static bool ring_is_newest(const struct ring_policy_kiosk *k, const struct message *m)
{
    struct freshness_mark mark = {m->epoch, m->seq};
    if (freshness_mark_before(&k->top, &mark) || ring_is_resumed(k, m))
        return true;
    if (k->known && m->epoch == k->ring_epoch)
        return m->seq > k->ring_seq;
    /* Of a kiosk that lost its record, and was shown to be alive since the newest of all came. */
    return m->epoch == k->epoch && m->epoch == k->alive_epoch && k->alive_at != NS_NEVER &&
           k->alive_at >= k->top_at;
}

static bool staff_is_new(struct ring_policy_kiosk *k, const struct alert_id *id)
{
    bool waits = k->staff_at != NS_NEVER && alert_id_equal(&k->staff, id);
    return !ring_policy_is_over(k, id) && (first_for(k->staff_for, id) || waits);
}

static void ring_policy_place(struct ring_policy_kiosk *k, const struct message *m, int64_t now)
{
    struct freshness_mark mark = {m->epoch, m->seq};
    k->known = true;
    k->ring_epoch = m->epoch;
    k->ring_seq = m->seq;
    if (freshness_mark_before(&k->top, &mark)) {
        k->top = mark;
        k->top_at = now;
    }
}

/* What came now, or waits for a beat to say how old it is. */
static void ring_policy_date(struct ring_policy_kiosk *k, bool other, bool retained, int64_t at)
{
    k->staff_at = NS_NEVER;
    if (other)
        k->undated = retained;
    if (retained)
        k->kept_at = at;
}

/* `at`: when it was sent, seconds since 1970 by the kiosk's clock; 0: not known. */
static enum ring_policy_ring ring_policy_on_ring(const struct ring_policy *w,
                                                 struct ring_policy_kiosk *k,
                                                 const struct message *m, bool retained, int64_t at,
                                                 int64_t now)
{
    freshness_got(&k->fresh, FRESHNESS_RING, m->epoch, m->seq, now);
    if (!ring_is_newest(k, m))
        return ring_policy_on_old(k, m, now);
    retained |= ring_is_resumed(k, m);
    bool on = m->on && !ring_policy_is_over(k, &m->id), ended = k->known && k->on && !on;
    bool begun = on && first_for(k->rung_for, &m->id);
    bool other = on && !(k->known && k->on && alert_id_equal(&k->id, &m->id));
    bool staff = staff_is_new(k, &m->staff);
    ring_policy_place(k, m, now);
    k->on = on;
    k->id = m->id;
    k->staff = m->staff;
    ring_policy_date(k, other, retained, at);
    again_follow(w, k, other, now);
    if (ended || begun)
        return RING_POLICY_ALERT;
    if (staff && retained)
        k->staff_at = now + RING_POLICY_LOST_AFTER;
    return staff && !retained ? RING_POLICY_STAFF : RING_POLICY_NOTHING;
}

enum ring_policy_ring ring_policy_word(struct ring_policy *w, size_t i, const struct message *m,
                                       bool retained, int64_t at, int64_t now)
{
    struct ring_policy_kiosk *k = &w->kiosks[i];
    if (k->retired)
        return RING_POLICY_NOTHING;
    if (m->kind == MSG_BEAT && !retained)
        return ring_policy_on_beat(k, m, at, now);
    return m->kind == MSG_RING ? ring_policy_on_ring(w, k, m, retained, at, now)
                               : RING_POLICY_NOTHING;
}

/* --- time ------------------------------------------------------------------------------------ */

/* Silent or held back, and not rung for that yet: it may wait for the last one's ring to be old
 * enough, but it rings if it lasts. Who lets go the one while the other goes on hides nothing. */
static bool silence_rings(const struct ring_policy *w, struct ring_policy_kiosk *k, int64_t now)
{
    bool lost = ring_policy_is_lost(w, k, now), held = ring_policy_is_held(w, k, now);
    k->rung_lost = k->rung_lost && lost;
    k->rung_held = k->rung_held && held;
    if (lost == k->rung_lost && held == k->rung_held)
        return false;
    if (k->rung_at != NS_NEVER && now - k->rung_at < RING_POLICY_SILENCE_EVERY)
        return false;
    k->rung_lost = lost;
    k->rung_held = held;
    k->rung_at = now;
    k->staff_at = NS_NEVER; /* all are staff too */
    return true;
}

/* No beat has said how old what staff are asked for is: that is no reason to let them sleep. */
static bool staff_rings(struct ring_policy_kiosk *k, int64_t now)
{
    if (now < k->staff_at)
        return false;
    k->staff_at = NS_NEVER;
    return true;
}

/* When the next is due by this way; NS_NEVER: none is. */
static int64_t again_due(const struct ring_policy_kiosk *k, int64_t at)
{
    return k->again_ends != NS_NEVER && at < k->again_ends ? at : NS_NEVER;
}

static enum ring_policy_ring again_rings(struct ring_policy *w, struct ring_policy_kiosk *k,
                                         int64_t now)
{
    int64_t longest = RING_POLICY_AGAIN_LONGEST * w->again;
    if (now >= again_due(k, k->again_at)) {
        k->again_pause = k->again_pause * 3 / 2 < longest ? k->again_pause * 3 / 2 : longest;
        k->again_at = now + k->again_pause;
        w->again_for = k->id;
        return RING_POLICY_AGAIN;
    }
    if (now >= again_due(k, k->topics_at)) {
        k->topics_pause = RING_POLICY_TOPIC_LONGEST * w->again;
        k->topics_at = now + k->topics_pause;
        return RING_POLICY_TOPICS;
    }
    return RING_POLICY_NOTHING;
}

enum ring_policy_ring ring_policy_tick(struct ring_policy *w, int64_t now)
{
    enum ring_policy_ring again;
    for (size_t i = 0; i < w->count; i++)
        if (silence_rings(w, &w->kiosks[i], now))
            return ring_policy_is_lost(w, &w->kiosks[i], now) ? RING_POLICY_SILENT
                                                              : RING_POLICY_HELD;
    if (!w->linked && !w->blind_rung && w->blind > 0 && now - w->unlinked_at >= w->blind) {
        w->blind_rung = true;
        return RING_POLICY_BLIND;
    }
    for (size_t i = 0; i < w->count; i++)
        if (staff_rings(&w->kiosks[i], now))
            return RING_POLICY_STAFF;
    for (size_t i = 0; i < w->count; i++)
        if ((again = again_rings(w, &w->kiosks[i], now)) != RING_POLICY_NOTHING)
            return again;
    return RING_POLICY_NOTHING;
}

/* When to ring because this kiosk is silent or held back; NS_NEVER: that was done, or it is not
 * listened to. */
static int64_t silence_at(const struct ring_policy *w, const struct ring_policy_kiosk *k,
                          int64_t now)
{
    if (!w->linked || k->retired)
        return NS_NEVER;
    int64_t lost_at = (k->life_at == NS_NEVER ? w->linked_at : k->life_at) + RING_POLICY_LOST_AFTER;
    int64_t held_at = freshness_deadline(&k->fresh);
    if (k->rung_lost && now >= lost_at)
        lost_at = NS_NEVER;
    if (k->rung_held && now >= held_at)
        held_at = NS_NEVER;
    int64_t at = held_at < lost_at ? held_at : lost_at;
    if (now < at)
        return at;
    return k->rung_at == NS_NEVER ? at : k->rung_at + RING_POLICY_SILENCE_EVERY;
}

int64_t ring_policy_deadline(const struct ring_policy *w, int64_t now)
{
    bool blind = !w->linked && !w->blind_rung && w->blind > 0;
    int64_t next = blind ? w->unlinked_at + w->blind : NS_NEVER;
    for (size_t i = 0; i < w->count; i++) {
        const struct ring_policy_kiosk *k = &w->kiosks[i];
        const int64_t all[] = {silence_at(w, k, now), again_due(k, k->again_at),
                               again_due(k, k->topics_at), k->staff_at};
        for (size_t n = 0; n < sizeof all / sizeof all[0]; n++)
            next = all[n] < next ? all[n] : next;
    }
    return next;
}
