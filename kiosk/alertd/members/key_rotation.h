#ifndef PORCHLIGHT_ALERTD_MEMBERS_KEY_ROTATION_H
#define PORCHLIGHT_ALERTD_MEMBERS_KEY_ROTATION_H

#include "kiosk/alertd/members/phone_brokers.h"
#include "kiosk/alertd/members/roster.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A new venue key for the phones that remain. It is sealed to each and left, retained, on that
 * phone's enrol/<account>, where a phone that sleeps finds it later. Brokers that keep nothing over
 * a restart get all of it again at each connect, and 40 s, 80 s, 160 s after that, and then every
 * five minutes: one may have dropped what it acknowledged. It is sent slowly, so that an alert
 * never waits behind it.
 *
 *   1. `porchlight rotate` draws the key and asks to have it sent (key_rotation_begin).
 *   2. When every broker that is up has it for every phone, it writes venue.key for the next start,
 *   3. and has the kiosk use it (key_rotation_end). Phones keep the older key beside the new one,
 *      so they can read on whatever interrupts this. */
struct key_rotation;

struct key_rotation *key_rotation_new(void); /* NULL with errno */
void key_rotation_free(struct key_rotation *r);

bool key_rotation_runs(const struct key_rotation *r);

/* 0, or -1 with errno: the list of phones cannot be written. */
int key_rotation_begin(struct key_rotation *r, struct roster *phones, const struct phone_brokers *b,
                       const uint8_t key[ENVELOPE_KEY]);

/* How many phones are left to send it to, over all brokers that are up. */
size_t key_rotation_left(const struct key_rotation *r, const struct roster *phones,
                         const struct phone_brokers *b);

/* Whether this is the key that is being sent. */
bool key_rotation_is_of(const struct key_rotation *r, const uint8_t key[ENVELOPE_KEY]);

/* The kiosk uses the new key now. */
void key_rotation_end(struct key_rotation *r);

/* A broker that phones use has connected. */
void key_rotation_broker_up(struct key_rotation *r, const struct roster *phones, size_t broker);

/* Takes away what was left for one phone, which may have the key that is being sent by then. */
void key_rotation_forget(struct key_rotation *r, const struct roster *phones,
                         const struct phone_brokers *b, const char *account);

/* Whether a phone that has been forgotten since it began may have the key that is being sent. */
bool key_rotation_is_known(const struct key_rotation *r);

void key_rotation_time(struct key_rotation *r, const struct roster *phones,
                       const struct phone_brokers *b, int64_t now);
int64_t key_rotation_deadline(const struct key_rotation *r);

#endif
