#ifndef PORCHLIGHT_ALERTD_EVENTS_H
#define PORCHLIGHT_ALERTD_EVENTS_H

#include "kiosk/alertd/buttons.h"
#include "kiosk/alertd/control.h"
#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/inputs.h"
#include "kiosk/alertd/own_messages.h"
#include "kiosk/alertd/wiper.h"

/* What the parts report to the kiosk, and what follows: switches and doors, brokers, the wipe, and
 * requests at control.sock. Each listener's context is `k`, which must outlive the part. */
struct kiosk;

struct inputs_listener events_of_inputs(struct kiosk *k);
struct buttons_listener events_of_buttons(struct kiosk *k);
struct wiper_listener events_of_wiper(struct kiosk *k);
struct delivery_listener events_of_delivery(struct kiosk *k);

/* Does what follows from what the root key has said: at the start, and when more of it came. */
void events_obey_root(struct kiosk *k);

/* What of the kiosk the messages that brokers keep of it change. */
struct own_messages_parts events_own_parts(struct kiosk *k);

/* Answers a request at control.sock; `context` is the struct kiosk. The reply's length. */
size_t events_on_request(void *context, const char *request, char reply[CONTROL_REPLY_MAX]);

#endif
