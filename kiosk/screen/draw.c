#include "kiosk/screen/draw.h"

#include "kiosk/screen/dpms.h"
#include "kiosk/screen/draw_driver.h"
#include "kiosk/screen/draw_image.h"
#include "kiosk/screen/paint.h"

#include <SDL2/SDL.h>
#include <SDL2/SDL_syswm.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct draw {
    SDL_Window *window;
    SDL_Renderer *renderer;
    SDL_Texture *texture; /* the composed picture, rotated for the panel */
    struct paint *paint;
    struct items *shown; /* what the texture holds */
    uint32_t *turned;    /* a band, rotated */
    bool software, windowed, fresh, asleep;
    int panel_w, panel_h, rotation;
    float light;
    char driver[32], renderer_name[32];
};

static void set_hints(void)
{
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "0");
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "nearest");
    SDL_SetHint(SDL_HINT_APP_NAME, "porchlight-screen");
    SDL_SetHint(SDL_HINT_VIDEO_X11_NET_WM_BYPASS_COMPOSITOR, "0");
}

static int open_renderer(struct draw *d)
{
    SDL_RendererInfo info;
    bool bare = strcasecmp(d->driver, "kmsdrm") == 0; /* SDL says KMSDRM */
    bool gpu = driver_has_gpu() || bare;
    /* Desktop OpenGL may stay black on a bare card (Mesa's llvmpipe); every Pi speaks GLES. */
    if (bare)
        SDL_SetHint(SDL_HINT_RENDER_DRIVER, "opengles2");
    if (gpu)
        d->renderer =
            SDL_CreateRenderer(d->window, -1, SDL_RENDERER_ACCELERATED | SDL_RENDERER_PRESENTVSYNC);
    if (!d->renderer) {
        SDL_SetHint(SDL_HINT_FRAMEBUFFER_ACCELERATION, "0");
        d->renderer = SDL_CreateRenderer(d->window, -1, SDL_RENDERER_SOFTWARE);
    }
    /* SDL's Wayland takes no pixels, only GL, which Mesa then draws in software. */
    if (!d->renderer)
        d->renderer = SDL_CreateRenderer(d->window, -1, SDL_RENDERER_ACCELERATED);
    if (!d->renderer || SDL_GetRendererInfo(d->renderer, &info) != 0)
        return -1;
    d->software = (info.flags & SDL_RENDERER_SOFTWARE) != 0;
    snprintf(d->renderer_name, sizeof d->renderer_name, "%s", info.name);
    return 0;
}

/* Everything that depends on the panel's size. */
static int make_texture(struct draw *d)
{
    if (SDL_GetRendererOutputSize(d->renderer, &d->panel_w, &d->panel_h) != 0)
        return -1;
    if (d->texture)
        SDL_DestroyTexture(d->texture);
    d->texture = SDL_CreateTexture(d->renderer, SDL_PIXELFORMAT_ARGB8888,
                                   SDL_TEXTUREACCESS_STREAMING, d->panel_w, d->panel_h);
    if (!d->texture)
        return -1;
    SDL_SetTextureBlendMode(d->texture, SDL_BLENDMODE_NONE);
    int w, h;
    draw_size(d, &w, &h);
    paint_free(d->paint);
    free(d->turned);
    d->paint = paint_new(w);
    d->turned = malloc(sizeof *d->turned * (size_t)w * PAINT_ROWS);
    d->fresh = true;
    return d->paint && d->turned ? 0 : -1;
}

static int open_window(struct draw *d, const struct draw_options *o)
{
    Uint32 flags = o->windowed   ? SDL_WINDOW_RESIZABLE
                   : o->headless ? 0
                                 : SDL_WINDOW_FULLSCREEN_DESKTOP;
    int w = o->w, h = o->h;
    SDL_DisplayMode mode;
    if (!o->windowed && SDL_GetDesktopDisplayMode(0, &mode) == 0 && !o->headless) {
        w = mode.w;
        h = mode.h;
    }
    if (w <= 0 || h <= 0) {
        w = o->windowed ? 1280 : 1920;
        h = o->windowed ? 720 : 1080;
    }
    d->window = SDL_CreateWindow("Porchlight", SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED, w,
                                 h, flags);
    return d->window ? 0 : -1;
}

struct draw *draw_open(const struct draw_options *o, char why[256])
{
    struct draw *d = calloc(1, sizeof *d);
    if (!d || !(d->shown = calloc(1, sizeof *d->shown))) {
        snprintf(why, 256, "no memory for a display");
        free(d);
        return NULL;
    }
    set_hints();
    if (o->card)
        SDL_SetHint(SDL_HINT_KMSDRM_DEVICE_INDEX, o->card);
    else
        SDL_ResetHint(SDL_HINT_KMSDRM_DEVICE_INDEX);
    if (driver_open(o->headless, why) != 0) {
        free(d->shown);
        free(d);
        errno = ENODEV;
        return NULL;
    }
    snprintf(d->driver, sizeof d->driver, "%s", SDL_GetCurrentVideoDriver());
    d->rotation = o->rotation;
    d->windowed = o->windowed;
    if (open_window(d, o) != 0 || open_renderer(d) != 0 || make_texture(d) != 0) {
        snprintf(why, 256, "display driver %s: %s", d->driver, SDL_GetError());
        draw_free(d);
        errno = ENODEV;
        return NULL;
    }
    SDL_ShowCursor(o->windowed ? SDL_ENABLE : SDL_DISABLE);
    return d;
}

/* Sends the monitor to sleep or wakes it, where this program drives it (kmsdrm). While it is
 * asleep, nothing is presented. */
static void set_asleep(struct draw *d, bool asleep)
{
    SDL_SysWMinfo info;
    SDL_VERSION(&info.version);
    if (d->asleep == asleep || !SDL_GetWindowWMInfo(d->window, &info) ||
        info.subsystem != SDL_SYSWM_KMSDRM)
        return;
    if (dpms_set(info.info.kmsdrm.drm_fd, !asleep, NULL) > 0)
        d->asleep = asleep;
}

void draw_free(struct draw *d)
{
    if (!d)
        return;
    if (d->asleep)
        set_asleep(d, false);
    if (d->texture)
        SDL_DestroyTexture(d->texture);
    if (d->renderer)
        SDL_DestroyRenderer(d->renderer);
    if (d->window)
        SDL_DestroyWindow(d->window);
    SDL_QuitSubSystem(SDL_INIT_VIDEO);
    paint_free(d->paint);
    free(d->turned);
    free(d->shown);
    free(d);
}

const char *draw_driver(const struct draw *d)
{
    return d->driver;
}

const char *draw_renderer(const struct draw *d)
{
    return d->renderer_name;
}

void draw_size(const struct draw *d, int *w, int *h)
{
    bool across = d->rotation == 90 || d->rotation == 270;
    *w = across ? d->panel_h : d->panel_w;
    *h = across ? d->panel_w : d->panel_h;
}

enum draw_news draw_pump(struct draw *d)
{
    enum draw_news news = DRAW_NOTHING;
    SDL_Event e;
    while (SDL_PollEvent(&e)) {
        if (e.type == SDL_QUIT) /* also sent by a compositor that ends */
            news = d->windowed ? DRAW_CLOSED : DRAW_LOST;
        if (e.type == SDL_DISPLAYEVENT && e.display.event == SDL_DISPLAYEVENT_DISCONNECTED)
            news = DRAW_LOST;
        if (e.type == SDL_RENDER_DEVICE_RESET || e.type == SDL_RENDER_TARGETS_RESET)
            d->fresh = true;
        if (e.type != SDL_WINDOWEVENT)
            continue;
        if (e.window.event == SDL_WINDOWEVENT_SIZE_CHANGED && news == DRAW_NOTHING)
            news = make_texture(d) == 0 ? DRAW_RESIZED : DRAW_LOST;
        else if (e.window.event == SDL_WINDOWEVENT_EXPOSED)
            d->fresh = true;
    }
    return news;
}

/* Rotates a part of the upright picture, and its pixels, to its place on the panel. */
static SDL_Rect draw_turn(const struct draw *d, struct box b, const uint32_t *from, uint32_t *to)
{
    int w = b.x1 - b.x0, h = b.y1 - b.y0;
    SDL_Rect r = {b.x0, b.y0, w, h};
    if (d->rotation == 180) {
        r.x = d->panel_w - b.x1;
        r.y = d->panel_h - b.y1;
        for (int k = 0; k < w * h; k++)
            to[w * h - 1 - k] = from[k];
        return r;
    }
    bool right = d->rotation == 90;
    r = (SDL_Rect){right ? d->panel_w - b.y1 : b.y0, right ? b.x0 : d->panel_h - b.x1, h, w};
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++) {
            int to_x = right ? h - 1 - y : y, to_y = right ? x : w - 1 - x;
            to[to_y * h + to_x] = from[y * w + x];
        }
    }
    return r;
}

static int upload(struct draw *d, const struct items *l, struct box part, float light)
{
    for (int y = part.y0; y < part.y1; y += PAINT_ROWS) {
        struct box b = part;
        b.y0 = y;
        b.y1 = y + PAINT_ROWS < part.y1 ? y + PAINT_ROWS : part.y1;
        const uint32_t *pixels = paint_band(d->paint, l, b, light);
        SDL_Rect r = {b.x0, b.y0, b.x1 - b.x0, b.y1 - b.y0};
        if (d->rotation != 0) {
            r = draw_turn(d, b, pixels, d->turned);
            pixels = d->turned;
        }
        if (SDL_UpdateTexture(d->texture, &r, pixels, r.w * 4) != 0)
            return -1;
    }
    return 0;
}

static struct box on_panel(const struct draw *d, struct box b)
{
    struct box p = b;
    if (d->rotation == 90)
        p = (struct box){d->panel_w - b.y1, b.x0, d->panel_w - b.y0, b.x1};
    else if (d->rotation == 180)
        p = (struct box){d->panel_w - b.x1, d->panel_h - b.y1, d->panel_w - b.x0,
                         d->panel_h - b.y0};
    else if (d->rotation == 270)
        p = (struct box){b.y0, d->panel_h - b.x1, b.y1, d->panel_h - b.x0};
    return p;
}

/* The parts of the picture that differ from what is shown. */
static size_t changed_parts(const struct draw *d, const struct items *l, bool all,
                            struct box part[ITEMS_DIRTY])
{
    if (!all)
        return items_changed(d->shown, l, part);
    part[0] = (struct box){0, 0, l->w, l->h};
    return 1;
}

/* Brings the parts from the texture to the display. In software the window keeps its pixels; a
 * GPU's back buffer does not, so it gets the whole. */
static int draw_present(struct draw *d, const struct box *part, size_t n)
{
    for (size_t k = 0; k < (d->software ? n : 1); k++) {
        struct box p = on_panel(d, part[k]);
        SDL_Rect r = {p.x0, p.y0, p.x1 - p.x0, p.y1 - p.y0};
        const SDL_Rect *copy = d->software ? &r : NULL;
        if (SDL_RenderCopy(d->renderer, d->texture, copy, copy) != 0)
            return -1;
    }
    SDL_RenderPresent(d->renderer);
    return 0;
}

int64_t draw_show(struct draw *d, const struct items *l, float light)
{
    struct box part[ITEMS_DIRTY];
    bool all = d->fresh || light < d->light || light > d->light;
    int64_t painted = 0;
    if (light <= 0 && (!all || d->asleep))
        return 0;
    if (light > 0)
        set_asleep(d, false);
    size_t n = changed_parts(d, l, all, part);
    if (n == 0)
        return 0;
    for (size_t k = 0; k < n; k++) {
        if (upload(d, l, part[k], light) != 0)
            return -1;
        painted += (int64_t)(part[k].x1 - part[k].x0) * (part[k].y1 - part[k].y0);
    }
    if (draw_present(d, part, n) != 0)
        return -1;
    memcpy(d->shown, l, sizeof *l);
    d->light = light;
    d->fresh = false;
    if (light <= 0)
        set_asleep(d, true);
    return painted;
}

static uint32_t panel_at(const struct draw *d, const uint32_t *panel, int x, int y)
{
    struct box b = on_panel(d, (struct box){x, y, x + 1, y + 1});
    return panel[(size_t)b.y0 * (size_t)d->panel_w + (size_t)b.x0];
}

int draw_save(struct draw *d, const char *path)
{
    size_t count = (size_t)d->panel_w * (size_t)d->panel_h;
    uint32_t *panel = malloc(count * sizeof *panel), *upright = malloc(count * sizeof *upright);
    int done = -1, w, h;
    draw_size(d, &w, &h);
    if (!panel || !upright)
        goto free_pixels;
    if (SDL_RenderCopy(d->renderer, d->texture, NULL, NULL) != 0 ||
        SDL_RenderReadPixels(d->renderer, NULL, SDL_PIXELFORMAT_ARGB8888, panel, d->panel_w * 4) !=
            0) {
        errno = EIO;
        goto free_pixels;
    }
    for (int y = 0; y < h; y++) {
        for (int x = 0; x < w; x++)
            upright[(size_t)y * (size_t)w + (size_t)x] = panel_at(d, panel, x, y);
    }
    done = image_save(path, upright, w, h);
free_pixels:
    free(panel);
    free(upright);
    return done;
}
