#include "kiosk/screen/draw_text.h"

#include "kiosk/common/log.h"
#include "kiosk/screen/words.h"

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
        log_error("text: no font in %s; the picture is shown without words. Mend: apt install "
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

/* The next character, 0xFFFD for bytes that are no UTF-8; *s moves on. 0 at the end. */
static uint32_t next_character(const char **s)
{
    const unsigned char *p = (const unsigned char *)*s;
    if (*p == 0)
        return 0;
    int more = *p < 0x80                 ? 0
               : *p >= 0xC2 && *p < 0xE0 ? 1
               : *p >= 0xE0 && *p < 0xF0 ? 2
               : *p >= 0xF0 && *p < 0xF5 ? 3
                                         : -1;
    *s += 1;
    if (more < 0)
        return 0xFFFD;
    uint32_t c = more == 0 ? *p : (uint32_t)(*p & (0x3F >> more));
    for (int k = 1; k <= more; k++) {
        if ((p[k] & 0xC0) != 0x80)
            return 0xFFFD;
        c = c << 6 | (p[k] & 0x3F);
        *s += 1;
    }
    return c;
}

/* Joiners and direction marks are shaping's business and have no picture of their own. */
static bool is_invisible(uint32_t c)
{
    return c == 0xA0 || (c >= 0x200B && c <= 0x200F) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

static uint32_t missing_in(TTF_Font *f, const char *line)
{
    uint32_t c;
    while ((c = next_character(&line)) != 0) {
        if (c == 0xFFFD || (!is_invisible(c) && !TTF_GlyphIsProvided32(f, c)))
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

static bool mask_of(struct mask *m, SDL_Surface *s, int ascent)
{
    m->w = s->w;
    m->h = s->h;
    m->ascent = ascent;
    m->alpha = malloc((size_t)s->w * (size_t)s->h);
    if (!m->alpha)
        return false;
    for (int y = 0; y < s->h; y++) {
        const uint32_t *row =
            (const uint32_t *)(const void *)((const char *)s->pixels + (ptrdiff_t)y * s->pitch);
        for (int x = 0; x < s->w; x++)
            m->alpha[(ptrdiff_t)y * s->w + x] = (uint8_t)(row[x] >> 24);
    }
    return true;
}

/* Sets a line; an empty mask when it cannot be, so that it is not tried again each time. */
static void line_make(struct text *t, struct line *l)
{
    const struct item *i = &l->key;
    TTF_Font *f = font_for(t, i);
    char turned[ITEM_TEXT_MAX];
    const char *text = i->u.words.text;
    memset(&l->mask, 0, sizeof l->mask);
    l->mask.serial = ++t->serial;
    if (!f)
        return;
    if (i->u.words.rtl) {
        words_rtl(text, turned, sizeof turned);
        text = turned;
    }
    TTF_SetFontDirection(f, i->u.words.rtl ? TTF_DIRECTION_RTL : TTF_DIRECTION_LTR);
    TTF_SetFontScriptName(f, i->u.words.script[0] ? i->u.words.script : "Latn");
    int size = (int)lroundf(i->p[2]), w = 0, h = 0;
    if (size < 6)
        size = 6;
    TTF_SetFontSize(f, size);
    if (i->p[3] > 0 && TTF_SizeUTF8(f, text, &w, &h) == 0 && w > (int)i->p[3]) {
        size = (int)((float)size * i->p[3] / (float)w);
        TTF_SetFontSize(f, size < 6 ? 6 : size);
    }
    SDL_Color white = {255, 255, 255, 255};
    SDL_Surface *s = TTF_RenderUTF8_Blended(f, text, white);
    if (!s)
        return;
    if (!mask_of(&l->mask, s, TTF_FontAscent(f)))
        memset(&l->mask, 0, sizeof l->mask);
    SDL_FreeSurface(s);
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
