#ifndef PORCHLIGHT_SCREEN_LINK_H
#define PORCHLIGHT_SCREEN_LINK_H

#include "kiosk/common/loop.h"
#include "kiosk/common/messages.h"
#include "kiosk/core/cue.h"

/* The wire to porchlightd. Connects, and connects again for ever; what it brought last stays. */
struct link;

typedef void link_cue(void *context, const struct cue *cue);
typedef void link_qr(void *context, const struct screen_qr *qr);

/* `path` is kept as a copy. NULL with errno ENOMEM or ENAMETOOLONG. */
struct link *link_new(struct loop *loop, const char *path, link_cue *cue, link_qr *qr,
                      void *context);
void link_free(struct link *l);

/* Does what is due at `now` (ns): a new attempt. Returns when to be called next. */
int64_t link_tick(struct link *l, int64_t now);

enum link_result { LINK_CUE, LINK_QR, LINK_BAD };

/* Checks one packet: exact size, magic, kind, ranges. Pure. */
enum link_result link_read(const void *packet, size_t len, struct cue *cue, struct screen_qr *qr);

#endif
