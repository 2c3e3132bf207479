#ifndef PORCHLIGHT_SCREEN_QR_H
#define PORCHLIGHT_SCREEN_QR_H

#include "kiosk/screen/items.h"

/* A QR code of `text` as a stencil of whole pixels, without its quiet zone, for a picture whose
 * shorter side is `side` px: four fifths of it, or on a small panel, where modules would be under
 * 4 px, all of it and less redundancy. 0, or -1 when the text does not fit a code, or the code does
 * not fit `side` at 2 px a module. */
int qr_make(const char *text, int side, uint32_t serial, struct mask *out);
void qr_free(struct mask *m);

/* Over the scene: a white card with the code, this visible (0 to 1). */
void qr_draw(struct items *l, const struct mask *m, float alpha);

#endif
