#ifndef PORCHLIGHT_CORE_ACKS_H
#define PORCHLIGHT_CORE_ACKS_H

#include "kiosk/core/alert.h"

#include <stdbool.h>
#include <stdint.h>

/* How many phones answered the current alert, and nothing about whose they are. Kept in RAM, for
 * one alert: an account is a hash under a key that is drawn when the alert begins and erased when
 * it ends, so that nothing readable remains. Pure. */

enum {
    ACKS_ACCOUNTS = 12288, /* counted at most: the largest venue planned for has 10,000 */
    ACKS_SLOTS = 1 << 14,  /* of 8 bytes: a flood of accounts costs no memory */
    ACKS_KEY = 16,
    ACKS_NUMBER_MAX = 255, /* a phone that answers more often says the last one for good */
};

struct acks {
    struct alert_id id;
    uint8_t key[ACKS_KEY];
    uint32_t seen;       /* accounts that answered */
    uint32_t safe, help; /* of these, those whose last word is safe, or that they need help */
    uint32_t asked;      /* accounts that ever said that they need help: it only grows */
    uint32_t asks;       /* how often they said so: it only grows */
    uint32_t rang;       /* accounts whose phone rang while it was not looked at */
    uint32_t accounts;   /* that said anything */
    uint64_t slots[ACKS_SLOTS]; /* hash, its lowest 13 bits what it said; 0: free */
};

enum acks_answer {
    ACKS_SEEN = 1,
    ACKS_SAFE = 2, /* seen, too */
    ACKS_HELP = 4, /* seen, too */
    ACKS_RANG = 8, /* sent by the phone itself: perhaps nobody saw it */
};

enum acks_result {
    ACKS_NEWS,  /* a count has changed */
    ACKS_AGAIN, /* this account said so already, has said something since, or goes back to "seen" */
    ACKS_STALE, /* of another alert than the current one */
    ACKS_FULL,  /* more accounts than are counted: the counts mean "at least" */
};

/* An alert begins; everything before is forgotten. `key` is random. A new struct is all zeroes. */
void acks_begin(struct acks *a, const struct alert_id *id, const uint8_t key[ACKS_KEY]);

/* The alert is over: counts, hashes and key are erased. */
void acks_forget(struct acks *a);

/* One answer of `account` (any text, as the topic has it), opened and read. An account of a member
 * counts once, whatever it sends. `number` counts the account's answers to this alert: safe and
 * help take each other's place by it, not by when they come, so that nobody who delays an answer or
 * sends it again changes what it said last, or asks for help once more. Of two with the same
 * number, help counts before safe. */
enum acks_result acks_take(struct acks *a, const struct alert_id *id, const char *account,
                           enum acks_answer answer, uint64_t number);

#endif
