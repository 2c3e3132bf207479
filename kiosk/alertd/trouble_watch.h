#ifndef PORCHLIGHT_ALERTD_TROUBLE_WATCH_H
#define PORCHLIGHT_ALERTD_TROUBLE_WATCH_H

#include "config/config.h"
#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/kiosk_state.h"
#include "kiosk/alertd/sensors.h"
#include "kiosk/common/messages.h"
#include "kiosk/core/trouble.h"

/* The kiosk's troubles: what porchlightd sees itself, and what porchlight doctor has measured.
 * Staff phones are sent a notice when one begins and when it is over. */
struct trouble_watch;

/* Reads the list of before the restart, below the prefix. NULL with errno. */
struct trouble_watch *trouble_watch_new(const char *prefix, int64_t now);
void trouble_watch_free(struct trouble_watch *w); /* NULL is safe */

struct trouble_parts {
    const struct config *config;
    const struct kiosk_state *state;
    const struct sensors *sensors;
    struct delivery *delivery;
    struct relay_watch *relays;
    size_t phones; /* that belong to the venue */
};

/* Looks once a second, and at once for what sensors say. */
void trouble_watch_time(struct trouble_watch *w, const struct trouble_parts *p, int64_t now);
int64_t trouble_watch_deadline(const struct trouble_watch *w);

/* Whether the cue should show a fault. */
bool trouble_watch_is_cued(const struct trouble_watch *w);

/* What doctor has measured: "troubles CODE CODE ...", which is answered as admin.sock's requests
 * are. What it could have named and does not, is in order. */
#define TROUBLE_WATCH_WORD "troubles"
size_t trouble_watch_answer(struct trouble_watch *w, const char *request,
                            char reply[CONTROL_REPLY_MAX]);

/* The list. */
const struct troubles *trouble_watch_list(const struct trouble_watch *w);

#endif
