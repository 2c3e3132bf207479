#ifndef PORCHLIGHT_ALERTD_MEMBERS_ACCOUNT_REQUESTS_H
#define PORCHLIGHT_ALERTD_MEMBERS_ACCOUNT_REQUESTS_H

#include "config/config.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/registration.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is still to be done about accounts at the brokers, as requests to the registrar beside each
 * of them (kiosk/core/registration.h). Each request is for every broker that phones use, in the
 * order they were added, one at a time; a broker that is away gets them when it is back. Kept in
 * RAM alone, because passwords are among them (locked memory). What a restart loses, phones ask for
 * again (enrolment.h). Pure but for the randomness of seals; times are ns of CLOCK_MONOTONIC,
 * passed in. */

enum account_request_kind {
    ACCOUNT_REQUEST_ACCOUNT, /* make an account with a role and a password */
    ACCOUNT_REQUEST_PROMOTE, /* a newcomer gets another role, and a password of its own */
    ACCOUNT_REQUEST_SUSPEND, /* the account is shut out; one of an invitation is removed */
};

struct account_request {
    enum account_request_kind kind;
    enum topic_role who; /* not ACCOUNT_REQUEST_SUSPEND */
    char account[TOPIC_ID_LEN + 1];
    char password[REGISTRATION_PASSWORD_MAX + 1]; /* not ACCOUNT_REQUEST_SUSPEND */
    bool has_staff, has_grant; /* what the root signed, see struct registration_request */
    uint8_t staff[CERT_STAFF], grant[CERT_SIGNATURE];
};

enum { ACCOUNT_REQUESTS_MAX = 256, ACCOUNT_REQUESTS_FAULT_MAX = REGISTRATION_WHY_MAX };

struct account_requests;

/* By whom the requests are signed. */
struct account_requests_signer {
    uint8_t secret[ENVELOPE_SECRET], public[ENVELOPE_PUBLIC];
    uint8_t certificate[CERT_SIGNATURE]; /* the root's, for this kiosk */
};

/* For requests of this venue and kiosk, 16 hex digits each. The signer is copied. NULL with errno.
 */
struct account_requests *account_requests_new(const char *venue, const char *kiosk,
                                              const struct account_requests_signer *signer);
void account_requests_free(struct account_requests *e); /* NULL is safe */

/* Which brokers phones use, by their index. What was left to do is forgotten. */
void account_requests_brokers(struct account_requests *e, const bool used[CONFIG_BROKERS_MAX]);

/* One more. 0, or -1 with errno ENOBUFS. */
int account_requests_add(struct account_requests *e, const struct account_request *one);

/* One more, for one broker alone. */
int account_requests_add_at(struct account_requests *e, const struct account_request *one,
                            size_t broker);

/* Forgets what is not done yet for this account. */
void account_requests_drop(struct account_requests *e, const char *account);

/* The next packet for the topic "registrar" of this broker, if there is one to send now. What is
 * not answered within ACCOUNT_REQUESTS_PATIENCE is sent again, under the same number; and a hello
 * is, once, and then after ACCOUNT_REQUESTS_REST while nothing else is to be done. *qos: a hello is
 * not worth a complaint of a broker that has no registrar. */
#define ACCOUNT_REQUESTS_PATIENCE (5 * INT64_C(1000000000))
#define ACCOUNT_REQUESTS_REST     (60 * INT64_C(1000000000))
bool account_requests_next(struct account_requests *e, size_t broker, int64_t now,
                           uint8_t wire[ENVELOPE_SIZE], int *qos);

/* When the registrar of this broker is to be greeted again by time alone, so that it is not when
 * something else happens; NS_NEVER: it need not be. */
int64_t account_requests_deadline(const struct account_requests *e, size_t broker);

/* A new connection: the registrar is greeted, and what was on its way is sent again. */
void account_requests_again(struct account_requests *e, size_t broker);

/* What came on the topic "registered". True if something was done or refused by it. */
bool account_requests_answer(struct account_requests *e, size_t broker, const uint8_t *payload,
                             size_t len, int64_t now);

/* How many are left at this broker, of this account (NULL: of all). */
size_t account_requests_left(const struct account_requests *e, size_t broker, const char *account);
/* The same over all brokers. */
bool account_requests_done(const struct account_requests *e, const char *account);

/* Why the last one failed or waits, a sentence; "" if it does not. */
const char *account_requests_fault(const struct account_requests *e, size_t broker);

/* How many messages the registrar has not looked at since its start, as its last answer says. */
uint64_t account_requests_dropped(const struct account_requests *e, size_t broker);

/* Whether a registrar has answered there since the connection began. */
bool account_requests_served(const struct account_requests *e, size_t broker);

#endif
