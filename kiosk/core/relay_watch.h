#ifndef PORCHLIGHT_CORE_RELAY_WATCH_H
#define PORCHLIGHT_CORE_RELAY_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which relay of several is silent. Pure. Relays cannot read what others send: the kiosk, which
 * knows each relay's key, says so for them, and the others ring staff. Times are ns, monotonic. */

enum { RELAY_WATCH_MAX = 8, RELAY_WATCH_ACCOUNT = 17 };

/* Four missed pings of 5 s. */
#define RELAY_WATCH_SILENCE (20 * INT64_C(1000000000))
/* One that has never pinged since this start may not be installed yet. */
#define RELAY_WATCH_FIRST (3600 * INT64_C(1000000000))

struct relay_watch {
    struct relay_watched {
        char account[RELAY_WATCH_ACCOUNT];
        int64_t at;  /* its last sign of life; before the first, since when it is known */
        bool pinged; /* since this start */
        bool silent;
        uint64_t dropped; /* messages that it has not looked at, as it says */
    } each[RELAY_WATCH_MAX];
    size_t count;
};

/* The venue's relays as they are now; those beyond RELAY_WATCH_MAX are not watched. */
void relay_watch_set(struct relay_watch *w, const char accounts[][RELAY_WATCH_ACCOUNT],
                     size_t count, int64_t now);

/* A sign of life with a good signature, and what it says in it. */
void relay_watch_life(struct relay_watch *w, const char *account, uint64_t dropped, int64_t now);

/* Looks at all. The first that is silent while another one lives, or NULL: where all are, it is no
 * single relay's fault. */
const struct relay_watched *relay_watch_look(struct relay_watch *w, int64_t now);

#endif
