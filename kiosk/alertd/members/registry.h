#ifndef PORCHLIGHT_ALERTD_MEMBERS_REGISTRY_H
#define PORCHLIGHT_ALERTD_MEMBERS_REGISTRY_H

#include "kiosk/alertd/members/account_requests.h"
#include "kiosk/alertd/members/phone_brokers.h"
#include "kiosk/alertd/members/roster.h"
#include "kiosk/core/enrol.h"

/* Keeps the list of phones and the accounts at the brokers in step: first the list is changed, then
 * each broker is asked to follow (account_requests.h), and an account that is gone at every broker
 * is taken off the list. */
struct registry {
    struct roster *phones;
    struct account_requests *requests;
    bool removing; /* some phones that are to be removed may be gone at every broker */
    /* The first account to be removed that may have no request yet, for want of room; later ones
     * may have none either. "": all have. */
    char unasked[TOPIC_ID_LEN + 1];
};

/* `path` is the list's file; requests are for this venue and kiosk, and signed by `signer`. 0, or
 * -1 after log_error. */
int registry_open(struct registry *r, const char *path, const char *venue, const char *kiosk,
                  const struct account_requests_signer *signer);
void registry_close(struct registry *r); /* all zero is safe */

/* The brokers of a config that was read. `open`: the open invitations, here and below. */
void registry_brokers(struct registry *r, const struct phone_brokers *b,
                      const struct enrol_list *open);

/* An answer of a registrar. */
void registry_answer(struct registry *r, size_t broker, const uint8_t *payload, size_t len,
                     int64_t now);

/* Sends what there is to send to the brokers that are up. */
void registry_send(struct registry *r, const struct phone_brokers *b, int64_t now);

/* When it is to be called by time alone; NS_NEVER: it need not be. */
int64_t registry_deadline(const struct registry *r, const struct phone_brokers *b);

/* Takes phones off the list that are gone at every broker. */
void registry_sweep(struct registry *r, const struct enrol_list *open);

/* --- changes. NULL: done; else a sentence that says why not, static storage. */

/* A new account for a phone that is invited. */
const char *registry_invite(struct registry *r, const char *account, bool staff,
                            const char *password);

/* A phone of the list that was invited gets its role and its own password. `certificate`: the
 * root's for a staff phone (CERT_STAFF bytes); NULL for a member's. Here and below. */
const char *registry_admit(struct registry *r, const struct phone *p, const char *password,
                           const uint8_t *certificate);

/* A phone of the list gets its account, role and password at one broker, in case it is not there.
 */
const char *registry_readmit(struct registry *r, const struct phone *p, const char *password,
                             const uint8_t *certificate, size_t broker);

/* Adds a relay, or the same one again: its account is made at every broker that phones use, and new
 * venue keys are sealed to `public`. `grant`: the root's, for exactly this account and password. */
const char *registry_add_relay(struct registry *r, const char *account, const char *password,
                               const uint8_t public[ENVELOPE_PUBLIC],
                               const uint8_t grant[CERT_SIGNATURE]);

/* Removes a phone of the list; its account is shut out at every broker. `grant`: the root's, which
 * staff phones and relays need; NULL: none. */
const char *registry_remove(struct registry *r, const struct phone *p, const uint8_t *grant);

/* Shuts an account out that is no longer on the list, or never was. */
const char *registry_suspend(struct registry *r, const char *account,
                             const uint8_t grant[CERT_SIGNATURE]);

#endif
