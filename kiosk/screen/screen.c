#include "kiosk/screen/screen.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/daemon.h"
#include "kiosk/common/log.h"
#include "kiosk/common/loop.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"
#include "kiosk/screen/composition.h"
#include "kiosk/screen/cue_client.h"
#include "kiosk/screen/draw.h"
#include "kiosk/screen/draw_image.h"
#include "kiosk/screen/paint.h"
#include "kiosk/screen/panel.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RETRY_DISPLAY (2 * NS_PER_S)

struct screen {
    const struct options *options;
    char sys[PATH_LEN]; /* the kernel's /sys, below the prefix */
    struct settings settings;
    struct composition *view;
    struct loop *loop;
    struct cue_client *cue_client;
    struct draw *draw;          /* NULL while there is no display */
    struct panel_lamp *lamp;    /* NULL: dimmed by drawing */
    float lamp_light;           /* 0 to 1, as it was set; below 0: not yet */
    int signals;                /* fd */
    int pictures;               /* saved so far */
    struct panel_state plugged; /* when the display was opened */
    int64_t retry_at, look_at;
    struct daemon_watchdog watchdog;
    bool ready, ending, save, again;
    char warned_display[256]; /* why there is none, as logged last */
};

struct screen *screen_new(const struct options *o, int signals)
{
    struct screen *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->options = o;
    s->signals = signals;
    settings_start(o, &s->settings);
    s->view = composition_new(o, &s->settings, clock_now());
    if (!s->view) {
        free(s);
        return NULL;
    }
    return s;
}

static void close_display(struct screen *s, int64_t now)
{
    if (s->lamp)
        panel_lamp_set(s->lamp, 1); /* leave it lit for the next program */
    panel_lamp_free(s->lamp);
    s->lamp = NULL;
    draw_free(s->draw);
    s->draw = NULL;
    s->retry_at = now + RETRY_DISPLAY;
}

void screen_free(struct screen *s)
{
    if (!s)
        return;
    close_display(s, 0);
    cue_client_free(s->cue_client);
    if (s->signals >= 0)
        close(s->signals);
    loop_free(s->loop);
    panel_lamp_free(s->lamp);
    composition_free(s->view);
    free(s);
}

bool screen_wanted(const struct screen *s)
{
    return !s->settings.none;
}

int screen_snapshot(struct screen *s)
{
    const struct options *o = s->options;
    int w = o->w > 0 ? o->w : 1920, h = o->h > 0 ? o->h : 1080, done = -1;
    struct paint *paint = paint_new(w);
    uint32_t *pixels = malloc(sizeof *pixels * (size_t)w * (size_t)h);
    int64_t lasts;
    if (!paint || !pixels || composition_resize(s->view, w, h, s->plugged.inches) != 0)
        goto free_paint;
    paint_all(paint, composition_compose(s->view, clock_now(), &lasts), 1, pixels);
    done = image_save(o->snapshot, pixels, w, h);
free_paint:
    if (done != 0)
        log_error("%s: %s; no picture was written", o->snapshot, strerror(errno));
    paint_free(paint);
    free(pixels);
    return done;
}

/* --- the display ---------------------------------------------------------------------------- */

static void open_display(struct screen *s, int64_t now)
{
    char why[256] = "";
    int w, h;
    panel_look(s->sys, &s->plugged);
    struct draw_options o = {.w = s->options->w,
                             .h = s->options->h,
                             .windowed = s->options->windowed,
                             .headless = s->options->headless,
                             .rotation = s->settings.rotation,
                             .card = s->plugged.connected ? s->plugged.card : NULL};
    s->draw = draw_open(&o, why);
    if (!s->draw) {
        if (strcmp(why, s->warned_display) != 0)
            log_warning("%s; trying again every 2 s", why);
        memcpy(s->warned_display, why, sizeof why);
        s->retry_at = now + RETRY_DISPLAY;
        return;
    }
    s->warned_display[0] = '\0';
    s->look_at = now + RETRY_DISPLAY;
    draw_size(s->draw, &w, &h);
    log_info("picture of %dx%d through %s, drawn by %s", w, h, draw_driver(s->draw),
             draw_renderer(s->draw));
    if (composition_resize(s->view, w, h, s->plugged.inches) != 0)
        s->ending = true;
    s->lamp = panel_lamp_open(s->sys);
    s->lamp_light = -1;
    if (s->lamp)
        log_info("the panel's backlight does the dimming");
}

/* kmsdrm has no hotplug: it would keep drawing for a monitor that is gone, and never notice another
 * one in its place. */
static bool replugged(struct screen *s, int64_t now)
{
    struct panel_state state;
    if (now < s->look_at || strcmp(draw_driver(s->draw), "kmsdrm") != 0)
        return false;
    s->look_at = now + RETRY_DISPLAY;
    panel_look(s->sys, &state);
    return state.connectors && !panel_same(&state, &s->plugged);
}

/* How much of the dimming the drawing has to do, after the panel's backlight. */
static float light_now(struct screen *s, int64_t now)
{
    float light = composition_light(s->view, s->lamp, now);
    if (!s->lamp)
        return light;
    if ((light < s->lamp_light || light > s->lamp_light) && panel_lamp_set(s->lamp, light) != 0) {
        log_warning("backlight: %s; dimming by drawing", strerror(errno));
        panel_lamp_free(s->lamp);
        s->lamp = NULL;
        return light;
    }
    s->lamp_light = light;
    return light > 0 ? 1 : 0;
}

/* Updates the display. Returns when the picture will change, ns. */
static int64_t screen_show(struct screen *s, int64_t now)
{
    int w, h;
    enum draw_news news = replugged(s, now) ? DRAW_LOST : draw_pump(s->draw);
    if (news == DRAW_CLOSED)
        s->ending = true;
    draw_size(s->draw, &w, &h);
    if (news == DRAW_RESIZED)
        composition_resize(s->view, w, h, s->plugged.inches);
    int64_t lasts;
    const struct items *items = composition_compose(s->view, now, &lasts);
    float light = light_now(s, now);
    if (news == DRAW_LOST || draw_show(s->draw, items, light) < 0) {
        log_info("the monitor is gone or was replaced; trying again every 2 s");
        close_display(s, now);
        return s->retry_at;
    }
    return now + (light > 0 || lasts > NS_PER_S ? lasts : NS_PER_S);
}

static void save_picture(struct screen *s)
{
    char path[PATH_LEN];
    s->save = false;
    if (!s->options->pictures_to || !s->draw) {
        log_warning("no picture saved: %s",
                    !s->draw ? "there is no display" : "--pictures-to is not given");
        return;
    }
    snprintf(path, sizeof path, "%s/screen-%d.png", s->options->pictures_to, ++s->pictures);
    if (draw_save(s->draw, path) != 0)
        log_error("%s: %s", path, strerror(errno));
}

/* --- cue and signals ------------------------------------------------------------------------ */

static void on_cue(void *context, const struct cue *cue)
{
    struct screen *s = context;
    composition_show_cue(s->view, cue, clock_now());
}

static void on_qr(void *context, const struct screen_qr *qr)
{
    struct screen *s = context;
    composition_show_qr(s->view, qr, clock_now());
}

static void screen_on_signal(void *context, int fd, short revents)
{
    struct screen *s = context;
    (void)revents;
    for (int signal; (signal = daemon_signal_next(fd)) != 0;) {
        if (signal == SIGUSR1)
            s->save = true;
        else if (signal == SIGHUP)
            s->again = true;
        else
            s->ending = true;
    }
}

static void read_again(struct screen *s, int64_t now)
{
    int was = s->settings.rotation;
    s->again = false;
    if (settings_again(s->options, &s->settings) != 0 || composition_apply_settings(s->view) != 0)
        return;
    log_info("settings reloaded");
    if (s->settings.none)
        s->ending = true;
    if (s->draw && s->settings.rotation != was) {
        close_display(s, now);
        s->retry_at = now;
    }
}

/* --- the loop ------------------------------------------------------------------------------- */

/* Does all that is due. Returns when to call it next, ns. */
static int64_t screen_turn(struct screen *s)
{
    int64_t now = clock_now();
    if (s->again)
        read_again(s, now);
    if (!s->draw && now >= s->retry_at)
        open_display(s, now);
    int64_t due = s->draw ? screen_show(s, now) : s->retry_at;
    if (s->save)
        save_picture(s);
    int64_t link = cue_client_tick(s->cue_client, now);
    if (!s->ready)
        daemon_ready();
    s->ready = true;
    int64_t next = daemon_watchdog_feed(&s->watchdog, now);
    next = due < next ? due : next;
    return link < next ? link : next;
}

static int screen_start(struct screen *s)
{
    char path[PATH_LEN];
    if (path_under(s->options->prefix, PATH_SCREEN, path) != 0 ||
        path_under(s->options->prefix, "/sys", s->sys) != 0 || !(s->loop = loop_new()) ||
        !(s->cue_client = cue_client_new(s->loop, path, on_cue, on_qr, s)))
        return -1;
    if (loop_add(s->loop, s->signals, POLLIN, screen_on_signal, s) != 0)
        return -1;
    s->watchdog = daemon_watchdog();
    return 0;
}

int screen_run(struct screen *s)
{
    if (screen_start(s) != 0) {
        log_error("cannot start: %s", strerror(errno));
        return -1;
    }
    if (s->settings.none)
        log_info("scene = none in [screen]: this kiosk has no screen, so nothing is shown");
    s->ending |= s->settings.none;
    while (!s->ending) {
        loop_deadline(s->loop, screen_turn(s));
        if (loop_turn(s->loop) != 0) {
            log_error("poll: %s", strerror(errno));
            return -1;
        }
    }
    daemon_stopping();
    return 0;
}
