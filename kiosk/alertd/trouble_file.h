#ifndef PORCHLIGHT_ALERTD_TROUBLE_FILE_H
#define PORCHLIGHT_ALERTD_TROUBLE_FILE_H

#include "kiosk/core/trouble.h"

/* The list of troubles on the card. Nobody waits for it: a card that is failing, which is one of
 * the troubles, may hold a write back for seconds. */
struct trouble_file;

/* NULL with errno. */
struct trouble_file *trouble_file_new(const char *path);
void trouble_file_free(struct trouble_file *f); /* waits a second for the last write at most; NULL
                                                   is safe */

/* What the file holds, or "". Log_error says what is wrong with a file that cannot be read. */
void trouble_file_read(const struct trouble_file *f, char text[TROUBLE_TEXT_MAX]);

/* Replaces the file soon; of several texts, perhaps with the last alone. */
void trouble_file_write(struct trouble_file *f, const char *text);

#endif
