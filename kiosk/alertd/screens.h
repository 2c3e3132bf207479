#ifndef PORCHLIGHT_ALERTD_SCREENS_H
#define PORCHLIGHT_ALERTD_SCREENS_H

#include "kiosk/common/loop.h"
#include "kiosk/common/messages.h"
#include "kiosk/core/cue.h"

/* screen.sock: sends the cue to every screen that is connected. A screen that does not read is
 * disconnected, and never makes the kiosk wait. */
struct screens;

/* NULL with errno. */
struct screens *screens_new(const char *path, struct loop *loop);
void screens_free(struct screens *s); /* NULL is safe */

/* Sends the cue where it changed; a screen that connects gets it at once. */
void screens_show(struct screens *s, const struct cue *cue);

/* Shows a QR code for `seconds` (0: takes it away). Returns how many screens it was sent to. */
int screens_qr(struct screens *s, const char *text, uint32_t seconds);

#endif
