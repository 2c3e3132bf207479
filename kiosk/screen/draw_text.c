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

enum { FONTS = 4, LINES = 48, NAMED = 64, NAMED_AT_ONCE = 8 };

/* A shade is this wide, in sizes of its letters, and this many times darker than their mean. */
#define SHADE_REACH 0.09f
enum { SHADE_GAIN = 5, SHADE_MOST = 8192 };

#define FONT_FOLDER "/usr/share/fonts/truetype/dejavu"

/* In the order in which they are tried for the clock and for all other text. */
static const char *const files[FONTS] = {"DejaVuSans-ExtraLight.ttf", "DejaVuSans.ttf",
                                         "DejaVuSerif.ttf", "DejaVuSansMono.ttf"};
static const int orders[2][FONTS] = {[FACE_CLOCK] = {0, 1, 2, 3}, [FACE_BOOK] = {1, 2, 3, 0}};

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
    uint32_t named[NAMED]; /* letters without a font that are in the log already */
    size_t named_count;
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
    return c == 0xA0 || c == 0xAD || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
           (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF;
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

/* Copies a line without the letters that a font lacks. How many those are; the first NAMED_AT_ONCE
 * of them are in `lacks`. */
static size_t text_without(TTF_Font *f, const char *line, char out[ITEM_TEXT_MAX],
                           uint32_t lacks[NAMED_AT_ONCE])
{
    size_t count = 0, at = 0, left = strlen(line);
    uint32_t c;
    for (size_t n; (n = utf8_step(line, left, &c)) > 0; line += n, left -= n) {
        if (c == ' ' && count > 0 && (at == 0 || out[at - 1] == ' '))
            continue;
        if (is_invisible(c) || TTF_GlyphIsProvided32(f, c)) {
            memcpy(out + at, line, n);
            at += n;
        } else if (count++ < NAMED_AT_ONCE) {
            lacks[count - 1] = c;
        }
    }
    out[at] = '\0';
    return count;
}

/* Names letters in the log, each once. */
static void name_letters(struct text *t, const uint32_t *letters, size_t count)
{
    char list[NAMED_AT_ONCE * 10] = "";
    size_t at = 0;
    for (size_t k = 0; k < count && k < NAMED_AT_ONCE; k++) {
        bool known = false;
        for (size_t n = 0; n < t->named_count && !known; n++)
            known = t->named[n] == letters[k];
        if (known)
            continue;
        if (t->named_count < NAMED)
            t->named[t->named_count++] = letters[k];
        at += (size_t)snprintf(list + at, sizeof list - at, " U+%04X", (unsigned)letters[k]);
    }
    if (at > 0)
        log_warning("text: no font has these letters:%s; their lines are shown without them. Use "
                    "other letters there",
                    list);
}

/* The font with which a text is set, NULL without any; `out` is what it can show of the text. */
static TTF_Font *font_for(struct text *t, const struct item *i, char out[ITEM_TEXT_MAX])
{
    uint32_t lacks[NAMED_AT_ONCE], fewest[NAMED_AT_ONCE];
    size_t best = SIZE_MAX;
    TTF_Font *found = NULL;
    for (int k = 0; k < FONTS && best > 0; k++) {
        char shown[ITEM_TEXT_MAX];
        TTF_Font *f = t->font[orders[i->u.words.face == FACE_BOOK][k]];
        size_t missing = f ? text_without(f, i->u.words.text, shown, lacks) : SIZE_MAX;
        if (missing >= best)
            continue;
        best = missing;
        found = f;
        memcpy(out, shown, strlen(shown) + 1);
        memcpy(fewest, lacks, sizeof fewest);
    }
    if (found)
        name_letters(t, fewest, best);
    return found;
}

/* The runs of a line, and what they are set in. */
struct setting {
    TTF_Font *font;
    struct bidi_run run[ITEM_TEXT_MAX];
    size_t runs;
};

/* Readies the font for one run, and writes the run's text, terminated, into out. */
static void text_set_run(const struct setting *s, size_t k, char out[ITEM_TEXT_MAX])
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
        text_set_run(s, k, text);
        if (TTF_SizeUTF8(s->font, text, &w, &h) != 0)
            continue;
        *width += w;
        *height = h > *height ? h : *height;
    }
}

/* A text cut into lines, and the item it is set for. */
struct wrapped {
    const struct item *item;
    char line[2][ITEM_TEXT_MAX];
    int lines;
};

/* Readies a line's runs. Its width and height. */
static void text_set_line(struct setting *s, const struct wrapped *t, int line, int *width,
                          int *height)
{
    const struct item *i = t->item;
    const char *script = i->u.words.script[0] ? i->u.words.script : "Latn";
    s->runs = bidi_runs(t->line[line], i->u.words.rtl, script, s->run);
    measure(s, width, height);
}

static int widest(struct setting *s, const struct wrapped *t)
{
    int most = 0;
    for (int k = 0; k < t->lines; k++) {
        int w, h;
        text_set_line(s, t, k, &w, &h);
        most = w > most ? w : most;
    }
    return most;
}

/* Cuts `text` into two lines at the blank, or behind the dash or stroke, where the wider of them is
 * narrowest. It stays one line where there is none. */
static void text_wrap(struct setting *s, struct wrapped *t, const char *text)
{
    struct wrapped cut = {.item = t->item, .lines = 2};
    int best = widest(s, t);
    for (const char *p = text; *p; p++) {
        size_t n = (size_t)(p - text) + (*p != ' ');
        if (!strchr(" -/", *p) || n == 0 || p[1] == '\0')
            continue;
        snprintf(cut.line[0], sizeof cut.line[0], "%.*s", (int)n, text);
        snprintf(cut.line[1], sizeof cut.line[1], "%s", p + 1);
        int w = widest(s, &cut);
        if (w >= best)
            continue;
        best = w;
        *t = cut;
    }
}

/* Sets the size of an item's letters, wraps it, and sets a smaller size, as far as its room needs
 * it. */
static void text_set_size(struct setting *s, struct wrapped *t)
{
    const struct item *i = t->item;
    char text[ITEM_TEXT_MAX];
    int size = (int)lroundf(i->p[2]), w;
    TTF_SetFontSize(s->font, size < 6 ? 6 : size);
    w = widest(s, t);
    if (i->p[3] <= 0 || w <= (int)i->p[3])
        return;
    if (i->u.words.wraps) {
        memcpy(text, t->line[0], sizeof text);
        text_wrap(s, t, text);
        w = widest(s, t);
    }
    if (w <= (int)i->p[3])
        return;
    size = (int)((float)size * i->p[3] / (float)w);
    TTF_SetFontSize(s->font, size < 6 ? 6 : size);
}

/* Copies a run's coverage to x, y. */
static void copy_run(struct mask *m, const SDL_Surface *run, int x, int y)
{
    for (int r = 0; r < run->h && y + r < m->h; r++) {
        const uint32_t *row =
            (const uint32_t *)(const void *)((const char *)run->pixels + (ptrdiff_t)r * run->pitch);
        uint8_t *to = m->alpha + (ptrdiff_t)(y + r) * m->w;
        for (int k = 0; k < run->w && x + k < m->w; k++)
            if (row[k] >> 24 > to[x + k])
                to[x + k] = (uint8_t)(row[k] >> 24);
    }
}

/* Draws the runs of a line beside each other. */
static void draw_runs(const struct setting *s, struct mask *m, int x, int y)
{
    char text[ITEM_TEXT_MAX];
    SDL_Color white = {255, 255, 255, 255};
    for (size_t k = 0; k < s->runs; k++) {
        text_set_run(s, k, text);
        SDL_Surface *run = TTF_RenderUTF8_Blended(s->font, text, white);
        if (!run)
            continue;
        copy_run(m, run, x, y);
        x += run->w;
        SDL_FreeSurface(run);
    }
}

/* Draws the lines below each other, the middle of them where a single one would be. The mask stays
 * empty where there is nothing to draw. */
static void draw_lines(struct setting *s, const struct wrapped *t, struct mask *m)
{
    int step = (int)lroundf(1.1f * (float)TTF_FontAscent(s->font)), w, h;
    float part = t->item->p[4] < 0 && t->item->u.words.rtl ? 1 : (t->item->p[4] + 1) / 2;
    m->w = widest(s, t);
    text_set_line(s, t, 0, &w, &h);
    m->h = h + (t->lines - 1) * step;
    m->ascent = TTF_FontAscent(s->font) + (t->lines - 1) * step / 2;
    if (m->w <= 0 || m->h <= 0 || !(m->alpha = calloc((size_t)m->w, (size_t)m->h)))
        return;
    for (int k = 0; k < t->lines; k++) {
        text_set_line(s, t, k, &w, &h);
        draw_runs(s, m, (int)lroundf(part * (float)(m->w - w)), k * step);
    }
}

/* Mean of the `2 * reach + 1` values around each, along one axis: `count` values, `step` apart. */
static void blur(uint8_t *v, int count, ptrdiff_t step, int reach)
{
    uint8_t line[SHADE_MOST];
    int sum = 0;
    for (int k = 0; k < count; k++)
        line[k] = v[k * step];
    for (int k = -reach; k < count; k++) {
        sum += k + reach < count ? line[k + reach] : 0;
        sum -= k - reach - 1 >= 0 ? line[k - reach - 1] : 0;
        if (k >= 0)
            v[k * step] = (uint8_t)(sum / (2 * reach + 1));
    }
}

/* Turns letters into a soft shade that is wider than they are by `reach` on every side. */
static void shade_make(struct mask *m, int reach)
{
    int w = m->w + 4 * reach, h = m->h + 4 * reach;
    uint8_t *soft = w <= SHADE_MOST && h <= SHADE_MOST ? calloc((size_t)w, (size_t)h) : NULL;
    if (!soft)
        return;
    for (int y = 0; y < m->h; y++)
        memcpy(soft + (ptrdiff_t)(y + 2 * reach) * w + 2 * reach, m->alpha + (ptrdiff_t)y * m->w,
               (size_t)m->w);
    for (int turn = 0; turn < 2; turn++) {
        for (int y = 0; y < h; y++)
            blur(soft + (ptrdiff_t)y * w, w, 1, reach);
        for (int x = 0; x < w; x++)
            blur(soft + x, h, w, reach);
    }
    int most = 255 / SHADE_GAIN, peak = 1; /* a colon's shade, too, is whole in its middle */
    for (ptrdiff_t k = 0; k < (ptrdiff_t)w * h; k++)
        peak = soft[k] > peak ? soft[k] : peak;
    most = peak < most ? peak : most;
    for (ptrdiff_t k = 0; k < (ptrdiff_t)w * h; k++)
        soft[k] = (uint8_t)(soft[k] > most ? 255 : soft[k] * 255 / most);
    free(m->alpha);
    m->alpha = soft;
    m->w = w;
    m->h = h;
    m->left += 2 * reach;
    m->ascent += 2 * reach;
}

/* Sets a text. If that fails the mask is empty, so that it is not tried again each time. */
static void line_make(struct text *t, struct line *l)
{
    struct wrapped wrapped = {.item = &l->key, .lines = 1};
    struct setting s;
    memset(&l->mask, 0, sizeof l->mask);
    l->mask.serial = ++t->serial;
    s.font = font_for(t, &l->key, wrapped.line[0]);
    if (!s.font)
        return;
    text_set_size(&s, &wrapped);
    draw_lines(&s, &wrapped, &l->mask);
    if (l->key.u.words.shade && l->mask.alpha)
        shade_make(&l->mask, 1 + (int)(SHADE_REACH * l->key.p[2]));
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
        int x = (int)lroundf(at - part * (float)(m->w - 2 * m->left)) - m->left,
            y = (int)lroundf(baseline) - m->ascent;
        struct box box = {x, y, x + m->w, y + m->h}, all = {0, 0, l->w, l->h};
        i->box = box_meet(box, all);
        i->ink = ink;
        i->p[0] = (float)x;
        i->p[1] = (float)y;
        i->ref = m;
        i->serial = m->serial;
    }
}
