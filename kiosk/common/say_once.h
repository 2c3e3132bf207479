#ifndef PORCHLIGHT_COMMON_SAY_ONCE_H
#define PORCHLIGHT_COMMON_SAY_ONCE_H

#include <stdbool.h>
#include <stdint.h>

/* Keeps what repeats itself from filling a log: a thing is said once, and again after a while with
 * how often it has happened meanwhile. Pure. Times are ns of one clock. */

#define SAY_ONCE_EVERY (600 * INT64_C(1000000000))

enum { SAY_ONCE_MAX = 32 };

/* All zeroes: nothing was said. */
struct say_once {
    struct {
        uint64_t key; /* 0: free */
        int64_t at;
        unsigned unsaid;
    } all[SAY_ONCE_MAX];
};

/* Whether to say this thing now. *before: how often it has happened since it was last said, without
 * this time. When there are too many things, the one that was said longest ago is forgotten. */
bool say_once(struct say_once *s, const char *thing, int64_t now, unsigned *before);

/* The thing's unsaid times, which count as said from now on. */
unsigned say_once_unsaid(struct say_once *s, const char *thing);

#endif
