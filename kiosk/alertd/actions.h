#ifndef PORCHLIGHT_ALERTD_ACTIONS_H
#define PORCHLIGHT_ALERTD_ACTIONS_H

#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/inputs.h"
#include "kiosk/alertd/kiosk_state.h"
#include "kiosk/alertd/recorder.h"
#include "kiosk/alertd/wiper.h"

/* What the actions of alert_step are done with. */
struct outputs {
    struct recorder *recorder;
    const struct sealer *sealer;
    struct delivery *delivery;
    struct inputs *inputs;
    struct wiper *wiper;
};

/* Gives one event to alert_step and does what its actions say, in their order. Nothing waits for
 * the disk: a record is written beside the publications, and only a wipe is held back for its
 * record, for a quarter of a second at most. */
void actions_step(struct kiosk_state *s, const struct outputs *o, struct alert_event e,
                  int64_t now);
/* `where`: the switch's name, for staff; "": none. */
void actions_gesture(struct kiosk_state *s, const struct outputs *o, const char *where,
                     enum gesture g, int64_t now);

/* Starts a drill, with a rehearsal of the wipe if `wipe`. */
void actions_drill(struct kiosk_state *s, const struct outputs *o, bool wipe, int64_t now);

/* Continues what the record says was active before the restart. */
void actions_resume(struct kiosk_state *s, const struct outputs *o, int64_t now);

/* Continues an alert of this kiosk that a broker has kept: `state` is what was retained. */
void actions_take_over(struct kiosk_state *s, const struct outputs *o, const struct message *state,
                       int64_t now);

/* The wipe that waits for its record, if it need not wait any longer. */
void actions_release_wipe(struct kiosk_state *s, const struct outputs *o, int64_t now);

/* The current alert has left the venue. */
void actions_left(struct kiosk_state *s);

/* Other staff phones are certified from now on: what staff read is sealed for them. */
void actions_staff_changed(struct kiosk_state *s, const struct outputs *o);

/* Publishes the state as it is now. */
void actions_publish_state(struct kiosk_state *s, struct delivery *d);

/* Sends one notice to staff phones. `where`: what it is about, a name of the config's; "": nothing
 * that has one. Returns its id. */
struct alert_id actions_notice(struct delivery *d, enum message_kind kind, const char *where,
                               const char *detail);

/* The same notice once more, for a phone that was woken by its ring: phones list it once. */
void actions_notice_again(struct delivery *d, const struct alert_id *id, enum message_kind kind,
                          const char *where, const char *detail);

#endif
