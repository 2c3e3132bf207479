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
    struct geometry *stage; /* NULL until the size is known */
    struct media *content;
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
static void check_letters(struct composition *v)
{
    for (size_t k = 0; k < v->settings->languages; k++) {
        const struct language *l = &v->settings->language[k];
        uint32_t missing = 0;
        for (int i = 0; i < HOURS && missing == 0; i++)
            missing = text_missing(v->text, l->greeting[i]);
        for (int i = 0; i < 7 && missing == 0; i++)
            missing = text_missing(v->text, l->weekday[i]);
        for (int i = 0; i < 12 && missing == 0; i++)
            missing = text_missing(v->text, l->month[i]);
        if (missing != 0)
            log_warning("language %s: no font has the letter U+%04X; lines with it are left out. "
                        "Mend: install a font for it and give its folder with --fonts",
                        l->code, (unsigned)missing);
    }
}

int composition_settle(struct composition *v)
{
    const struct settings *s = v->settings;
    struct media *content = media_new(s->pictures, s->programme);
    if (!content)
        return -1;
    media_free(v->content);
    v->content = content;
    v->state.photo[0] = v->state.photo[1] = NULL;
    v->state.programme.count = 0;
    v->state.kind = s->kind;
    v->state.latitude = s->latitude;
    v->state.longitude = s->longitude;
    v->state.reduced_motion = s->reduced_motion;
    if (s->timezone[0] != '\0')
        setenv("TZ", s->timezone, 1);
    else if (v->options->timezone)
        setenv("TZ", v->options->timezone, 1);
    else
        unsetenv("TZ");
    tzset();
    check_letters(v);
    return 0;
}

struct composition *composition_new(const struct options *o, const struct settings *s, int64_t now)
{
    struct composition *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->options = o;
    v->settings = s;
    v->started = now;
    v->items = calloc(1, sizeof *v->items);
    v->text = text_new(o->fonts);
    if (!v->items || !v->text || composition_settle(v) != 0) {
        composition_free(v);
        return NULL;
    }
    if (o->has_at) {
        time_t as_utc = (time_t)(o->at / NS_PER_S);
        struct tm tm;
        gmtime_r(&as_utc, &tm);
        tm.tm_isdst = -1;
        v->wall_started = (int64_t)mktime(&tm) * NS_PER_S;
    }
    cue_fade_start(&v->state.show, &o->cue, now);
    return v;
}

void composition_free(struct composition *v)
{
    if (!v)
        return;
    text_free(v->text);
    media_free(v->content);
    geometry_free(v->stage);
    qr_free(&v->qr);
    free(v->items);
    free(v);
}

int composition_fit(struct composition *v, int w, int h)
{
    struct geometry *stage = geometry_new(w, h);
    if (!stage)
        return -1;
    geometry_free(v->stage);
    v->stage = stage;
    v->state.w = w;
    v->state.h = h;
    if (v->qr.w + 2 * v->qr.left > (w < h ? w : h))
        qr_free(&v->qr);
    return 0;
}

void composition_cue(struct composition *v, const struct cue *cue, int64_t now)
{
    cue_fade_cue(&v->state.show, cue, now);
}

void composition_qr(struct composition *v, const struct screen_qr *qr, int64_t now)
{
    char text[SCREEN_QR_TEXT_MAX + 1];
    int side = v->state.w < v->state.h ? v->state.w : v->state.h;
    if (qr->seconds == 0 || qr->length == 0) {
        v->qr_until = v->qr_until < now + NS_PER_S ? v->qr_until : now + NS_PER_S;
        return;
    }
    memcpy(text, qr->text, qr->length);
    text[qr->length] = '\0';
    qr_free(&v->qr);
    if (qr_make(text, side, ++v->qr_serial, &v->qr) != 0)
        log_warning("a QR code of %u bytes does not fit this screen", (unsigned)qr->length);
    explicit_bzero(text, sizeof text);
    v->qr_from = now;
    v->qr_until = now + qr->seconds * NS_PER_S;
}

/* A code comes and goes within a second; it was asked for, so it need not hide. How long until it
 * looks another way, ns. */
static int64_t overlay_qr(struct composition *v, int64_t now)
{
    if (!v->qr.alpha)
        return NS_NEVER;
    if (now >= v->qr_until) {
        qr_free(&v->qr);
        return NS_NEVER;
    }
    int64_t in = now - v->qr_from, out = v->qr_until - now;
    int64_t least = in < out ? in : out;
    qr_draw(v->items, &v->qr, least >= NS_PER_S ? 1 : (float)least / 1e9f);
    return least < NS_PER_S ? QR_STEP : out - NS_PER_S;
}

static int64_t wall_ns(const struct composition *v, int64_t now)
{
    if (v->options->has_at)
        return v->wall_started + (int64_t)((double)(now - v->started) * v->options->speed);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t run_ns(const struct composition *v, int64_t now)
{
    int64_t run = (int64_t)((double)(now - v->started) * v->options->speed);
    return v->options->has_at ? v->wall_started + run : run;
}

const struct items *composition_compose(struct composition *v, int64_t now, int64_t *lasts)
{
    struct scene_time t = {.wall = wall_ns(v, now), .run = run_ns(v, now)};
    time_t seconds = (time_t)(t.wall / NS_PER_S);
    bool known = v->options->has_at || clock_is_set();
    struct tm local;
    localtime_r(&seconds, &local);
    v->state.words = words_at(v->settings->language, v->settings->languages, &local,
                              t.wall / NS_PER_S, (double)(t.wall % NS_PER_S) / 1e9, known);
    if (v->options->snapshot)
        v->state.words.alpha = 1; /* a single picture is never taken between two languages */
    dimming_shift(t.wall, v->state.h / 270, &v->state.shift_x, &v->state.shift_y);
    media_update(v->content, &v->state, scene_photo_room(v->stage), t.run, &local, known);
    cue_fade_step(&v->state.show, now);
    *lasts = (int64_t)((double)scene_draw(&v->state, v->stage, t, v->items) / v->options->speed);
    int64_t code = overlay_qr(v, now);
    *lasts = code < *lasts ? code : *lasts;
    text_set(v->text, v->items);
    return v->items;
}

const struct scene_words *composition_words(const struct composition *v)
{
    return &v->state.words;
}

float composition_light(struct composition *v, bool lamp, int64_t now)
{
    const struct settings *s = v->settings;
    double altitude = sun_place(wall_ns(v, now), s->latitude, s->longitude).altitude;
    int dim = s->dim;
    if (!lamp && (s->kind == SCENE_WINDOW || s->kind == SCENE_LANTERN))
        dim = dimming_dim_by_drawing(dim);
    float goal = dimming_light(altitude, dim, v->state.minute, s->quiet_from, s->quiet_to);
    v->light = v->light_at == 0 ? goal : dimming_ease(v->light, goal, now - v->light_at);
    v->light_at = now;
    return v->light;
}
