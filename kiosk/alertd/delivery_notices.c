#include "kiosk/alertd/delivery_parts.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <string.h>

void delivery_nothing_to(struct delivery *d, struct broker_path *p, enum topic t)
{
    struct message m = {.kind = MSG_NOTHING, .age_ms = -1};
    if (p->up)
        broker_path_publish(p, d->sealer, t, &m, 0);
}

static void notice_to(struct delivery *d, struct broker_path *p, const struct waiting_notice *n)
{
    struct message m = n->message;
    uint8_t box[STAFF_BOX_SIZE];
    if (m.kind != MSG_DRILL_REPORT && m.kind != MSG_COUNTS)
        m.age_ms = (clock_now() - n->at) / NS_PER_MS;
    clock_wall(m.at);
    if (n->boxed)
        broker_path_publish_box(p, d->sealer, TOPIC_NOTICE, n->box, true, false);
    else if (d->sealer->plain)
        broker_path_publish(p, d->sealer, TOPIC_NOTICE, &m, 0);
    else if (sealer_box(d->sealer, &m, box) == 0)
        broker_path_publish_box(p, d->sealer, TOPIC_NOTICE, box, m.kind != MSG_NOTHING, false);
    else
        log_error("a %s notice could not be written: %s", message_kind_name(m.kind),
                  strerror(errno));
}

static void notice_publish(struct delivery *d, const struct waiting_notice *n)
{
    for (size_t i = 0; i < d->paths_count; i++)
        if (d->paths[i].up)
            notice_to(d, &d->paths[i], n);
}

void delivery_counts_again(struct delivery *d)
{
    const struct waiting_notice counts = {.message = d->counts};
    if (!d->sealer->plain && d->state_known)
        notice_publish(d, &counts);
}

/* Whether staff are to learn of it before the state is repeated. That an alert has begun, and
 * nobody has answered yet, they know by the alert: a packet for that would only make it dearer. */
static bool counts_are_news(const struct message *last, const struct message *now)
{
    if (!alert_id_equal(&last->id, &now->id))
        return now->seen > 0 || now->safe > 0 || now->help > 0;
    return last->seen != now->seen || last->safe != now->safe || last->help != now->help ||
           last->of != now->of || last->rang != now->rang || last->phones != now->phones;
}

void delivery_counts(struct delivery *d, const struct message *counts)
{
    bool news = counts_are_news(&d->counts, counts);
    d->counts = *counts;
    if (news && d->state.state != ALERT_QUIET && !d->cover)
        delivery_counts_again(d);
}

/* A notice that says nothing, as long as any other. */
void delivery_notice_cover(struct delivery *d, struct broker_path *p)
{
    const struct waiting_notice nothing = {.message = {.kind = MSG_NOTHING}, .at = clock_now()};
    if (d->sealer->plain)
        delivery_nothing_to(d, p, TOPIC_NOTICE);
    else if (p->up)
        notice_to(d, p, &nothing);
}

static bool delivery_any_up(const struct delivery *d)
{
    for (size_t i = 0; i < d->paths_count; i++)
        if (d->paths[i].up)
            return true;
    return false;
}

/* The oldest waiting notice, if any broker is there to take it. */
bool delivery_notice_next(struct delivery *d)
{
    if (d->notices_count == 0 || !delivery_any_up(d))
        return false;
    notice_publish(d, &d->notices[0]);
    memmove(d->notices, d->notices + 1, --d->notices_count * sizeof d->notices[0]);
    return true;
}

void delivery_notices_flush(struct delivery *d)
{
    while (!d->cover && delivery_notice_next(d))
        ;
}

static struct waiting_notice *notice_add(struct delivery *d)
{
    if (d->notices_count == NOTICES)
        memmove(d->notices, d->notices + 1, --d->notices_count * sizeof d->notices[0]);
    struct waiting_notice *n = &d->notices[d->notices_count++];
    *n = (struct waiting_notice){.at = clock_now()};
    return n;
}

void delivery_notice(struct delivery *d, const struct message *notice)
{
    notice_add(d)->message = *notice;
    delivery_notices_flush(d);
}

void delivery_door(struct delivery *d, const uint8_t box[STAFF_BOX_SIZE])
{
    struct waiting_notice *n = notice_add(d);
    n->boxed = true;
    memcpy(n->box, box, sizeof n->box);
    delivery_notices_flush(d);
    delivery_ring_staff(d);
}
