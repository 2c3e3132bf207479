/* Every scene at dawn, noon, dusk and night, in each language, in both shapes, with each cue:
 * contact sheets into build/sheets, and the scenes beside small stored references. */

#include "kiosk/screen/draw_image.h"
#include "tests/unit/rows.h"
#include "tests/unit/screen/picture.h"

#include <SDL2/SDL_image.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#define REFERENCE "tests/vectors/screen.png"

static const char *const scene_names[] = {"window", "lantern", "pictures", "programme"};
static const char *const codes[] = {"az", "ru", "en", "ka", "ar"};
/* 2026-05-22 at Baku, UTC+4: 05:30, 12:10, 19:40, 23:50. */
static const int64_t moments[] = {1779413400, 1779437400, 1779464400, 1779479400};
static const struct cue cues[] = {{0},
                                  {CUE_SENSED, 0, 0, 0},
                                  {CUE_ACCEPTED, 0, 0, 0},
                                  {CUE_LAN_ONLY, 0, 0, 0},
                                  {CUE_ACCEPTED | CUE_SEEN, 5, 2, 0},
                                  {CUE_ACCEPTED | CUE_NOBODY, 0, 0, 0},
                                  {CUE_NO_PATH, 0, 0, 0},
                                  {CUE_RELAY_DEAD, 0, 0, 0},
                                  {CUE_FAULT, 0, 0, 0},
                                  {CUE_DRILL | CUE_ACCEPTED, 0, 0, 0}};
enum { SCENES = 4, LANGUAGES = 5, MOMENTS = 4, CUES = 10 };

static const char events[] = "15:00 Coffee and cake\n19:30 Киновечер\n20:00 ფილმი და საუბარი\n"
                             "21:30 Söhbət dairəsi\n22:15 أغانٍ ورقص\n";

/* A photo of our own making: a slope of colours that no scene has. */
static struct photo *test_photo(int w, int h)
{
    struct photo *p = calloc(1, sizeof *p);
    p->w = w;
    p->h = h;
    p->serial = 1;
    p->pixels = calloc((size_t)w * (size_t)h, sizeof *p->pixels);
    for (int k = 0; k < w * h; k++)
        p->pixels[k] = 0xff000000u | (uint32_t)(90 + 120 * (k % w) / w) << 16 |
                       (uint32_t)(60 + 110 * (k / w) / h) << 8 | 0x50;
    return p;
}

static void free_photo(struct photo *p)
{
    free(p->pixels);
    free(p);
}

static void fill(struct picture *p, const struct language *l, int64_t at, const struct cue *cue)
{
    char why[PROGRAMME_WHY];
    time_t local_s = (time_t)(at + 4 * 3600);
    struct tm local;
    gmtime_r(&local_s, &local);
    p->state.words = words_at(l, 1, &local, at, 0, true);
    p->state.minute = local.tm_hour * 60 + local.tm_min;
    programme_parse("events", events, sizeof events - 1, &local, &p->state.programme, why);
    cue_fade_start(&p->state.cue, cue, 0);
    picture_draw(p, at, (at % 86400) * NS_PER_S);
}

static void load_language(const char *code, struct language *l)
{
    char why[PROGRAMME_WHY];
    if (language_load("config/languages", code, l, why) != 0)
        fail_msg("%s", why);
}

static void paste(uint32_t *sheet, int sheet_w, const struct picture *p, int x, int y)
{
    for (int row = 0; row < p->h; row++)
        memcpy(sheet + (size_t)(y + row) * (size_t)sheet_w + x, p->pixels + row * p->w,
               sizeof *sheet * (size_t)p->w);
}

static void draw_sheet(enum scene_kind kind, const char *code, struct text *text, int tall,
                       const struct photo *photo)
{
    int w = tall ? 108 : 192, h = tall ? 192 : 108, gap = 2;
    int sheet_w = MOMENTS * (w + gap), sheet_h = CUES * (h + gap);
    uint32_t *sheet = calloc((size_t)sheet_w * (size_t)sheet_h, sizeof *sheet);
    char path[128];
    struct language l;
    struct picture p;
    load_language(code, &l);
    picture_open(&p, kind, w, h, text, 15);
    p.state.photo[1] = photo;
    p.state.photo_fade = 1;
    for (int m = 0; m < MOMENTS; m++) {
        for (int c = 0; c < CUES; c++) {
            fill(&p, &l, moments[m], &cues[c]);
            paste(sheet, sheet_w, &p, m * (w + gap), c * (h + gap));
        }
    }
    snprintf(path, sizeof path, "build/sheets/%s-%s%s.png", scene_names[kind], code,
             tall ? "-tall" : "");
    assert_int_equal(image_save(path, sheet, sheet_w, sheet_h), 0);
    picture_close(&p);
    free(sheet);
}

static void test_sheets(void **state)
{
    (void)state;
    mkdir("build", 0777);
    mkdir("build/sheets", 0777);
    struct text *text = text_new(NULL);
    struct photo *photo = test_photo(60, 40);
    for (int k = 0; k < SCENES; k++) {
        for (int l = 0; l < LANGUAGES; l++) {
            draw_sheet((enum scene_kind)k, codes[l], text, 0, photo);
            draw_sheet((enum scene_kind)k, codes[l], text, 1, photo);
        }
    }
    free_photo(photo);
    text_free(text);
}

/* For people to look at, `make sheets`: on each panel every scene at every hour in every language,
 * each with another cue. */
static void test_large_sheets(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        float inches;
        int w, h;
    } panels[] = {
        {"7", 7, 480, 320}, {"10", 10, 800, 480}, {"10-tall", 10, 480, 800}, {"24", 24, 1280, 720}};
    /* 05:00, 08:00, 12:10, 18:30, 19:40, 20:25, 23:50 of the same day; a noon of December. */
    static const int64_t hours[] = {1779411600, 1779422400, 1779437400, 1779460200,
                                    1779464400, 1779467100, 1779479400, 1797840000};
    enum { LOOKS = sizeof hours / sizeof *hours };
    mkdir("build/sheets", 0777);
    struct text *text = text_new(NULL);
    struct photo *photo = test_photo(900, 600);
    EACH_ROW (k, panels, panels[k].name) {
        int w = panels[k].w, h = panels[k].h;
        uint32_t *sheet = calloc((size_t)(LOOKS * w) * (size_t)(LANGUAGES * h), sizeof *sheet);
        for (int kind = 0; kind < SCENES; kind++) {
            char path[128];
            struct picture p;
            picture_open(&p, (enum scene_kind)kind, w, h, text, panels[k].inches);
            p.state.photo[1] = photo;
            p.state.photo_fade = 1;
            for (int l = 0; l < LANGUAGES; l++) {
                struct language language;
                load_language(codes[l], &language);
                for (int m = 0; m < LOOKS; m++) {
                    fill(&p, &language, hours[m], &cues[(m + 2 * l) % CUES]);
                    paste(sheet, LOOKS * w, &p, m * w, l * h);
                }
            }
            snprintf(path, sizeof path, "build/sheets/large-%s-%s.png", scene_names[kind],
                     panels[k].name);
            assert_int_equal(image_save(path, sheet, LOOKS * w, LANGUAGES * h), 0);
            picture_close(&p);
        }
        free(sheet);
    }
    free_photo(photo);
    text_free(text);
}

/* --- references: 16 scenes, each shrunk to TW x TH, one PNG of a few kB --------------------- */

enum { W = 480, H = 270, SIDE = 15, TW = W / SIDE, TH = H / SIDE, TILE = 3 * TW * TH };
enum { SHEET_W = TW * MOMENTS, SHEET_H = TH * SCENES };

/* Stated tolerance, in steps of 0 to 255: letters differ a little from one FreeType to the next,
 * and a reference is rounded to whole steps. */
#define TOLERANCE_MEAN 1.5f
#define TOLERANCE_MOST 12.0f

static void small(enum scene_kind kind, int moment, struct text *text, bool broken, float *out)
{
    struct language english;
    struct picture p;
    struct photo *photo = test_photo(200, 120);
    language_default(&english);
    picture_open(&p, kind, W, H, text, 15);
    p.state.photo[1] = photo;
    p.state.photo_fade = 1;
    fill(&p, &english, moments[moment], &cues[4]);
    if (broken) {
        /* Every sixth thing of the picture is lost, and the water is another colour. */
        for (size_t k = 0; k < p.items->count; k += 6)
            p.items->item[k].box = (struct box){0, 0, 0, 0};
        paint_all(p.paint, p.items, 1, p.pixels);
    }
    picture_blocks(&p, SIDE, out);
    picture_close(&p);
    free_photo(photo);
}

static void write_references(struct text *text)
{
    uint32_t sheet[SHEET_W * SHEET_H];
    float tile[TILE];
    for (int k = 0; k < SCENES * MOMENTS; k++) {
        small((enum scene_kind)(k / MOMENTS), k % MOMENTS, text, false, tile);
        for (int i = 0; i < TW * TH; i++) {
            int x = k % MOMENTS * TW + i % TW, y = k / MOMENTS * TH + i / TW;
            sheet[y * SHEET_W + x] = 0xff000000u | (uint32_t)(tile[3 * i] + 0.5f) << 16 |
                                     (uint32_t)(tile[3 * i + 1] + 0.5f) << 8 |
                                     (uint32_t)(tile[3 * i + 2] + 0.5f);
        }
    }
    assert_int_equal(image_save(REFERENCE, sheet, SHEET_W, SHEET_H), 0);
}

static void read_reference(int k, float *out)
{
    SDL_Surface *raw = IMG_Load(REFERENCE);
    assert_non_null(raw);
    SDL_Surface *s = SDL_ConvertSurfaceFormat(raw, SDL_PIXELFORMAT_RGB24, 0);
    SDL_FreeSurface(raw);
    assert_int_equal(s->w, SHEET_W);
    assert_int_equal(s->h, SHEET_H);
    for (int i = 0; i < TW * TH; i++) {
        int x = k % MOMENTS * TW + i % TW, y = k / MOMENTS * TH + i / TW;
        const uint8_t *p = (const uint8_t *)s->pixels + y * s->pitch + 3 * x;
        for (int c = 0; c < 3; c++)
            out[3 * i + c] = p[c];
    }
    SDL_FreeSurface(s);
}

static void compare(const float *a, const float *b, float *mean, float *most)
{
    *mean = 0;
    for (int k = 0; k < TILE; k++)
        *mean += fabsf(a[k] - b[k]) / TILE;
    *most = blocks_apart(a, b, TW * TH);
}

static void test_references(void **state)
{
    (void)state;
    struct text *text = text_new(NULL);
    float now[TILE] = {0}, then[TILE] = {0}, mean, most;
    if (getenv("PORCHLIGHT_WRITE_REFERENCES") != NULL)
        write_references(text);
    for (int k = 0; k < SCENES * MOMENTS; k++) {
        small((enum scene_kind)(k / MOMENTS), k % MOMENTS, text, false, now);
        read_reference(k, then);
        compare(now, then, &mean, &most);
        if (mean > TOLERANCE_MEAN || most > TOLERANCE_MOST)
            fail_msg("%s, moment %d: %.2f apart on average (at most %.1f), %.1f at most (%.1f)",
                     scene_names[k / MOMENTS], k % MOMENTS, (double)mean, TOLERANCE_MEAN,
                     (double)most, TOLERANCE_MOST);
    }
    text_free(text);
}

/* Each scene, broken on purpose, differs from its reference. */
static void test_broken(void **state)
{
    (void)state;
    struct text *text = text_new(NULL);
    float now[TILE] = {0}, then[TILE] = {0}, mean, most;
    for (int k = 0; k < SCENES * MOMENTS; k++) {
        small((enum scene_kind)(k / MOMENTS), k % MOMENTS, text, true, now);
        read_reference(k, then);
        compare(now, then, &mean, &most);
        assert_true(mean > TOLERANCE_MEAN || most > TOLERANCE_MOST);
    }
    text_free(text);
}

/* The code and the duress count send the same packet, so the same cue: and the same cue is the
 * same picture to the pixel, whatever was drawn before and however it is cut into parts. */
static void test_same_to_the_pixel(void **state)
{
    (void)state;
    struct text *text = text_new(NULL);
    struct language l;
    struct picture a, b;
    load_language("az", &l);
    picture_open(&a, SCENE_WINDOW, 640, 360, text, 15);
    picture_open(&b, SCENE_WINDOW, 640, 360, text, 15);
    fill(&a, &l, moments[1], &cues[4]);
    fill(&b, &l, moments[3], &cues[6]);
    fill(&b, &l, moments[1], &cues[4]);
    assert_memory_equal(a.pixels, b.pixels, 640 * 360 * sizeof *a.pixels);
    for (int y = 0; y < 360; y += 40) {
        struct box part = {37, y + 3, 601, y + 3 + PAINT_ROWS};
        const uint32_t *rows = paint_band(a.paint, a.items, part, 1);
        for (int r = 0; r < PAINT_ROWS && y + 3 + r < 360; r++)
            assert_memory_equal(rows + r * (601 - 37), a.pixels + (y + 3 + r) * 640 + 37,
                                (601 - 37) * sizeof *rows);
    }
    picture_close(&a);
    picture_close(&b);
    text_free(text);
}

/* From the smallest panel to the largest, lying and standing: drawn, and not one colour. */
static void test_sizes(void **state)
{
    static const int sizes[][2] = {{480, 320},   {320, 480},   {800, 480},  {1024, 600},
                                   {1280, 1024}, {2160, 3840}, {3840, 2160}};
    (void)state;
    struct text *text = text_new(NULL);
    struct language l;
    load_language("ka", &l);
    EACH_ROW (k, sizes, NULL) {
        for (int scene = 0; scene<SCENES; scene += sizes[k][0] * sizes[k][1]> 4000000 ? 4 : 1) {
            struct picture p;
            picture_open(&p, (enum scene_kind)scene, sizes[k][0], sizes[k][1], text, 15);
            fill(&p, &l, moments[2], &cues[4]);
            assert_true(p.items->count < ITEMS_MAX);
            size_t last = (size_t)p.w * (size_t)p.h - 1;
            assert_int_not_equal(p.pixels[0], p.pixels[last]);
            assert_int_equal(p.pixels[last] >> 24, 0xff);
            picture_close(&p);
        }
    }
    text_free(text);
}

int main(void)
{
    const struct CMUnitTest large[] = {cmocka_unit_test(test_large_sheets)},
                            references[] = {cmocka_unit_test(test_references)};
    if (getenv("PORCHLIGHT_SHEETS"))
        return cmocka_run_group_tests(large, NULL, NULL);
    if (getenv("PORCHLIGHT_WRITE_REFERENCES"))
        return cmocka_run_group_tests(references, NULL, NULL);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sheets), cmocka_unit_test(test_references),
        cmocka_unit_test(test_broken), cmocka_unit_test(test_same_to_the_pixel),
        cmocka_unit_test(test_sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
