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
 * - Home Assistant's device discovery on <prefix>/device/porchlight_<kiosk>/config and, for what
 * does not fit, porchlight_<kiosk>_2 and so on; retained, made again when Home Assistant says on
 *   <prefix>/status that it is online. An empty one withdraws it.
 * These topics are not in topics.h: no account of a sealed venue has a right to them, and the
 * broker of a plain one is the host's own. Pure. */

enum {
    PLAIN_TOPIC_MAX = 128,
    PLAIN_DISCOVERY_MAX = 1900,
    PLAIN_PARTS = 6,
    PLAIN_ENTITIES_MAX = 16
};

/* Something of the kiosk that Home Assistant shows by itself: each door, each switch, and whether
 * anything is wrong at all. Its state is retained on porchlight/<venue>/<kiosk>/entity/<id>, and
 * sent again when Home Assistant starts. */
enum plain_entity_kind { PLAIN_DOOR, PLAIN_SWITCH, PLAIN_PROBLEM };
enum plain_state {
    PLAIN_UNKNOWN,
    PLAIN_OFF,
    PLAIN_ON
}; /* a door's ON is open, others' a problem */

struct plain_entity {
    enum plain_entity_kind kind;
    char name[CONFIG_NAME_MAX]; /* of the door or switch */
    enum plain_state state;
};

struct plain_entities {
    struct plain_entity each[PLAIN_ENTITIES_MAX];
    size_t count;
};

void plain_entity_add(struct plain_entities *all, enum plain_entity_kind kind, const char *name,
                      enum plain_state state);
void plain_entity_topic(const struct plain_entity *e, const struct sealer *c,
                        char out[PLAIN_TOPIC_MAX]);
/* {"state":"ON"}; "None" for unknown, which is Home Assistant's own word. Static storage. */
const char *plain_entity_state(const struct plain_entity *e);

/* Whoever presses the button in Home Assistant has no account of ours. */
#define PLAIN_BUTTON_ACCOUNT "0000000000000000"
#define PLAIN_BUTTON_PRESS   "drill"

/* The wording for this message, or NULL: there is nothing to say of it. */
const char *plain_text(const struct config_plain *p, const struct message *m);
void plain_text_topic(const struct sealer *c, char out[PLAIN_TOPIC_MAX]);

/* False: discovery = no. */
bool plain_discovers(const struct config_plain *p);
void plain_discovery_topic(const char *prefix, const struct sealer *c, size_t part,
                           char out[PLAIN_TOPIC_MAX]);
void plain_status_topic(const char *prefix, char out[PLAIN_TOPIC_MAX]);

/* One part of the discovery's JSON: an event for alerts, the status as a word, binary sensors
 * (safety, connectivity, and one for each entity), and the drill's button where the config has it.
 * It comes in parts, each of one topic, because brokers limit a packet to 2 kB; Home Assistant
 * joins them by the device. `*next` is the first entity of the next part. The length; 0: there is
 * no such part. */
size_t plain_discovery(const struct config_plain *p, const struct sealer *c,
                       const struct plain_entities *entities, size_t part, size_t *next,
                       char out[PLAIN_DISCOVERY_MAX]);

#endif
