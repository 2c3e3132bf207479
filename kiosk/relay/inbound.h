#ifndef PORCHLIGHT_RELAY_INBOUND_H
#define PORCHLIGHT_RELAY_INBOUND_H

#include "kiosk/core/cert.h"
#include "kiosk/core/message.h"
#include "kiosk/mqtt/thread.h"
#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/ring_policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Between the broker and ring_policy.h: what is believed of a message. A relay has public keys, and
 * one of its own to sign its pings with; it can open nothing that is sealed. */
struct inbound {
    char venue[17];
    uint8_t venue_bytes[ENVELOPE_ID];
    char account[17];
    uint8_t root[ENVELOPE_PUBLIC];
    uint8_t *secret; /* ENVELOPE_SECRET bytes, locked; NULL: there is no relay.key */
    struct {
        char id[17];
        uint8_t bytes[ENVELOPE_ID];
        uint8_t public[ENVELOPE_PUBLIC];
    } kiosks[RELAY_KIOSKS_MAX];
    size_t count;
};

/* Reads the keys below the prefix. 0, or -1 after a complaint. Call inbound_finish in both cases.
 */
int inbound_init(struct inbound *e, const struct relay_conf *c, const char *prefix);
void inbound_finish(struct inbound *e);

enum inbound_kind { INBOUND_NOTHING, INBOUND_WORD, INBOUND_ROOT };

/* What a relay may be sent: the kiosk's message, or the root's. */
struct inbound_message {
    struct message kiosk;
    struct root_word root;
};

/* Judges an MQTT_MESSAGE. INBOUND_WORD: came->kiosk of kiosk *i; INBOUND_ROOT: came->root, which
 * the root says of kiosk *i; INBOUND_NOTHING: not ours, forged, malformed, or on a topic that is
 * not its kind's. */
enum inbound_kind inbound_read(const struct inbound *e, const struct mqtt_event *got, size_t *i,
                               struct inbound_message *came);

/* A ping for kiosk `i` as a letter: its topic, and ENVELOPE_SIZE bytes. 0 or -1. */
int inbound_ping(const struct inbound *e, size_t i, const struct message *ping, char *topic,
                 uint8_t wire[ENVELOPE_SIZE]);

#endif
