#ifndef PORCHLIGHT_NIGHTS_WATCHER_H
#define PORCHLIGHT_NIGHTS_WATCHER_H

#include "kiosk/relay/relay_conf.h"
#include "tests/nights/broker.h"
#include "tests/nights/machine.h"
#include "tests/nights/venue.h"

/* The machine outside that runs porchlight-relay beside broker b0. Its push server takes every
 * wake-up. */
enum { WATCHER_RINGS = 64 };

enum watcher_ring {
    WATCHER_ALL,
    WATCHER_STAFF,
    WATCHER_AGAIN,  /* again by Web Push, for phones that are not awake: none ever is */
    WATCHER_TOPICS, /* by ntfy, whatever for */
    WATCHER_KINDS,
};

struct watcher {
    const struct venue *venue;
    struct relay_conf conf;
    struct machine *machine;
    struct way way;
    int64_t rang[WATCHER_KINDS][WATCHER_RINGS]; /* when; the first ones */
    size_t rings[WATCHER_KINDS];
};

void watcher_init(struct watcher *w, const struct venue *v, size_t kiosks, struct broker *b,
                  struct chance *c);
void watcher_start(struct watcher *w);

/* Whether phones were rung in that time. */
bool watcher_rang(const struct watcher *w, int64_t from, int64_t to);
/* Staff phones, with all others or alone. */
bool watcher_rang_staff(const struct watcher *w, int64_t from, int64_t to);
bool watcher_rang_again(const struct watcher *w, enum watcher_ring how, int64_t from, int64_t to);

#endif
