#include "kiosk/screen/landscape.h"
#include "kiosk/screen/scene_kinds.h"
#include "kiosk/screen/scene_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Today's events on one page: those that are over are dimmed, what runs now or comes next is
 * highlighted. */

static struct ink scene_programme_hex(uint32_t v, float a)
{
    struct ink i = {(float)(v >> 16 & 255), (float)(v >> 8 & 255), (float)(v & 255), a};
    return i;
}

/* How long an event runs whose end the file does not say, minutes. */
enum { RUNS = 46 };

struct page {
    float x, y, step, size,
        most;     /* x: where the times are, the left edge or (from_right) the right */
    float column; /* px of the times */
    bool from_right;
    struct ink ink, accent;
};

/* "19:00" in the language's digits; of a minute on an earlier day too. */
static void time_text(const struct scene_words *w, int minute, char out[32])
{
    char plain[8];
    size_t at = 0;
    minute = (minute % 1440 + 1440) % 1440;
    snprintf(plain, sizeof plain, "%02d:%02d", minute / 60 % 24, minute % 60);
    out[0] = '\0';
    for (const char *p = plain; *p; p++) {
        bool own = *p != ':' && w->digit[0][0] != '\0';
        at +=
            (size_t)snprintf(out + at, 32 - at, "%.*s", own ? 4 : 1, own ? w->digit[*p - '0'] : p);
    }
}

static void draw_event(struct items *l, const struct scene_state *s, const struct page *p,
                       const struct event *e, float y, struct ink ink)
{
    const struct scene_words *w = &s->words;
    float x = p->x + (float)s->shift_x, a = ink.a * w->clock_alpha;
    float on = p->from_right ? -1 : 1; /* which way a line goes on; side: where it begins */
    char begin[32] = "", end[40] = "";
    if (e && !e->whole_day) {
        time_text(w, e->minute, begin);
        memcpy(end, "\u2013", sizeof "\u2013");
        if (e->until >= 0)
            time_text(w, e->until, end + strlen(end));
    }
    struct item *i = items_words(l, begin, x, y, p->size, 0, ink_fade(ink, a));
    i->p[4] = -on;
    scene_words_mark(i, "Latn", false, FACE_BOOK);
    i = items_words(l, e && e->until >= 0 && !e->whole_day ? end : "", x + on * 2.95f * p->size, y,
                    0.8f * p->size, 0, ink_fade(p->ink, a));
    i->p[4] = -on;
    scene_words_mark(i, "Latn", false, FACE_BOOK);
    /* Beside its time, whichever way it is written. */
    i = items_words(l, e ? e->title : "", x + on * p->column, y, p->size * 0.86f,
                    p->most - p->column, ink_fade(p->ink, ink.a));
    i->p[4] = -on;
    i->u.words.wraps = true;
    scene_words_mark(i, "Latn", e && e->rtl, FACE_BOOK);
}

/* Over, running or still to come at this minute of the day. */
enum event_phase { EVENT_OVER, EVENT_RUNS, EVENT_COMES };

static enum event_phase event_phase(const struct event *e, int minute)
{
    int until = e->until >= 0 ? e->until : e->minute + RUNS;
    if (minute >= until)
        return EVENT_OVER;
    return minute >= e->minute ? EVENT_RUNS : EVENT_COMES;
}

/* What runs and what comes next have an accent, and what is over is dimmed. Rows without an event
 * are drawn too, and show nothing. */
static void draw_events(struct items *l, const struct scene_state *s, const struct page *p)
{
    bool found_next = false;
    for (int k = 0; k < PROGRAMME_MOST; k++) {
        const struct event *e = (size_t)k < s->programme.count ? &s->programme.event[k] : NULL;
        struct ink ink = ink_fade(p->ink, 0);
        if (e) {
            enum event_phase phase = event_phase(e, s->minute);
            bool next = phase == EVENT_COMES && !found_next;
            bool accent = next || (phase == EVENT_RUNS && !e->whole_day);
            found_next |= next;
            ink = ink_fade(accent ? p->accent : p->ink, phase == EVENT_OVER ? 0.42f : 1);
        }
        draw_event(l, s, p, e, p->y + p->step * (float)k + (float)s->shift_y, ink);
    }
}

/* Whether some event's end is to be shown beside its beginning. */
static bool has_ends(const struct programme *p)
{
    for (size_t k = 0; k < p->count; k++)
        if (p->event[k].until >= 0 && !p->event[k].whole_day)
            return true;
    return false;
}

int64_t scene_programme(const struct scene_state *s, const struct geometry *geometry,
                        struct scene_time t, struct items *out)
{
    struct light light = light_at(s, t);
    float u = geometry->u, w = (float)s->w, h = (float)s->h;
    struct item_stop wall[] = {{0, scene_programme_hex(0x1e2a33, 1)},
                               {1, scene_programme_hex(0x2a3a42, 1)}};
    struct box all = {0, 0, s->w, s->h};
    items_clear(out, s->w, s->h);
    items_ramp(out, all, wall, 2);
    landscape_frieze(out, geometry, &light, s);
    struct ink ink = scene_programme_hex(0xf1ece1, 1);
    bool tall = geometry->tall, empty = s->programme.count == 0, rtl = s->words.rtl;
    struct words_place place = {.x = w * (tall || empty ? 0.5f
                                          : rtl         ? 0.785f
                                                        : 0.215f),
                                .y = h * (tall ? 0.14f : 0.34f),
                                .most = w * (tall ? 0.86f : 0.39f),
                                .clock = (tall ? 150.0f : 158.0f) * u,
                                .greeting = 42 * u,
                                .date = 30 * u,
                                .lowest = landscape_words_lowest(geometry)};
    scene_words_draw(out, s, &place, ink);
    float x = w * (tall ? 0.12f : 0.455f);
    float from = h * (tall ? 0.33f : 0.155f), to = geometry->frieze.top - 10 * u;
    float edge = rtl ? w - x + 44.6f * u : x - 46 * u;
    float line[] = {edge,        from - 30 * u, edge + 1.4f * u, from - 30 * u, edge + 1.4f * u,
                    to - 30 * u, edge,          to - 30 * u};
    items_poly(out, line, 4, ink_fade(scene_programme_hex(0xd9b778, 1), empty ? 0 : 0.55f));
    struct page page = {.x = rtl ? w - x : x,
                        .from_right = rtl,
                        .y = from + 22 * u,
                        .step = (to - from) / PROGRAMME_MOST,
                        .size = fmaxf(42 * u, scene_words_least(s, 15)),
                        .most = w * 0.95f - x,
                        .ink = ink,
                        .accent = scene_programme_hex(0xe9c583, 1)};
    page.column = (has_ends(&s->programme) ? 6.0f : 3.5f) * page.size;
    draw_events(out, s, &page);
    return LIGHT_STEP - t.run % LIGHT_STEP;
}
