#ifndef PORCHLIGHT_REGISTRAR_LEDGER_H
#define PORCHLIGHT_REGISTRAR_LEDGER_H

#include "kiosk/core/registration.h"

#include <stddef.h>

/* What the registrar remembers of one asker, in a file of its own:
 *
 *   <prefix>/var/lib/porchlight-registrar/VENUE-KIOSK     0600
 *
 * a line with the slot, then a line for each account that this kiosk suspended. It is durable
 * before the broker is asked for anything, so that no restart repeats or forgets a request. */

enum { LEDGER_SUSPENDED_MAX = 4096 };

struct ledger_entry {
    struct registration_slot slot;
    char (*suspended)[REGISTRATION_ACCOUNT + 1];
    size_t suspended_count;
};

/* An asker that was never seen has a zero entry. 0, or -1 with errno: EINVAL for a file that is not
 * one of ours. */
int ledger_read(const char *prefix, const char *venue, const char *kiosk, struct ledger_entry *e);
int ledger_write(const char *prefix, const char *venue, const char *kiosk,
                 const struct ledger_entry *e);
void ledger_entry_free(struct ledger_entry *e);

/* 0, or -1 with errno: ENOBUFS if LEDGER_SUSPENDED_MAX are there. One that is there already is not
 * added again. */
int ledger_suspended_add(struct ledger_entry *e, const char *account);

#endif
