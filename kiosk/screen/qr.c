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

int qr_make(const char *text, int w, int h, uint32_t serial, struct mask *out)
{
    int side = w < h ? w : h;
    int room = h > w ? h * 11 / 20 : w * 11 / 20; /* below the clock, or to its right */
    room = room < side * 9 / 10 ? room : side * 9 / 10;
    memset(out, 0, sizeof *out);
    out->serial = serial;
    bool done = stencil(text, QR_ECLEVEL_M, room, 4, out) ||
                stencil(text, QR_ECLEVEL_L, room, 2, out) ||
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
    int q = m->left, edge = (l->w < l->h ? l->w : l->h) / 40;
    int x = l->w - m->w - q - edge, y = (l->h - m->h) / 2;
    if (l->h > l->w) {
        x = (l->w - m->w) / 2;
        y = l->h - m->h - q - edge;
    }
    x = x > (l->w - m->w) / 2 ? x : (l->w - m->w) / 2;
    struct ink white = {255, 255, 255, alpha}, black = {24, 26, 32, alpha};
    float card[] = {(float)(x - q), (float)(y - q),        (float)(x + m->w + q),
                    (float)(y - q), (float)(x + m->w + q), (float)(y + m->h + q),
                    (float)(x - q), (float)(y + m->h + q)};
    items_poly(l, card, 4, white);
    items_mask(l, m, x, y, black);
}
