#include "kiosk/screen/paint_kinds.h"

#include <math.h>
#include <string.h>

/* Polygons with soft edges: each row of pixels is cut into FINE lines; along each the crossings
 * are exact, so that coverage is FINE steps deep and true to the pixel's part across. Even-odd. */
enum { FINE = 5 };

static void span_add(float *cover, int from, int to, float x0, float x1)
{
    if (x0 < (float)from)
        x0 = (float)from;
    if (x1 > (float)to)
        x1 = (float)to;
    if (x1 <= x0)
        return;
    int a = (int)x0, z = (int)x1;
    if (a == z) {
        cover[a - from] += (x1 - x0) / FINE;
        return;
    }
    cover[a - from] += ((float)(a + 1) - x0) / FINE;
    for (int x = a + 1; x < z; x++)
        cover[x - from] += 1.0f / FINE;
    if (z < to)
        cover[z - from] += (x1 - (float)z) / FINE;
}

static int crossings(const struct item *i, float y, float cut[ITEM_POINTS])
{
    int n = 0;
    for (int k = 0; k < i->count; k++) {
        const float *p = &i->u.xy[2 * k], *q = &i->u.xy[2 * ((k + 1) % i->count)];
        if ((p[1] <= y) == (q[1] <= y))
            continue;
        float x = p[0] + (y - p[1]) * (q[0] - p[0]) / (q[1] - p[1]);
        int at = n++;
        for (; at > 0 && cut[at - 1] > x; at--)
            cut[at] = cut[at - 1];
        cut[at] = x;
    }
    return n;
}

void paint_poly(struct band *b, const struct item *i, struct box part)
{
    pixel c = pixel_of(i->ink);
    int w = part.x1 - part.x0;
    for (int y = part.y0; y < part.y1; y++) {
        float *cover = b->scratch;
        memset(cover, 0, sizeof *cover * (size_t)w);
        for (int fine = 0; fine < FINE; fine++) {
            float cut[ITEM_POINTS];
            int n = crossings(i, (float)y + ((float)fine + 0.5f) / FINE, cut);
            for (int k = 0; k + 1 < n; k += 2)
                span_add(cover, part.x0, part.x1, cut[k], cut[k + 1]);
        }
        pixel *row = band_at(b, part.x0, y);
        for (int x = 0; x < w; x++) {
            if (cover[x] > 0)
                row[x] += (c - row[x]) * (fminf(cover[x], 1) * i->ink.a);
        }
    }
}
