#ifndef PORCHLIGHT_CORE_COMMAND_H
#define PORCHLIGHT_CORE_COMMAND_H

#include "kiosk/core/alert.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/envelope.h"
#include "kiosk/core/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Judges a staff phone's command. Pure. It needs no clock: it names the random nonce of the signed
 * state, which the kiosk changes after each accepted command and at each start. What is refused
 * changes nothing but a count, so that each message of a flood costs one decryption.
 *
 * How staff keys reach the kiosk: a staff phone makes its pair and shows the public half; the root
 * key, off site, signs it for one account (`porchlight keys staff`); the kiosk gets
 * <prefix>/var/lib/porchlight/staff/ACCOUNT.cert, CERT_STAFF bytes in hex. The file is not
 * secret and needs no protection: what the root did not sign is not believed. To revoke it, delete
 * the file and the account. */

enum command_result {
    COMMAND_ACCEPTED,
    COMMAND_RETAINED,  /* kept by a broker: commands are for now */
    COMMAND_MALFORMED, /* no letter, or no command inside */
    COMMAND_FOREIGN,   /* sealed to another kiosk's key, or not sealed by one who has ours */
    COMMAND_UNKNOWN,   /* the account has no staff certificate here */
    COMMAND_FORGED,    /* not signed by that account's phone for this kiosk and topic, or an
                          all-clear whose proof would convince no phone */
    COMMAND_REPLAYED,  /* another nonce than the current one: used, or of an earlier start */
    COMMAND_STALE,     /* all-clear or abort of another alert than the current one */
    COMMAND_RESULTS,
};

/* One staff phone, from its file. */
struct command_staff {
    uint8_t account[ENVELOPE_ID];
    uint8_t cert[CERT_STAFF];
};

/* What a staff phone may learn of its command that was refused. */
struct command_refused {
    const uint8_t *phone; /* ENVELOPE_PUBLIC: the key that signed it; NULL: it gets no answer */
    enum message_kind kind;
    uint8_t nonce[MESSAGE_NONCE]; /* by which the phone knows which one it was */
};

/* What the kiosk knows when the letter comes. */
struct command_check {
    uint8_t venue[ENVELOPE_ID], kiosk[ENVELOPE_ID];
    const uint8_t *kiosk_public; /* ENVELOPE_PUBLIC */
    const uint8_t *kiosk_secret; /* ENVELOPE_SECRET */
    const uint8_t *root_public;  /* ENVELOPE_PUBLIC */
    const struct command_staff *staff;
    size_t staff_count;
    uint8_t nonce[MESSAGE_NONCE];
    uint64_t epoch, seq;             /* of the newest message: nobody can have seen a later one */
    struct alert_id standing;        /* the current alert or duress; none: all zero */
    struct command_refused *refused; /* filled if it is refused; NULL: not wanted */
};

struct command {
    enum alert_command command;
    struct alert_id id;        /* the alert it is about; may be none */
    char account[17];          /* whose it is; for counting, not for logs */
    uint8_t proof[CERT_PROOF]; /* only all-clear: goes into all-clear and every later state */
    size_t proof_len;          /* CERT_PROOF, or 0 */
};

/* Whether the root vouches for this staff phone; asked when its file is read. */
bool command_staff_check(const struct command_staff *s, const uint8_t venue[ENVELOPE_ID],
                         const uint8_t root_public[ENVELOPE_PUBLIC]);

/* Judges what came on the topic `topic` (its full name), which ends in `account` (16 hex digits).
 * COMMAND_ACCEPTED alone fills *c; the caller then draws a new nonce before it does anything
 * else. */
enum command_result command_read(const struct command_check *d, const char *topic,
                                 const char *account, bool retained, const uint8_t *wire,
                                 size_t len, struct command *c);

/* The answer to a command that was refused, for the topic answer/<account> at `at` (envelope.h,
 * form 4): {"v":2,"kind":"refused","of":"command-drill","nonce","reason"}, the reason as
 * command_result_name has it. Only if r->phone is set. */
enum envelope_result command_refuse(const struct command_refused *r, enum command_result why,
                                    const struct envelope_place *at,
                                    const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                    uint8_t out[ENVELOPE_SIZE]);

/* "accepted", "retained", "malformed", "foreign", "unknown account", "forged", "replayed",
 * "stale". Static storage. */
const char *command_result_name(enum command_result r);

#endif
