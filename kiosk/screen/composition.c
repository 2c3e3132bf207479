#include "kiosk/screen/composition.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"
#include "kiosk/screen/dimming.h"
#include "kiosk/screen/draw_text.h"
#include "kiosk/screen/media.h"
#include "kiosk/screen/qr.h"
#include "kiosk/screen/sun.h"
#include "kiosk/screen/words.h"

#include <stdlib.h>
#include <string.h>

#define QR_STEP (80 * NS_PER_MS) /* between two steps of its coming and going */

struct composition {
    const struct options *options;
    const struct settings *settings;
    struct text *text;
    struct geometry *geometry; /* NULL until the size is known */
    float monitor;             /* its diagonal, inches; 0: unknown */
    struct media *media;
    struct scene_state state;
    struct items *items;
    struct mask qr; /* alpha NULL: none is shown */
    int64_t qr_from, qr_until;
    uint32_t qr_serial;
    float light;
    int64_t light_at; /* 0: not yet */
    int64_t started, wall_started;
};

/* Says which letters no font has, once, instead of showing boxes. */
static void check_letters(struct composition *c)
{
    for (size_t k = 0; k < c->settings->languages; k++) {
        const struct language *l = &c->settings->language[k];
        uint32_t missing = 0;
        for (int i = 0; i < HOURS && missing == 0; i++)
            missing = text_missing(c->text, l->greeting[i]);
        for (int i = 0; i < 7 && missing == 0; i++)
            missing = text_missing(c->text, l->weekday[i]);
        for (int i = 0; i < 12 && missing == 0; i++)
            missing = text_missing(c->text, l->month[i]);
        if (missing != 0)
            log_warning("language %s: no font has the letter U+%04X; its lines are shown without "
                        "it. Write it another way in the language's file",
                        l->code, (unsigned)missing);
    }
}

int composition_apply_settings(struct composition *c)
{
    const struct settings *s = c->settings;
    struct media *media = media_new(s->pictures, s->programme);
    if (!media)
        return -1;
    media_free(c->media);
    c->media = media;
    c->state.photo[0] = c->state.photo[1] = NULL;
    c->state.programme.count = 0;
    c->state.kind = s->kind;
    c->state.latitude = s->latitude;
    c->state.longitude = s->longitude;
    c->state.reduced_motion = s->reduced_motion;
    if (s->timezone[0] != '\0')
        setenv("TZ", s->timezone, 1);
    else if (c->options->timezone)
        setenv("TZ", c->options->timezone, 1);
    else
        unsetenv("TZ");
    tzset();
    check_letters(c);
    return c->geometry ? composition_resize(c, c->state.w, c->state.h, c->monitor) : 0;
}

struct composition *composition_new(const struct options *o, const struct settings *s, int64_t now)
{
    struct composition *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->options = o;
    c->settings = s;
    c->started = now;
    c->items = calloc(1, sizeof *c->items);
    c->text = text_new(o->fonts);
    if (!c->items || !c->text || composition_apply_settings(c) != 0) {
        composition_free(c);
        return NULL;
    }
    if (o->has_at) {
        time_t as_utc = (time_t)(o->at / NS_PER_S);
        struct tm tm;
        gmtime_r(&as_utc, &tm);
        tm.tm_isdst = -1;
        c->wall_started = (int64_t)mktime(&tm) * NS_PER_S;
    }
    cue_fade_start(&c->state.cue, &o->cue, now);
    return c;
}

void composition_free(struct composition *c)
{
    if (!c)
        return;
    text_free(c->text);
    media_free(c->media);
    geometry_free(c->geometry);
    qr_free(&c->qr);
    free(c->items);
    free(c);
}

int composition_resize(struct composition *c, int w, int h, float inches)
{
    float own = c->options->panel > 0 ? c->options->panel : c->settings->panel;
    struct geometry *geometry = geometry_new(w, h, own > 0 ? own : inches);
    if (!geometry)
        return -1;
    geometry_free(c->geometry);
    c->monitor = inches;
    c->geometry = geometry;
    c->state.w = w;
    c->state.h = h;
    if (c->qr.w + 2 * c->qr.left > (w < h ? w : h))
        qr_free(&c->qr);
    return 0;
}

void composition_show_cue(struct composition *c, const struct cue *cue, int64_t now)
{
    cue_fade_to(&c->state.cue, cue, now);
}

void composition_show_qr(struct composition *c, const struct screen_qr *qr, int64_t now)
{
    char text[SCREEN_QR_TEXT_MAX + 1];
    if (qr->seconds == 0 || qr->length == 0) {
        c->qr_until = c->qr_until < now + NS_PER_S ? c->qr_until : now + NS_PER_S;
        return;
    }
    memcpy(text, qr->text, qr->length);
    text[qr->length] = '\0';
    qr_free(&c->qr);
    if (qr_make(text, c->state.w, c->state.h, ++c->qr_serial, &c->qr) != 0)
        log_warning("QR code not shown: %u bytes do not fit this screen", (unsigned)qr->length);
    explicit_bzero(text, sizeof text);
    c->qr_from = now;
    c->qr_until = now + qr->seconds * NS_PER_S;
}

/* A QR code fades in and out within a second: somebody asked for it, so it may be noticed. Returns
 * how long until it looks different, ns. */
static int64_t overlay_qr(struct composition *c, int64_t now)
{
    if (!c->qr.alpha)
        return NS_NEVER;
    if (now >= c->qr_until) {
        qr_free(&c->qr);
        return NS_NEVER;
    }
    int64_t in = now - c->qr_from, out = c->qr_until - now;
    int64_t least = in < out ? in : out;
    qr_draw(c->items, &c->qr, least >= NS_PER_S ? 1 : (float)least / 1e9f);
    return least < NS_PER_S ? QR_STEP : out - NS_PER_S;
}

/* A single picture is of the moment asked for, however long it takes to draw. */
static int64_t since_start(const struct composition *c, int64_t now)
{
    return c->options->snapshot ? 0 : (int64_t)((double)(now - c->started) * c->options->speed);
}

static int64_t wall_ns(const struct composition *c, int64_t now)
{
    if (c->options->has_at)
        return c->wall_started + since_start(c, now);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t run_ns(const struct composition *c, int64_t now)
{
    int64_t run = since_start(c, now);
    return c->options->has_at ? c->wall_started + run : run;
}

const struct items *composition_compose(struct composition *c, int64_t now, int64_t *lasts)
{
    struct scene_time t = {.wall = wall_ns(c, now), .run = run_ns(c, now)};
    time_t seconds = (time_t)(t.wall / NS_PER_S);
    bool known = c->options->has_at || clock_is_set();
    struct tm local;
    localtime_r(&seconds, &local);
    c->state.words = words_at(c->settings->language, c->settings->languages, &local,
                              t.wall / NS_PER_S, (double)(t.wall % NS_PER_S) / 1e9, known);
    if (c->options->snapshot)
        c->state.words.alpha = 1; /* a single picture is never taken between two languages */
    dimming_shift(t.wall, c->state.h / 270, &c->state.shift_x, &c->state.shift_y);
    media_update(c->media, &c->state, scene_photo_room(c->geometry), t.run, &local, known);
    cue_fade_step(&c->state.cue, now);
    *lasts = (int64_t)((double)scene_draw(&c->state, c->geometry, t, c->items) / c->options->speed);
    int64_t code = overlay_qr(c, now);
    *lasts = code < *lasts ? code : *lasts;
    text_set(c->text, c->items);
    return c->items;
}

const struct scene_words *composition_words(const struct composition *c)
{
    return &c->state.words;
}

float composition_light(struct composition *c, bool lamp, int64_t now)
{
    const struct settings *s = c->settings;
    double altitude = sun_place(wall_ns(c, now), s->latitude, s->longitude).altitude;
    int dim = s->dim;
    if (!lamp && (s->kind == SCENE_WINDOW || s->kind == SCENE_LANTERN))
        dim = dimming_drawn_percent(dim);
    float goal = dimming_light(altitude, dim, c->state.minute, s->quiet_from, s->quiet_to);
    c->light = c->light_at == 0 ? goal : dimming_ease(c->light, goal, now - c->light_at);
    c->light_at = now;
    return c->light;
}
