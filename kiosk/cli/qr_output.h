#ifndef PORCHLIGHT_CLI_QR_OUTPUT_H
#define PORCHLIGHT_CLI_QR_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

/* A QR code of `text`, with its quiet zone. 0, or -1 with errno (ERANGE: too long for one). */

/* In characters, each two modules high: dark on light, whatever the terminal's colours are. Where
 * `room` is too small for the standard's quiet zone of 4 modules, the zone shrinks to 2, which
 * scanners still read. *needed: the size of what was drawn. Also -1 with E2BIG: it is wider than
 * room->columns, so nothing was drawn. 1: it was drawn, but is higher than room->lines. */
struct qr_room {
    size_t columns, lines;
};
int qr_output_print(FILE *out, const char *text, struct qr_room room, struct qr_room *needed);

/* An <svg> element for a page, black on white, with the standard's quiet zone. */
int qr_output_svg(FILE *out, const char *text);

/* A PNG of eight pixels a module into a new file that only its owner can read. */
int qr_output_png(const char *path, const char *text);

#endif
