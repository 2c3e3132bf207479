#ifndef PORCHLIGHT_CORE_ROOT_WORD_H
#define PORCHLIGHT_CORE_ROOT_WORD_H

#include "kiosk/core/alert.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/envelope.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the venue's root key says about one kiosk, to phones, relays and the kiosk itself: one
 * message, retained on the kiosk's topic `root`, where only the root's own account may write. It
 * needs no key but the root's, so that it can be made from the paper alone:
 *
 *   offset  size  what
 *        0     1  version, 2
 *        1     1  form, 8 (root)
 *        2     8  when it was made, seconds since 1970, big endian
 *       10    64  the root's signature over "porchlight-root" 0 | venue 8 | kiosk 8 |
 *                 bytes 0 to 9 | bytes 74 to 767
 *       74     1  flags: 1 retired, 2 ended
 *       75    32  the public key of the kiosk that is retired; zeros unless it is
 *      107    16  ended: the alert's id
 *      123     8  its epoch, big endian
 *      131     8  its seq, big endian; all three are zeros unless ended
 *      139     1  how many staff accounts are revoked
 *      140   512  these, 8 bytes each, then zeros
 *      652   116  zeros
 *
 * Nothing of it is ever taken back: a reader joins all that it has seen, in any order. So nobody
 * gains by holding back a newer one, and what is played again changes nothing.
 *
 * Pure; the caller has called sodium_init(). */

enum {
    ROOT_WORD_FORM = 8,
    ROOT_WORD_REVOKED_MAX = 64, /* over a venue's lifetime; at most 8 staff phones at a time */
};

struct root_word {
    uint64_t made; /* seconds since 1970 */
    bool retired;
    uint8_t public[ENVELOPE_PUBLIC]; /* of the retired kiosk */
    bool ended;                      /* this alert and every earlier one of the kiosk is over */
    struct alert_id id;
    uint64_t epoch, seq; /* below 2^53 */
    uint8_t revoked[ROOT_WORD_REVOKED_MAX][ENVELOPE_ID];
    size_t revoked_count;
};

void root_word_sign(const struct root_word *w, const uint8_t venue[ENVELOPE_ID],
                    const uint8_t kiosk[ENVELOPE_ID], const uint8_t root_secret[ENVELOPE_SECRET],
                    uint8_t wire[ENVELOPE_SIZE]);

/* The same bytes without a signature, for a program that keeps what it has joined; and what they
 * say. False: they are not as this version writes them. */
void root_word_write(const struct root_word *w, uint8_t wire[ENVELOPE_SIZE]);
bool root_word_parse(struct root_word *w, const uint8_t *wire, size_t len);

/* True if the root signed this for exactly this kiosk; *w is then what it says. */
bool root_word_read(struct root_word *w, const uint8_t venue[ENVELOPE_ID],
                    const uint8_t kiosk[ENVELOPE_ID], const uint8_t root_public[ENVELOPE_PUBLIC],
                    const uint8_t *wire, size_t len);

/* Adds to `all` what `w` says. True: something of it was new. Revoked accounts beyond
 * ROOT_WORD_REVOKED_MAX are not taken. */
bool root_word_join(struct root_word *all, const struct root_word *w);

/* 0, or -1 with errno ENOSPC. Again is harmless. */
int root_word_revoke(struct root_word *w, const uint8_t account[ENVELOPE_ID]);
bool root_word_revokes(const struct root_word *w, const uint8_t account[ENVELOPE_ID]);

/* Whether an alert that began with this message is over by the root key's message. */
bool root_word_ends(const struct root_word *w, const struct alert_id *id, uint64_t epoch,
                    uint64_t seq);

/* Whether it disowns the kiosk with this key. */
bool root_word_retires(const struct root_word *w, const uint8_t public[ENVELOPE_PUBLIC]);

#endif
