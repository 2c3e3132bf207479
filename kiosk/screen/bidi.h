#ifndef PORCHLIGHT_SCREEN_BIDI_H
#define PORCHLIGHT_SCREEN_BIDI_H

#include "kiosk/screen/items.h"

/* Lines that mix directions, such as an Arabic sentence with a Latin name and a number: the order
 * in which their parts are drawn, by the Unicode bidirectional algorithm (libfribidi). */

/* A part of a line that is shaped and drawn as one: one direction, one script. */
struct bidi_run {
    const char *text; /* points into the line; not terminated */
    size_t bytes;
    bool rtl;
    char script[5]; /* ISO 15924, of its first letter */
};

/* Whether a line reads from right to left: the direction of its first letter. */
bool bidi_is_rtl(const char *line);

/* Cuts a line into its runs, in the order in which they are drawn from left to right. Each keeps
 * its characters in reading order; the shaper turns round those that are rtl. `rtl`: the line as a
 * whole reads from right to left. `script`: of runs without a letter that we know. Returns the
 * number of runs; 0 for an empty line, for one of ITEM_TEXT_MAX bytes or more, and for bytes that
 * are not UTF-8. */
size_t bidi_runs(const char *line, bool rtl, const char script[5],
                 struct bidi_run runs[ITEM_TEXT_MAX]);

#endif
