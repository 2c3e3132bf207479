#include "kiosk/registrar/asker.h"

#include <stdio.h>
#include <string.h>

struct asker *asker_of(struct askers *a, const struct registrar_venue *venue, const char *kiosk)
{
    struct asker *room = NULL;
    for (size_t i = 0; i < ASKERS_MAX; i++) {
        struct asker *one = &a->all[i];
        if (one->venue == venue && strcmp(one->kiosk, kiosk) == 0)
            return one;
        if (!one->loaded && (!room || (room->kiosk[0] && !one->kiosk[0])))
            room = one;
    }
    if (!room)
        return NULL;
    *room = (struct asker){.venue = venue};
    snprintf(room->kiosk, sizeof room->kiosk, "%s", kiosk);
    return room;
}

bool asker_may_send(struct asker *one, int64_t now)
{
    int64_t full = one->packet_at > now ? one->packet_at : now;
    if (full - now > ASKER_BURST * ASKER_PACKET_NS) {
        one->dropped++;
        return false;
    }
    one->packet_at = full + ASKER_PACKET_NS;
    return true;
}

struct asker *asker_next(struct askers *a)
{
    for (size_t i = 0; i < ASKERS_MAX; i++) {
        struct asker *one = &a->all[(a->next + i) % ASKERS_MAX];
        if (!one->waiting)
            continue;
        a->next = (a->next + i + 1) % ASKERS_MAX;
        return one;
    }
    return NULL;
}
