#include "kiosk/screen/qr.h"

#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

enum { QUIET = 4 }; /* modules of white around a code, as ISO/IEC 18004 asks */

int qr_make(const char *text, int side, uint32_t serial, struct mask *out)
{
    memset(out, 0, sizeof *out);
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (code == NULL)
        return -1;
    int scale = side / (code->width + 2 * QUIET), n = code->width * scale;
    if (scale >= 2)
        out->alpha = malloc((size_t)n * (size_t)n);
    if (out->alpha != NULL) {
        out->w = out->h = n;
        out->serial = serial;
        out->left = QUIET * scale;
        for (int y = 0; y < n; y++) {
            for (int x = 0; x < n; x++)
                out->alpha[y * n + x] =
                    code->data[y / scale * code->width + x / scale] & 1 ? 255 : 0;
        }
    }
    QRcode_free(code);
    return out->alpha != NULL ? 0 : -1;
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
