#ifndef PORCHLIGHT_ALERTD_RECORDER_H
#define PORCHLIGHT_ALERTD_RECORDER_H

#include "kiosk/alertd/record_file.h"

#include <stdbool.h>

/* Writes records on a thread of its own, so that a slow disk holds up nothing. The newest record
 * wins. What failed is tried again every second until it is durable, or a newer one comes. */
struct recorder;

enum recorder_result {
    RECORDER_DURABLE,
    RECORDER_PENDING, /* it is being written */
    RECORDER_FAILED,  /* and is tried again */
};

/* NULL with errno. `at` is copied. */
struct recorder *recorder_new(const struct record_place *at);

/* Waits for what is being written, for up to a second. NULL is safe. */
void recorder_free(struct recorder *r);

/* Begins to write a record. recorder_look says what became of it, and recorder_fd is readable when
 * that has changed. */
void recorder_ask(struct recorder *r, const struct record *record);

/* The same, and waits for the result for up to `patience` ns. */
enum recorder_result recorder_write(struct recorder *r, const struct record *record,
                                    int64_t patience);

/* What became of the newest record; where it failed, why is in errno. */
enum recorder_result recorder_look(struct recorder *r);

/* Readable after each attempt, until it is drained. */
int recorder_fd(const struct recorder *r);
void recorder_drain(struct recorder *r);

#endif
