#include "kiosk/registrar/asker.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static struct asker *asker_at(const struct askers *a, size_t i)
{
    return &a->chunks[i / ASKERS_CHUNK][i % ASKERS_CHUNK];
}

/* Room for some more; the first of them. NULL: there is none. */
static struct asker *askers_grow(struct askers *a)
{
    if (a->count == ASKERS_MAX)
        return NULL;
    struct asker *chunk = sodium_allocarray(ASKERS_CHUNK, sizeof *chunk);
    if (!chunk)
        return NULL;
    sodium_memzero(chunk, ASKERS_CHUNK * sizeof *chunk);
    a->chunks[a->count / ASKERS_CHUNK] = chunk;
    a->count += ASKERS_CHUNK;
    return chunk;
}

void askers_free(struct askers *a)
{
    for (size_t i = 0; i < a->count; i++)
        ledger_entry_free(&asker_at(a, i)->entry);
    for (size_t i = 0; i < a->count / ASKERS_CHUNK; i++)
        sodium_free(a->chunks[i]);
    *a = (struct askers){.count = 0};
}

struct asker *asker_of(struct askers *a, const struct registrar_venue *venue, const char *kiosk)
{
    struct asker *room = NULL;
    for (size_t i = 0; i < a->count; i++) {
        struct asker *one = asker_at(a, i);
        if (one->venue == venue && strcmp(one->kiosk, kiosk) == 0)
            return one;
        if (!one->loaded && (!room || (room->kiosk[0] && !one->kiosk[0])))
            room = one;
    }
    room = room ? room : askers_grow(a);
    if (!room)
        return NULL;
    *room = (struct asker){.venue = venue};
    snprintf(room->kiosk, sizeof room->kiosk, "%s", kiosk);
    return room;
}

struct asker *asker_next(struct askers *a)
{
    for (size_t i = 0; i < a->count; i++) {
        struct asker *one = asker_at(a, (a->next + i) % a->count);
        if (!one->waiting)
            continue;
        a->next = (a->next + i + 1) % a->count;
        return one;
    }
    return NULL;
}
