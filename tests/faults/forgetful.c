#include "kiosk/alertd/outbox.h"

#include "kiosk/core/ns.h"

#include <string.h>

/* An outbox that keeps nothing: what cannot be handed to a broker at once is gone. Linked in place
 * of the real one into porchlightd-forgetful, to show that the fault harness can fail. */

static struct outbox_entry *only(struct outbox *o)
{
    return &o->entries[0];
}

void outbox_init(struct outbox *o, size_t brokers)
{
    *o = (struct outbox){.brokers = brokers};
}

void outbox_brokers(struct outbox *o, size_t brokers)
{
    outbox_init(o, brokers);
}

void outbox_add(struct outbox *o, const struct alert_action *a, bool resumed, int64_t at,
                int64_t began)
{
    *only(o) = (struct outbox_entry){.publish = a->publish,
                                     .id = a->id,
                                     .drill = a->drill,
                                     .resumed = resumed,
                                     .at = at,
                                     .began = began,
                                     .order = ++o->orders};
}

struct outbox_entry *outbox_next(struct outbox *o, size_t broker, int64_t now)
{
    (void)now;
    return only(o)->order != 0 && only(o)->leg[broker] == OUTBOX_UNSENT ? only(o) : NULL;
}

uint64_t outbox_sent(struct outbox *o, struct outbox_entry *e, size_t broker, int64_t now)
{
    (void)now;
    e->leg[broker] = OUTBOX_SENT;
    return ++o->tokens;
}

void outbox_unsent(struct outbox_entry *e, size_t broker)
{
    (void)e;
    (void)broker;
}

int64_t outbox_unacked_since(const struct outbox *o, size_t broker)
{
    (void)o;
    (void)broker;
    return NS_NEVER;
}

bool outbox_acked(struct outbox *o, size_t broker, bool outside, uint64_t token,
                  enum outbox_leg how, int64_t now, struct outbox_entry *acked)
{
    (void)how;
    (void)now;
    (void)o;
    (void)broker;
    (void)outside;
    (void)token;
    *acked = (struct outbox_entry){0};
    return false;
}

bool outbox_answered(struct outbox *o, const struct alert_id *id)
{
    (void)o;
    (void)id;
    return false;
}

void outbox_broker_down(struct outbox *o, size_t broker)
{
    (void)o;
    (void)broker;
}

void outbox_expire(struct outbox *o, int64_t age, int64_t now)
{
    (void)o;
    (void)age;
    (void)now;
}

/* Asked after each attempt to send: here the alert is forgotten. */
bool outbox_waiting(const struct outbox *o)
{
    memset(&((struct outbox *)(uintptr_t)o)->entries[0], 0, sizeof o->entries[0]);
    return false;
}

size_t outbox_pending(const struct outbox *o)
{
    (void)o;
    return 0;
}
