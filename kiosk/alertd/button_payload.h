#ifndef PORCHLIGHT_ALERTD_BUTTON_PAYLOAD_H
#define PORCHLIGHT_ALERTD_BUTTON_PAYLOAD_H

#include "kiosk/core/button.h"

#include <stddef.h>
#include <stdint.h>

/* What a button's gateway has published, as a report. Pure. */

/* The button's own topic. A JSON object as zigbee2mqtt's: "action", "battery" (percent),
 * "battery_low", "tamper"; names in any case, also one level deeper, as Tasmota has them. Or the
 * bare word of an action. What is neither says nothing. */
void button_payload_read(const uint8_t *payload, size_t len, struct button_report *out);

/* The topic availability, or the gateway's own state: {"state":"online"} or the bare word. */
void button_payload_availability(const uint8_t *payload, size_t len, struct button_report *out);

/* The topic by which a button's gateway says whether it runs. `base`: config_buttons.base, which
 * the button need not be below. */
void button_payload_bridge(const char *topic, const char *base, char *out, size_t size);

#endif
