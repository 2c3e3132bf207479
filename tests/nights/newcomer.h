#ifndef PORCHLIGHT_NIGHTS_NEWCOMER_H
#define PORCHLIGHT_NIGHTS_NEWCOMER_H

#include "tests/nights/station.h"

/* A phone that joins: the host has an invitation made by the kiosk, with an account that the
 * broker's operator made in advance, and a while later a phone redeems it at broker b0, as
 * kiosk/phone/core/enrol.js does. */

/* How long the host takes to type in the digits of a staff phone. */
#define NEWCOMER_TYPES (8 * S)

enum { NEWCOMERS = 4 };

struct newcomer {
    const struct venue *venue;
    struct station *station;
    struct way way;
    struct conn *conn; /* NULL: none */
    struct hello hello;
    char account[17], password[17];
    uint8_t account_bytes[ENVELOPE_ID];
    uint8_t public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET], invited_by[32];
    int64_t waits;      /* from the invitation to the phone */
    int64_t invited_at; /* INT64_MAX: not (yet), here and below */
    int64_t asked_at;   /* the first letter */
    int64_t welcomed_at;
    int64_t in_at; /* the kiosk lists it */
    bool forged;   /* the welcome was not of this venue */
    bool staff;    /* the host types in its digits, and the root key signs for it */
    bool wrong;    /* the host types in others */
    bool typed;
};

/* The host asks for an invitation now: of a member, or of staff. */
void newcomer_is_invited(struct newcomer *c, const struct venue *v, struct station *s,
                         struct broker *b, uint64_t number, bool staff);

#endif
