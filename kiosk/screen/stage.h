#ifndef PORCHLIGHT_SCREEN_STAGE_H
#define PORCHLIGHT_SCREEN_STAGE_H

#include "kiosk/screen/scene.h"

enum stage_ridge { RIDGE_MOUNTAINS, RIDGE_HILLS, RIDGE_FAR_SHORE, RIDGE_HEADLAND, RIDGES };
enum { STAGE_STARS = 170, STAGE_GLINTS = 64 };

struct stage_star {
    float x, y, size, bright; /* 0 to 1 of width and of sky height; px at u = 1; 0 to 1 */
};

struct stage_glint {
    float x, y;       /* -1 to 1 around the light's path; 0 to 1 down the water */
    float rate, turn; /* rad/s, rad */
};

/* Measures of a size: where things stand, and lines made once. */
struct stage {
    int w, h;
    float u;              /* px of the unit all sizes are given in: 1 at 1920x1080 */
    bool tall;            /* portrait */
    float water;          /* y of the far waterline */
    float *ridge[RIDGES]; /* w heights each, 0 to 1 */
    struct stage_star star[STAGE_STARS];
    struct stage_glint glint[STAGE_GLINTS];
};

#endif
