#ifndef PORCHLIGHT_SCREEN_DRAW_H
#define PORCHLIGHT_SCREEN_DRAW_H

#include "kiosk/screen/items.h"

#include <stdbool.h>

/* The display: SDL's window and renderer. The picture is kept in one texture; only the parts that
 * changed are painted, and it is presented only then. */
struct draw;

struct draw_options {
    int w, h;         /* a window of this size; 0: the whole display */
    bool windowed;    /* a window with a frame, on a desktop */
    bool headless;    /* no display at all: pictures can still be saved */
    const char *card; /* kmsdrm: the card with a monitor, "0"; NULL: SDL's choice */
    int rotation;     /* 0, 90, 180, 270 degrees clockwise, as the monitor is mounted */
};

/* Opens what there is. NULL with errno ENODEV and a sentence in `why` when there is no display (or
 * only a driver that shows nothing, which SDL offers by itself): the caller tries again later. */
struct draw *draw_open(const struct draw_options *o, char why[256]);
void draw_free(struct draw *d);

/* What SDL chose: "kmsdrm", "x11" ... and "software" or a GPU's renderer. */
const char *draw_driver(const struct draw *d);
const char *draw_renderer(const struct draw *d);

/* Upright size in pixels, after rotation. */
void draw_size(const struct draw *d, int *w, int *h);

enum draw_news { DRAW_NOTHING, DRAW_RESIZED, DRAW_CLOSED, DRAW_LOST };

/* Handles waiting events; never waits. DRAW_LOST: the display is gone, free this and open it again.
 * DRAW_CLOSED: a person closed the window, which is possible only with a frame. */
enum draw_news draw_pump(struct draw *d);

/* Shows this list at this light (0 to 1; at 0 the screen is black, and on kmsdrm the monitor is
 * sent to sleep). Call text_set (draw_text.h) on the list before. Returns how many pixels were
 * painted; 0: nothing changed, nothing was presented; -1: the display failed, free it and open
 * again. */
int64_t draw_show(struct draw *d, const struct items *l, float light);

/* Saves what is on the screen now, upright, as PNG: written beside the file and renamed. 0 or -1
 * with errno. */
int draw_save(struct draw *d, const char *path);

#endif
