#ifndef PORCHLIGHT_ALERTD_MEMBERS_ROSTER_H
#define PORCHLIGHT_ALERTD_MEMBERS_ROSTER_H

#include "kiosk/common/topics.h"
#include "kiosk/core/envelope.h"

#include <stdbool.h>
#include <stddef.h>

/* The phones of this venue, with as little about them as possible: a random account, whether it is
 * a staff phone, and its public key, with which a new venue key can be sealed to it. No names and
 * no times; kept in the order of the accounts, which does not show who joined when. Relays are on
 * the list too, so that they get a new key as well.
 *
 * <prefix>/var/lib/porchlight/phones, text, replaced as a whole at each change:
 *
 *   porchlight phones 1            or "porchlight phones 1 rotated": the venue key was changed, and
 *                                  each broker that connects is given it again for every phone
 *   ACCOUNT member|staff|relay invited|in|gone PUBLIC     64 hex digits; all 0 while invited
 *
 * `invited` and `gone` are accounts that must not outlive a restart at the brokers: they are
 * removed there first, and then from this list. */

enum phone_standing { PHONE_INVITED, PHONE_IN, PHONE_GONE };

struct phone {
    char account[TOPIC_ID_LEN + 1];
    bool staff, relay; /* neither: a member's phone */
    enum phone_standing standing;
    uint8_t public[ENVELOPE_PUBLIC];
    uint8_t readmitted; /* in RAM alone: a bit for each broker, roster_readmit */
};

enum { ROSTER_MAX = 20000 };

struct roster;

/* Reads `path`; a file that is not there is an empty list. NULL with errno (EBADMSG: it is damaged,
 * and *line says where). */
struct roster *roster_open(const char *path, size_t *line);
void roster_free(struct roster *p); /* NULL is safe */

/* By account, or NULL. Valid until the next change. */
const struct phone *roster_find(const struct roster *p, const char *account);

/* The first whose account comes after this one ("": the first of all), or NULL. */
const struct phone *roster_after(const struct roster *p, const char *account);

size_t roster_count(const struct roster *p, enum phone_standing standing, bool staff);
size_t roster_relays(const struct roster *p); /* those that are in */
/* The accounts of at most `max` of these. How many. */
size_t roster_relay_accounts(const struct roster *p, char out[][TOPIC_ID_LEN + 1], size_t max);

/* Adds or replaces one. 0 once it is durable; or -1 with errno, and the list is as before (ENOBUFS:
 * ROSTER_MAX). */
int roster_put(struct roster *p, const struct phone *one);

/* Removes one. 0, or -1 with errno as above. One that is not there is no error. */
int roster_remove(struct roster *p, const char *account);

/* True the first time that this phone is let in again at that broker since the list was opened. */
bool roster_readmit(struct roster *p, const char *account, size_t broker);

bool roster_rotated(const struct roster *p);
int roster_set_rotated(struct roster *p);

#endif
