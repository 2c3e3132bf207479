#ifndef PORCHLIGHT_NIGHTS_VENUE_H
#define PORCHLIGHT_NIGHTS_VENUE_H

#include "config/config.h"
#include "kiosk/cli/phone_client.h"

/* One venue's keys and files: made once, the same in every night. */

#define VENUE_BUTTON "zigbee2mqtt/porch"

enum { VENUE_KIOSKS = 2, VENUE_PHONES = 4, VENUE_BROKERS = 3 };

struct venue_kiosk {
    char id[17], account[17];
    char prefix[PATH_LEN];
    uint8_t id_bytes[ENVELOPE_ID];
    uint8_t seed[32], public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
};

struct venue_phone {
    char account[17];
    uint8_t account_bytes[ENVELOPE_ID];
    bool staff;
    uint8_t seed[32], public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
};

struct venue {
    char id[17];
    uint8_t id_bytes[ENVELOPE_ID];
    uint8_t key[ENVELOPE_KEY];
    uint8_t root_public[ENVELOPE_PUBLIC], root_secret[ENVELOPE_SECRET];
    struct venue_kiosk kiosks[VENUE_KIOSKS];
    struct venue_phone phones[VENUE_PHONES];
    char relay_account[17], relay_prefix[PATH_LEN];
};

/* The venue whose certificates are modelled, or the one whose are real: their files are in folders
 * of their own below a fresh one in $TMPDIR. Ends the program with a complaint where that fails. */
const struct venue *venue_of(bool real);

/* The files that a night may have changed are as they were. */
void venue_restore(const struct venue *v);

/* Removes the folders. */
void venue_clean(void);

/* This kiosk's config, with three brokers, and a button by radio where wanted; a night changes what
 * it wants. */
void venue_config(const struct venue *v, size_t kiosk, bool button, struct config *c);

/* What a phone holds after it has joined. */
void venue_phone_client(const struct venue *v, size_t phone, size_t kiosks, struct phone_client *m);

#endif
