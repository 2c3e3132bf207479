#ifndef PORCHLIGHT_ALERTD_MEMBERS_REGISTRY_H
#define PORCHLIGHT_ALERTD_MEMBERS_REGISTRY_H

#include "kiosk/alertd/actions.h"
#include "kiosk/alertd/members/account_requests.h"
#include "kiosk/alertd/members/roster.h"
#include "kiosk/core/enrol.h"

/* Who belongs to the venue: how phones go (here), join (joining.h) and change keys (rekey.h).
 * Decided by core/enrol.h, kept by phones.h, done at the brokers by errands.h. A kiosk whose desk
 * could not be opened alerts all the same. */
struct registry {
    struct enrol_list *open; /* locked memory */
    struct account_requests *errands;
    struct roster *phones;
    char shown[TOPIC_ID_LEN + 1]; /* whose invitation is on the screen; "": nobody's */
    bool sweep;                   /* some that are to go may be gone */
    bool crowded;                 /* some that are to go have no errand yet */
    struct key_rotation *rekey;
};

/* NULL in a plain venue, or after log_error. */
struct registry *registry_new(const struct kiosk *k);
void registry_free(struct registry *d); /* NULL is safe */

/* All below do nothing where k->registry is NULL. */

/* The brokers of a config that is taken: errands are for those that phones use. */
void registry_brokers(struct kiosk *k);
void registry_up(struct kiosk *k, size_t broker);
void registry_answered(struct kiosk *k, size_t broker, const struct mqtt_event *e);

void registry_time(struct kiosk *k, int64_t now);
int64_t registry_deadline(const struct kiosk *k);

/* --- what the steward may ask (k->registry is there). NULL: done; else a sentence that says why
 * not, static storage. */

/* An open invitation, or NULL. */
const struct enrol_open *registry_find(const struct registry *d, const char *account);

const char *registry_withdraw(struct kiosk *k, const char *account);
const char *registry_revoke(struct kiosk *k, const char *account);

/* Enters a relay, or one again with another password: its account is made at every broker that
 * phones use, and new venue keys are sealed to `public`. */
const char *registry_relay(struct kiosk *k, const char *account, const char *password,
                           const uint8_t public[ENVELOPE_PUBLIC]);

/* Whether phones use this broker of the config. */
bool registry_is_for_phones(const struct kiosk *k, size_t broker);

/* This invitation's code leaves the screen, if it is the one that is there. */
void registry_unshow(struct kiosk *k, const char *account);

/* Takes all open invitations back. */
void registry_close(struct kiosk *k);

#endif
