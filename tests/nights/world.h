#ifndef PORCHLIGHT_NIGHTS_WORLD_H
#define PORCHLIGHT_NIGHTS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The simulated world's time, chance and memory. One night at a time; world_begin starts it, and
 * everything that is taken from the world is gone when the next one begins. The same seed gives the
 * same night, bit for bit. */

#define MS INT64_C(1000000)
#define S  INT64_C(1000000000)

/* The world's time: ns since the night began. Machines have clocks of their own (machine.h). */
int64_t world_now(void);

/* What an honest wall clock says when the night begins, long after any build: 2040-01-07 18:00 UTC,
 * a Saturday; seconds since 1970. */
#define EVENING INT64_C(2209572000)

/* The night's length is 20 minutes; a night in which a drill or a wipe is slow is no longer. */
#define NIGHT (20 * 60 * S)

void world_begin(uint64_t seed);

/* --- chance ---------------------------------------------------------------------------------- */

/* A stream of its own for each use, so that one fault less does not change every other draw. */
struct chance {
    uint64_t s[4];
};

struct chance chance_of(uint64_t seed, uint64_t stream);
uint64_t chance_next(struct chance *c);
/* 0 to end - 1. */
uint64_t chance_below(struct chance *c, uint64_t end);
/* from to to - 1. */
int64_t chance_between(struct chance *c, int64_t from, int64_t to);
bool chance_percent(struct chance *c, unsigned percent);
uint64_t world_seed(void);

/* --- events ---------------------------------------------------------------------------------- */

typedef void world_fn(void *context, uint64_t number);

/* Calls fn at `at`, or now if that is past. Events of one moment happen in the order in which they
 * were asked for. */
void world_at(int64_t at, world_fn *fn, void *context, uint64_t number);

/* Until the night is over: every event in its turn, `after` after each. */
void world_run(int64_t until, void (*after)(void));

/* What happened so far as one number: two runs of a seed must agree. */
uint64_t world_hash(void);
void world_mix(uint64_t value);
uint64_t world_events(void);

/* --- memory ---------------------------------------------------------------------------------- */

/* Zeroed; lasts until the next night. */
void *world_memory(size_t size);

/* Bytes on their way: shared by every packet that carries them. */
struct blob {
    int64_t made_at;
    size_t len;
    uint8_t bytes[];
};
struct blob *blob_of(const void *bytes, size_t len);

/* The same text is the same pointer, until the next night. */
const char *world_text(const char *text);

#endif
