#ifndef PORCHLIGHT_ALERTD_MEMBERS_KEY_ROTATION_H
#define PORCHLIGHT_ALERTD_MEMBERS_KEY_ROTATION_H

#include "kiosk/alertd/actions.h"

/* A new venue key for the phones that remain. It is sealed to each and left, retained, on that
 * phone's enrol/<account>: one that sleeps finds it there. Brokers that keep nothing over a restart
 * are told again at each connect. Told at a walking pace, so that an alert never waits behind it.
 *
 *   1. `porchlight rotate` draws the key and asks for it to be told (key_rotation_begin).
 *   2. When every broker that is up has it for every phone, it writes venue.key for the next start,
 *   3. and has the kiosk change over (key_rotation_finish). Phones keep the older key beside the
 * new one, so whatever ends this halfway, they read on. */
struct key_rotation;

struct key_rotation *key_rotation_new(void); /* NULL with errno */
void key_rotation_free(struct key_rotation *r);

bool key_rotation_runs(const struct key_rotation *r);

/* 0, or -1 with errno: the book of phones cannot be written. */
int key_rotation_begin(struct kiosk *k, const uint8_t key[ENVELOPE_KEY]);

/* How many are still to be told, over all brokers that are up. */
size_t key_rotation_left(const struct kiosk *k);

/* 0, or -1: another key is being told, or none. */
int key_rotation_finish(struct kiosk *k, const uint8_t key[ENVELOPE_KEY]);

/* A broker is there anew. */
void key_rotation_up(struct kiosk *k, size_t broker);

/* What was left for one phone is taken away. */
void key_rotation_forget(struct kiosk *k, const char *account);

void key_rotation_time(struct kiosk *k, int64_t now);
int64_t key_rotation_deadline(const struct key_rotation *r);

#endif
