#ifndef PORCHLIGHT_SCREEN_QR_H
#define PORCHLIGHT_SCREEN_QR_H

#include "kiosk/screen/items.h"

/* A QR code of `text` as a stencil of whole pixels, without its quiet zone, for a picture of w by
 * h px: it leaves the clock free. Where modules would be under 4 px it has less redundancy, and on
 * a very small picture it takes the room of the clock as well. 0, or -1 when the text does not fit
 * a code, or the code does not fit at 2 px a module. */
int qr_make(const char *text, int w, int h, uint32_t serial, struct mask *out);
void qr_free(struct mask *m);

/* Over the scene: a white card with the code, this visible (0 to 1). */
void qr_draw(struct items *l, const struct mask *m, float alpha);

#endif
