#include "kiosk/alertd/outbox.h"

#include "kiosk/core/ns.h"

#include <string.h>

#define ACKED (1u << OUTBOX_ACKED)
#define TAKEN (ACKED | 1u << OUTBOX_NO_SUBSCRIBER | 1u << OUTBOX_UNPROVED)

void outbox_init(struct outbox *o, size_t brokers)
{
    *o = (struct outbox){.brokers = brokers};
}

static void legs_reset(struct outbox_entry *e)
{
    memset(e->leg, 0, sizeof e->leg);
    memset(e->sent_before, 0, sizeof e->sent_before);
}

void outbox_brokers(struct outbox *o, size_t brokers)
{
    o->brokers = brokers;
    for (struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++) {
        if (e->handed_over)
            e->order = 0;
        legs_reset(e);
    }
}

/* The slot for a new entry: its own repeat, a free one, the oldest handed over, the oldest. */
static struct outbox_entry *slot_for(struct outbox *o, const struct alert_action *a)
{
    struct outbox_entry *best = NULL;
    for (struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++) {
        if (e->order != 0 && e->publish == a->publish && alert_id_equal(&e->id, &a->id))
            return e;
        if (!best)
            best = e;
        else if (best->order == 0)
            continue;
        else if (e->order == 0 || (e->handed_over && !best->handed_over) ||
                 (e->handed_over == best->handed_over && e->order < best->order))
            best = e;
    }
    return best;
}

static bool outbox_is_alarm(const struct alert_action *a)
{
    return !a->drill && (a->publish == ALERT_PUB_LOCKDOWN || a->publish == ALERT_PUB_CAUTION ||
                         a->publish == ALERT_PUB_UNCLEAR);
}

/* What a real alarm makes void: calm that was said before it, and a drill with its end. */
static bool ends_by_alarm(const struct outbox_entry *e)
{
    return e->drill || e->publish == ALERT_PUB_ALL_CLEAR || e->publish == ALERT_PUB_UNCONFIRMED;
}

void outbox_add(struct outbox *o, const struct alert_action *a, bool resumed, int64_t at,
                int64_t began)
{
    for (struct outbox_entry *old = o->entries; old < o->entries + OUTBOX_MAX; old++) {
        memset(old->again_at, 0, sizeof old->again_at); /* it may be let through by now */
        if (outbox_is_alarm(a) && ends_by_alarm(old))
            old->order = 0;
    }
    struct outbox_entry *e = slot_for(o, a);
    *e = (struct outbox_entry){.publish = a->publish,
                               .id = a->id,
                               .drill = a->drill,
                               .resumed = resumed,
                               .at = at,
                               .began = began,
                               .order = ++o->orders};
}

/* Whether it has to go to this broker, now or later. */
static bool is_due(const struct outbox *o, const struct outbox_entry *e, size_t broker)
{
    switch (e->leg[broker]) {
    case OUTBOX_UNSENT:
    case OUTBOX_DENIED:
        return e->order != 0;
    case OUTBOX_NO_SUBSCRIBER:
        return e->order == o->orders && !e->handed_over;
    default:
        return false;
    }
}

struct outbox_entry *outbox_next(struct outbox *o, size_t broker, int64_t now)
{
    struct outbox_entry *next = NULL;
    for (struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++) {
        if (e->order == 0 || !is_due(o, e, broker))
            continue;
        if (!next || e->order < next->order)
            next = e;
    }
    bool waits = next && next->leg[broker] != OUTBOX_UNSENT && now < next->again_at[broker];
    return waits ? NULL : next;
}

uint64_t outbox_sent(struct outbox *o, struct outbox_entry *e, size_t broker, int64_t now)
{
    e->leg[broker] = OUTBOX_SENT;
    e->token[broker] = ++o->tokens;
    e->sent_at[broker] = now;
    return e->token[broker];
}

void outbox_unsent(struct outbox_entry *e, size_t broker)
{
    e->leg[broker] = OUTBOX_UNSENT;
    e->sent_before[broker] = true;
}

int64_t outbox_unacked_since(const struct outbox *o, size_t broker)
{
    int64_t since = NS_NEVER;
    for (const struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++)
        if (e->order != 0 && e->leg[broker] == OUTBOX_SENT && e->sent_at[broker] < since)
            since = e->sent_at[broker];
    return since;
}

/* Whether every broker has it, in one of these ways. */
static bool all_have(const struct outbox *o, const struct outbox_entry *e, unsigned ways)
{
    for (size_t k = 0; k < o->brokers; k++)
        if ((1u << e->leg[k] & ways) == 0)
            return false;
    return true;
}

bool outbox_acked(struct outbox *o, size_t broker, bool outside, uint64_t token,
                  enum outbox_leg how, int64_t now, struct outbox_entry *acked)
{
    *acked = (struct outbox_entry){0};
    for (struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++) {
        if (e->order == 0 || e->token[broker] != token || e->leg[broker] != OUTBOX_SENT)
            continue;
        bool counts = outside && how == OUTBOX_ACKED, first = counts && !e->handed_over;
        e->leg[broker] = how;
        e->again_at[broker] = now + OUTBOX_AGAIN;
        e->sent_before[broker] = true;
        e->handed_over = e->handed_over || counts;
        *acked = *e;
        if (all_have(o, e, e->handed_over ? TAKEN : ACKED))
            e->order = 0;
        return first;
    }
    return false;
}

bool outbox_answered(struct outbox *o, const struct alert_id *id)
{
    bool news = false;
    for (struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++) {
        if (e->order == 0 || e->handed_over || !alert_id_equal(&e->id, id))
            continue;
        e->handed_over = true;
        news = true;
        if (all_have(o, e, TAKEN))
            e->order = 0;
    }
    return news;
}

void outbox_broker_down(struct outbox *o, size_t broker)
{
    for (struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++)
        if (e->leg[broker] == OUTBOX_SENT ||
            (e->leg[broker] > OUTBOX_ACKED && e->order == o->orders && !e->handed_over))
            outbox_unsent(e, broker);
}

void outbox_expire(struct outbox *o, int64_t age, int64_t now)
{
    for (struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++)
        if ((e->handed_over || all_have(o, e, TAKEN)) && now - e->at > age)
            e->order = 0;
}

size_t outbox_pending(const struct outbox *o)
{
    size_t n = 0;
    for (const struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++)
        n += e->order != 0 && !e->handed_over && !all_have(o, e, ACKED | 1u << OUTBOX_UNPROVED);
    return n;
}

bool outbox_waiting(const struct outbox *o)
{
    for (const struct outbox_entry *e = o->entries; e < o->entries + OUTBOX_MAX; e++)
        for (size_t k = 0; k < o->brokers; k++)
            if (e->order != 0 && !e->handed_over && e->leg[k] <= OUTBOX_SENT)
                return true;
    return false;
}
