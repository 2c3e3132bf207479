#ifndef PORCHLIGHT_CORE_MESSAGE_PARTS_H
#define PORCHLIGHT_CORE_MESSAGE_PARTS_H

#include "kiosk/core/message.h"

#include <stdbool.h>

/* What message_write.c and message_read.c both know of a message: which keys each kind has, and
 * what a value may look like. For these two and message.c. */

/* Integers on the wire are below this: most JSON readers store numbers as doubles. */
#define MESSAGE_INTEGER_END (UINT64_C(1) << 53)

/* Which keys a kind needs, beyond those of all. */
enum message_part {
    PART_ALERT = 1 << 0,   /* its id may not be null */
    PART_KIOSK = 1 << 1,   /* the kiosk's keys must be there */
    PART_DETAIL = 1 << 2,  /* its detail may not be null */
    PART_STATE = 1 << 3,   /* state, unconfirmed */
    PART_COUNTS = 1 << 4,  /* seen, safe */
    PART_NONCE = 1 << 5,   /* nonce */
    PART_LINK = 1 << 6,    /* connection */
    PART_ACCOUNT = 1 << 7, /* account */
    PART_PROOF = 1 << 8,   /* it may have a proof */
    PART_RANG = 1 << 9,    /* rang */
    PART_DATE = 1 << 10,   /* at, the kiosk's keys aside */
    PART_BEAT = 1 << 11,   /* state, staff, ring, echo */
    PART_RING = 1 << 12,   /* on, staff, and id, which may be null */
    PART_PING = 1 << 13,   /* ring, nonce, a short one */
    PART_AGE = 1 << 15,    /* up, synced */
    PART_BOX = 1 << 14,    /* sealed for staff, it lacks what says nothing */
    PART_WHERE = 1 << 16,  /* it may have a where */
    PART_HELP = 1 << 17,   /* help, of */
    PART_HASH = 1 << 19,   /* hash */
    PART_PHONES = 1 << 18, /* rang, phones; a ping has them, and month, only from a relay
                              that knows */
};

/* Kinds that leave out age_ms, drill, resumed and detail. */
enum { PARTS_SHORT = PART_DATE | PART_PING };

struct message_kind_row {
    const char *name; /* "kind" on the wire */
    unsigned parts;   /* of enum message_part */
};
extern const struct message_kind_row message_kinds[MSG_KINDS];

/* The key of each group's newest message, in a beat. */
extern const char *const message_groups[FRESHNESS_GROUPS];

/* "state" on the wire, by enum alert_state. */
extern const char *const message_states[ALERT_LOCKDOWN + 1];

/* Whether `text` has the form of `shape` and nothing more: 0 is a digit, x a digit or a to f, and
 * everything else is itself. */
bool message_shaped(const char *text, const char *shape);

/* Whether a value may be on the wire under the key `at`, `account`, `detail` or `where`. */
bool message_at_is_good(const char *at);
bool message_account_is_good(const char *account);
bool message_detail_is_good(const char *detail);
bool message_where_is_good(const char *where);

#endif
