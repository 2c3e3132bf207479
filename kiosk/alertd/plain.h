#ifndef PORCHLIGHT_ALERTD_PLAIN_H
#define PORCHLIGHT_ALERTD_PLAIN_H

#include "config/config.h"
#include "kiosk/alertd/sealer.h"
#include "kiosk/core/message.h"

#include <stdbool.h>
#include <stddef.h>

/* What a plain venue sends to apps that know nothing of Porchlight, beside the bare JSON of
 * message.h:
 * - a text on porchlight/<venue>/<kiosk>/text, not retained, for apps that show what they get: the
 *   host's own wording, one for each kind of alert;
 * - Home Assistant's device discovery on <prefix>/device/porchlight_<kiosk>/config, retained, made
 *   again when Home Assistant says on <prefix>/status that it is online. An empty one withdraws it.
 * These topics are not in topics.h: no account of a sealed venue has a right to them, and the
 * broker of a plain one is the host's own. Pure. */

enum { PLAIN_TOPIC_MAX = 128, PLAIN_DISCOVERY_MAX = 2048 };

/* Whoever presses the button in Home Assistant has no account of ours. */
#define PLAIN_BUTTON_ACCOUNT "0000000000000000"
#define PLAIN_BUTTON_PRESS   "drill"

/* The wording for this message, or NULL: there is nothing to say of it. */
const char *plain_text(const struct config_plain *p, const struct message *m);
void plain_text_topic(const struct sealer *c, char out[PLAIN_TOPIC_MAX]);

/* False: discovery = no. */
bool plain_discovers(const struct config_plain *p);
void plain_discovery_topic(const char *prefix, const struct sealer *c, char out[PLAIN_TOPIC_MAX]);
void plain_status_topic(const char *prefix, char out[PLAIN_TOPIC_MAX]);

/* The discovery's JSON: an event for alerts, binary sensors (safety, door, problem, connectivity),
 * and the drill's button where the config has it. Its length; 0 if it does not fit. */
size_t plain_discovery(const struct config_plain *p, const struct sealer *c,
                       char out[PLAIN_DISCOVERY_MAX]);

#endif
