#ifndef PORCHLIGHT_ALERTD_WORDS_FILE_H
#define PORCHLIGHT_ALERTD_WORDS_FILE_H

#include "config/host_words.h"
#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/faults.h"
#include "kiosk/core/words_piece.h"

#include <stdint.h>

/* The host's own lines on the card (config/host_words.h), and the same for the wire. porchlight
 * words writes the file; it is looked at every few seconds. All zero: nothing is read yet. */
struct words_file {
    struct host_words words; /* `set` points into these */
    struct words_line lines[HOST_WORDS_LANGUAGES * HOST_WORDS_LINES];
    struct words_set set;
    uint64_t stamp; /* of the file that was read; 0: none */
    int64_t looked_at;
};

/* Hands the lines to delivery where they are new. A file that cannot be used is one of `faults`
 * until it is put right or taken away, and the lines before it stay. Without a file nothing was
 * ever sent, and nothing is. */
void words_file_look(struct words_file *f, const char *prefix, struct delivery *d,
                     struct faults *faults, int64_t now);

#endif
