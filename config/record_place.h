#ifndef PORCHLIGHT_CONFIG_RECORD_PLACE_H
#define PORCHLIGHT_CONFIG_RECORD_PLACE_H

#include "kiosk/common/paths.h"

#include <stdbool.h>

/* Where the durable record (kiosk/core/record.h) is. */
struct record_place {
    char path[PATH_LEN];
    bool cell;
    char box[PATH_LEN]; /* of a cell: the file on the card that has what a cell has no room for */
};

/* Where the config's word says: empty (PATH_RECORD), a full path, or nvmem:NAME. 0, or -1 with
 * errno ENAMETOOLONG. */
int record_place(struct record_place *out, const char *prefix, const char *word);

#endif
