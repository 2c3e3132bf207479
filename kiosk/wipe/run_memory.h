#ifndef PORCHLIGHT_WIPE_RUN_MEMORY_H
#define PORCHLIGHT_WIPE_RUN_MEMORY_H

#include "kiosk/wipe/remembered.h"
#include "kiosk/wipe/run.h"

/* Where a run's targets are and were: what is remembered of them, and what that means before a wipe
 * and while one waits. Failures go to the log. */

/* You free it; empty if it cannot be read, NULL without memory. */
struct remembered *run_memory_load(const struct run *r);
void run_memory_save(const struct run *r, const struct remembered *m);

/* Notes where the targets are that are there now. `accept`: the host has looked at the plan, and
 * what was remembered of another place counts no more; otherwise only what is new is noted. */
void run_remember(const struct run *r, bool accept);

/* Whether a wipe could be done: reports WIPE_END, or a refusal that names the first target that
 * would not be destroyed as the plan says. Touches no target, and remembers as run_remember. */
enum run_result run_check(const struct run *r);

/* Whether something that an unfinished wipe waits for is there now. */
bool run_wait_is_over(const struct run *r);

#endif
