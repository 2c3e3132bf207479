#ifndef PORCHLIGHT_CLI_SIBLING_PROGRAM_H
#define PORCHLIGHT_CLI_SIBLING_PROGRAM_H

#include "kiosk/common/paths.h"

/* The path of `program` in the folder of this program. 0, or -1 with errno. */
int sibling_program(const char *program, char out[PATH_LEN]);

#endif
