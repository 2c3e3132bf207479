#ifndef PORCHLIGHT_CORE_ENROL_H
#define PORCHLIGHT_CORE_ENROL_H

#include "kiosk/core/cert.h"
#include "kiosk/core/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a phone becomes a member's or a staff phone. Pure; the phone's half is
 * kiosk/phone/core/enrol.js.
 *
 *  1. The kiosk draws an account name and a one-time password, creates that account at its brokers
 *     (dynsec.h, role newcomer), and shows an invitation: a link whose fragment no server sees.
 *  2. The phone makes its key pair and publishes a letter on enrol/<account>, signed by that key:
 *     {"v":2,"kind":"enrol","account","public","password","staff"}. The letter contains the
 * password that the phone will use from now on.
 *  3. The kiosk answers there with a welcome (envelope.h, form 4), sealed to that key: the venue's
 *     key and, for staff, the root's signature, which somebody makes off site in the meantime.
 *  4. The phone sends {"v":2,"kind":"enrolled","account"}, signed by the same key. Only then does
 * the kiosk set the new password and role. A phone that was interrupted before can start again.
 *
 * Nobody stores a phone's password, so a broker that was away during the enrolment does not learn
 * it once the kiosk has restarted. A phone that this broker refuses while another one accepts it
 * sends
 * {"v":2,"kind":"again","account","password","broker"} on ack/<account>, signed by the same key.
 *
 * An invitation belongs to the first key that answers it, is valid for ENROL_VALID_FOR, and works
 * once. Times are ns of CLOCK_MONOTONIC, passed in. */

#define ENROL_VALID_FOR (600 * INT64_C(1000000000))

enum {
    ENROL_OPEN_MAX = 16, /* invitations at a time */
    ENROL_ACCOUNT = 16,  /* hex digits */
    ENROL_PASSWORD_MAX = 64,
    ENROL_LINK_MAX = 1024,
    ENROL_BROKERS_MAX = 4,
    ENROL_ADDRESS_MAX = 256,
};

struct enrol_letter {
    bool done; /* "enrolled", not "enrol" */
    char account[ENROL_ACCOUNT + 1];
    uint8_t public[ENVELOPE_PUBLIC];
    char password[ENROL_PASSWORD_MAX + 1]; /* 16 to 64 characters out of A-Z a-z 0-9 - _ */
    bool staff;
};

/* Reads a letter's text. 0, or -1 for anything else. */
int enrol_read(const char *text, size_t len, struct enrol_letter *e);

struct enrol_again {
    char account[ENROL_ACCOUNT + 1];
    char password[ENROL_PASSWORD_MAX + 1];
    char broker[ENROL_ADDRESS_MAX]; /* as the phone's invitation had it */
};

/* Reads a letter "again". 0, or -1 for anything else. */
int enrol_again_read(const char *text, size_t len, struct enrol_again *a);

enum enrol_verdict {
    ENROL_REFUSED,   /* no such invitation, expired, another key's, another role's, or unsigned */
    ENROL_WELCOME,   /* send the welcome (again) */
    ENROL_CERTIFY,   /* staff: the root has to sign *public first */
    ENROL_PROMOTED,  /* set its password and role at the brokers, then enrol_close */
    ENROL_WITHDRAWN, /* it expired: remove its account from the brokers, then enrol_close */
    ENROL_NOTHING,
};

struct enrol_open {
    char account[ENROL_ACCOUNT + 1]; /* empty: free */
    bool staff, claimed, certified;
    int64_t until;
    uint8_t public[ENVELOPE_PUBLIC];
    uint8_t certificate[CERT_SIGNATURE];
    char password[ENROL_PASSWORD_MAX + 1];
};

/* The open invitations. Holds passwords: locked memory, and sodium_memzero when it goes. */
struct enrol_list {
    struct enrol_open open[ENROL_OPEN_MAX];
};

/* 0, or -1 if ENROL_OPEN_MAX are open or the account is. */
int enrol_invite(struct enrol_list *l, const char *account, bool staff, int64_t now);

/* Judges a letter that came on enrol/<account>. `topic_account`: the account in that topic.
 * `signed_by_key`: its signature is by the public key in it (for "enrolled": by enrol_key). *one is
 * the invitation to which it belongs, valid until enrol_close; NULL when refused. */
enum enrol_verdict enrol_receive(struct enrol_list *l, const struct enrol_letter *e,
                                 const char *topic_account, bool signed_by_key, int64_t now,
                                 const struct enrol_open **one);

/* An open invitation, or NULL. */
const struct enrol_open *enrol_find(const struct enrol_list *l, const char *account);

/* The key that claimed an invitation, with which to check "enrolled"; NULL: none. */
const uint8_t *enrol_key(const struct enrol_list *l, const char *account);

/* The root has signed a staff phone's key (checked here). ENROL_WELCOME, or ENROL_REFUSED: another
 * key's, or too late. */
enum enrol_verdict enrol_certify(struct enrol_list *l, const uint8_t venue[ENVELOPE_ID],
                                 const uint8_t root_public[ENVELOPE_PUBLIC], const char *account,
                                 const uint8_t certificate[CERT_SIGNATURE], int64_t now,
                                 const struct enrol_open **one);

/* Erases an invitation that was used, expired or withdrawn. */
void enrol_close(struct enrol_list *l, const char *account);

/* ENROL_WITHDRAWN with an expired invitation in *one, or ENROL_NOTHING if none has expired. Close
 * it before you call this again. */
enum enrol_verdict enrol_tick(struct enrol_list *l, int64_t now, const struct enrol_open **one);

/* When the first of them expires; NS_NEVER: none is open. */
int64_t enrol_deadline(const struct enrol_list *l);

/* The welcome for an invitation that enrol_receive or enrol_certify gave. `at`: venue, kiosk and
 * the full topic enrol/<account>. */
enum envelope_result enrol_welcome(const struct enrol_open *one, const struct envelope_place *at,
                                   const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                   const uint8_t venue_key[ENVELOPE_KEY],
                                   uint8_t out[ENVELOPE_SIZE]);

/* A new venue key for a phone that is a member already, or for a relay. */
enum envelope_result enrol_rotate(const uint8_t phone_public[ENVELOPE_PUBLIC],
                                  const struct envelope_place *at,
                                  const uint8_t kiosk_secret[ENVELOPE_SECRET],
                                  const uint8_t venue_key[ENVELOPE_KEY],
                                  uint8_t out[ENVELOPE_SIZE]);

/* Opens such a message, as a relay does. `public` and `secret` are the relay's own; `venue_key` is
 * written only if the result is ENVELOPE_OK. */
enum envelope_result enrol_rotate_open(const struct envelope_place *at,
                                       const uint8_t public[ENVELOPE_PUBLIC],
                                       const uint8_t secret[ENVELOPE_SECRET],
                                       const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                                       const uint8_t *wire, size_t wire_len,
                                       uint8_t venue_key[ENVELOPE_KEY]);

struct enrol_invitation {
    const char *page; /* "https://kettle.example.org/": the link begins with it */
    const char *brokers[ENROL_BROKERS_MAX]; /* "wss://host/mqtt" */
    size_t brokers_count;
    const char *account, *password, *venue, *kiosk;
    int64_t expires; /* seconds since 1970 */
    const uint8_t *kiosk_public, *root_public;
    bool staff;
    const char *push; /* the server of the push app; NULL: none */
};

/* The link, as kiosk/phone/core/invitation.js reads it. Its length, or -1 if it does not fit. */
int enrol_link(const struct enrol_invitation *i, char out[ENROL_LINK_MAX]);

#endif
