#ifndef PORCHLIGHT_ALERTD_WIPER_H
#define PORCHLIGHT_ALERTD_WIPER_H

#include "kiosk/common/loop.h"
#include "kiosk/common/messages.h"

#include <stdbool.h>
#include <stdint.h>

/* The client of porchlight-wipe. Sends a request, reads the reports as they come, and sends it
 * again until the work is done. Never waits. */
struct wiper;

/* What it can be asked to do; messages.h says what each is. */
enum wiper_work { WIPER_NOTHING, WIPER_DRILL, WIPER_WIPE, WIPER_FINISH, WIPER_CHECK };

struct wiper_listener {
    void *context;
    /* a request is over; outcome: enum wipe_outcome, the worst of all targets */
    void (*ended)(void *context, enum wiper_work work, uint32_t outcome, int64_t took);
    /* why a wipe could not be done now, as the detail of a fault's notice; NULL: it could again */
    void (*ready)(void *context, const char *why);
};

/* NULL with errno. `path` is copied. */
struct wiper *wiper_new(const char *path, struct loop *loop, const struct wiper_listener *listener);
void wiper_free(struct wiper *w); /* NULL is safe */

/* Asks at once. A drill is asked for once, and never delays what is real; everything else is asked
 * for again and again until its end was reported (more slowly after a failure). */
void wiper_ask(struct wiper *w, enum wiper_work work, int64_t now);

/* Asks whether a wipe could be done, now and then every hour, while nothing else is to do. This
 * also starts porchlight-wipe, so that it is ready for the press. */
void wiper_check(struct wiper *w, bool wanted, int64_t now);

void wiper_time(struct wiper *w, int64_t now);
int64_t wiper_deadline(const struct wiper *w);

/* A wipe, its end or a drill is asked for, and not over. */
bool wiper_busy(const struct wiper *w);

#endif
