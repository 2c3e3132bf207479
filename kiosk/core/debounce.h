#ifndef PORCHLIGHT_CORE_DEBOUNCE_H
#define PORCHLIGHT_CORE_DEBOUNCE_H

#include <stdbool.h>
#include <stdint.h>

/* One contact, made calm: a level counts only once it has stood unchanged for `settle` ns, so a
 * burst of any length whose pulses are all shorter than `settle` changes nothing. Stands on top of
 * the kernel's own debouncing, where a driver has one. */
struct debounce {
    int64_t settle;    /* ns, >= 0; 0 takes every edge as it is */
    bool level;        /* the level that counts */
    bool raw;          /* the level last seen */
    int64_t raw_since; /* ns; when raw was last seen to change */
};

/* Begins with `level` as what counts: the level found at start is not an edge. */
void debounce_start(struct debounce *d, int64_t settle, bool level, int64_t now);

/* A level seen at `at`; it may equal the one before (a re-read after lost edges). The caller has
 * called debounce_settle(d, at) first. */
void debounce_level(struct debounce *d, bool level, int64_t at);

/* True when the level that counts changes at or before `now`; `*since` is then the moment of the
 * first edge of the calm that proved it: the time the contact really moved. */
bool debounce_settle(struct debounce *d, int64_t now, int64_t *since);

/* Up to when the level that counts is certain: `now` at rest, the moment of the last edge while a
 * change is in the air. What time alone decides is decided up to here and no further. */
int64_t debounce_horizon(const struct debounce *d, int64_t now);

/* When debounce_settle may next say true; NS_NEVER while nothing is in the air. */
int64_t debounce_deadline(const struct debounce *d);

#endif
