#ifndef PORCHLIGHT_SCREEN_CUE_CLIENT_H
#define PORCHLIGHT_SCREEN_CUE_CLIENT_H

#include "kiosk/common/loop.h"
#include "kiosk/common/messages.h"
#include "kiosk/core/cue.h"

/* The connection to porchlightd, which sends the cue: the signs in the picture that only staff can
 * read (core/cue.h). Connects again and again; until then the last cue stays in the picture. */
struct cue_client;

typedef void cue_client_on_cue(void *context, const struct cue *cue);
typedef void cue_client_on_qr(void *context, const struct screen_qr *qr);

/* `path` is kept as a copy. NULL with errno ENOMEM or ENAMETOOLONG. */
struct cue_client *cue_client_new(struct loop *loop, const char *path, cue_client_on_cue *on_cue,
                                  cue_client_on_qr *on_qr, void *context);
void cue_client_free(struct cue_client *c);

/* Makes the attempt that is due at `now` (ns). Returns when to call it next. */
int64_t cue_client_tick(struct cue_client *c, int64_t now);

enum cue_client_result { CUE_CLIENT_CUE, CUE_CLIENT_QR, CUE_CLIENT_BAD };

/* Checks one packet: exact size, magic, kind, ranges. Pure. */
enum cue_client_result cue_client_read(const void *packet, size_t len, struct cue *cue,
                                       struct screen_qr *qr);

#endif
