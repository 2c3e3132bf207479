#include "kiosk/screen/draw_image.h"

#include <SDL2/SDL_image.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int image_save(const char *path, const uint32_t *pixels, int w, int h)
{
    char beside[4096];
    if ((size_t)snprintf(beside, sizeof beside, "%s.part", path) >= sizeof beside) {
        errno = ENAMETOOLONG;
        return -1;
    }
    SDL_Surface *s = SDL_CreateRGBSurfaceWithFormatFrom((void *)(uintptr_t)pixels, w, h, 32, w * 4,
                                                        SDL_PIXELFORMAT_RGB888);
    if (!s) {
        errno = ENOMEM;
        return -1;
    }
    errno = 0;
    int failed = IMG_SavePNG(s, beside);
    SDL_FreeSurface(s);
    if (failed || rename(beside, path) != 0) {
        int why = errno ? errno : EIO;
        unlink(beside);
        errno = why;
        return -1;
    }
    return 0;
}
