#ifndef PORCHLIGHT_REGISTRAR_REGISTRAR_H
#define PORCHLIGHT_REGISTRAR_REGISTRAR_H

#include "kiosk/common/loop.h"
#include "kiosk/registrar/registrar_conf.h"

#include <stddef.h>
#include <stdint.h>

/* The registrar between its broker and the kiosks: it takes requests (kiosk/core/registration.h),
 * decides by their signatures and by what the broker says of the account, and carries them out
 * (broker_admin.h), one after the other. Everything runs on the loop's thread; the connection has a
 * thread of its own. */
struct registrar;

/* Reads the password and the key below the prefix (the key is made the first time); starts nothing.
 * Config and venues must outlive it. NULL after a complaint. */
struct registrar *registrar_new(const char *prefix, const struct registrar_conf *conf,
                                const struct registrar_venue *venues, size_t venues_count);
void registrar_free(struct registrar *r); /* NULL is safe */

/* 0, or -1 after a complaint. */
int registrar_start(struct registrar *r, struct loop *loop);

/* What time brings. Call it after every turn of the loop. */
void registrar_time(struct registrar *r, int64_t now);
int64_t registrar_deadline(const struct registrar *r);

#endif
