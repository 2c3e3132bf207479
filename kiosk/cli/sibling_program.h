#ifndef PORCHLIGHT_CLI_SIBLING_PROGRAM_H
#define PORCHLIGHT_CLI_SIBLING_PROGRAM_H

#include "kiosk/common/paths.h"

/* The path of `program`, which stands in this one's folder. 0, or -1 with errno. */
int sibling_program(const char *program, char out[PATH_LEN]);

#endif
