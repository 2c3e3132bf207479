#include "kiosk/screen/items.h"

#include "kiosk/common/utf8.h"

#include <math.h>
#include <string.h>

static struct item spare; /* written when a list is full, never read */

static float eighth(float v)
{
    return roundf(v * 8) / 8;
}

static struct ink calm_ink(struct ink i)
{
    i.r = roundf(i.r * 4) / 4;
    i.g = roundf(i.g * 4) / 4;
    i.b = roundf(i.b * 4) / 4;
    i.a = i.a < 0.002f ? 0 : roundf(fminf(i.a, 1) * 512) / 512;
    return i;
}

bool box_empty(struct box b)
{
    return b.x1 <= b.x0 || b.y1 <= b.y0;
}

struct box box_meet(struct box a, struct box b)
{
    struct box m = {a.x0 > b.x0 ? a.x0 : b.x0, a.y0 > b.y0 ? a.y0 : b.y0, a.x1 < b.x1 ? a.x1 : b.x1,
                    a.y1 < b.y1 ? a.y1 : b.y1};
    return m;
}

struct box box_join(struct box a, struct box b)
{
    if (box_empty(a))
        return b;
    if (box_empty(b))
        return a;
    struct box j = {a.x0 < b.x0 ? a.x0 : b.x0, a.y0 < b.y0 ? a.y0 : b.y0, a.x1 > b.x1 ? a.x1 : b.x1,
                    a.y1 > b.y1 ? a.y1 : b.y1};
    return j;
}

void items_clear(struct items *l, int w, int h)
{
    l->w = w;
    l->h = h;
    l->count = 0;
}

static struct item *items_add(struct items *l, enum item_kind kind, struct ink ink, float x0,
                              float y0, float x1, float y1)
{
    struct item *i = l->count < ITEMS_MAX ? &l->item[l->count++] : &spare;
    memset(i, 0, sizeof *i);
    i->kind = kind;
    i->ink = calm_ink(ink);
    struct box box = {(int)floorf(x0), (int)floorf(y0), (int)ceilf(x1), (int)ceilf(y1)};
    struct box all = {0, 0, l->w, l->h};
    i->box = box_meet(box, all);
    if (i->ink.a <= 0)
        i->box = (struct box){0};
    return i;
}

struct item *items_ramp(struct items *l, struct box box, const struct item_stop *stops, int count)
{
    struct ink any = {0, 0, 0, 1};
    struct item *i =
        items_add(l, ITEM_RAMP, any, (float)box.x0, (float)box.y0, (float)box.x1, (float)box.y1);
    i->count = count < ITEM_STOPS ? count : ITEM_STOPS;
    i->p[0] = (float)box.y0;
    i->p[1] = (float)box.y1;
    for (int k = 0; k < i->count; k++) {
        i->u.stops[k].at = stops[k].at;
        i->u.stops[k].ink = calm_ink(stops[k].ink);
    }
    return i;
}

struct item *items_glow(struct items *l, float cx, float cy, float rx, float ry, struct ink ink,
                        float power)
{
    cx = eighth(cx);
    cy = eighth(cy);
    struct item *i = items_add(l, ITEM_GLOW, ink, cx - rx, cy - ry, cx + rx, cy + ry);
    i->p[0] = cx;
    i->p[1] = cy;
    i->p[2] = rx;
    i->p[3] = ry;
    i->p[4] = power;
    return i;
}

struct item *items_disc(struct items *l, float cx, float cy, float r, struct ink ink)
{
    cx = eighth(cx);
    cy = eighth(cy);
    struct item *i = items_add(l, ITEM_DISC, ink, cx - r - 1, cy - r - 1, cx + r + 1, cy + r + 1);
    i->p[0] = cx;
    i->p[1] = cy;
    i->p[2] = r;
    return i;
}

struct item *items_moon(struct items *l, float cx, float cy, float r, float phase, float tilt,
                        struct ink lit, struct ink dark)
{
    cx = eighth(cx);
    cy = eighth(cy);
    struct item *i = items_add(l, ITEM_MOON, lit, cx - r - 1, cy - r - 1, cx + r + 1, cy + r + 1);
    i->ink2 = calm_ink(dark);
    i->p[0] = cx;
    i->p[1] = cy;
    i->p[2] = r;
    i->p[3] = roundf(phase * 256) / 256;
    i->p[4] = roundf(tilt * 64) / 64;
    return i;
}

struct item *items_ridge(struct items *l, const float *heights, float base, float scale, int bottom,
                         struct ink top, struct ink low, float fade)
{
    float y0 = scale > 0 ? base - scale : base, y1 = (float)bottom;
    struct item *i = items_add(l, ITEM_RIDGE, top, 0, y0 - 1, (float)l->w, y1);
    i->ink2 = calm_ink(low);
    i->p[0] = base;
    i->p[1] = scale;
    i->p[2] = fade;
    i->ref = heights;
    return i;
}

struct item *items_cloud(struct items *l, struct box box, float drift, float drift2,
                         float threshold, float gain, struct ink lit, struct ink shade)
{
    struct item *i =
        items_add(l, ITEM_CLOUD, lit, (float)box.x0, (float)box.y0, (float)box.x1, (float)box.y1);
    i->ink2 = calm_ink(shade);
    i->p[0] = drift;
    i->p[1] = drift2;
    i->p[2] = threshold;
    i->p[3] = gain;
    return i;
}

struct item *items_poly(struct items *l, const float *xy, int count, struct ink ink)
{
    float x0 = 1e9f, y0 = 1e9f, x1 = -1e9f, y1 = -1e9f, at[2 * ITEM_POINTS] = {0};
    if (count > ITEM_POINTS)
        count = ITEM_POINTS;
    for (int k = 0; k < count; k++) {
        at[2 * k] = eighth(xy[2 * k]);
        at[2 * k + 1] = eighth(xy[2 * k + 1]);
        x0 = fminf(x0, at[2 * k]);
        x1 = fmaxf(x1, at[2 * k]);
        y0 = fminf(y0, at[2 * k + 1]);
        y1 = fmaxf(y1, at[2 * k + 1]);
    }
    struct item *i = items_add(l, ITEM_POLY, ink, x0, y0, x1 + 1, y1 + 1);
    i->count = count;
    memcpy(i->u.xy, at, sizeof at[0] * 2 * (size_t)count);
    return i;
}

struct item *items_glint(struct items *l, float cx, float cy, float rx, float ry, struct ink ink)
{
    cx = eighth(cx);
    cy = eighth(cy);
    struct item *i = items_add(l, ITEM_GLINT, ink, cx - rx, cy - ry, cx + rx, cy + ry);
    i->p[0] = cx;
    i->p[1] = cy;
    i->p[2] = rx;
    i->p[3] = ry;
    return i;
}

struct item *items_words(struct items *l, const char *text, float cx, float baseline, float size,
                         float most, struct ink ink)
{
    struct item *i = items_add(l, ITEM_WORDS, ink, 0, 0, 0, 0);
    memcpy(i->u.words.text, text, utf8_fit(text, ITEM_TEXT_MAX - 1));
    i->p[0] = cx;
    i->p[1] = baseline;
    i->p[2] = size;
    i->p[3] = most;
    return i;
}

struct item *items_mask(struct items *l, const struct mask *m, int x, int y, struct ink ink)
{
    struct item *i =
        items_add(l, ITEM_MASK, ink, (float)x, (float)y, (float)(x + m->w), (float)(y + m->h));
    i->ref = m;
    i->serial = m->serial;
    i->p[0] = (float)x;
    i->p[1] = (float)y;
    return i;
}

struct item *items_photo(struct items *l, const struct photo *p, int x, int y, float alpha)
{
    struct ink ink = {255, 255, 255, alpha};
    struct item *i =
        items_add(l, ITEM_IMAGE, ink, (float)x, (float)y, (float)(x + p->w), (float)(y + p->h));
    i->ref = p;
    i->serial = p->serial;
    i->p[0] = (float)x;
    i->p[1] = (float)y;
    return i;
}

static int64_t area(struct box b)
{
    return box_empty(b) ? 0 : (int64_t)(b.x1 - b.x0) * (b.y1 - b.y0);
}

/* Adds b to the set, joining it with any box where drawing both costs as much as their hull. */
static size_t dirty_add(struct box set[ITEMS_DIRTY], size_t n, struct box b)
{
    for (size_t k = 0; k < n;) {
        struct box hull = box_join(set[k], b);
        if (area(hull) * 4 <= (area(set[k]) + area(b)) * 5) {
            b = hull;
            set[k] = set[--n];
            k = 0;
        } else {
            k++;
        }
    }
    if (n < ITEMS_DIRTY) {
        set[n] = b;
        return n + 1;
    }
    size_t best = 0;
    int64_t least = INT64_MAX;
    for (size_t k = 0; k < n; k++) {
        int64_t cost = area(box_join(set[k], b)) - area(set[k]);
        if (cost < least) {
            least = cost;
            best = k;
        }
    }
    struct box hull = box_join(set[best], b);
    set[best] = set[--n];
    return dirty_add(set, n, hull);
}

size_t items_changed(const struct items *was, const struct items *now, struct box out[ITEMS_DIRTY])
{
    if (was->w != now->w || was->h != now->h || was->count != now->count) {
        out[0] = (struct box){0, 0, now->w, now->h};
        return 1;
    }
    size_t n = 0;
    for (size_t k = 0; k < now->count; k++) {
        /* Items are cleared before they are filled, so their bytes can be compared. */
        /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
        if (memcmp(&was->item[k], &now->item[k], sizeof now->item[k]) == 0)
            continue;
        if (!box_empty(was->item[k].box))
            n = dirty_add(out, n, was->item[k].box);
        if (!box_empty(now->item[k].box))
            n = dirty_add(out, n, now->item[k].box);
    }
    return n;
}
