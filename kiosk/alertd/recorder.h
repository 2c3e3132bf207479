#ifndef PORCHLIGHT_ALERTD_RECORDER_H
#define PORCHLIGHT_ALERTD_RECORDER_H

#include "kiosk/alertd/record_file.h"

#include <stdbool.h>

/* Writes records on a thread of its own, so that a slow disk holds up no alert: the caller waits
 * for a record to be durable, but not for longer than its patience. */
struct recorder;

/* NULL with errno. `at` is copied. */
struct recorder *recorder_new(const struct record_place *at);

/* Waits for what is being written, for up to a second. NULL is safe. */
void recorder_free(struct recorder *r);

/* The newest record wins. 0 once it is durable; -1 with errno: ETIMEDOUT (it goes on in the
 * background), or why it failed. What failed is tried again every second until it is durable, or a
 * newer one comes. */
int recorder_write(struct recorder *r, const struct record *record, int64_t patience);

/* Whether the newest record is not durable yet. */
bool recorder_failing(struct recorder *r);

#endif
