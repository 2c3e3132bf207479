#ifndef PORCHLIGHT_NIGHTS_WATCHER_H
#define PORCHLIGHT_NIGHTS_WATCHER_H

#include "kiosk/relay/relay_conf.h"
#include "tests/nights/broker.h"
#include "tests/nights/machine.h"
#include "tests/nights/venue.h"

/* The machine outside that runs porchlight-relay beside broker b0. Its push server takes every
 * wake-up. */
struct watcher {
    const struct venue *venue;
    struct relay_conf conf;
    struct machine *machine;
    struct way way;
    uint64_t rings;
    int64_t rang_at; /* the last ring; INT64_MAX: none yet */
};

void watcher_init(struct watcher *w, const struct venue *v, size_t kiosks, struct broker *b,
                  struct chance *c);
void watcher_start(struct watcher *w);

#endif
