#ifndef PORCHLIGHT_WIPE_PLAN_PRINT_H
#define PORCHLIGHT_WIPE_PLAN_PRINT_H

#include "kiosk/wipe/run.h"

#include <stdio.h>

/* What a wipe would do, in its order, each target with what may be claimed of it. Touches nothing.
 * Lines for a person, or one JSON object. 0; 1 if
 * the plan names something that would not be destroyed, or is not where it was; -1 if it may not be
 * used. */
int plan_print(const struct run *r, FILE *out, bool json);

#endif
