#include "kiosk/alertd/delivery_parts.h"
#include "kiosk/common/clock.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <string.h>

/* --- by which way ---------------------------------------------------------------------------- */

/* One whose beats come back is better than one that is only connected. NULL: none is up. */
static const struct broker_path *delivery_way_to(const struct delivery *d, size_t broker)
{
    const struct broker_path *found = NULL;
    int64_t now = clock_now();
    for (size_t i = 0; i < d->paths_count; i++) {
        const struct broker_path *p = &d->paths[i];
        if (p->home == broker && p->up && (!found || !broker_path_is_silent(found, d->beat, now)))
            found = found ? found : p;
        else if (p->home == broker && p->up)
            found = p;
    }
    return found;
}

int delivery_say(struct delivery *d, size_t i, const struct mqtt_publication *p)
{
    const struct broker_path *way = delivery_way_to(d, i);
    if (way)
        return mqtt_thread_publish(way->thread, p);
    errno = ENOTCONN;
    return -1;
}

bool delivery_is_up(const struct delivery *d, size_t i)
{
    return delivery_way_to(d, i);
}

/* --- which of them live ---------------------------------------------------------------------- */

/* Each way for itself. What has failed is reported by the others. */
void delivery_watch(struct delivery *d, int64_t now)
{
    bool lives[CONFIG_BROKERS_MAX] = {false};
    size_t alive = 0;
    if (d->paths_count < 2)
        return;
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        lives[i] = p->up && !broker_path_is_silent(p, d->beat, now);
        alive += lives[i];
    }
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        enum path_change c = path_watch_step(&p->watch, p->up, lives[i], alive > 0, d->beat, now);
        if (c != PATH_WATCH_SAME)
            d->listener.watched(d->listener.context, p->setup.broker.name, c == PATH_WATCH_LOST);
    }
}

int64_t delivery_watch_deadline(const struct delivery *d)
{
    int64_t next = NS_NEVER;
    for (size_t i = 0; i < d->paths_count && d->paths_count > 1; i++) {
        const struct broker_path *p = &d->paths[i];
        int64_t watched = path_watch_deadline(&p->watch, d->beat);
        int64_t silent = p->watch.bad ? NS_NEVER : broker_path_silent_at(p, d->beat);
        next = watched < next ? watched : next;
        next = silent < next ? silent : next;
    }
    return next;
}

/* --- what comes by both ---------------------------------------------------------------------- */

static bool has_other_way(const struct delivery *d, size_t i)
{
    for (size_t k = 0; k < d->paths_count; k++)
        if (k != i && d->paths[k].home == d->paths[i].home)
            return true;
    return false;
}

bool delivery_has_come(struct delivery *d, size_t i, const struct mqtt_event *e)
{
    if (!has_other_way(d, i))
        return false;
    uint64_t hash = topic_hash(e->topic) ^ broker_path_hash(e->payload, e->len);
    for (size_t k = 0; k < COMES; k++) {
        struct delivery_come *c = &d->came[k];
        if (c->hash != hash || c->path == i || d->paths[c->path].home != d->paths[i].home)
            continue;
        *c = (struct delivery_come){.hash = 0};
        return true;
    }
    d->came[d->next_come++ % COMES] = (struct delivery_come){.hash = hash, .path = i};
    return false;
}
