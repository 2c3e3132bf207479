#ifndef PORCHLIGHT_RELAY_SUBS_H
#define PORCHLIGHT_RELAY_SUBS_H

#include "kiosk/common/paths.h"
#include "kiosk/core/push_offer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The subscriptions of phones to Web Push, kept here and nowhere else. Pseudonymous: of an
 * account, itself sixteen digits that mean nothing, a keyed hash is kept, so that it can be found
 * again and not read. One file, one line each: hash, key, secret, "staff" or "member" with a plus
 * if the kiosk has vouched for it, the day of the last test that arrived (days since 1970) if one
 * did, address.
 * An account has two at most. Nobody signs these letters, so whoever runs the broker can send one
 * in a phone's name: a new subscription takes no other's place but a spare's, and what ends or
 * tries one must name its secret, which only phone and relay know. Both ring; the first goes when
 * its service says so, and the spare takes its place, or when the kiosk vouches for the spare.
 * Only one that the kiosk has vouched for counts as a phone that rings. Whoever deletes the file
 * (porchlight-relay
 * --forget-subscriptions) has deleted them, in a running relay too. */

enum {
    SUBS_MAX = 12288, /* the largest venue planned for has 10,000 phones */
    SUBS_ID = 16,
    SUBS_KEY = 32,
    SUBS_AWAKE = 4,       /* alerts that a phone is awake for: of several kiosks at the same time */
    SUBS_RANG_DAYS = 14,  /* for so long a test that arrived counts: two chances to get one */
    SUBS_MONTH_DAYS = 30, /* a phone that got none for so long is perhaps nobody's any more */
};

enum sub_ask { SUB_WAKE, SUB_TEST, SUB_CHECK };

struct sub {
    uint8_t id[SUBS_ID];
    char endpoint[PUSH_OFFER_ENDPOINT_MAX];
    uint8_t p256dh[PUSH_OFFER_POINT], auth[PUSH_OFFER_AUTH];
    bool staff; /* it has shown the root's certificate of a staff phone */
    bool spare; /* another of this account was there before */
    bool own;   /* the kiosk vouches that the account's phone has it */

    /* What is still to be sent to it, by webpush_sender.c. Times in ns of CLOCK_MONOTONIC. */
    bool wanted;
    enum sub_ask ask;
    int64_t wanted_at, next_at, pause, tested_at;
    unsigned refused;      /* wake-ups that its service refused, while it took others' */
    int64_t refused_since; /* the first of them */
    bool flying;           /* its request is out: the struct stays until that is over */
    bool gone;             /* removed meanwhile */

    struct alert_id awake[SUBS_AWAKE]; /* its page was looked at in these, the newest first */
    int64_t check_period, check_at;    /* by the wall clock: the next check, of which period */
    int64_t rang_on;                   /* days since 1970: when a test last arrived; 0: never */
};

struct subs {
    char folder[PATH_LEN], path[PATH_LEN + 16];
    uint8_t key[SUBS_KEY];
    struct sub **all;
    size_t count, room;
    bool kept;  /* the file was there when we last looked */
    bool dirty; /* it says less, or other, than we know */
};

/* Reads the file below the prefix, if there is one; a line that is none is left out. `seed` is the
 * push key's: the hash's key is made of it. 0 or -1 with errno. */
int subs_load(struct subs *s, const char *prefix, const uint8_t seed[32]);
void subs_finish(struct subs *s);

/* The one with that account and secret, or NULL. */
struct sub *subs_find(const struct subs *s, const char *account,
                      const uint8_t auth[PUSH_OFFER_AUTH]);

/* The one that is there already, or a new one, in the place of the account's spare. NULL: SUBS_MAX
 * are there, or no memory. */
struct sub *subs_put(struct subs *s, const struct push_offer_letter *l);

/* The account has shown that it is a staff phone's. */
void subs_staff(struct subs *s, const char *account);

/* The kiosk vouches that the account's own phone has the one with that hash (push_offer.h): it is
 * the account's first from now on. */
void subs_vouch(struct subs *s, const char *account, const uint8_t hash[MESSAGE_HASH]);

/* All of the account's are gone: the kiosk says that it is revoked. */
void subs_revoke(struct subs *s, const char *account);

/* It has looked at that alert, or not. */
void sub_note_awake(struct sub *one, const struct alert_id *id);
bool sub_is_awake(const struct sub *one, const struct alert_id *id);

/* What a test of that period proves by its arrival, and when in the period the silent one is due:
 * from 0 below `span`. Both follow from the push key, so that nothing of it has to be kept. */
void sub_check(const struct subs *s, const struct sub *one, int64_t period,
               uint8_t nonce[PUSH_OFFER_NONCE]);
int64_t sub_check_offset(const struct subs *s, const struct sub *one, int64_t period, int64_t span);

/* A test has arrived, says this MAC (core/push_offer.h) of the account; `periods`: those whose
 * tests count. True: it is believed. */
bool subs_arrived(struct subs *s, const uint8_t venue[ENVELOPE_ID], const char *account,
                  const uint8_t *wire, const int64_t periods[2], int64_t today);

struct subs_count {
    uint32_t phones;
    uint32_t rang, month; /* whose own subscription got a test in SUBS_RANG_DAYS, SUBS_MONTH_DAYS */
};

struct subs_count subs_count(const struct subs *s, int64_t today);

/* Gone for good; a flying one is freed by subs_landed. */
void subs_remove(struct subs *s, struct sub *one);

/* Its request is over. Frees it if it was removed meanwhile, and says so. */
bool subs_landed(struct sub *one);

/* Writes the file if it is dirty: a fresh one beside it, fsync, rename, folder fsync. 0 or -1. */
int subs_save(struct subs *s);

/* Whether the file was deleted: then all are gone from memory too. */
bool subs_forgotten(struct subs *s);

/* Deletes the file below the prefix. How many there were, or -1 with errno. */
int subs_forget(const char *prefix);

#endif
