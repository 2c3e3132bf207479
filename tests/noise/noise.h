#ifndef PORCHLIGHT_TESTS_NOISE_H
#define PORCHLIGHT_TESTS_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The noise corpus: what wires really carry, made from a seed. The same kind and seed give the
 * same noise. Times in ns.
 *
 * What the kinds are made of, and where the numbers come from:
 * - bounce: a contact that closes, opens or is knocked chatters for up to 10 ms (microswitches
 *   1 to 6 ms, old push buttons up to 10), pieces of 50 us to 3 ms;
 * - ringing: a long wire's own oscillation after each edge, 0.5 to 8 kHz, gone after 0.2 to 4 ms;
 * - EMI: bursts of 1 to 50 ms, 300 ms apart or more (the fast transients that equipment is tested
 *   with come as 15 ms every 300 ms), in which the line swings to and fro, up to 5 ms each way;
 * - pick-up: a sine of 50 or 60 Hz on the open wire, 2 to 20 V around the pulled-up 3.3 V, seen
 *   through the input's hysteresis (0.8 V, 1.6 V): low for up to 9.6 ms in each period. A closed
 *   contact shorts it out;
 * - corrosion: a closed contact breaks for 50 us to 5 ms, the older the more often, but holds for
 *   NOISE_HOLDS between two breaks; an open one leaks through a wet film for as long;
 * - wear: the same long after it should have been replaced, up to 80 times a second, anyhow. Short
 *   presses are lost on such a contact; a hold must not be. */
enum noise_kind {
    NOISE_BOUNCE,
    NOISE_RINGING,
    NOISE_EMI,
    NOISE_PICKUP,
    NOISE_CORROSION,
    NOISE_WEAR,
    NOISE_ALL, /* in a trace: all but the last two at once, which is a bad wire to a good switch */
    NOISE_ANY = NOISE_ALL, /* as pulses: any width after any pause, which nothing real makes */
    NOISE_KINDS,
};

const char *noise_kind_name(enum noise_kind k);

struct noise {
    enum noise_kind kind;
    uint64_t random;
    int64_t shorter_than;
    int left;      /* pulses of the running group */
    int64_t spent; /* of the running burst */
    int64_t burst;
};

/* --- pulses: an open contact that nobody touches seems closed for `width`, after `gap` --- */
struct noise_pulse {
    int64_t gap, width; /* each at least 1; width < shorter_than */
};

void noise_init(struct noise *n, enum noise_kind kind, uint64_t seed, int64_t shorter_than);
struct noise_pulse noise_pulse(struct noise *n);

/* --- traces: a contact that somebody does use, as the input sees it --- */
struct noise_press {
    int64_t down, up;
};

struct noise_edge {
    int64_t at;
    bool closed;
};

/* The edges of the input from 0 (open, unless the noise says otherwise) to `until`, for presses in
 * their order. Sampled every NOISE_STEP. Returns their number; stops at `max`. */
#define NOISE_STEP  INT64_C(50000)
#define NOISE_HOLDS INT64_C(32000000)
size_t noise_trace(enum noise_kind kind, uint64_t seed, const struct noise_press *presses,
                   size_t count, int64_t until, struct noise_edge *edges, size_t max);

/* A random number from..to, both included. */
int64_t noise_between(uint64_t *random, int64_t from, int64_t to);

#endif
