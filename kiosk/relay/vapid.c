#include "kiosk/relay/vapid.h"

#include <stdio.h>
#include <string.h>

const char *vapid_header(struct vapid *v, const char *endpoint, const char *contact, int64_t wall)
{
    char origin[RELAY_URL_MAX];
    size_t scheme = strlen("https://"), len = scheme + strcspn(endpoint + scheme, "/?#");
    unsigned i = 0;
    if (len >= sizeof origin)
        return NULL;
    snprintf(origin, sizeof origin, "%.*s", (int)len, endpoint);
    while (i < VAPID_SERVICES && strcmp(v->known[i].origin, origin) != 0)
        i++;
    if (i < VAPID_SERVICES && v->known[i].expires - wall > VAPID_SPARE_S &&
        v->known[i].expires - wall <= VAPID_LIVES_S)
        return v->known[i].header;
    if (i == VAPID_SERVICES)
        i = v->next++ % VAPID_SERVICES;
    v->known[i].expires = wall + VAPID_LIVES_S;
    memcpy(v->known[i].origin, origin, len + 1);
    if (webpush_token(v->scalar, origin, v->known[i].expires, contact, v->known[i].header) == 0)
        return v->known[i].header;
    v->known[i].origin[0] = '\0';
    return NULL;
}
