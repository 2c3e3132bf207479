#ifndef PORCHLIGHT_ALERTD_DOOR_BOX_H
#define PORCHLIGHT_ALERTD_DOOR_BOX_H

#include "kiosk/alertd/kiosk_state.h"
#include "kiosk/alertd/sealer.h"

#include <stdbool.h>

/* What staff phones are told of the door: code, duress or nothing, and at which switch, sealed so
 * that nobody else can tell them apart, this kiosk included once it has restarted. The box is part
 * of the record. Code and duress take the same way through all of it. A plain venue has none. */

/* Seals what was pressed. The box is new: the record has to be written. */
void door_box_seal(struct kiosk_state *s, const struct sealer *sealer, enum alert_door door);

/* After a start, before the record is written: takes over its box, or seals one. */
void door_box_resume(struct kiosk_state *s, const struct sealer *sealer);

/* Another switch was pressed in this alert, or it is over: seals the same with its name. False: the
 * box says so already. */
bool door_box_moved(struct kiosk_state *s, const struct sealer *sealer);

/* The staff phones have changed: seals the same message again. False: what the box says is not
 * known after a restart, so it stays as it is. */
bool door_box_again(struct kiosk_state *s, const struct sealer *sealer);

#endif
