#ifndef PORCHLIGHT_CORE_ECHOES_H
#define PORCHLIGHT_CORE_ECHOES_H

#include "kiosk/core/freshness.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The nonces of pings that the next beat gives back. Pure. One for each account, so that a flood by
 * one costs that one alone; where all places are taken, a relay takes a phone's, and a phone asks
 * again (FRESHNESS_ASK_EVERY). */

enum { ECHOES_ACCOUNT = 16 };

struct echoes_one {
    char account[ECHOES_ACCOUNT + 1];
    bool relay;
    uint8_t nonce[FRESHNESS_NONCE];
};

struct echoes {
    struct echoes_one all[FRESHNESS_ECHO_MAX];
    size_t count;
};

/* A ping of `account` (16 hex digits), in place of an earlier one of that account. */
void echoes_add(struct echoes *e, const char *account, bool relay,
                const uint8_t nonce[FRESHNESS_NONCE]);

/* All of them into a beat. How many. */
size_t echoes_copy(const struct echoes *e, uint8_t out[FRESHNESS_ECHO_MAX][FRESHNESS_NONCE]);

/* They were sent. */
void echoes_clear(struct echoes *e);

#endif
