#ifndef PORCHLIGHT_NIGHTS_SEALS_H
#define PORCHLIGHT_NIGHTS_SEALS_H

#include <stdbool.h>

/* Signatures and seals as tagged values: as long as the real ones, checked as strictly (another
 * key, place or byte fails), and a thousand times cheaper. What they lack is secrecy and
 * unforgeability against somebody who computes the tag; the world's attackers do not.
 * `real`: libsodium's own, as it happens in one night of a hundred. */
void seals_choose(bool real);

/* From now on randombytes() is the night's own chance. */
void seals_seed(void);

/* Each moment has chance of its own, whatever was drawn before it: for two nights that differ in
 * what they draw, and are compared. Until the next seals_seed. */
void seals_by_moment(void);

#endif
