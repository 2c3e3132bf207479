#ifndef PORCHLIGHT_WIPE_RUN_RECORD_H
#define PORCHLIGHT_WIPE_RUN_RECORD_H

#include "kiosk/wipe/run.h"

/* What a run reads before it begins, keeps in its record and reports to whoever asked; run.h's
 * functions about these (run_load, run_end, run_status, run_pending, run_mark, run_prepare) are
 * here too. */

/* Opens the record of a wipe, or of a drill. 0, or -1 with errno; record->fd is then -1. */
int run_record_open(const struct run *r, struct progress *record, bool drill, bool read_only);

/* One packet to r->tell, if there is one. `took` in ns since the request. */
void run_report(const struct run *r, enum wipe_kind kind, uint32_t index, uint32_t outcome,
                const char *name, int64_t took);

/* What the system says of an error, or "" where the reason that is given with it says the same. */
const char *run_cause(int error);

#endif
