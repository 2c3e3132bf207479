/* The whole picture over days, and a code laid over it. */

#include "kiosk/core/ns.h"
#include "kiosk/screen/composition.h"
#include "kiosk/screen/draw_image.h"
#include "kiosk/screen/paint.h"
#include "tests/unit/rows.h"

#include <dirent.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const codes[] = {"az", "ru", "en", "ka", "ar"};
enum { CODES = 5, DAY = 86400 };

static struct options options_at(int y, int month, int day, int hour, int minute)
{
    struct tm tm = {.tm_year = y - 1900,
                    .tm_mon = month - 1,
                    .tm_mday = day,
                    .tm_hour = hour,
                    .tm_min = minute};
    return (struct options){.prefix = "",
                            .rotation = -1,
                            .still = -1,
                            .speed = 1,
                            .has_at = true,
                            .at = (int64_t)timegm(&tm) * NS_PER_S};
}

static struct settings settings_of(enum scene_kind kind, const char *zone, size_t languages)
{
    struct settings s = {.kind = kind,
                         .latitude = 40.41,
                         .longitude = 49.87,
                         .quiet_from = -1,
                         .quiet_to = -1,
                         .dim = 60,
                         .languages = languages};
    char why[256];
    snprintf(s.timezone, sizeof s.timezone, "%s", zone);
    for (size_t k = 0; k < languages; k++) {
        if (language_load("config/languages", codes[k], &s.language[k], why) != 0)
            fail_msg("%s", why);
    }
    return s;
}

static int open_fds(void)
{
    int n = 0;
    DIR *d = opendir("/proc/self/fd");
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n;
}

/* What a clock on the wall has to show, by arithmetic alone: Berlin is an hour before UTC, two
 * between the last Sundays of March and October, 1:00 UTC. */
static void wall_clock(int64_t unix_s, struct tm *tm)
{
    bool summer = unix_s >= 1774746000 && unix_s < 1792890000; /* in 2026 */
    time_t local = (time_t)(unix_s + (summer ? 7200 : 3600));
    gmtime_r(&local, tm);
}

static void check_words(const struct scene_words *w, const struct settings *s, int64_t unix_s)
{
    struct tm tm;
    char clock[32], date[ITEM_TEXT_MAX];
    wall_clock(unix_s, &tm);
    const struct language *l = &s->language[unix_s / 20 % (int64_t)s->languages];
    char hour[12], minute[12];
    language_number(l, tm.tm_hour, 2, hour, sizeof hour);
    language_number(l, tm.tm_min, 2, minute, sizeof minute);
    snprintf(clock, sizeof clock, "%s:%s", hour, minute);
    language_date(l, (tm.tm_wday + 6) % 7, tm.tm_mday, tm.tm_mon, tm.tm_year + 1900, date,
                  sizeof date);
    char shown[32];
    snprintf(shown, sizeof shown, "%s%s%s", w->hour, w->hour[0] ? ":" : "", w->minute);
    if (strcmp(shown, clock) != 0 || strcmp(w->date, date) != 0)
        fail_msg("at %lld: \"%s\" \"%s\", not \"%s\" \"%s\"", (long long)unix_s, shown, w->date,
                 clock, date);
}

/* Photos and a programme of our own, below build/. */
static void make_content(char root[32])
{
    char path[64];
    uint32_t pixels[64 * 48];
    assert_non_null(mkdtemp(root));
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < 64 * 48; i++)
            pixels[i] = 0xff000000u | (uint32_t)(i * (k + 3));
        snprintf(path, sizeof path, "%s/%d.png", root, k);
        assert_int_equal(image_save(path, pixels, 64, 48), 0);
    }
    snprintf(path, sizeof path, "%s/programme", root);
    FILE *f = fopen(path, "we");
    assert_non_null(f);
    fputs("19:30 Film and talk\n[fri]\n21:30 Söhbət dairəsi\n", f);
    fclose(f);
}

static void remove_content(const char *root)
{
    char path[64];
    for (int k = 0; k < 4; k++) {
        snprintf(path, sizeof path, k < 3 ? "%s/%d.png" : "%s/programme", root, k);
        unlink(path);
    }
    rmdir(root);
}

/* Ten days of one scene, a look every `step` s, another cue every quarter of an hour. */
static void ten_days(enum scene_kind kind, int month, int day, int64_t begin, int step)
{
    static const struct cue cues[] = {{0},
                                      {CUE_SENSED, 0, 0, 0},
                                      {CUE_ACCEPTED | CUE_SEEN, 5, 2, 0},
                                      {CUE_NO_PATH | CUE_FAULT, 0, 0, 0},
                                      {CUE_DRILL | CUE_LAN_ONLY | CUE_NOBODY, 0, 0, 0}};
    char root[32] = "build/days.XXXXXX";
    make_content(root);
    struct options o = options_at(2026, month, day, 0, 0);
    struct settings s = settings_of(kind, "Europe/Berlin", CODES);
    snprintf(s.pictures, sizeof s.pictures, "%s", root);
    snprintf(s.programme, sizeof s.programme, "%s/programme", root);
    struct composition *v = composition_new(&o, &s, 0);
    struct paint *paint = paint_new(480);
    static uint32_t pixels[480 * 270];
    size_t used = 0;
    int fds = 0;
    assert_int_equal(composition_resize(v, 480, 270, 0), 0);
    for (int64_t at = 0; at < 10 * DAY; at += step) {
        int64_t now = at * NS_PER_S, lasts;
        if (at % 900 < step)
            composition_show_cue(v, &cues[at / 900 % 5], now);
        const struct items *items = composition_compose(v, now, &lasts);
        assert_true(lasts > 0 && lasts <= NS_PER_S);
        check_words(composition_words(v), &s, begin + at);
        float light = composition_light(v, false, now);
        assert_true(light > 0.3f && light <= 1);
        if (at % 3600 < step)
            paint_all(paint, items, light, pixels);
        if (at % DAY >= DAY - step && at < DAY) { /* the first night is over: all is warm */
            used = mallinfo2().uordblks;
            fds = open_fds();
        }
    }
    size_t now_used = mallinfo2().uordblks;
    print_message("# scene %d: %zu kB in use after a day, %zu after ten\n", (int)kind, used / 1024,
                  now_used / 1024);
    assert_true(now_used < used + 128 * 1024);
    assert_int_equal(open_fds(), fds);
    composition_free(v);
    paint_free(paint);
    remove_content(root);
}

static void test_ten_days(void **state)
{
    (void)state;
    int step = getenv("PORCHLIGHT_WHOLE_DAY") != NULL ? 1 : 211;
    /* Both times of year at which a clock is put; midnight of Berlin in UTC. */
    for (int kind = SCENE_WINDOW; kind <= SCENE_PROGRAMME; kind++)
        ten_days((enum scene_kind)kind, 3, 24, 1774306800, step);
    ten_days(SCENE_WINDOW, 10, 20, 1792447200, step);
    unsetenv("TZ");
    tzset();
}

/* --- a code on request ---------------------------------------------------------------------- */

static struct screen_qr code_of(size_t length, uint32_t seconds)
{
    static const char begin[] = "https://phones.example.org/join#";
    struct screen_qr qr = {
        .magic = SCREEN_MAGIC, .kind = SCREEN_QR, .seconds = seconds, .length = (uint32_t)length};
    for (size_t k = 0; k < length; k++)
        qr.text[k] = (char)(k < sizeof begin - 1 ? begin[k] : 'a' + (char)(k * 7 % 26));
    return qr;
}

/* How many px are the card's white or its black. */
static int card(struct composition *v, struct paint *paint, uint32_t *pixels, int count,
                int64_t now)
{
    int64_t lasts;
    int found = 0;
    paint_all(paint, composition_compose(v, now, &lasts), 1, pixels);
    for (int k = 0; k < count; k++)
        found += pixels[k] == 0xffffffff || pixels[k] == 0xff181a20;
    return found;
}

/* At every size it is large, readable (modules of 2 px at least, white around them), there within a
 * second and gone after its sixty. */
static void test_code_at_every_size(void **state)
{
    static const int sizes[][2] = {{480, 320},  {320, 480},   {800, 480},
                                   {600, 1024}, {1920, 1080}, {3840, 2160}};
    (void)state;
    EACH_ROW (k, sizes, NULL) {
        int w = sizes[k][0], h = sizes[k][1], side = w < h ? w : h;
        struct options o = options_at(2026, 5, 22, 13, 0);
        struct settings s = settings_of(SCENE_PROGRAMME, "Asia/Baku", 1);
        s.reduced_motion = true;
        struct composition *v = composition_new(&o, &s, 0);
        struct paint *paint = paint_new(w);
        uint32_t *pixels = malloc(sizeof *pixels * (size_t)w * (size_t)h);
        struct screen_qr qr = code_of(600, 60);
        int64_t lasts;
        assert_int_equal(composition_resize(v, w, h, 0), 0);
        int before = card(v, paint, pixels, w * h, 0);
        composition_show_qr(v, &qr, NS_PER_S);
        composition_compose(v, NS_PER_S, &lasts);
        assert_true(lasts <= NS_PER_S / 10); /* it comes in steps, not at once */
        int there = card(v, paint, pixels, w * h, 2 * NS_PER_S + NS_PER_S / 2) - before;
        if (there < side * side * 3 / 10)
            fail_msg("%dx%d: the code has %d px", w, h, there);
        /* Nothing but the card between its corners: its outermost ring is white. */
        assert_true(card(v, paint, pixels, w * h, 59 * NS_PER_S) - before == there);
        composition_compose(v, 59 * NS_PER_S, &lasts);
        assert_true(lasts <= NS_PER_S); /* awake when it is to go */
        assert_true(card(v, paint, pixels, w * h, 61 * NS_PER_S) <= before);
        free(pixels);
        paint_free(paint);
        composition_free(v);
    }
}

static void test_code_taken_away_and_too_long(void **state)
{
    (void)state;
    enum { W = 480, H = 320 };
    static uint32_t pixels[W * H];
    struct options o = options_at(2026, 5, 22, 13, 0);
    struct settings s = settings_of(SCENE_PROGRAMME, "Asia/Baku", 1);
    struct composition *v = composition_new(&o, &s, 0);
    struct paint *paint = paint_new(W);
    struct screen_qr qr = code_of(400, 60), none = code_of(0, 0), vast = code_of(1500, 60);
    assert_int_equal(composition_resize(v, W, H, 0), 0);
    int before = card(v, paint, pixels, W * H, 0);
    composition_show_qr(v, &qr, 0);
    assert_true(card(v, paint, pixels, W * H, 5 * NS_PER_S) > before + 10000);
    composition_show_qr(v, &none, 5 * NS_PER_S);
    assert_true(card(v, paint, pixels, W * H, 6 * NS_PER_S) <= before);
    composition_show_qr(v, &none, 7 * NS_PER_S); /* nothing to take away */
    composition_show_qr(v, &qr, 8 * NS_PER_S);
    assert_int_equal(composition_resize(v, 320, 240, 0), 0); /* the window shrank below the code */
    composition_show_qr(v, &vast, 9 * NS_PER_S); /* no longer fits: logged, and left out */
    assert_int_equal(composition_resize(v, W, H, 0), 0);
    assert_true(card(v, paint, pixels, W * H, 12 * NS_PER_S) <= before);
    paint_free(paint);
    composition_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ten_days),
                                       cmocka_unit_test(test_code_at_every_size),
                                       cmocka_unit_test(test_code_taken_away_and_too_long)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
