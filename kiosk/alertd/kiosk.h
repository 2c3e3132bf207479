#ifndef PORCHLIGHT_ALERTD_KIOSK_H
#define PORCHLIGHT_ALERTD_KIOSK_H

#include "config/config.h"
#include "kiosk/alertd/faults.h"
#include "kiosk/common/loop.h"

#include <stdint.h>

/* All of porchlightd but its main: opens the parts, and gives their events to alert_step. No state
 * is kept outside of it, so one process may hold several. */
struct kiosk;

/* Opens lines, record, sockets and brokers, and continues what the record says was active. What
 * cannot be used (a credential, a line, the keys) is left out and is a standing fault, beside
 * `faults`: those of reading the config; NULL: none. NULL after log_error said what is wrong, where
 * nothing would work (no memory, no sockets). All arguments but the loop are copied. */
struct kiosk *kiosk_new(const char *prefix, const struct config *config,
                        const struct faults *faults, struct loop *loop);
void kiosk_free(struct kiosk *k); /* NULL is safe */

/* Applies a new config where it differs: lines, brokers, rules. 0; or -1: it needs a restart, and
 * the old config stays in use. Of what cannot be used (lines, a broker's password) the old one
 * stays in use. An active alert, duress or wipe is not touched. */
int kiosk_reload(struct kiosk *k, const struct config *config);

/* A new config was read, and has these mistakes: the old one stays in use. */
void kiosk_reload_refused(struct kiosk *k, const struct faults *mistakes);

/* Does what is due now; call it after every turn of the loop. */
void kiosk_time(struct kiosk *k, int64_t now);
int64_t kiosk_deadline(const struct kiosk *k);

#endif
