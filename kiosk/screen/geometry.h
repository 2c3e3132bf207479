#ifndef PORCHLIGHT_SCREEN_GEOMETRY_H
#define PORCHLIGHT_SCREEN_GEOMETRY_H

#include "kiosk/screen/scene.h"

enum ridge { RIDGE_MOUNTAINS, RIDGE_HILLS, RIDGE_FAR_SHORE, RIDGE_HEADLAND, RIDGES };
enum { GEOMETRY_STARS = 170, GEOMETRY_GLINTS = 64 };

/* The place of one landscape in the picture: all of it, or a strip (the frieze) at the bottom. */
struct frame {
    float u;              /* px of the unit for all sizes: 1 for the whole of 1920x1080 */
    float w, bottom;      /* the picture's width; y of the landscape's lower edge */
    float reach;          /* px of the landscape's whole height, sky included */
    float water;          /* y of the far waterline */
    float house_x;        /* middle of the house's foot */
    float rise;           /* px of the headland's height */
    bool tall;            /* portrait */
    float *ridge[RIDGES]; /* w heights each, 0 to 1 */
};

struct geometry_star {
    float x, y, size, bright; /* 0 to 1 of width and of sky height; px at u = 1; 0 to 1 */
};

struct geometry_glint {
    float x, y;       /* -1 to 1 around the light's path; 0 to 1 down the water */
    float rate, turn; /* rad/s, rad */
};

/* All that depends only on the size of the picture: places, and the lines of the hills. */
struct geometry {
    int w, h;
    float u; /* px of the unit for words */
    bool tall;
    struct frame whole, frieze;
    struct geometry_star star[GEOMETRY_STARS];
    struct geometry_glint glint[GEOMETRY_GLINTS];
};

#endif
