#ifndef PORCHLIGHT_CORE_REGISTRATION_H
#define PORCHLIGHT_CORE_REGISTRATION_H

#include "kiosk/core/cert.h"
#include "kiosk/core/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is said between a kiosk and a registrar, and what a registrar may grant. Pure; the caller
 * has called sodium_init().
 *
 * The registrar (kiosk/registrar) is the only program that may change accounts at its broker. It
 * knows each venue's id and root public key, and nothing of its members.
 *
 *  1. On each connection the asker publishes a hello on its topic "registrar". It holds the public
 *     key that its requests will be signed with, and the root's certificate for it:
 *
 *            0     1  version, 2
 *            1     1  form, 9 (hello)
 *            2    32  public key: the kiosk's, or the root's own
 *           34    64  the root's certificate for a kiosk (cert.h); zeros where the root asks
 *           98   670  zeros
 *
 *  2. The registrar answers on "registered":
 *
 *            0     1  version, 2
 *            1     1  form, 10 (announcement)
 *            2    32  the registrar's public key
 *           34    64  its signature over "porchlight-registrar" 0 | venue 8 | kiosk 8 | bytes 98
 *                     to 106
 *           98     8  the number of the last request that it took from this asker, big endian
 *          106     1  enum registration_standing
 *          107   661  zeros
 *
 *  3. A request is a letter (envelope.h, form 2) sealed to the registrar's key and signed by the
 *     asker's; its number is above the last one's. It is sent again, with the same number, until
 *     it is answered.
 *  4. The answer is a welcome (form 4), sealed to the asker's key and signed by the registrar.
 *
 * A retired version of any of it is refused by the version byte. */

enum {
    REGISTRATION_ACCOUNT = 16, /* hex digits */
    REGISTRATION_PASSWORD_MAX = 64,
    REGISTRATION_WAIT_MAX_S = 86400, /* the longest wait: until the next day's budget */
    REGISTRATION_WHY_MAX = 256,
    REGISTRATION_DIGEST = 16,
    REGISTRATION_SUSPENSIONS = 5,     /* a day, by one kiosk */
    REGISTRATION_CREATIONS_HOUR = 40, /* accounts an hour, by one kiosk */
    REGISTRATION_CREATIONS_DAY = 200, /* and a day */
};

enum registration_kind {
    REGISTRATION_CREATE,  /* an account with a role and a password */
    REGISTRATION_PROMOTE, /* a newcomer becomes a member or staff phone, with another password */
    REGISTRATION_SUSPEND, /* a member is shut out; a newcomer's one-time account is removed */
    REGISTRATION_RESTORE, /* a suspended account is let in again */
    REGISTRATION_PASSWORD,
    REGISTRATION_REMOVE,
    REGISTRATION_DISOWN, /* a kiosk: its account is shut out, what it suspended is restored */
    REGISTRATION_KINDS,
};

enum registration_role {
    REGISTRATION_NOBODY, /* not one of these */
    REGISTRATION_NEWCOMER,
    REGISTRATION_MEMBER,
    REGISTRATION_STAFF,
    REGISTRATION_RELAY,
    REGISTRATION_KIOSK,
    REGISTRATION_ROOT,
    REGISTRATION_ROLES,
};

/* The words for them, as in the messages: "create", "member". NULL: no such one. */
const char *registration_kind_name(enum registration_kind kind);
const char *registration_role_name(enum registration_role role);
/* REGISTRATION_NOBODY: no role is called so. */
enum registration_role registration_role_of(const char *name);

/* A request. The root's grant lets a kiosk send what only the root may order: the root's signature
 * over "porchlight-grant" 0 | venue 8 | kind 1 | role 1 | account 8 | kiosk 8 | BLAKE2b-256 of the
 * password. A staff phone's certificate grants its promotion in the same way. Whoever sees a grant
 * can send it again, so there is none for what would then do harm: to create, suspend and remove
 * are granted, all else has to be asked by the root itself. */
struct registration_request {
    enum registration_kind kind;
    uint64_t number;             /* below 2^48 */
    enum registration_role role; /* CREATE, PROMOTE; else REGISTRATION_NOBODY */
    char account[REGISTRATION_ACCOUNT + 1];
    char kiosk[REGISTRATION_ACCOUNT + 1];         /* DISOWN: the kiosk's id; else "" */
    char password[REGISTRATION_PASSWORD_MAX + 1]; /* CREATE, PROMOTE, PASSWORD; else "" */
    uint8_t public[ENVELOPE_PUBLIC];              /* the asker's */
    uint8_t certificate[CERT_SIGNATURE];          /* the root's for a kiosk; zeros: the root asks */
    bool has_staff;
    uint8_t staff[CERT_STAFF]; /* PROMOTE to staff: the phone's key and its certificate */
    bool has_grant;
    uint8_t grant[CERT_SIGNATURE];
};

/* A request's text. 0, or -1: it does not fit, or a field is not what it must be. */
int registration_write(const struct registration_request *r, char out[ENVELOPE_LETTER_MAX + 1],
                       size_t *len);
int registration_read(const char *text, size_t len, struct registration_request *r);

void registration_grant(const struct registration_request *r, const uint8_t venue[ENVELOPE_ID],
                        const uint8_t root_secret[ENVELOPE_SECRET], uint8_t grant[CERT_SIGNATURE]);

/* --- hello and announcement ------------------------------------------------------------------ */

enum registration_standing {
    REGISTRATION_WELCOME,
    REGISTRATION_UNKNOWN_VENUE,
    REGISTRATION_UNCERTIFIED, /* the venue's root did not sign this key */
    REGISTRATION_DISOWNED,
};

struct registration_hello {
    uint8_t public[ENVELOPE_PUBLIC], certificate[CERT_SIGNATURE];
};

void registration_hello_write(const struct registration_hello *h, uint8_t wire[ENVELOPE_SIZE]);
int registration_hello_read(const uint8_t *wire, size_t len, struct registration_hello *h);

struct registration_announcement {
    uint8_t public[ENVELOPE_PUBLIC];
    uint64_t last;
    enum registration_standing standing;
};

/* `at` says venue and kiosk. */
void registration_announce(const struct registration_announcement *a,
                           const struct envelope_place *at, const uint8_t secret[ENVELOPE_SECRET],
                           uint8_t wire[ENVELOPE_SIZE]);
int registration_announcement_read(const uint8_t *wire, size_t len, const struct envelope_place *at,
                                   struct registration_announcement *a);

/* Why a registrar refuses this asker, a sentence; NULL: it does not. */
const char *registration_standing_sentence(enum registration_standing s);

/* --- answers --------------------------------------------------------------------------------- */

enum registration_outcome {
    REGISTRATION_DONE,
    REGISTRATION_REFUSED, /* and will be, however often it is asked */
    REGISTRATION_LATER,   /* ask again after `after_s` */
    REGISTRATION_OLD,     /* the number was used, for another request or a newer one: see `last` */
};

struct registration_answer {
    enum registration_outcome outcome;
    uint64_t number, last;
    long after_s;     /* 0 to REGISTRATION_WAIT_MAX_S */
    uint64_t dropped; /* messages that the registrar has not looked at since its start, whoever
                         sent too many; 0: none, nor do earlier registrars say */
    char why[REGISTRATION_WHY_MAX]; /* a sentence; "" where it is done */
};

int registration_answer_write(const struct registration_answer *a,
                              char out[ENVELOPE_LETTER_MAX + 1], size_t *len);
int registration_answer_read(const char *text, size_t len, struct registration_answer *a);

/* --- verdicts -------------------------------------------------------------------------------- */

/* Whether the key that signs these requests is one of this venue: the root's own, or one that the
 * root certified for this kiosk. */
bool registration_is_certified(const struct registration_hello *h, const uint8_t venue[ENVELOPE_ID],
                               const uint8_t kiosk[ENVELOPE_ID],
                               const uint8_t root[ENVELOPE_PUBLIC]);

/* Whether the root ordered this act. */
bool registration_is_granted(const struct registration_request *r, const uint8_t venue[ENVELOPE_ID],
                             const uint8_t root[ENVELOPE_PUBLIC]);

/* What a registrar keeps of each asker, durably. */
struct registration_slot {
    uint64_t last;                       /* the newest number */
    uint8_t digest[REGISTRATION_DIGEST]; /* of that request's text */
    bool pending;                        /* it was begun, and perhaps not done */
    bool disowned;
    enum registration_outcome outcome; /* of that request, unless pending */
    int64_t hour, day;                 /* since 1970, of the counts */
    int created_hour, created_day, suspended_day;
};

enum registration_admission {
    REGISTRATION_TAKE,   /* a new one: judge it by what the broker says of the account */
    REGISTRATION_AGAIN,  /* begun before, and perhaps not done: the same */
    REGISTRATION_REPEAT, /* answered before: the same answer again */
    REGISTRATION_STALE,  /* its number was used for another one, or it is an older one */
    REGISTRATION_BARRED, /* from a kiosk that is disowned */
};

/* Whether a request is looked at at all. */
enum registration_admission registration_admit(const struct registration_slot *s,
                                               const struct registration_request *r,
                                               const uint8_t digest[REGISTRATION_DIGEST]);

void registration_digest(const char *text, size_t len, uint8_t digest[REGISTRATION_DIGEST]);

/* An account as the broker has it. */
struct registration_account {
    bool there, suspended;
    enum registration_role role;
    /* "": the broker does not say; then it is no venue's */
    char venue[REGISTRATION_ACCOUNT + 1], kiosk[REGISTRATION_ACCOUNT + 1];
};

enum registration_act {
    REGISTRATION_ACT,        /* do it */
    REGISTRATION_ACT_NOT,    /* nothing to do: it is so already */
    REGISTRATION_ACT_REMOVE, /* a newcomer is not suspended but removed */
    REGISTRATION_ACT_REFUSE, /* *why says why, static storage */
};

/* What a request may do to the account that it names. Kiosks touch the members and newcomers that
 * they made, and nobody else. */
enum registration_act registration_judge(const struct registration_request *r,
                                         const struct registration_account *found,
                                         const char *venue, const char *kiosk, bool granted,
                                         const char **why);

/* How long the asker has to wait until its budget allows this act, s; 0: not at all. The root has
 * no budget. `wall_s`: seconds since 1970. *why as above. */
long registration_wait(const struct registration_slot *s, const struct registration_request *r,
                       enum registration_act act, bool granted, int64_t wall_s, const char **why);

/* Writes the request down before anything is done, and uses up its budget. */
void registration_begin(struct registration_slot *s, const struct registration_request *r,
                        const uint8_t digest[REGISTRATION_DIGEST], enum registration_act act,
                        bool granted, int64_t wall_s);
void registration_end(struct registration_slot *s, enum registration_outcome outcome);

#endif
