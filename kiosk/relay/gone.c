#include "kiosk/relay/gone.h"

#include <string.h>

/* Its place, or g->count. */
static size_t gone_find(const struct gone *g, const uint8_t hash[PUSH_OFFER_GONE_HASH])
{
    size_t i = 0;
    while (i < g->count && memcmp(g->hash[i], hash, PUSH_OFFER_GONE_HASH) != 0)
        i++;
    return i;
}

bool gone_again(struct gone *g, const char *endpoint)
{
    uint8_t hash[PUSH_OFFER_GONE_HASH];
    push_offer_gone_hash(endpoint, hash);
    size_t i = gone_find(g, hash);
    if (i == g->count)
        return false;
    g->due[i] = true;
    return true;
}

void gone_note(struct gone *g, const char *endpoint)
{
    if (gone_again(g, endpoint))
        return;
    push_offer_gone_hash(endpoint, g->hash[g->next]);
    g->due[g->next] = true;
    g->next = (g->next + 1) % GONE_MAX;
    g->count += g->count < GONE_MAX;
}

bool gone_take(struct gone *g, uint8_t hash[PUSH_OFFER_GONE_HASH])
{
    for (size_t i = 0; i < g->count; i++) {
        if (!g->due[i])
            continue;
        g->due[i] = false;
        memcpy(hash, g->hash[i], PUSH_OFFER_GONE_HASH);
        return true;
    }
    return false;
}
