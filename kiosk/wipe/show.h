#ifndef PORCHLIGHT_WIPE_SHOW_H
#define PORCHLIGHT_WIPE_SHOW_H

#include "kiosk/wipe/run.h"

#include <stdio.h>

/* What a wipe would do, in its order, each target with what may be claimed of it. Touches nothing.
 * Lines for a person, or one JSON object. 0, or -1 if the plan may not be used. */
int show_plan(const struct run *r, FILE *out, bool json);

#endif
