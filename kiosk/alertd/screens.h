#ifndef PORCHLIGHT_ALERTD_SCREENS_H
#define PORCHLIGHT_ALERTD_SCREENS_H

#include "kiosk/common/loop.h"
#include "kiosk/common/messages.h"
#include "kiosk/core/cue.h"

/* screen.sock: tells the cue to whatever screens are there. A screen that does not read loses its
 * connection, never a moment of ours. */
struct screens;

/* NULL with errno. */
struct screens *screens_new(const char *path, struct loop *loop);
void screens_free(struct screens *s); /* NULL is safe */

/* Sends the cue where it changed; a screen that connects gets it at once. */
void screens_show(struct screens *s, const struct cue *cue);

/* A QR code for `seconds` (0: take it away). Returns to how many screens it went. */
int screens_qr(struct screens *s, const char *text, uint32_t seconds);

#endif
