#include "kiosk/screen/draw_text.h"

#include "kiosk/common/log.h"
#include "kiosk/common/utf8.h"
#include "kiosk/screen/bidi.h"

#include <SDL2/SDL_ttf.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FONTS = 4, LINES = 40 };

#define FONT_FOLDER "/usr/share/fonts/truetype/dejavu"

/* In the order in which they are tried for light and for book text. */
static const char *const files[FONTS] = {"DejaVuSans-ExtraLight.ttf", "DejaVuSans.ttf",
                                         "DejaVuSerif.ttf", "DejaVuSansMono.ttf"};
static const int orders[2][FONTS] = {[FACE_LIGHT] = {0, 1, 2, 3}, [FACE_BOOK] = {1, 2, 3, 0}};

struct line {
    struct item key; /* words, size, face, script: what it was set from */
    struct mask mask;
    uint64_t used;
};

struct text {
    TTF_Font *font[FONTS];
    struct line line[LINES];
    uint64_t turn;
    uint32_t serial;
};

struct text *text_new(const char *folder)
{
    struct text *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    if (!folder)
        folder = FONT_FOLDER;
    if (TTF_Init() != 0) {
        log_error("text: %s; the picture is shown without words", TTF_GetError());
        return t;
    }
    int found = 0;
    for (int k = 0; k < FONTS; k++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", folder, files[k]);
        t->font[k] = TTF_OpenFont(path, 32);
        if (!t->font[k])
            continue;
        found++;
        TTF_SetFontHinting(t->font[k], TTF_HINTING_LIGHT_SUBPIXEL);
    }
    if (found == 0)
        log_error("text: no font in %s; the picture is shown without words. Fix: apt install "
                  "fonts-dejavu-core fonts-dejavu-extra",
                  folder);
    return t;
}

void text_free(struct text *t)
{
    if (!t)
        return;
    for (int k = 0; k < LINES; k++)
        free(t->line[k].mask.alpha);
    for (int k = 0; k < FONTS; k++) {
        if (t->font[k])
            TTF_CloseFont(t->font[k]);
    }
    if (TTF_WasInit())
        TTF_Quit();
    free(t);
}

/* Joiners and direction marks steer shaping and have no glyph of their own. */
static bool is_invisible(uint32_t c)
{
    return c == 0xA0 || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

static uint32_t missing_in(TTF_Font *f, const char *line)
{
    uint32_t c;
    size_t left = strlen(line);
    for (size_t n; left > 0; line += n, left -= n) {
        if ((n = utf8_step(line, left, &c)) == 0)
            return 0xFFFD;
        if (!is_invisible(c) && !TTF_GlyphIsProvided32(f, c))
            return c;
    }
    return 0;
}

uint32_t text_missing(struct text *t, const char *line)
{
    uint32_t missing = 0, first = 0;
    for (int k = 0; k < FONTS; k++) {
        TTF_Font *f = t->font[orders[FACE_BOOK][k]];
        if (f && (missing = missing_in(f, line)) == 0)
            return 0;
        if (first == 0)
            first = missing;
    }
    return first != 0 ? first : 0xFFFD;
}

static TTF_Font *font_for(struct text *t, const struct item *i)
{
    for (int k = 0; k < FONTS; k++) {
        TTF_Font *f = t->font[orders[i->u.words.face == FACE_BOOK][k]];
        if (f && missing_in(f, i->u.words.text) == 0)
            return f;
    }
    return NULL;
}

/* The runs of a line, and what they are set in. */
struct setting {
    TTF_Font *font;
    struct bidi_run run[ITEM_TEXT_MAX];
    size_t runs;
};

/* Readies the font for one run, and writes the run's text, terminated, into out. */
static void set_run(const struct setting *s, size_t k, char out[ITEM_TEXT_MAX])
{
    const struct bidi_run *r = &s->run[k];
    memcpy(out, r->text, r->bytes);
    out[r->bytes] = '\0';
    TTF_SetFontDirection(s->font, r->rtl ? TTF_DIRECTION_RTL : TTF_DIRECTION_LTR);
    TTF_SetFontScriptName(s->font, r->script);
}

static void measure(const struct setting *s, int *width, int *height)
{
    char text[ITEM_TEXT_MAX];
    *width = *height = 0;
    for (size_t k = 0; k < s->runs; k++) {
        int w = 0, h = 0;
        set_run(s, k, text);
        if (TTF_SizeUTF8(s->font, text, &w, &h) != 0)
            continue;
        *width += w;
        *height = h > *height ? h : *height;
    }
}

/* The size of an item's letters, or the smaller one at which they fit into their room. */
static void set_size(const struct setting *s, const struct item *i)
{
    int size = (int)lroundf(i->p[2]), w, h;
    TTF_SetFontSize(s->font, size < 6 ? 6 : size);
    measure(s, &w, &h);
    if (i->p[3] <= 0 || w <= (int)i->p[3])
        return;
    size = (int)((float)size * i->p[3] / (float)w);
    TTF_SetFontSize(s->font, size < 6 ? 6 : size);
}

/* Copies a run's coverage to x. */
static void copy_run(struct mask *m, const SDL_Surface *run, int x)
{
    for (int y = 0; y < run->h && y < m->h; y++) {
        const uint32_t *row =
            (const uint32_t *)(const void *)((const char *)run->pixels + (ptrdiff_t)y * run->pitch);
        for (int k = 0; k < run->w && x + k < m->w; k++)
            m->alpha[(ptrdiff_t)y * m->w + x + k] = (uint8_t)(row[k] >> 24);
    }
}

/* Draws the runs beside each other; the mask stays empty where there is nothing to draw. */
static void draw_runs(const struct setting *s, struct mask *m)
{
    char text[ITEM_TEXT_MAX];
    SDL_Color white = {255, 255, 255, 255};
    int x = 0;
    measure(s, &m->w, &m->h);
    m->ascent = TTF_FontAscent(s->font);
    if (m->w <= 0 || m->h <= 0 || !(m->alpha = calloc((size_t)m->w, (size_t)m->h)))
        return;
    for (size_t k = 0; k < s->runs; k++) {
        set_run(s, k, text);
        SDL_Surface *run = TTF_RenderUTF8_Blended(s->font, text, white);
        if (!run)
            continue;
        copy_run(m, run, x);
        x += run->w;
        SDL_FreeSurface(run);
    }
}

/* Sets a line. If that fails the mask is empty, so that it is not tried again each time. */
static void line_make(struct text *t, struct line *l)
{
    const struct item *i = &l->key;
    const char *script = i->u.words.script[0] ? i->u.words.script : "Latn";
    struct setting s = {.font = font_for(t, i)};
    memset(&l->mask, 0, sizeof l->mask);
    l->mask.serial = ++t->serial;
    if (!s.font)
        return;
    s.runs = bidi_runs(i->u.words.text, i->u.words.rtl, script, s.run);
    set_size(&s, i);
    draw_runs(&s, &l->mask);
}

static bool same_words(const struct item *a, const struct item *b)
{
    return fabsf(a->p[2] - b->p[2]) < 0.01f && fabsf(a->p[3] - b->p[3]) < 0.01f &&
           memcmp(&a->u.words, &b->u.words, sizeof a->u.words) == 0;
}

static const struct mask *draw_text_line_of(struct text *t, const struct item *i)
{
    struct line *oldest = &t->line[0];
    for (int k = 0; k < LINES; k++) {
        struct line *l = &t->line[k];
        if (l->used != 0 && same_words(&l->key, i)) {
            l->used = ++t->turn;
            return &l->mask;
        }
        if (l->used < oldest->used)
            oldest = l;
    }
    free(oldest->mask.alpha);
    oldest->key = *i;
    oldest->used = ++t->turn;
    line_make(t, oldest);
    return &oldest->mask;
}

void text_set(struct text *t, struct items *l)
{
    for (size_t k = 0; k < l->count; k++) {
        struct item *i = &l->item[k];
        if (i->kind != ITEM_WORDS)
            continue;
        const struct mask *m = i->u.words.text[0] ? draw_text_line_of(t, i) : NULL;
        float at = i->p[0], baseline = i->p[1], part = (i->p[4] + 1) / 2;
        struct ink ink = i->ink;
        memset(i, 0, sizeof *i);
        i->kind = ITEM_MASK;
        if (!m || !m->alpha || ink.a <= 0)
            continue;
        int x = (int)lroundf(at - part * (float)m->w), y = (int)lroundf(baseline) - m->ascent;
        struct box box = {x, y, x + m->w, y + m->h}, all = {0, 0, l->w, l->h};
        i->box = box_meet(box, all);
        i->ink = ink;
        i->p[0] = (float)x;
        i->p[1] = (float)y;
        i->ref = m;
        i->serial = m->serial;
    }
}
