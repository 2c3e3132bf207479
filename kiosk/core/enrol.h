#ifndef PORCHLIGHT_CORE_ENROL_H
#define PORCHLIGHT_CORE_ENROL_H

#include "kiosk/core/cert.h"
#include "kiosk/core/envelope.h"
#include "kiosk/core/invitation.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a phone becomes a member's or a staff phone. Pure; the phone's half is
 * kiosk/phone/core/enrol.js.
 *
 *  1. The kiosk draws an account name, a one-time password and a secret, creates that account at
 *     its brokers (dynsec.h, role newcomer), and shows an invitation (invitation.h).
 *  2. The phone makes its key pair and publishes a letter on enrol/<account>, signed by that key:
 *     {"v":2,"kind":"enrol","account","public","password","staff","mac"}. The letter contains the
 *     password that the phone will use from now on; only who has the secret can make its MAC. The
 *     first such letter fixes the phone's key.
 *  3. A staff phone gets {"v":2,"kind":"confirm","account","nonce"}, with a nonce that was drawn
 *     after its key was fixed. It shows six digits; the host types them in at the kiosk, in at most
 *     ENROL_TRIES tries. Then somebody who has the root key signs the phone's key.
 *  4. The kiosk sends a welcome:
 * {"v":2,"kind":"welcome","account","venue_key","certificate","mac"}, the certificate for staff
 * alone.
 *  5. The phone sends {"v":2,"kind":"enrolled","account"}, signed by the same key. Only then does
 *     the kiosk set the new password and role. A phone that was interrupted before can start again.
 *
 * What the kiosk sends is sealed to the phone's key and signed by the kiosk (envelope.h, form 4).
 * What it refuses, it refuses with a reason: {"v":2,"kind":"refused","account","reason"}, for the
 * reason "version" with "speaks", the versions that this kiosk speaks.
 *
 * A second phone that has the secret shows that the invitation was copied. While it is open, this
 * ends it for both; once it was used, both learn of it (ENROL_COPIED).
 *
 * Nobody stores a phone's password, so a broker that was away during the enrolment does not learn
 * it once the kiosk has restarted. A phone that this broker refuses while another one accepts it
 * sends
 * {"v":2,"kind":"again","account","password","broker"} on ack/<account>, signed by the same key.
 *
 * An invitation is valid for ENROL_VALID_FOR and works once. Until then, one that was used or
 * copied is remembered. Times are ns of CLOCK_MONOTONIC, passed in. */

#define ENROL_VALID_FOR (600 * INT64_C(1000000000))

enum {
    ENROL_OPEN_MAX = 16, /* invitations at a time */
    ENROL_ACCOUNT = 16,  /* hex digits */
    ENROL_PASSWORD_MIN = 16,
    ENROL_PASSWORD_MAX = 64,
    ENROL_ADDRESS_MAX = INVITATION_ADDRESS_MAX + 1,
    ENROL_TRIES = 3, /* for the six digits: one in 333,333 to guess them */
};

struct enrol_letter {
    bool done;          /* "enrolled", not "enrol" */
    bool other_version; /* only account and public are set */
    char account[ENROL_ACCOUNT + 1];
    uint8_t public[ENVELOPE_PUBLIC];
    char password[ENROL_PASSWORD_MAX + 1]; /* as enrol_is_password */
    bool staff;
    uint8_t mac[INVITATION_MAC];
};

/* Whether this is an account: ENROL_ACCOUNT lower-case hex digits. */
bool enrol_is_account(const char *text);

/* Whether this may be an account's password: letters, digits, "-" and "_", from ENROL_PASSWORD_MIN
 * to ENROL_PASSWORD_MAX of them. It then needs no quotes anywhere. */
bool enrol_is_password(const char *text);

/* Reads a letter's text. 0, or -1 for anything else. */
int enrol_read(const char *text, size_t len, struct enrol_letter *e);

struct enrol_again {
    char account[ENROL_ACCOUNT + 1];
    char password[ENROL_PASSWORD_MAX + 1];
    char broker[ENROL_ADDRESS_MAX]; /* as the phone's invitation had it */
};

/* Reads a letter "again". 0, or -1 for anything else. */
int enrol_again_read(const char *text, size_t len, struct enrol_again *a);

enum enrol_standing {
    ENROL_FREE,
    ENROL_OPEN,
    ENROL_JOINED, /* used; remembered until it would have expired */
    ENROL_VOID,   /* two phones had its secret; remembered too */
};

struct enrol_open {
    enum enrol_standing standing;
    char account[ENROL_ACCOUNT + 1];
    bool staff, claimed, confirmed, certified;
    bool copied;    /* a second phone has the secret too */
    bool dead;      /* no phone joins by it, and nothing on site shows that; see enrol_deaden */
    unsigned tries; /* for the digits, that are left */
    int64_t until;
    uint8_t secret[INVITATION_SECRET];
    uint8_t nonce[INVITATION_NONCE]; /* once a staff phone's key is fixed */
    uint8_t public[ENVELOPE_PUBLIC];
    uint8_t certificate[CERT_SIGNATURE];
    char password[ENROL_PASSWORD_MAX + 1];
};

/* The invitations of one kiosk. Holds secrets: locked memory, and sodium_memzero when it goes. */
struct enrol_list {
    uint8_t venue[ENVELOPE_ID], kiosk[ENVELOPE_ID];
    struct enrol_open open[ENROL_OPEN_MAX];
};

void enrol_begin(struct enrol_list *l, const uint8_t venue[ENVELOPE_ID],
                 const uint8_t kiosk[ENVELOPE_ID]);

/* 0, or -1 if ENROL_OPEN_MAX are open or the account is known. */
int enrol_invite(struct enrol_list *l, const char *account, bool staff,
                 const uint8_t secret[INVITATION_SECRET], int64_t now);

/* An alert is active: whoever is on site may have seen an invitation, or have forced somebody to
 * make one. Those for members that no phone has answered yet go on to look open until they expire,
 * and are never answered, also after the alert. A staff phone needs the root key to join, whatever
 * happens on site. */
void enrol_deaden(struct enrol_list *l);
bool enrol_is_dead(const struct enrol_list *l, const char *account);

enum enrol_verdict {
    ENROL_REFUSED,   /* see enum enrol_reason */
    ENROL_CONFIRM,   /* staff: send the nonce (again), and wait for the digits */
    ENROL_CERTIFY,   /* staff: the root has to sign *public first */
    ENROL_WELCOME,   /* send the welcome (again) */
    ENROL_PROMOTED,  /* set its password and role at the brokers, then enrol_joined */
    ENROL_COPIED,    /* another phone has the secret: refuse it, and tell the first one. If the
                        invitation was open, remove its account from the brokers */
    ENROL_WITHDRAWN, /* it is over: remove its account from the brokers, then enrol_close */
    ENROL_NOTHING,
};

/* Why a phone is refused. */
enum enrol_reason {
    ENROL_REASON_NONE,    /* a letter that is not signed as it says: it gets no answer */
    ENROL_REASON_VERSION, /* of another version of the protocol */
    ENROL_REASON_CLOSED,  /* no such invitation is open: used, taken back or expired */
    ENROL_REASON_EXPIRED,
    ENROL_REASON_COPIED,    /* another phone has used the invitation */
    ENROL_REASON_SECRET,    /* the MAC is not by the invitation's secret */
    ENROL_REASON_ROLE,      /* a member's letter to a staff phone's invitation, or the reverse */
    ENROL_REASON_DIGITS,    /* wrong digits were typed in ENROL_TRIES times */
    ENROL_REASON_WITHDRAWN, /* the host took it back */
};

/* "version", "closed" and so on, as the refusal has it; "" for none. Static storage. */
const char *enrol_reason_name(enum enrol_reason r);

/* `one` is the invitation that it is about, valid until the next change; NULL where there is none
 * or nothing is to be done with it. */
struct enrol_judgement {
    enum enrol_verdict verdict;
    enum enrol_reason reason; /* of ENROL_REFUSED and ENROL_COPIED */
    const struct enrol_open *one;
};

/* A letter that came on enrol/<topic_account>. */
struct enrol_arrival {
    const struct enrol_letter *letter;
    const char *topic_account;
    bool signed_by_key;              /* by the public key in it; "enrolled" by enrol_key */
    uint8_t nonce[INVITATION_NONCE]; /* random, used if this letter fixes a key */
    int64_t now;
};

struct enrol_judgement enrol_receive(struct enrol_list *l, const struct enrol_arrival *a);

/* An open invitation, or NULL; the second finds those too that are remembered. */
const struct enrol_open *enrol_find(const struct enrol_list *l, const char *account);
const struct enrol_open *enrol_recall(const struct enrol_list *l, const char *account);

/* The key that claimed an invitation, with which to check "enrolled"; NULL: none. */
const uint8_t *enrol_key(const struct enrol_list *l, const char *account);

/* The host typed in digits. ENROL_CERTIFY: they are right; ENROL_REFUSED: they are wrong, or none
 * are waited for; ENROL_WITHDRAWN: that was the last try. */
struct enrol_judgement enrol_confirm(struct enrol_list *l, const char *account, const char *digits,
                                     int64_t now);

/* The root has signed a staff phone's key (checked here). ENROL_WELCOME, or ENROL_REFUSED: another
 * key's, the digits were not typed in yet, or too late. */
struct enrol_judgement enrol_certify(struct enrol_list *l,
                                     const uint8_t root_public[ENVELOPE_PUBLIC],
                                     const char *account, const uint8_t certificate[CERT_SIGNATURE],
                                     int64_t now);

/* An open invitation was used: it is remembered, without the password and the certificate. */
void enrol_joined(struct enrol_list *l, const char *account);

/* Erases an invitation, whatever became of it. */
void enrol_close(struct enrol_list *l, const char *account);

/* ENROL_WITHDRAWN with an expired invitation, or ENROL_NOTHING if none has expired. Close it before
 * you call this again. Those that were only remembered are erased here. */
struct enrol_judgement enrol_tick(struct enrol_list *l, int64_t now);

/* When the first of them expires; NS_NEVER: there is none. */
int64_t enrol_deadline(const struct enrol_list *l);

/* What the kiosk sends to a phone. `at`: venue, kiosk and the full topic enrol/<account>. */
enum envelope_result enrol_welcome(const struct enrol_open *one, const struct envelope_place *at,
                                   const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                   const uint8_t root_public[ENVELOPE_PUBLIC],
                                   const uint8_t venue_key[ENVELOPE_KEY],
                                   uint8_t out[ENVELOPE_SIZE]);
enum envelope_result enrol_ask_digits(const struct enrol_open *one, const struct envelope_place *at,
                                      const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                      uint8_t out[ENVELOPE_SIZE]);
enum envelope_result enrol_refuse(const char *account, enum enrol_reason reason,
                                  const uint8_t phone_public[ENVELOPE_PUBLIC],
                                  const struct envelope_place *at,
                                  const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                  uint8_t out[ENVELOPE_SIZE]);

/* A new venue key for a phone that is a member already. */
enum envelope_result enrol_rotate(const uint8_t phone_public[ENVELOPE_PUBLIC],
                                  const struct envelope_place *at,
                                  const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                  const uint8_t venue_key[ENVELOPE_KEY],
                                  uint8_t out[ENVELOPE_SIZE]);

#endif
