#ifndef PORCHLIGHT_ALERTD_MEMBERS_ACCOUNT_REQUESTS_H
#define PORCHLIGHT_ALERTD_MEMBERS_ACCOUNT_REQUESTS_H

#include "config/config.h"
#include "kiosk/common/dynsec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is still to be done at the brokers' account tables, as requests to their dynamic security
 * plugin. Each request is for every broker that phones use, in the order they were added, one at a
 * time; a broker that is away gets them when it is back. Kept in RAM alone, because passwords are
 * among them (locked memory). What a restart loses, phones ask for again (enrolment.h). Pure but
 * for the tag that is drawn at the start; times are ns of CLOCK_MONOTONIC, passed in. */

enum account_request_kind {
    ACCOUNT_REQUEST_ACCOUNT, /* make the role, and the account that holds it, with a password */
    ACCOUNT_REQUEST_PROMOTE, /* make the role; a newcomer gets it, and a password of its own */
    ACCOUNT_REQUEST_REMOVE,  /* account and role go */
};

struct account_request {
    enum account_request_kind kind;
    enum topic_role who;
    char account[TOPIC_ID_LEN + 1];
    char password[DYNSEC_PASSWORD_MAX + 1]; /* not ACCOUNT_REQUEST_REMOVE */
};

enum { ACCOUNT_REQUESTS_MAX = 256, ACCOUNT_REQUESTS_FAULT_MAX = 128 };

struct account_requests;

/* For requests of this venue and kiosk. NULL with errno. */
struct account_requests *account_requests_new(const char *venue, const char *kiosk);
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

/* The next request to send to this broker now, terminated; call it until it returns 0. Its length;
 * 0: none, or one is on its way. What is not answered within ACCOUNT_REQUESTS_PATIENCE is sent
 * again. A role's request goes before its account's and carries no tag, for which it has no room:
 * if it failed, the answer to the other shows it. */
#define ACCOUNT_REQUESTS_PATIENCE (5 * INT64_C(1000000000))
size_t account_requests_next(struct account_requests *e, size_t broker, int64_t now,
                             char out[DYNSEC_MAX]);

/* A new connection: what was on its way is sent again. */
void account_requests_again(struct account_requests *e, size_t broker);

/* What came on DYNSEC_RESPONSE. True if it answers what was on its way there. */
bool account_requests_answer(struct account_requests *e, size_t broker, const uint8_t *payload,
                             size_t len);

/* How many are left at this broker, of this account (NULL: of all). */
size_t account_requests_left(const struct account_requests *e, size_t broker, const char *account);
/* The same over all brokers. */
bool account_requests_done(const struct account_requests *e, const char *account);

/* Why the last one failed or waits, a sentence; "" if it does not. */
const char *account_requests_fault(const struct account_requests *e, size_t broker);

#endif
