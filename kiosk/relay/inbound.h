#ifndef PORCHLIGHT_RELAY_INBOUND_H
#define PORCHLIGHT_RELAY_INBOUND_H

#include "kiosk/core/cert.h"
#include "kiosk/core/message.h"
#include "kiosk/mqtt/thread.h"
#include "kiosk/relay/keyring.h"
#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/ring_policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Between the broker and ring_policy.h: what is believed of a message. Holds the venue's keys. */
struct inbound {
    char venue[17];
    uint8_t venue_bytes[ENVELOPE_ID];
    char account[17];
    struct keyring *keys;
    uint8_t root[ENVELOPE_PUBLIC];
    struct {
        char id[17];
        uint8_t bytes[ENVELOPE_ID];
        uint8_t public[ENVELOPE_PUBLIC];
        bool unreadable; /* what it sends opens with no key that we have */
    } kiosks[RELAY_KIOSKS_MAX];
    size_t count;
};

/* Reads the keys below the prefix. 0, or -1 after a complaint. */
int inbound_init(struct inbound *e, const struct relay_conf *c, const char *prefix);
void inbound_finish(struct inbound *e);

enum inbound_kind { INBOUND_NOTHING, INBOUND_WORD, INBOUND_RETIRED, INBOUND_REKEYED };

/* Judges an MQTT_MESSAGE. INBOUND_WORD: *word (its message in *m) of kiosk *i; INBOUND_RETIRED: the
 * root disowned kiosk *i; INBOUND_REKEYED: it gave us a new venue key; INBOUND_NOTHING: not ours,
 * forged, malformed, or sealed with a key that we do not have (logged once). `wall` is the wall
 * clock now in seconds since 1970, -1: not set. */
enum inbound_kind inbound_read(struct inbound *e, const struct mqtt_event *got, int64_t wall,
                               size_t *i, struct message *m, struct view_message *word);

/* The relay's sign of life for kiosk `i`, a ping with that nonce, as a letter: its topic, and
 * ENVELOPE_SIZE bytes. 0 or -1. */
int inbound_beat(const struct inbound *e, size_t i, const char *account,
                 const uint8_t nonce[FRESHNESS_NONCE], char *topic, uint8_t wire[ENVELOPE_SIZE]);

#endif
