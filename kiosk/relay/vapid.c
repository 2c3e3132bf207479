#include "kiosk/relay/vapid.h"

#include <stdio.h>
#include <string.h>

bool vapid_origin(const char *endpoint, char out[VAPID_ORIGIN_MAX])
{
    size_t scheme = strlen("https://"), len = scheme + strcspn(endpoint + scheme, "/?#");
    if (len >= VAPID_ORIGIN_MAX)
        return false;
    snprintf(out, VAPID_ORIGIN_MAX, "%.*s", (int)len, endpoint);
    return true;
}

const char *vapid_header(struct vapid *v, const char *endpoint, const char *contact, int64_t wall)
{
    char origin[VAPID_ORIGIN_MAX];
    unsigned i = 0;
    if (!vapid_origin(endpoint, origin))
        return NULL;
    while (i < VAPID_SERVICES && strcmp(v->known[i].origin, origin) != 0)
        i++;
    if (i < VAPID_SERVICES && v->known[i].expires - wall > VAPID_SPARE_S &&
        v->known[i].expires - wall <= VAPID_LIVES_S)
        return v->known[i].header;
    if (i == VAPID_SERVICES)
        i = v->next++ % VAPID_SERVICES;
    v->known[i].expires = wall + VAPID_LIVES_S;
    memcpy(v->known[i].origin, origin, sizeof origin);
    if (webpush_token(v->scalar, origin, v->known[i].expires, contact, v->known[i].header) == 0)
        return v->known[i].header;
    v->known[i].origin[0] = '\0';
    return NULL;
}
