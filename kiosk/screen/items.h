#ifndef PORCHLIGHT_SCREEN_ITEMS_H
#define PORCHLIGHT_SCREEN_ITEMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A picture as a list of what is drawn, back to front, in pixels of the upright picture (before
 * any rotation). A scene writes the list, paint.c turns it into pixels; comparing two lists shows
 * which parts must be drawn again. This file knows nothing of a display. */

struct box {
    int x0, y0, x1, y1; /* x1 and y1 are outside; empty where x1 <= x0 */
};

/* sRGB, 0 to 255, and what it covers, 0 to 1. */
struct ink {
    float r, g, b, a;
};

/* A line of text has at most ITEM_LETTERS characters; each takes 1 to 4 bytes. */
enum { ITEM_POINTS = 20, ITEM_STOPS = 7, ITEM_LETTERS = 80, ITEM_TEXT_MAX = 4 * ITEM_LETTERS + 1 };

enum item_kind {
    ITEM_RAMP, /* vertical gradient over the box: stops */
    ITEM_GLOW, /* round glow: centre p0 p1, radii p2 p3, ink fading out by p4 (power) */
    ITEM_DISC, /* centre p0 p1, radius p2 */
    ITEM_MOON, /* disc: centre p0 p1, radius p2, phase p3 (0.5 full), tilt p4 rad; ink, ink2 dark */
    ITEM_RIDGE, /* the land below `heights` scaled: base p0, scale p1; ink at its top, ink2 p2 px
                   lower; p3 < 0 draws it upside down below p0 (a reflection) */
    ITEM_CLOUD, /* cloud map over the box: drift p0, second drift p1, threshold p2, gain p3; ink
                   lit, ink2 shaded */
    ITEM_POLY,  /* filled polygon of `count` points */
    ITEM_GLINT, /* soft flat ellipse: centre p0 p1, radii p2 p3 */
    ITEM_WORDS, /* a text: x p0, baseline p1, size p2, at most p3 wide; p4 -1 begins at x, 0 is
                   centred on it, 1 ends there */
    ITEM_MASK,  /* what ITEM_WORDS becomes once its letters are known: ref */
    ITEM_IMAGE, /* a photo scaled to its box already: ref, part shown p0 p1 (offset) */
};

enum item_face { FACE_CLOCK, FACE_BOOK };

struct item_stop {
    float at; /* 0 top to 1 bottom of the box, rising */
    struct ink ink;
};

struct item {
    enum item_kind kind;
    struct box box;
    struct ink ink, ink2;
    float p[5];
    int count;
    const void *ref; /* heights (float, one a column), struct mask, struct photo */
    uint32_t serial; /* which of those, since a pointer may be used again */
    union {
        float xy[2 * ITEM_POINTS];
        struct item_stop stops[ITEM_STOPS];
        struct {
            char text[ITEM_TEXT_MAX];
            char script[5]; /* ISO 15924, "Arab": of what has no letters, such as digits */
            bool rtl;       /* the line as a whole reads from right to left */
            uint8_t face;
            bool wraps; /* where it is wider than p3: two lines around the baseline */
            bool shade; /* a soft shade of the letters, to draw below them */
        } words;
    } u;
};

enum { ITEMS_MAX = 640 };

struct items {
    int w, h;
    size_t count;
    struct item item[ITEMS_MAX];
};

/* Coverage of text or of any stencil, one byte a pixel. */
struct mask {
    int w, h;
    int left, ascent; /* where the pen and the baseline are in it */
    uint32_t serial;
    uint8_t *alpha; /* w * h */
};

/* Pixels, 0xffRRGGBB, w * h. */
struct photo {
    int w, h;
    uint32_t serial;
    uint32_t *pixels;
};

void items_clear(struct items *l, int w, int h);

/* All return the item, with everything else zero, or a spare one that is never drawn when the list
 * is full. Coordinates are rounded to 1/8 px and inks to 1/4 of a step, so that what moves or
 * changes less than can be seen does not count as a change. */
struct item *items_ramp(struct items *l, struct box box, const struct item_stop *stops, int count);
struct item *items_glow(struct items *l, float cx, float cy, float rx, float ry, struct ink ink,
                        float power);
struct item *items_disc(struct items *l, float cx, float cy, float r, struct ink ink);
struct item *items_moon(struct items *l, float cx, float cy, float r, float phase, float tilt,
                        struct ink lit, struct ink dark);
struct item *items_ridge(struct items *l, const float *heights, float base, float scale, int bottom,
                         struct ink top, struct ink low, float fade);
struct item *items_cloud(struct items *l, struct box box, float drift, float drift2,
                         float threshold, float gain, struct ink lit, struct ink shade);
struct item *items_poly(struct items *l, const float *xy, int count, struct ink ink);
struct item *items_glint(struct items *l, float cx, float cy, float rx, float ry, struct ink ink);
struct item *items_words(struct items *l, const char *text, float cx, float baseline, float size,
                         float most, struct ink ink);
struct item *items_mask(struct items *l, const struct mask *m, int x, int y, struct ink ink);
struct item *items_photo(struct items *l, const struct photo *p, int x, int y, float alpha);

bool box_empty(struct box b);
struct box box_meet(struct box a, struct box b);
struct box box_join(struct box a, struct box b);

/* Which parts of `now` differ from `was`: at most ITEMS_DIRTY boxes that do not overlap much, in
 * out. The whole picture when they cannot be compared. Returns how many. */
enum { ITEMS_DIRTY = 12 };
size_t items_changed(const struct items *was, const struct items *now, struct box out[ITEMS_DIRTY]);

#endif
