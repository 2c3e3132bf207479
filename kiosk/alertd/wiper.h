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
enum wiper_work { WIPER_NOTHING, WIPER_DRILL, WIPER_WIPE, WIPER_FINISH, WIPER_CHECK };

struct wiper_listener {
    void *context;
    /* one request is over; outcome: enum wipe_outcome, the worst of all targets */
    void (*ended)(void *context, enum wiper_work work, uint32_t outcome, int64_t took);
    /* why: a word for a fault's notice if a wipe could not be done now, or NULL again */
    void (*ready)(void *context, const char *why);
};

/* NULL with errno. `path` is copied. */
struct wiper *wiper_new(const char *path, struct loop *loop, const struct wiper_listener *listener);
void wiper_free(struct wiper *w); /* NULL is safe */

/* Asks, at once. A drill is asked for once, and never gets in the way of what is real; the others
 * again and again until their end was reported (after a failure more slowly). */
void wiper_ask(struct wiper *w, enum wiper_work work, int64_t now);

/* Whether a wipe could be done is to be asked for, now and then every hour, while nothing else is.
 * It also starts porchlight-wipe, which is then ready for the press. */
void wiper_check(struct wiper *w, bool wanted, int64_t now);

void wiper_time(struct wiper *w, int64_t now);
int64_t wiper_deadline(const struct wiper *w);

#endif
