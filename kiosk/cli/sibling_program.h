#ifndef PORCHLIGHT_CLI_SIBLING_PROGRAM_H
#define PORCHLIGHT_CLI_SIBLING_PROGRAM_H

#include "kiosk/common/paths.h"

#include <stdbool.h>
#include <stddef.h>

/* The path of `program` in the folder of this program. 0, or -1 with errno. */
int sibling_program(const char *program, char out[PATH_LEN]);

/* Runs it with `option`, also --prefix=PREFIX unless that is empty, and reads what it prints to the
 * end: `out` keeps the beginning, as much as fits, and a zero. `quiet`: what it writes to stderr is
 * dropped. Its exit status; -1 with errno if it did not run to its end. */
int sibling_program_read(const char *program, const char *option, const char *prefix, bool quiet,
                         char *out, size_t size);

/* Any program, which is looked for in PATH: what it prints into `out`, terminated, and cut off
 * where that is full; what it complains of is left out. argv ends with NULL. Its exit status, or -1
 * with errno. */
int sibling_program_ask(char *const argv[], char *out, size_t size);

#endif
