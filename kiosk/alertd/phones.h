#ifndef PORCHLIGHT_ALERTD_PHONES_H
#define PORCHLIGHT_ALERTD_PHONES_H

#include "kiosk/common/topics.h"
#include "kiosk/core/envelope.h"

#include <stdbool.h>
#include <stddef.h>

/* The phones of this venue, as little of them as can be: a random account, whether it is a staff
 * phone, and its public key, by which a new venue key can be sealed to it. No names, no times; kept
 * in the order of the accounts, which says nothing about who came when. Relays stand in it too, for
 * the same new key.
 *
 * <prefix>/var/lib/porchlight/phones, text, written whole and renamed into place at each change:
 *
 *   porchlight phones 1            or "porchlight phones 1 rotated": the venue key was changed,
 *                                  and phones that slept are told it at each connect
 *   ACCOUNT member|staff|relay invited|in|gone PUBLIC     64 hex digits; all 0 while invited
 *
 * `invited` and `gone` are accounts that must not outlive a restart at the brokers: they are
 * removed there before the line goes. */

enum phone_standing { PHONE_INVITED, PHONE_IN, PHONE_GONE };

struct phone {
    char account[TOPIC_ID_LEN + 1];
    bool staff, relay; /* neither: a member's phone */
    enum phone_standing standing;
    uint8_t public[ENVELOPE_PUBLIC];
    uint8_t helped; /* in RAM alone: a bit for each broker, phones_help */
};

enum { PHONES_MAX = 20000 };

struct phones;

/* Reads `path`; a file that is not there is an empty book. NULL with errno (EBADMSG: it is damaged,
 * and *line says where). */
struct phones *phones_open(const char *path, size_t *line);
void phones_free(struct phones *p); /* NULL is safe */

/* By account, or NULL. Valid until the next change. */
const struct phone *phones_find(const struct phones *p, const char *account);

/* The first whose account comes after this one ("": the first of all), or NULL. */
const struct phone *phones_after(const struct phones *p, const char *account);

size_t phones_count(const struct phones *p, enum phone_standing standing, bool staff);
size_t phones_relays(const struct phones *p); /* those that are in */

/* Enters or replaces one. 0 once it is durable; or -1 with errno, and nothing has changed in the
 * book (ENOBUFS: PHONES_MAX). */
int phones_put(struct phones *p, const struct phone *one);

/* Strikes one out. 0, or -1 with errno as above. One that is not there is no error. */
int phones_strike(struct phones *p, const char *account);

/* True the first time that this phone is helped at that broker, since the book was opened. */
bool phones_help(struct phones *p, const char *account, size_t broker);

bool phones_rotated(const struct phones *p);
int phones_set_rotated(struct phones *p);

#endif
