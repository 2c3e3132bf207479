#ifndef PORCHLIGHT_COMMON_DURATION_H
#define PORCHLIGHT_COMMON_DURATION_H

#include <stddef.h>
#include <stdint.h>

/* Durations are written with their unit: 20ms, 1.5s, 90s, 5min, 2h, 7d. "0" alone needs none. */

/* Into *ns. 0, or -1 with errno EINVAL (no number, no unit, an unknown one, something after it) or
 * ERANGE (over 366 days). Exact: decimal digits beyond a nanosecond are refused, not rounded. */
int duration_parse(const char *text, int64_t *ns);

/* The shortest exact text without a leading 0, such as "1.5s" or "200ms". Always terminated within
 * size (32 is enough). */
void duration_format(int64_t ns, char *out, size_t size);

#endif
