#ifndef PORCHLIGHT_WIPE_WIPE_DRILL_H
#define PORCHLIGHT_WIPE_WIPE_DRILL_H

#include "kiosk/wipe/run.h"

/* The folder in each root that holds a drill's decoys while it runs. */
#define DRILL_FOLDER ".porchlight-drill"

/* Puts a decoy beside each target of the plan, of its kind and on its file system, and lets
 * run_plan destroy those: the code of a wipe on other names. */
enum run_result wipe_drill_run(const struct run *r);

/* The plan of a drill: each target's place becomes ROOT/.porchlight-drill/NAME. Pure. */
void wipe_drill_plan(const struct plan *plan, struct plan *decoys);

#endif
