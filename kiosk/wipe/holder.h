#ifndef PORCHLIGHT_WIPE_HOLDER_H
#define PORCHLIGHT_WIPE_HOLDER_H

#include <stdbool.h>
#include <sys/types.h>

/* Which program runs from a file, or has it open, so that its unit can be named in the plan. */
enum { HOLDER_MAX = 72 };

/* Writes its unit and process id, such as "venue-book.service (812)", or its name and id where it
 * has no unit of its own. False: there is none that this process may see; out is then empty. */
bool holder_of(dev_t device, ino_t inode, char out[HOLDER_MAX]);

#endif
