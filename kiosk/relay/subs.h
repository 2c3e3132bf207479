#ifndef PORCHLIGHT_RELAY_SUBS_H
#define PORCHLIGHT_RELAY_SUBS_H

#include "kiosk/common/paths.h"
#include "kiosk/core/push_offer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The subscriptions of phones to Web Push, kept here and nowhere else. Pseudonymous: of an
 * account, itself sixteen digits that mean nothing, a keyed hash is kept, so that it can be found
 * again and not read. One file, one line each: hash, key, secret, "staff" or "member", address.
 * An account has two at most. Nobody signs these letters, so whoever runs the broker can send one
 * in a phone's name: a new subscription takes no other's place but a spare's, and what ends or
 * tries one must name its secret, which only phone and relay know. Both ring; the first goes when
 * its service says so, and the spare takes its place. Whoever deletes the file (porchlight-relay
 * --forget-subscriptions) has deleted them, in a running relay too. */

enum {
    SUBS_MAX = 12288, /* the largest venue planned for has 10,000 phones */
    SUBS_ID = 16,
    SUBS_KEY = 32,
};

struct sub {
    uint8_t id[SUBS_ID];
    char endpoint[PUSH_OFFER_ENDPOINT_MAX];
    uint8_t p256dh[PUSH_OFFER_POINT], auth[PUSH_OFFER_AUTH];
    bool staff; /* it has shown the root's certificate of a staff phone */
    bool spare; /* another of this account was there before */

    /* What is still to be sent to it, by webpush_sender.c. Times in ns of CLOCK_MONOTONIC. */
    bool wanted, test;
    int64_t wanted_at, next_at, pause, tested_at;
    unsigned refused;      /* wake-ups that its service refused, while it took others' */
    int64_t refused_since; /* the first of them */
    bool flying;           /* its request is out: the struct stays until that is over */
    bool gone;             /* removed meanwhile */
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

/* All of the account's are gone: the kiosk says that it is revoked. */
void subs_revoke(struct subs *s, const char *account);

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
