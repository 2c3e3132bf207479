#ifndef PORCHLIGHT_ALERTD_WIPER_H
#define PORCHLIGHT_ALERTD_WIPER_H

#include "kiosk/common/loop.h"
#include "kiosk/common/messages.h"

#include <stdbool.h>
#include <stdint.h>

/* The client of porchlight-wipe. Asks once, reads the answers as they come, and asks again while
 * the work is owed. Never waits. */
struct wiper;

/* What can be asked for; messages.h says what each does. */
enum wiper_work { WIPER_NOTHING, WIPER_DRILL, WIPER_WIPE, WIPER_FINISH };

struct wiper_listener {
    void *context;
    /* one request is over; outcome: enum wipe_outcome, the worst of all targets */
    void (*ended)(void *context, enum wiper_work work, uint32_t outcome, int64_t took);
};

/* NULL with errno. `path` is copied. */
struct wiper *wiper_new(const char *path, struct loop *loop, const struct wiper_listener *listener);
void wiper_free(struct wiper *w); /* NULL is safe */

/* Asks, at once. A drill is asked for once, and never gets in the way of what is real; the others
 * again and again until their end was reported (after a failure more slowly). */
void wiper_ask(struct wiper *w, enum wiper_work work, int64_t now);

void wiper_time(struct wiper *w, int64_t now);
int64_t wiper_deadline(const struct wiper *w);

#endif
