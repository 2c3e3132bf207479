#ifndef PORCHLIGHT_HW_LINE_LEARN_H
#define PORCHLIGHT_HW_LINE_LEARN_H

#include "hw/line.h"

#include <stdbool.h>
#include <stddef.h>

/* Finds out by one press which button is meant: listens to every input device that has keys, and
 * grabs none. */
struct line_learn;

/* Below `root`, as in struct line_spec. NULL without memory. */
struct line_learn *line_learn_new(const char *root);
void line_learn_free(struct line_learn *l); /* NULL is safe */

/* The devices that may be listened to, by number from 0: their name and their fd; NULL behind the
 * last. */
const char *line_learn_device(const struct line_learn *l, size_t i, int *fd);

/* Reads what device i sent. True once a key of it was pressed: its address for struct line_spec,
 * by the device's name, or by what distinguishes it from another of the same name. */
bool line_learn_take(struct line_learn *l, size_t i, char address[LINE_ADDRESS_MAX]);

#endif
