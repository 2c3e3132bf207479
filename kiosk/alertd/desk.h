#ifndef PORCHLIGHT_ALERTD_DESK_H
#define PORCHLIGHT_ALERTD_DESK_H

#include "kiosk/alertd/act.h"
#include "kiosk/alertd/errands.h"
#include "kiosk/alertd/phones.h"
#include "kiosk/core/enrol.h"

/* Who belongs to the venue: how phones go (here), join (joining.h) and change keys (rekey.h).
 * Decided by core/enrol.h, kept by phones.h, done at the brokers by errands.h. A kiosk whose desk
 * could not be opened alerts all the same. */
struct desk {
    struct enrol_desk *open; /* locked memory */
    struct errands *errands;
    struct phones *phones;
    char shown[TOPIC_ID_LEN + 1]; /* whose invitation is on the screen; "": nobody's */
    bool sweep;                   /* some that are to go may be gone */
    bool crowded;                 /* some that are to go have no errand yet */
    struct rekey *rekey;
};

/* NULL in a plain venue, or after log_error. */
struct desk *desk_new(const struct kiosk *k);
void desk_free(struct desk *d); /* NULL is safe */

/* All below do nothing where k->desk is NULL. */

/* The brokers of a config that is taken: errands are for those that phones use. */
void desk_brokers(struct kiosk *k);
void desk_up(struct kiosk *k, size_t broker);
void desk_answered(struct kiosk *k, size_t broker, const struct broker_event *e);

void desk_time(struct kiosk *k, int64_t now);
int64_t desk_deadline(const struct kiosk *k);

/* --- what the steward may ask (k->desk is there). NULL: done; else a sentence that says why not,
 * static storage. */

/* An open invitation, or NULL. */
const struct enrol_open *desk_find(const struct desk *d, const char *account);

const char *desk_withdraw(struct kiosk *k, const char *account);
const char *desk_revoke(struct kiosk *k, const char *account);

/* Enters a relay, or one again with another password: its account is made at every broker that
 * phones use, and new venue keys are sealed to `public`. */
const char *desk_relay(struct kiosk *k, const char *account, const char *password,
                       const uint8_t public[ENVELOPE_PUBLIC]);

/* Whether phones use this broker of the config. */
bool desk_is_for_phones(const struct kiosk *k, size_t broker);

/* This invitation's code leaves the screen, if it is the one that is there. */
void desk_unshow(struct kiosk *k, const char *account);

/* Takes all open invitations back. */
void desk_close(struct kiosk *k);

#endif
