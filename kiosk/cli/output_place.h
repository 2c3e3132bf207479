#ifndef PORCHLIGHT_CLI_OUTPUT_PLACE_H
#define PORCHLIGHT_CLI_OUTPUT_PLACE_H

#include "kiosk/common/paths.h"

/* Where a host wants a file or folder made, most often on a stick. */

/* Removes the slashes at the path's end. */
void output_place_trim(char *path);

/* The folder that it is to be in. */
void output_place_folder(const char *path, char folder[PATH_LEN]);

/* 0 if it can be made there: nothing has that name, and its folder can be written to. -1 after a
 * complaint, which begins with `nothing`, such as "No backup was made"; `example`: a name for it in
 * a folder that is there. */
int output_place_check(const char *path, const char *example, const char *nothing);

#endif
