#ifndef PORCHLIGHT_CLI_QR_OUTPUT_H
#define PORCHLIGHT_CLI_QR_OUTPUT_H

#include <stdio.h>

/* A QR code of `text`, with its quiet zone. 0, or -1 with errno: ERANGE if it is too long for one.
 */

/* Two modules a character, dark on light whatever the terminal's colours are. */
int qr_output_print(FILE *out, const char *text);

/* A PNG of eight pixels a module into a fresh file, readable by its owner alone. */
int qr_output_png(const char *path, const char *text);

#endif
