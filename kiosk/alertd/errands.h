#ifndef PORCHLIGHT_ALERTD_ERRANDS_H
#define PORCHLIGHT_ALERTD_ERRANDS_H

#include "config/config.h"
#include "kiosk/common/dynsec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is still to be done at the brokers' account tables, as requests to their dynamic security
 * plugin. Each errand is for every broker that phones use, in the order they were added, one at a
 * time; a broker that is away gets them when it is back. Kept in RAM alone: passwords are among
 * them (locked memory). What a restart takes along, phones ask for again (joining.h). Pure but for
 * the tag that is drawn at the start; times are ns of CLOCK_MONOTONIC, passed in. */

enum errand_kind {
    ERRAND_ACCOUNT, /* make the role, and the account that holds it, with a password */
    ERRAND_PROMOTE, /* make the role; a newcomer gets it, and a password of its own */
    ERRAND_REMOVE,  /* account and role go */
};

struct errand {
    enum errand_kind kind;
    enum topic_role who;
    char account[TOPIC_ID_LEN + 1];
    char password[DYNSEC_PASSWORD_MAX + 1]; /* not ERRAND_REMOVE */
};

enum { ERRANDS_MAX = 256, ERRANDS_FAULT_MAX = 96 };

struct errands;

/* For requests of this venue and kiosk. NULL with errno. */
struct errands *errands_new(const char *venue, const char *kiosk);
void errands_free(struct errands *e); /* NULL is safe */

/* Which brokers there are to be errands for, by their index. What was left to do is forgotten. */
void errands_brokers(struct errands *e, const bool theirs[CONFIG_BROKERS_MAX]);

/* One more. 0, or -1 with errno ENOBUFS. */
int errands_add(struct errands *e, const struct errand *one);

/* One more, for one broker alone. */
int errands_add_at(struct errands *e, const struct errand *one, size_t broker);

/* What is not done yet of this account is forgotten. */
void errands_drop(struct errands *e, const char *account);

/* The next request that this broker is to be sent now, terminated; to be called until it gives
 * none. Its length; 0: none, or one is on its way. What is not answered in ERRANDS_PATIENCE is
 * asked again. A role's request goes before its account's and bears no tag, for which it has no
 * room: that it failed shows in the answer to the other. */
#define ERRANDS_PATIENCE (5 * INT64_C(1000000000))
size_t errands_next(struct errands *e, size_t broker, int64_t now, char out[DYNSEC_MAX]);

/* A new connection: what was on its way is asked again. */
void errands_again(struct errands *e, size_t broker);

/* What came on DYNSEC_RESPONSE. True if it answers what was on its way there. */
bool errands_answer(struct errands *e, size_t broker, const uint8_t *payload, size_t len);

/* How many are left at this broker, of this account (NULL: of all). */
size_t errands_left(const struct errands *e, size_t broker, const char *account);
/* The same over all brokers. */
bool errands_done(const struct errands *e, const char *account);

/* Why the last one failed or waits, a sentence; "": it does not. */
const char *errands_fault(const struct errands *e, size_t broker);

#endif
