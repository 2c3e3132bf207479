#include "kiosk/screen/draw_driver.h"

#include "kiosk/screen/wayland_seat.h"

#include <SDL2/SDL.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether SDL would choose Wayland, and crash because the compositor has no seat. */
static bool would_crash(const char *asked)
{
    SDL_version is;
    SDL_GetVersion(&is);
    bool old = is.major == 2 && is.minor < 30;
    bool wayland =
        asked ? strcmp(asked, "wayland") == 0 : getenv("WAYLAND_DISPLAY") && !getenv("DISPLAY");
    return old && wayland && wayland_seat_ask() == WAYLAND_SEAT_NONE;
}

/* The driver to ask SDL for; NULL leaves the choice to SDL, on a desktop. */
static const char *wanted_driver(bool headless)
{
    const char *set = SDL_getenv("SDL_VIDEODRIVER");
    if (headless)
        return "dummy";
    return set || getenv("WAYLAND_DISPLAY") || getenv("DISPLAY") ? set : "kmsdrm";
}

/* Starts SDL with that driver. The choice does not stay in the environment. */
static int start_driver(const char *asked, bool headless)
{
    if (asked)
        SDL_setenv("SDL_VIDEODRIVER", asked, 1);
    int failed = SDL_InitSubSystem(SDL_INIT_VIDEO);
    if (asked && (headless || strcmp(asked, "kmsdrm") == 0))
        unsetenv("SDL_VIDEODRIVER");
    return failed;
}

static bool shows_nothing(const char *driver)
{
    return !driver || strcmp(driver, "offscreen") == 0 || strcmp(driver, "dummy") == 0;
}

int driver_open(bool headless, char why[256])
{
    const char *asked = wanted_driver(headless);
    errno = ENODEV;
    if (would_crash(asked)) {
        snprintf(why, 256,
                 "no display: the Wayland compositor has no seat, and this version of SDL needs "
                 "one. Plug in a mouse, or give the compositor a seat");
        return -1;
    }
    if (start_driver(asked, headless) != 0) {
        snprintf(why, 256, "no display: %s", SDL_GetError());
        errno = ENODEV;
        return -1;
    }
    const char *got = SDL_GetCurrentVideoDriver();
    bool is_asked = headless || (asked && got && strcmp(asked, got) == 0);
    if (!shows_nothing(got) || is_asked)
        return 0;
    snprintf(why, 256, "no display: SDL has only the driver \"%s\", which shows nothing",
             got ? got : "none");
    SDL_QuitSubSystem(SDL_INIT_VIDEO);
    errno = ENODEV;
    return -1;
}

bool driver_has_gpu(void)
{
    glob_t found;
    bool some = glob("/dev/dri/renderD*", 0, NULL, &found) == 0 && found.gl_pathc > 0 &&
                access(found.gl_pathv[0], R_OK | W_OK) == 0;
    globfree(&found);
    return some;
}
