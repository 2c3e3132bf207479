#ifndef PORCHLIGHT_SCREEN_DRAW_DRIVER_H
#define PORCHLIGHT_SCREEN_DRAW_DRIVER_H

#include <stdbool.h>

/* SDL's video driver: $SDL_VIDEODRIVER if set, else the desktop's, else kmsdrm. With nothing set,
 * SDL may report success with a driver that shows nothing, so the name decides. 0, or -1 with
 * errno ENODEV and a sentence. */
int driver_open(bool headless, char why[256]);

/* Whether there is a GPU that we may use. */
bool driver_has_gpu(void);

#endif
