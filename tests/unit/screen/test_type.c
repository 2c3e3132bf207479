/* What a venue writes on its screen can be read by day: in every scene, on small and large panels,
 * greeting, date, clock and events have a contrast of at least 4.5 (WCAG 2, AA) to what is behind
 * them. By night, and where an event is over, they are dim on purpose, and still at least 3. In
 * every language they have their size, and no cue is drawn over them. */

#include "tests/unit/rows.h"
#include "tests/unit/screen/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { LEAST_PIXELS = 8, COVERED = 250, TEXTS = 32 };

/* 2026-05-22 at Baku, where the sun rises at 05:20 and sets at 20:00; and a winter's noon. */
static const struct {
    const char *name;
    int64_t at;
    double least;
} hours[] = {{"05:00", 1779411600, 3},   {"05:30", 1779413400, 4.5}, {"08:00", 1779422400, 4.5},
             {"12:10", 1779437400, 4.5}, {"16:00", 1779451200, 4.5}, {"18:30", 1779460200, 4.5},
             {"19:40", 1779464400, 4.5}, {"20:25", 1779467100, 3},   {"23:50", 1779479400, 3},
             {"winter", 1797840000, 4.5}};

static const struct {
    const char *name;
    float inches;
    int w, h;
} panels[] = {
    {"7 inches", 7, 800, 480}, {"7 inches, standing", 7, 480, 800}, {"24 inches", 24, 1280, 720}};

static const char *const scenes[] = {"window", "lantern", "pictures", "programme"};
enum { SCENES = 4, HOURS_LOOKED_AT = sizeof hours / sizeof *hours };

/* The first is over at every hour, the second from 13:00 on. */
static const char events[] = "04:00-04:30 Tea\n12:00-13:00 Lunch\n19:30-23:00 Film and talk\n";

/* A photo that is as light as photos get, and has edges. */
static struct photo *light_photo(int w, int h)
{
    struct photo *p = calloc(1, sizeof *p);
    *p = (struct photo){
        .w = w, .h = h, .serial = 1, .pixels = calloc((size_t)w * (size_t)h, sizeof(uint32_t))};
    for (int k = 0; k < w * h; k++)
        p->pixels[k] = (k % w / 16 + k / w / 16) % 2 ? 0xfff4f4f4u : 0xffc8d8e8u;
    return p;
}

enum { DIMMED = 3 };

static bool is_over(const char *text, int minute)
{
    static const char *const tea[] = {"04:00", "04:30", "Tea"}, *const lunch[] = {"12:00", "13:00",
                                                                                  "Lunch"};
    for (size_t k = 0; k < 3; k++)
        if (strstr(text, tea[k]) || (minute >= 13 * 60 && strstr(text, lunch[k])))
            return true;
    return false;
}

struct letters {
    size_t item;
    char text[ITEM_TEXT_MAX];
};

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The median over the pixels that the letters cover wholly; 0: there are too few of them. */
static double contrast_of(const struct picture *p, const struct item *i, const uint32_t *without)
{
    const struct mask *m = i->ref;
    size_t count = 0;
    double *all = calloc((size_t)m->w * (size_t)m->h, sizeof *all);
    for (int y = i->box.y0; y < i->box.y1; y++) {
        for (int x = i->box.x0; x < i->box.x1; x++) {
            int at = (y - (int)i->p[1]) * m->w + x - (int)i->p[0];
            if (m->alpha[at] < COVERED)
                continue;
            double a = luminance(p->pixels[y * p->w + x]), b = luminance(without[y * p->w + x]);
            all[count++] = (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
        }
    }
    qsort(all, count, sizeof *all, compare);
    double median = count < LEAST_PIXELS ? 0 : all[count / 2];
    free(all);
    return median;
}

/* Draws the picture with its letters into p->pixels, and without them (but with their shade) into
 * `without`. Returns how many texts there are. */
static size_t draw_twice(struct picture *p, int64_t at, uint32_t *without,
                         struct letters out[TEXTS])
{
    struct scene_time t = {.wall = at * NS_PER_S, .run = at % 86400 * NS_PER_S};
    struct ink inks[TEXTS];
    size_t count = 0;
    scene_draw(&p->state, p->geometry, t, p->items);
    for (size_t k = 0; k < p->items->count && count < TEXTS; k++) {
        const struct item *i = &p->items->item[k];
        if (i->kind != ITEM_WORDS || i->u.words.shade)
            continue;
        out[count].item = k;
        memcpy(out[count++].text, i->u.words.text, ITEM_TEXT_MAX);
    }
    text_set(p->text, p->items);
    paint_all(p->paint, p->items, 1, p->pixels);
    for (size_t k = 0; k < count; k++) {
        inks[k] = p->items->item[out[k].item].ink;
        p->items->item[out[k].item].ink.a = 0;
    }
    paint_all(p->paint, p->items, 1, without);
    for (size_t k = 0; k < count; k++)
        p->items->item[out[k].item].ink = inks[k];
    return count;
}

static size_t look(struct picture *p, const char *name, size_t panel, size_t hour, size_t *seen)
{
    struct letters texts[TEXTS];
    uint32_t *without = calloc((size_t)p->w * (size_t)p->h, sizeof *without);
    size_t bad = 0, count = draw_twice(p, hours[hour].at, without, texts);
    for (size_t k = 0; k < count; k++) {
        const struct item *i = &p->items->item[texts[k].item];
        double contrast = i->ref ? contrast_of(p, i, without) : 0;
        if (contrast == 0)
            continue; /* nothing of it is drawn, or in strokes that are thinner than a pixel */
        ++*seen;
        double least = is_over(texts[k].text, p->state.minute) ? DIMMED : hours[hour].least;
        if (contrast >= least)
            continue;
        bad++;
        print_error("%s, %s, %s: \"%s\" has a contrast of %.2f, expected %.1f\n", name,
                    panels[panel].name, hours[hour].name, texts[k].text, contrast, least);
    }
    free(without);
    return bad;
}

static void set_words(struct picture *p, const struct language *l, int64_t at)
{
    char why[PROGRAMME_WHY];
    time_t local_s = (time_t)(at + 4 * 3600);
    struct tm local;
    gmtime_r(&local_s, &local);
    p->state.words = words_at(l, 1, &local, at, 0, true);
    p->state.minute = local.tm_hour * 60 + local.tm_min;
    programme_parse("events", events, sizeof events - 1, &local, &p->state.programme, why);
}

static void test_letters_can_be_read(void **state)
{
    (void)state;
    struct text *text = text_new(NULL);
    struct photo *photo = light_photo(1280, 720);
    struct language l;
    char why[PROGRAMME_WHY];
    size_t bad = 0;
    assert_int_equal(language_load("config/languages", "en", &l, why), 0);
    for (size_t kind = 0; kind < SCENES; kind++) {
        size_t seen = 0;
        EACH_ROW (panel, panels, panels[panel].name) {
            struct picture p;
            picture_open(&p, (enum scene_kind)kind, panels[panel].w, panels[panel].h, text,
                         panels[panel].inches);
            p.state.photo[1] = photo;
            p.state.photo_fade = 1;
            for (size_t hour = 0; hour < HOURS_LOOKED_AT; hour++) {
                set_words(&p, &l, hours[hour].at);
                bad += look(&p, scenes[kind], panel, hour, &seen);
            }
            picture_close(&p);
        }
        assert_true(seen >= 3 * HOURS_LOOKED_AT);
    }
    text_free(text);
    free(photo->pixels);
    free(photo);
    assert_int_equal(bad, 0);
}

/* What a cue changes of the picture, as a mark for each pixel. */
static void mark_cue(struct picture *p, const struct cue *cue, int64_t at, uint32_t *before,
                     bool *changed)
{
    static const struct cue quiet;
    size_t n = (size_t)p->w * (size_t)p->h;
    cue_fade_start(&p->state.cue, &quiet, 0);
    picture_draw(p, at, 0);
    memcpy(before, p->pixels, n * sizeof *before);
    cue_fade_start(&p->state.cue, cue, 0);
    picture_draw(p, at, 0);
    for (size_t k = 0; k < n; k++)
        changed[k] = p->pixels[k] != before[k];
}

/* Whether a cue changes a pixel that a letter has. */
static bool is_drawn_over(const struct picture *p, const struct item *i, const bool *changed)
{
    const struct mask *m = i->ref;
    for (int y = i->box.y0; m && y < i->box.y1; y++)
        for (int x = i->box.x0; x < i->box.x1; x++)
            if (changed[y * p->w + x] && m->alpha[(y - (int)i->p[1]) * m->w + x - (int)i->p[0]] > 0)
                return true;
    return false;
}

static int misplaced(struct picture *p, const char *what, const bool *changed)
{
    int bad = 0;
    for (size_t k = 0; k < p->items->count; k++) {
        const struct item *i = &p->items->item[k];
        const struct mask *m = i->ref;
        if (i->kind != ITEM_WORDS || i->u.words.shade || !m)
            continue;
        /* A line of the font is somewhat higher than its size. */
        bool small = i->p[3] > 0 && m->h > 0 && (float)m->h < i->p[2];
        if (!small && !is_drawn_over(p, i, changed))
            continue;
        bad++;
        print_error("%s: \"%s\" is %s\n", what, i->u.words.text,
                    small ? "smaller than it should be" : "behind the cue");
    }
    return bad;
}

static void test_words_keep_their_size_and_place(void **state)
{
    (void)state;
    static const char *const codes[] = {"az", "ru", "en", "ka", "ar"};
    static const struct {
        const char *name;
        float inches;
        int w, h;
    } sizes[] = {{"3.5 inches", 3.5f, 480, 320},  {"7 inches, 3:2", 7, 480, 320},
                 {"7 inches", 7, 800, 480},       {"7 inches, standing", 7, 480, 800},
                 {"10 inches", 10.1f, 1024, 600}, {"24 inches", 24, 1280, 720}};
    static const struct cue cues[] = {{CUE_ACCEPTED | CUE_SEEN, 5, 5, 5}, {CUE_DRILL, 0, 0, 0}};
    /* 12:10 and 23:50; a Monday in December, whose date is long in every language. */
    static const int64_t at[] = {1779437400, 1779479400, 1797840000};
    struct text *text = text_new(NULL);
    int bad = 0;
    EACH_ROW (size, sizes, sizes[size].name) {
        size_t n = (size_t)sizes[size].w * (size_t)sizes[size].h;
        uint32_t *before = malloc(n * sizeof *before);
        bool *changed = malloc(n * sizeof *changed);
        for (size_t k = 0; k < SCENES * 5; k++) {
            struct picture p;
            struct language l;
            char why[PROGRAMME_WHY], what[96];
            assert_int_equal(language_load("config/languages", codes[k / SCENES], &l, why), 0);
            picture_open(&p, (enum scene_kind)(k % SCENES), sizes[size].w, sizes[size].h, text,
                         sizes[size].inches);
            snprintf(what, sizeof what, "%s in %s on %s", scenes[k % SCENES], codes[k / SCENES],
                     sizes[size].name);
            for (size_t m = 0; m < 6; m++) {
                set_words(&p, &l, at[m / 2]);
                mark_cue(&p, &cues[m % 2], at[m / 2], before, changed);
                bad += misplaced(&p, what, changed);
            }
            picture_close(&p);
        }
        free(before);
        free(changed);
    }
    text_free(text);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_letters_can_be_read),
                                       cmocka_unit_test(test_words_keep_their_size_and_place)};
    return cmocka_run_group_tests_name("type", tests, NULL, NULL);
}
