#include "config/config.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/loop.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"
#include "kiosk/screen/care.h"
#include "kiosk/screen/content.h"
#include "kiosk/screen/draw.h"
#include "kiosk/screen/draw_image.h"
#include "kiosk/screen/draw_text.h"
#include "kiosk/screen/link.h"
#include "kiosk/screen/options.h"
#include "kiosk/screen/paint.h"
#include "kiosk/screen/panel.h"
#include "kiosk/screen/qr.h"
#include "kiosk/screen/sun.h"
#include "kiosk/screen/words.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define RETRY_DISPLAY (2 * NS_PER_S)

struct screen {
    struct options options;
    struct config config;
    struct language language[CONFIG_LANGUAGES_MAX];
    size_t languages;
    struct loop *loop;
    struct link *link;
    struct draw *draw; /* NULL while there is no display */
    struct text *text;
    struct stage *stage;
    struct content *content;
    struct panel_lamp *lamp; /* NULL: dimmed by drawing */
    float light, lamp_light;
    int64_t light_at;
    struct mask qr;
    int64_t qr_from, qr_until;
    uint32_t qr_serial;
    struct scene_state state;
    struct items *items;
    sigset_t blocked;
    int signals;
    int pictures; /* saved so far */
    int64_t started, wall_started;
    int64_t retry_at, ping_at, ping_every, plug_at;
    bool ready, ending, told_display, save;
};

/* A screen whose config is broken shows what it can: that is what it is for. */
static void load_config(struct screen *s)
{
    char path[PATH_LEN];
    struct config *c = &s->config;
    if (s->options.config != NULL)
        snprintf(path, sizeof path, "%s", s->options.config);
    else if (path_under(s->options.prefix, PATH_CONF, path) != 0)
        path[0] = '\0';
    if (access(path, R_OK) == 0 && config_load(path, c, config_complain_stderr, NULL) == 0)
        return;
    log_warning("%s: %s; the window is shown as if nothing stood in it", path,
                access(path, R_OK) == 0 ? "not a whole configuration" : strerror(errno));
    memset(c, 0, sizeof *c);
    strcpy(c->screen.scene, "window");
    strcpy(c->screen.languages[0], "en");
    c->screen.languages_count = 1;
    c->screen.latitude = 40.41;
    c->screen.longitude = 49.87;
    c->screen.quiet_from = c->screen.quiet_to = -1;
    c->screen.dim = 60;
}

/* The installed words: beside the folder that this program is installed in. */
static void installed_languages(char out[PATH_LEN])
{
    ssize_t n = readlink("/proc/self/exe", out, PATH_LEN - 64);
    out[n > 0 ? n : 0] = '\0';
    for (int up = 0; up < 2; up++) {
        char *slash = strrchr(out, '/');
        if (slash != NULL)
            *slash = '\0';
    }
    strcat(out, "/share/porchlight/languages");
}

/* The host's own file of a language, or else the installed one. */
static void load_languages(struct screen *s)
{
    char own[PATH_LEN], installed[PATH_LEN], why[256];
    struct config *c = &s->config;
    if (s->options.languages != NULL)
        snprintf(own, sizeof own, "%s", s->options.languages);
    else if (path_under(s->options.prefix, PATH_LANGUAGES, own) != 0)
        own[0] = '\0';
    installed_languages(installed);
    if (s->options.language != NULL) {
        snprintf(c->screen.languages[0], sizeof c->screen.languages[0], "%s", s->options.language);
        c->screen.languages_count = 1;
    }
    s->languages = 0;
    for (size_t k = 0; k < c->screen.languages_count; k++) {
        struct language *l = &s->language[s->languages];
        const char *code = c->screen.languages[k];
        bool done = language_load(own, code, l, why) == 0;
        if (!done && errno == ENOENT)
            done = language_load(installed, code, l, why) == 0;
        if (done)
            s->languages++;
        else
            log_warning("%s; that language is left out", why);
    }
    if (s->languages == 0) {
        language_default(&s->language[0]);
        s->languages = 1;
    }
}

/* Says which letters no font has, once, instead of showing boxes. */
static void check_letters(struct screen *s)
{
    for (size_t k = 0; k < s->languages; k++) {
        const struct language *l = &s->language[k];
        uint32_t missing = 0;
        for (int i = 0; i < HOURS && missing == 0; i++)
            missing = text_missing(s->text, l->greeting[i]);
        for (int i = 0; i < 7 && missing == 0; i++)
            missing = text_missing(s->text, l->weekday[i]);
        for (int i = 0; i < 12 && missing == 0; i++)
            missing = text_missing(s->text, l->month[i]);
        if (missing != 0)
            log_warning("language %s: no font has the letter U+%04X; lines with it are left out. "
                        "Mend: install a font for it and give its folder with --fonts",
                        l->code, (unsigned)missing);
    }
}

static int64_t wall_ns(const struct screen *s, int64_t now)
{
    if (s->options.has_at)
        return s->wall_started + (int64_t)((double)(now - s->started) * s->options.speed);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t run_ns(const struct screen *s, int64_t now)
{
    int64_t run = (int64_t)((double)(now - s->started) * s->options.speed);
    return s->options.has_at ? s->wall_started + run : run;
}

/* A code comes and goes within a second; it was asked for, so it need not hide. */
static void overlay_qr(struct screen *s, int64_t now)
{
    if (s->qr.alpha == NULL)
        return;
    if (now >= s->qr_until) {
        qr_free(&s->qr);
        return;
    }
    int64_t in = now - s->qr_from, out = s->qr_until - now;
    int64_t least = in < out ? in : out;
    qr_draw(s->items, &s->qr, least >= NS_PER_S ? 1 : (float)least / 1e9f);
}

/* Writes the picture of this moment into s->items. How long it lasts, ns. */
static int64_t compose(struct screen *s, int64_t now)
{
    struct scene_time t = {.wall = wall_ns(s, now), .run = run_ns(s, now)};
    time_t seconds = (time_t)(t.wall / NS_PER_S);
    bool known = s->options.has_at || clock_is_set();
    struct tm local;
    localtime_r(&seconds, &local);
    s->state.words = words_at(s->language, s->languages, &local, t.wall / NS_PER_S,
                              (double)(t.wall % NS_PER_S) / 1e9, known);
    if (s->options.snapshot != NULL)
        s->state.words.alpha = 1; /* a single picture is never taken between two languages */
    care_shift(t.wall, s->state.h / 270, &s->state.shift_x, &s->state.shift_y);
    content_update(s->content, &s->state, scene_photo_room(s->stage), t.run, &local, known);
    show_step(&s->state.show, now);
    int64_t lasts = scene_draw(&s->state, s->stage, t, s->items);
    overlay_qr(s, now);
    text_set(s->text, s->items);
    return (int64_t)((double)lasts / s->options.speed);
}

/* How bright the picture is drawn now; a lamp of the panel's own takes the dimming over. */
static float light_now(struct screen *s, int64_t now)
{
    int64_t wall = wall_ns(s, now);
    double altitude = sun_place(wall, s->state.latitude, s->state.longitude).altitude;
    int dim = s->config.screen.dim;
    if (s->lamp == NULL && (s->state.kind == SCENE_WINDOW || s->state.kind == SCENE_LANTERN))
        dim = care_dim_by_drawing(dim);
    float goal = care_light(altitude, dim, s->state.minute, s->config.screen.quiet_from,
                            s->config.screen.quiet_to);
    bool first = s->light_at == 0;
    s->light = first ? goal : care_ease(s->light, goal, now - s->light_at);
    s->light_at = now;
    if (s->lamp == NULL)
        return s->light;
    if ((first || s->light < s->lamp_light || s->light > s->lamp_light) &&
        panel_lamp_set(s->lamp, s->light) != 0) {
        log_warning("backlight: %s; dimming by drawing", strerror(errno));
        panel_lamp_free(s->lamp);
        s->lamp = NULL;
        return s->light;
    }
    s->lamp_light = s->light;
    return s->light > 0 ? 1 : 0;
}

static int fit(struct screen *s, int w, int h)
{
    struct stage *stage = stage_new(w, h);
    if (stage == NULL)
        return -1;
    stage_free(s->stage);
    s->stage = stage;
    s->state.w = w;
    s->state.h = h;
    return 0;
}

static int take_snapshot(struct screen *s)
{
    int w = s->options.w > 0 ? s->options.w : 1920, h = s->options.h > 0 ? s->options.h : 1080;
    struct paint *paint = paint_new(w);
    uint32_t *pixels = malloc(sizeof *pixels * (size_t)w * (size_t)h);
    int done = -1;
    if (paint == NULL || pixels == NULL || fit(s, w, h) != 0)
        goto free_paint;
    compose(s, s->started);
    paint_all(paint, s->items, 1, pixels);
    done = image_save(s->options.snapshot, pixels, w, h);
free_paint:
    if (done != 0)
        log_error("%s: %s; no picture was written", s->options.snapshot, strerror(errno));
    paint_free(paint);
    free(pixels);
    return done;
}

static void on_cue(void *context, const struct cue *cue)
{
    struct screen *s = context;
    show_cue(&s->state.show, cue, clock_now());
}

static void on_qr(void *context, const struct screen_qr *qr)
{
    struct screen *s = context;
    char text[SCREEN_QR_TEXT_MAX + 1];
    int side = s->state.w < s->state.h ? s->state.w : s->state.h;
    int64_t now = clock_now();
    if (qr->seconds == 0 || qr->length == 0) {
        s->qr_until = s->qr_until < now + NS_PER_S ? s->qr_until : now + NS_PER_S;
        return;
    }
    memcpy(text, qr->text, qr->length);
    text[qr->length] = '\0';
    qr_free(&s->qr);
    if (qr_make(text, side * 4 / 5, ++s->qr_serial, &s->qr) != 0)
        log_warning("a QR code of %u bytes does not fit this screen", (unsigned)qr->length);
    explicit_bzero(text, sizeof text);
    s->qr_from = now;
    s->qr_until = now + qr->seconds * NS_PER_S;
}

static void on_signal(void *context, int fd, short revents)
{
    struct screen *s = context;
    struct signalfd_siginfo info;
    (void)revents;
    while (read(fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            s->save = true;
        else
            s->ending = true;
    }
}

/* kmsdrm knows no hotplug: it would draw on for a monitor that is gone, and never see one come. */
static bool unplugged(struct screen *s, int64_t now)
{
    char card[8];
    bool connectors;
    if (now < s->plug_at || strcmp(draw_driver(s->draw), "kmsdrm") != 0)
        return false;
    s->plug_at = now + RETRY_DISPLAY;
    return !panel_card("/sys", card, &connectors) && connectors;
}

static void open_display(struct screen *s, int64_t now)
{
    char why[256], card[8] = "";
    bool connectors = false;
    int w, h;
    panel_card("/sys", card, &connectors);
    struct draw_options o = {.w = s->options.w,
                             .h = s->options.h,
                             .windowed = s->options.windowed,
                             .headless = s->options.headless,
                             .rotation = s->config.screen.rotation,
                             .card = card[0] ? card : NULL};
    s->draw = draw_open(&o, why);
    if (s->draw == NULL) {
        if (!s->told_display)
            log_warning("%s; trying again every 2 s", why);
        s->told_display = true;
        s->retry_at = now + RETRY_DISPLAY;
        return;
    }
    s->told_display = false;
    draw_size(s->draw, &w, &h);
    log_info("picture of %dx%d through %s, drawn by %s", w, h, draw_driver(s->draw),
             draw_renderer(s->draw));
    if (fit(s, w, h) != 0)
        s->ending = true;
}

static void close_display(struct screen *s, int64_t now)
{
    draw_free(s->draw);
    s->draw = NULL;
    s->retry_at = now + RETRY_DISPLAY;
}

static void save_picture(struct screen *s)
{
    char path[PATH_LEN];
    s->save = false;
    if (s->options.pictures_to == NULL || s->draw == NULL) {
        log_warning("a picture was asked for, but %s",
                    s->draw == NULL ? "there is no display" : "--pictures-to is not given");
        return;
    }
    snprintf(path, sizeof path, "%s/screen-%d.png", s->options.pictures_to, ++s->pictures);
    if (draw_save(s->draw, path) != 0)
        log_error("%s: %s", path, strerror(errno));
}

/* One look at everything. Returns when the next is due, ns. */
static int64_t turn(struct screen *s)
{
    int64_t now = clock_now(), next = s->ping_every > 0 ? s->ping_at : NS_NEVER;
    if (s->draw == NULL && now >= s->retry_at)
        open_display(s, now);
    if (s->draw != NULL) {
        int w, h;
        enum draw_news news = unplugged(s, now) ? DRAW_LOST : draw_pump(s->draw);
        if (news == DRAW_LOST)
            log_info("the monitor is gone; trying again every 2 s");
        if (news == DRAW_CLOSED)
            s->ending = true;
        draw_size(s->draw, &w, &h);
        if (news == DRAW_RESIZED)
            fit(s, w, h);
        int64_t lasts = compose(s, now);
        if (news == DRAW_LOST || draw_show(s->draw, s->items, light_now(s, now)) < 0)
            close_display(s, now);
        else if (now + lasts < next)
            next = now + lasts;
    }
    if (s->draw == NULL && s->retry_at < next)
        next = s->retry_at;
    if (s->save)
        save_picture(s);
    int64_t link = link_tick(s->link, now);
    if (!s->ready)
        sd_notify(0, "READY=1");
    s->ready = true;
    if (s->ping_every > 0 && now >= s->ping_at) {
        sd_notify(0, "WATCHDOG=1");
        s->ping_at = now + s->ping_every;
    }
    return link < next ? link : next;
}

/* Blocked from the first moment on, so that one that comes early waits for take_signals. */
static void block_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGUSR1);
    sigprocmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int take_signals(struct screen *s)
{
    s->signals = signalfd(-1, &s->blocked, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals < 0 ? -1 : loop_add(s->loop, s->signals, POLLIN, on_signal, s);
}

static int run(struct screen *s)
{
    char path[PATH_LEN];
    uint64_t watchdog = 0;
    if (path_under(s->options.prefix, PATH_SCREEN, path) != 0 || (s->loop = loop_new()) == NULL ||
        take_signals(s) != 0 || (s->link = link_new(s->loop, path, on_cue, on_qr, s)) == NULL) {
        log_error("cannot start: %s", strerror(errno));
        return -1;
    }
    if (sd_watchdog_enabled(0, &watchdog) > 0)
        s->ping_every = (int64_t)(watchdog / 2) * 1000;
    while (!s->ending) {
        loop_deadline(s->loop, turn(s));
        if (loop_turn(s->loop) != 0) {
            log_error("poll: %s", strerror(errno));
            return -1;
        }
    }
    sd_notify(0, "STOPPING=1");
    return 0;
}

static int prepare(struct screen *s)
{
    load_config(s);
    if (s->config.screen.timezone[0] != '\0')
        setenv("TZ", s->config.screen.timezone, 1);
    tzset();
    load_languages(s);
    s->text = text_new(s->options.fonts);
    s->items = calloc(1, sizeof *s->items);
    const char *pictures = s->options.pictures ? s->options.pictures : s->config.screen.pictures;
    const char *programme =
        s->options.programme ? s->options.programme : s->config.screen.programme;
    s->content = content_new(pictures, programme);
    s->lamp = s->options.snapshot || s->options.headless ? NULL : panel_lamp_open("/sys");
    if (s->text == NULL || s->items == NULL || s->content == NULL)
        return -1;
    check_letters(s);
    if (s->options.rotation >= 0)
        s->config.screen.rotation = s->options.rotation;
    const char *scene = s->options.scene != NULL ? s->options.scene : s->config.screen.scene;
    int kind = scene_kind_of(scene);
    s->state.kind = kind < 0 ? SCENE_WINDOW : (enum scene_kind)kind;
    s->state.latitude = s->config.screen.latitude;
    s->state.longitude = s->config.screen.longitude;
    s->state.reduced_motion =
        s->options.still >= 0 ? s->options.still : s->config.screen.reduced_motion;
    s->started = clock_now();
    if (s->options.has_at) {
        time_t as_utc = (time_t)(s->options.at / NS_PER_S);
        struct tm tm;
        gmtime_r(&as_utc, &tm);
        tm.tm_isdst = -1;
        s->wall_started = (int64_t)mktime(&tm) * NS_PER_S;
    }
    show_start(&s->state.show, &s->options.cue, s->started);
    return 0;
}

int main(int argc, char **argv)
{
    struct screen *s = calloc(1, sizeof *s);
    int status = 1;
    log_init("porchlight-screen", LOG_LEVEL_INFO);
    if (s == NULL)
        return 1;
    s->signals = -1;
    block_signals(&s->blocked);
    switch (options_parse(argc, argv, &s->options)) {
    case OPTIONS_DONE:
        status = 0;
        goto free_screen;
    case OPTIONS_WRONG:
        status = 2;
        goto free_screen;
    case OPTIONS_RUN:
        break;
    }
    if (prepare(s) == 0)
        status = (s->options.snapshot != NULL ? take_snapshot(s) : run(s)) == 0 ? 0 : 1;
    draw_free(s->draw);
    link_free(s->link);
    if (s->signals >= 0)
        close(s->signals);
    loop_free(s->loop);
    text_free(s->text);
    content_free(s->content);
    panel_lamp_free(s->lamp);
    qr_free(&s->qr);
    stage_free(s->stage);
    free(s->items);
free_screen:
    free(s);
    return status;
}
