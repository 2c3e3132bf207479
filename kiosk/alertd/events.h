#ifndef PORCHLIGHT_ALERTD_EVENTS_H
#define PORCHLIGHT_ALERTD_EVENTS_H

#include "kiosk/alertd/control.h"
#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/inputs.h"
#include "kiosk/alertd/wiper.h"

/* What the parts tell the kiosk, and what becomes of it: switches, wires and doors, brokers, the
 * wipe, and who asks at control.sock. Each listener's context is `k`, which must outlive the part.
 */
struct kiosk;

struct inputs_listener events_inputs(struct kiosk *k);
struct wiper_listener events_wiper(struct kiosk *k);
struct delivery_listener events_delivery(struct kiosk *k);

/* A request at control.sock; `context` is the struct kiosk. The reply's length. */
size_t events_request(void *context, const char *request, char reply[CONTROL_REPLY_MAX]);

#endif
