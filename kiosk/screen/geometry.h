#ifndef PORCHLIGHT_SCREEN_GEOMETRY_H
#define PORCHLIGHT_SCREEN_GEOMETRY_H

#include "kiosk/screen/scene.h"

enum ridge { RIDGE_MOUNTAINS, RIDGE_HILLS, RIDGE_FAR_SHORE, RIDGE_HEADLAND, RIDGES };
enum { GEOMETRY_STARS = 170, GEOMETRY_GLINTS = 64 };

/* Staff read the cue from 4 m with an acuity of 20/25: a letter of 6 minutes of arc, which is 7 mm.
 * So much has the smallest thing that a cue is known by, and a little more. */
#define CUE_DISTANCE 4000.0f /* mm */
#define CUE_MINUTES  7.0f    /* minutes of arc that CUE_LEAST units have */
enum { CUE_LEAST = 40 };

/* The place of one landscape in the picture: all of it, or a band (the frieze) at the bottom. */
struct frame {
    float u;              /* px of the unit for the landscape: 1 for the whole of 1920x1080 */
    float k;              /* px of the unit for the cue. The least of a cue has CUE_LEAST of them */
    float w, bottom;      /* the picture's width; y of the landscape's lower edge */
    float top;            /* y of the sky's upper edge */
    float reach;          /* px of the landscape's whole height, sky included */
    float water;          /* y of the far waterline */
    float house_x;        /* middle of the house's foot */
    float rise;           /* px of the headland's height */
    bool tall;            /* portrait */
    bool crowded;         /* the words leave no room for birds between them and the hills */
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
