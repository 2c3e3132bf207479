#ifndef PORCHLIGHT_COMMON_LOOP_H
#define PORCHLIGHT_COMMON_LOOP_H

#include <stdint.h>

/* One poll(2) over a few fds and one absolute deadline (a timerfd, ns of CLOCK_MONOTONIC).
 * Single-threaded. Callbacks may add and remove fds, their own included. */
struct loop;

typedef void loop_fn(void *context, int fd, short revents);

/* NULL with errno on failure. */
struct loop *loop_new(void);
void loop_free(struct loop *l); /* closes nothing that was added; NULL is safe */

/* Watches fd for `events` (POLLIN, POLLOUT). 0 or -1 with errno (EEXIST, ENOSPC: LOOP_MAX). */
enum { LOOP_MAX = 64 };
int loop_add(struct loop *l, int fd, short events, loop_fn *fn, void *context);
void loop_remove(struct loop *l, int fd);

/* The moment at which loop_turn returns, once, though no fd is ready; INT64_MAX: never. A moment
 * in the past returns at once. */
void loop_deadline(struct loop *l, int64_t at);

/* Waits once, calls what is ready. 0, or -1 with errno if poll itself failed. */
int loop_turn(struct loop *l);

#endif
