#include "kiosk/screen/qr.h"

#include <qrencode.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET = 4 }; /* modules of white around a code, as ISO/IEC 18004 asks */

/* The code with modules of whole px within `side`; false when that makes them too small. */
static bool stencil(const char *text, QRecLevel level, int side, int least, struct mask *out)
{
    QRcode *code = QRcode_encodeString(text, 0, level, QR_MODE_8, 1);
    if (!code)
        return false;
    int scale = side / (code->width + 2 * QUIET), n = code->width * scale;
    if (scale >= least)
        out->alpha = malloc((size_t)n * (size_t)n);
    if (out->alpha) {
        out->w = out->h = n;
        out->left = QUIET * scale;
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++)
                out->alpha[y * n + x] =
                    code->data[y / scale * code->width + x / scale] & 1 ? 255 : 0;
        }
    }
    QRcode_free(code);
    return out->alpha;
}

int qr_make(const char *text, int side, uint32_t serial, struct mask *out)
{
    memset(out, 0, sizeof *out);
    out->serial = serial;
    bool done = stencil(text, QR_ECLEVEL_M, side * 4 / 5, 4, out) ||
                stencil(text, QR_ECLEVEL_L, side, 2, out);
    return done ? 0 : -1;
}

void qr_free(struct mask *m)
{
    free(m->alpha);
    memset(m, 0, sizeof *m);
}

void qr_draw(struct items *l, const struct mask *m, float alpha)
{
    int x = (l->w - m->w) / 2, y = (l->h - m->h) / 2, q = m->left;
    struct ink white = {255, 255, 255, alpha}, black = {24, 26, 32, alpha};
    float card[] = {(float)(x - q), (float)(y - q),        (float)(x + m->w + q),
                    (float)(y - q), (float)(x + m->w + q), (float)(y + m->h + q),
                    (float)(x - q), (float)(y + m->h + q)};
    items_poly(l, card, 4, white);
    items_mask(l, m, x, y, black);
}
