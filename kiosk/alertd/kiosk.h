#ifndef PORCHLIGHT_ALERTD_KIOSK_H
#define PORCHLIGHT_ALERTD_KIOSK_H

#include "config/config.h"
#include "kiosk/common/loop.h"

#include <stdint.h>

/* The whole of porchlightd behind its main: holds the parts, gives events to alert_step and does
 * what its actions say. */
struct kiosk;

/* Opens wires, record, sockets and brokers, and resumes what the record says. NULL after log_error
 * said what is wrong and how to mend it. `config` is copied. */
struct kiosk *kiosk_new(const char *prefix, const struct config *config, struct loop *loop);
void kiosk_free(struct kiosk *k); /* NULL is safe */

/* Takes a new config's place where it differs: wires, brokers, rules. 0; or -1 after log_error, and
 * the old config stands. What is standing (alert, duress, a wipe) is not touched. */
int kiosk_reload(struct kiosk *k, const struct config *config);

/* What time brings; call after every turn of the loop. */
void kiosk_time(struct kiosk *k, int64_t now);
int64_t kiosk_deadline(const struct kiosk *k);

#endif
