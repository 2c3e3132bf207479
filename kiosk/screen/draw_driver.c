#include "kiosk/screen/draw_driver.h"

#include "kiosk/screen/wayland_seat.h"

#include <SDL2/SDL.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether SDL would take Wayland, and crash on a compositor that has no seat. */
static bool would_crash(const char *asked)
{
    SDL_version is;
    SDL_GetVersion(&is);
    bool old = is.major == 2 && is.minor < 30;
    bool wayland =
        asked ? strcmp(asked, "wayland") == 0 : getenv("WAYLAND_DISPLAY") && !getenv("DISPLAY");
    return old && wayland && wayland_seat_ask() == SEAT_NONE;
}

int driver_open(bool headless, char why[256])
{
    const char *asked = SDL_getenv("SDL_VIDEODRIVER");
    if (headless)
        asked = "dummy";
    else if (!asked && !getenv("WAYLAND_DISPLAY") && !getenv("DISPLAY"))
        asked = "kmsdrm";
    if (would_crash(asked)) {
        snprintf(why, 256,
                 "no display: the Wayland compositor has no seat, which this SDL cannot "
                 "do without. Mend: plug a mouse in, or let the compositor have a seat");
        return -1;
    }
    if (asked)
        SDL_setenv("SDL_VIDEODRIVER", asked, 1);
    int failed = SDL_InitSubSystem(SDL_INIT_VIDEO);
    if (asked && !headless && strcmp(asked, "kmsdrm") == 0)
        unsetenv("SDL_VIDEODRIVER");
    else if (headless)
        unsetenv("SDL_VIDEODRIVER");
    if (failed) {
        snprintf(why, 256, "no display: %s", SDL_GetError());
        errno = ENODEV;
        return -1;
    }
    const char *got = SDL_GetCurrentVideoDriver();
    bool blind = !got || strcmp(got, "offscreen") == 0 || strcmp(got, "dummy") == 0;
    if (blind && !headless && (!asked || strcmp(asked, got ? got : "") != 0)) {
        snprintf(why, 256, "no display: only the driver \"%s\", which shows nothing",
                 got ? got : "none");
        SDL_QuitSubSystem(SDL_INIT_VIDEO);
        errno = ENODEV;
        return -1;
    }
    return 0;
}

bool driver_has_gpu(void)
{
    glob_t found;
    bool some = glob("/dev/dri/renderD*", 0, NULL, &found) == 0 && found.gl_pathc > 0 &&
                access(found.gl_pathv[0], R_OK | W_OK) == 0;
    globfree(&found);
    return some;
}
