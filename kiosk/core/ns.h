#ifndef PORCHLIGHT_CORE_NS_H
#define PORCHLIGHT_CORE_NS_H

#include <stdbool.h>
#include <stdint.h>

/* Time inside is int64_t nanoseconds of CLOCK_MONOTONIC, the clock of GPIO edges; it is always
 * passed in, never read here. NS_NEVER is a deadline that never comes. */
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)
#define NS_NEVER  INT64_MAX

/* Whether `at` is less than `span` ago; NS_NEVER: it has not been yet. */
static inline bool ns_within(int64_t at, int64_t span, int64_t now)
{
    return at != NS_NEVER && now - at < span;
}

#endif
