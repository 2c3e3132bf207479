#ifndef PORCHLIGHT_COMMON_CLOCK_H
#define PORCHLIGHT_COMMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* CLOCK_MONOTONIC now, ns. */
int64_t clock_now(void);

/* The wall clock, seconds since 1970, whether or not it can be believed. */
int64_t clock_wall_seconds(void);

/* True once the wall clock can be believed: it is not before this build. A Pi without a battery
 * starts in 1970, or where fake-hwclock left it; NTP then moves it. */
bool clock_is_set(void);

/* True while the kernel is told by NTP that the wall clock is right to within seconds. */
bool clock_is_synced(void);

/* Minutes since Monday 00:00 local time, 0 to 10079; -1 while clock_is_set() is false. */
int clock_week_minute(void);

/* Wall time as RFC 3339 UTC with seconds, "2026-11-22T18:33:04Z"; empty while clock_is_set() is
 * false. */
void clock_wall(char out[24]);

/* What such a text says, seconds since 1970; 0: it is empty, or no such text. */
int64_t clock_wall_of(const char *text);

#endif
