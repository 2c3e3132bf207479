#include "kiosk/core/echoes.h"

#include <string.h>

/* The account's own place, a free one, or for a relay the newest phone's. NULL: none. */
static struct echoes_one *place_for(struct echoes *e, const char *account, bool relay)
{
    for (size_t i = 0; i < e->count; i++)
        if (strcmp(e->all[i].account, account) == 0)
            return &e->all[i];
    if (e->count < FRESHNESS_ECHO_MAX)
        return &e->all[e->count++];
    for (size_t i = e->count; relay && i-- > 0;)
        if (!e->all[i].relay)
            return &e->all[i];
    return NULL;
}

void echoes_add(struct echoes *e, const char *account, bool relay,
                const uint8_t nonce[FRESHNESS_NONCE])
{
    struct echoes_one *one = place_for(e, account, relay);
    if (!one)
        return;
    *one = (struct echoes_one){.relay = relay};
    strncat(one->account, account, ECHOES_ACCOUNT);
    memcpy(one->nonce, nonce, sizeof one->nonce);
}

size_t echoes_copy(const struct echoes *e, uint8_t out[FRESHNESS_ECHO_MAX][FRESHNESS_NONCE])
{
    for (size_t i = 0; i < e->count; i++)
        memcpy(out[i], e->all[i].nonce, FRESHNESS_NONCE);
    return e->count;
}

void echoes_clear(struct echoes *e)
{
    e->count = 0;
}
