#ifndef PORCHLIGHT_RELAY_VAPID_H
#define PORCHLIGHT_RELAY_VAPID_H

#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/webpush.h"

#include <stdbool.h>
#include <stdint.h>

/* The tokens that push services know us by, one for each service, renewed before they end. */
enum {
    VAPID_SERVICES = 8,
    VAPID_LIVES_S = 12 * 3600,
    VAPID_SPARE_S = 3600,
    VAPID_ORIGIN_MAX = 272, /* https://, the longest name that DNS knows (253), a port */
};

struct vapid {
    uint8_t scalar[WEBPUSH_SCALAR];
    struct {
        char origin[VAPID_ORIGIN_MAX];
        char header[WEBPUSH_TOKEN_MAX];
        int64_t expires; /* seconds since 1970 */
    } known[VAPID_SERVICES];
    unsigned next; /* the one that makes room */
};

/* The service of an endpoint, "https://host:port". False: it is longer than any host's name. */
bool vapid_origin(const char *endpoint, char out[VAPID_ORIGIN_MAX]);

/* The Authorization header's value for an endpoint; valid until the next call. NULL: none could be
 * made. `wall`: seconds since 1970. */
const char *vapid_header(struct vapid *v, const char *endpoint, const char *contact, int64_t wall);

#endif
