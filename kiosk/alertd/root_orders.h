#ifndef PORCHLIGHT_ALERTD_ROOT_ORDERS_H
#define PORCHLIGHT_ALERTD_ROOT_ORDERS_H

#include "kiosk/alertd/sealer.h"
#include "kiosk/core/root_word.h"
#include "kiosk/mqtt/thread.h"

#include <stdbool.h>

/* What the root key has said of this kiosk, kept as <prefix>/var/lib/porchlight/root: it is obeyed
 * permanently, also where a broker does not send it any more. */

/* Adds to *all what was kept. A file that cannot be read is complained about, and left. */
void root_orders_read(const char *prefix, struct root_word *all);

enum root_orders_result { ROOT_ORDERS_FORGED, ROOT_ORDERS_KNOWN, ROOT_ORDERS_NEWS };

/* Judges what came on the topic root; what is new is added to *all and kept. Where it revokes a
 * phone, all others are to have a new key: porchlight-new-key.service sees that by PATH_NEW_KEY,
 * and runs porchlight rotate. */
enum root_orders_result root_orders_take(struct root_word *all, const char *prefix,
                                         const struct sealer *s, const struct mqtt_event *e);

/* The key was changed. */
void root_orders_rotated(const char *prefix);

#endif
