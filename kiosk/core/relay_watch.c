#include "kiosk/core/relay_watch.h"

#include <stdio.h>
#include <string.h>

static struct relay_watched *relay_watch_find(struct relay_watch *w, const char *account)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->each[i].account, account) == 0)
            return &w->each[i];
    return NULL;
}

void relay_watch_set(struct relay_watch *w, const char accounts[][RELAY_WATCH_ACCOUNT],
                     size_t count, int64_t now)
{
    struct relay_watch next = {.count = count < RELAY_WATCH_MAX ? count : RELAY_WATCH_MAX};
    for (size_t i = 0; i < next.count; i++) {
        const struct relay_watched *known = relay_watch_find(w, accounts[i]);
        struct relay_watched *one = &next.each[i];
        if (known)
            *one = *known;
        else
            *one = (struct relay_watched){.at = now};
        snprintf(one->account, sizeof one->account, "%s", accounts[i]);
    }
    *w = next;
}

void relay_watch_life(struct relay_watch *w, const char *account, uint64_t dropped, int64_t now)
{
    struct relay_watched *one = relay_watch_find(w, account);
    if (!one)
        return;
    one->at = now;
    one->dropped = dropped;
    one->pinged = true;
}

const struct relay_watched *relay_watch_look(struct relay_watch *w, int64_t now)
{
    const struct relay_watched *first = NULL;
    bool lives = false;
    for (size_t i = 0; i < w->count; i++) {
        struct relay_watched *one = &w->each[i];
        one->silent = now - one->at >= (one->pinged ? RELAY_WATCH_SILENCE : RELAY_WATCH_FIRST);
        lives = lives || (one->pinged && !one->silent);
        if (one->silent && !first)
            first = one;
    }
    return lives ? first : NULL;
}
