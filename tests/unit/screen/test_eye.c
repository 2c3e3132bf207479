/* Staff read every cue from the counter: in each scene, at each hour, on panels from 7 to 32
 * inches, what tells it is at least 6 minutes of arc in size and has a contrast of at least 1.8. A
 * fault is at least as large as good news. The table goes to build/cue-eye.txt. */

#include "kiosk/screen/sun.h"
#include "tests/unit/rows.h"
#include "tests/unit/screen/eye.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>

#include <cmocka.h>

#define OUT CUE_ACCEPTED

static const struct {
    const char *name;
    struct cue with, without;
    bool fault, good;
} cues[] = {
    {"sensed", {CUE_SENSED, 0, 0, 0}, {0}, false, false},
    {"accepted", {OUT, 0, 0, 0}, {0}, false, true},
    {"lan-only", {CUE_LAN_ONLY, 0, 0, 0}, {0}, true, false},
    {"seen: one", {OUT | CUE_SEEN, 1, 0, 20}, {OUT, 0, 0, 20}, false, true},
    {"seen: some", {OUT | CUE_SEEN, 5, 0, 20}, {OUT | CUE_SEEN, 1, 0, 20}, false, false},
    {"seen: most", {OUT | CUE_SEEN, 15, 0, 20}, {OUT | CUE_SEEN, 5, 0, 20}, false, false},
    {"safe: one", {OUT | CUE_SEEN, 15, 1, 20}, {OUT | CUE_SEEN, 15, 0, 20}, false, true},
    {"safe: some", {OUT | CUE_SEEN, 15, 5, 20}, {OUT | CUE_SEEN, 15, 1, 20}, false, false},
    {"safe: most", {OUT | CUE_SEEN, 15, 15, 20}, {OUT | CUE_SEEN, 15, 5, 20}, false, false},
    {"nobody", {OUT | CUE_NOBODY, 0, 0, 0}, {OUT, 0, 0, 0}, true, false},
    {"no-path", {CUE_NO_PATH, 0, 0, 0}, {0}, true, false},
    {"relay-dead", {CUE_RELAY_DEAD, 0, 0, 0}, {0}, true, false},
    {"fault", {CUE_FAULT, 0, 0, 0}, {0}, true, false},
    {"drill", {CUE_DRILL | OUT, 0, 0, 0}, {OUT, 0, 0, 0}, false, false},
};
static const char *const scenes[] = {"window", "lantern", "pictures", "programme"};
enum { CUES = sizeof cues / sizeof *cues, SCENES = 4 };

/* 2026-05-22 at Baku, where the sun sets at 20:00; and a winter's noon. */
static const struct {
    const char *hour;
    int64_t at;
} hours[] = {{"05:00", 1779411600}, {"05:30", 1779413400}, {"08:00", 1779422400},
             {"12:10", 1779437400}, {"18:30", 1779460200}, {"19:40", 1779464400},
             {"20:25", 1779467100}, {"23:50", 1779479400}, {"winter", 1797840000}};

/* Diagonal, and a picture of the panel's shape: as large as the eye needs it. */
static const struct {
    const char *name;
    float inches;
    int w, h;
} panels[] = {{"7", 7, 400, 240},      {"7 standing", 7, 240, 400}, {"10", 10.1f, 400, 250},
              {"15", 15.6f, 480, 270}, {"24", 24, 640, 360},        {"24 standing", 24, 360, 640},
              {"32", 32, 800, 450}};

struct tally {
    FILE *table;
    int rows, bad, weak;
    struct seen least;
};

static void seen_row(struct tally *t, size_t cue, enum scene_kind kind, const char *hour,
                     size_t panel, const struct seen *seen)
{
    bool bad = seen->minutes < EYE_MINUTES || seen->contrast < EYE_CONTRAST;
    fprintf(t->table, "%-11s %-10s %-7s %-12s %8.1f %10.2f %7.0f%s\n", cues[cue].name, scenes[kind],
            hour, panels[panel].name, seen->minutes, seen->contrast, seen->area,
            bad ? "  under the limits" : "");
    if (bad && t->bad++ < 12)
        print_error("%s, %s at %s on %s inches: %.1f minutes, contrast %.2f\n", cues[cue].name,
                    scenes[kind], hour, panels[panel].name, seen->minutes, seen->contrast);
    t->least.minutes = fmin(t->least.minutes, seen->minutes);
    t->least.contrast = fmin(t->least.contrast, seen->contrast);
    t->rows++;
}

/* Pictures of one moment as they reach the eye, by what is in their cue. */
struct looks {
    struct cue cue[2 * CUES];
    float *eye[2 * CUES];
    size_t count;
};

static const float *look_at(struct looks *l, struct picture *p, const struct cue *cue, int64_t at,
                            double minute)
{
    for (size_t k = 0; k < l->count; k++)
        if (memcmp(&l->cue[k], cue, sizeof *cue) == 0)
            return l->eye[k];
    cue_fade_start(&p->state.cue, cue, 0);
    picture_draw(p, at, (at % 86400) * NS_PER_S);
    l->cue[l->count] = *cue;
    l->eye[l->count] = eye_look(p, minute);
    return l->eye[l->count++];
}

/* A fault must not be overlooked where good news is not. */
static void compare_sizes(const struct seen seen[CUES], enum scene_kind kind, const char *hour,
                          size_t panel, int *weak)
{
    double fault = 1e9, good = 1e9;
    for (size_t c = 0; c < CUES; c++) {
        if (cues[c].fault)
            fault = fmin(fault, seen[c].area);
        if (cues[c].good)
            good = fmin(good, seen[c].area);
    }
    if (fault < good && (*weak)++ < 6)
        print_error("%s at %s on %s inches: a fault has %.0f square minutes, good news %.0f\n",
                    scenes[kind], hour, panels[panel].name, fault, good);
}

/* Every cue at one moment. `hour` is the moment's name in the table. */
static void see_moment(struct tally *t, struct picture *p, size_t panel, const char *hour,
                       int64_t at)
{
    double minute = eye_minute(p->w, p->h, (double)panels[panel].inches);
    struct seen seen[CUES];
    struct looks looks = {.count = 0};
    for (size_t c = 0; c < CUES; c++) {
        seen[c] = eye_compare(look_at(&looks, p, &cues[c].with, at, minute),
                              look_at(&looks, p, &cues[c].without, at, minute), p->w, p->h, minute);
        seen_row(t, c, p->state.kind, hour, panel, &seen[c]);
    }
    compare_sizes(seen, p->state.kind, hour, panel, &t->weak);
    while (looks.count > 0)
        free(looks.eye[--looks.count]);
}

static void table_open(struct tally *t, const char *path)
{
    *t = (struct tally){.least = {.minutes = 1e9, .contrast = 1e9}};
    mkdir("build", 0777);
    t->table = fopen(path, "w");
    assert_non_null(t->table);
    fprintf(t->table, "%-11s %-10s %-7s %-12s %8s %10s %7s\n", "cue", "scene", "hour", "panel",
            "minutes", "contrast", "area");
}

static void table_close(struct tally *t, const char *path)
{
    fclose(t->table);
    print_message("# %d rows in %s: at least %.1f minutes of arc, contrast %.2f\n", t->rows, path,
                  t->least.minutes, t->least.contrast);
    assert_int_equal(t->bad, 0);
    assert_int_equal(t->weak, 0);
}

static void test_every_cue_is_seen(void **state)
{
    (void)state;
    struct tally t;
    table_open(&t, "build/cue-eye.txt");
    EACH_ROW (panel, panels, panels[panel].name) {
        for (int kind = 0; kind < SCENES; kind++) {
            struct picture p;
            picture_open(&p, (enum scene_kind)kind, panels[panel].w, panels[panel].h, NULL,
                         panels[panel].inches);
            EACH_ROW (hour, hours, hours[hour].hour)
                see_moment(&t, &p, panel, hours[hour].hour, hours[hour].at);
            picture_close(&p);
        }
    }
    table_close(&t, "build/cue-eye.txt");
}

/* The days of the long run: 2026-05-22 and 2026-12-21 at Baku, from midnight there. */
static const int64_t days[] = {1779393600, 1797796800};

/* While colours turn, each minute; else what changes are the moon and the drift alone. */
static int64_t next_look(int64_t at)
{
    double altitude = sun_place(at * NS_PER_S, 40.41, 49.87).altitude;
    return at + (altitude > -14 && altitude < 16 ? 60 : 1200);
}

/* Both days by the minute, in the scene and on the panel that PORCHLIGHT_EYE names by number, such
 * as "1 4": tests/long runs them side by side. "1 4 240 300" looks at the hour from 04:00 alone. */
static void test_every_minute_of_two_days(void **state)
{
    (void)state;
    const char *which = getenv("PORCHLIGHT_EYE");
    int kind, panel, from = 0, to = 1440;
    assert_non_null(which);
    assert_in_range(sscanf(which, "%d %d %d %d", &kind, &panel, &from, &to), 2, 4);
    assert_in_range(kind, 0, SCENES - 1);
    assert_in_range(panel, 0, sizeof panels / sizeof *panels - 1);
    struct tally t;
    char path[64];
    struct picture p;
    snprintf(path, sizeof path, "build/cue-eye-%d-%d.txt", kind, panel);
    table_open(&t, path);
    picture_open(&p, (enum scene_kind)kind, panels[panel].w, panels[panel].h, NULL,
                 panels[panel].inches);
    EACH_ROW (day, days, NULL) {
        for (int64_t at = days[day] + from * 60; at < days[day] + to * 60; at = next_look(at)) {
            char hour[16];
            int minutes = (int)(at - days[day]) / 60;
            snprintf(hour, sizeof hour, "%02d:%02d", minutes / 60, minutes % 60);
            see_moment(&t, &p, (size_t)panel, hour, at);
        }
    }
    picture_close(&p);
    table_close(&t, path);
}

/* At dawn and dusk what is dark by day turns light. Minute by minute it can be seen: a fault that
 * cannot would be taken for none. */
static void test_cues_are_seen_while_they_turn(void **state)
{
    (void)state;
    static const struct cue quiet = {0}, out = {OUT, 0, 0, 20}, drill = {CUE_DRILL | OUT, 0, 0, 20},
                            fault = {CUE_FAULT, 0, 0, 0}, bird = {OUT | CUE_SEEN, 1, 0, 20};
    static const struct {
        const char *name;
        const struct cue *with, *without;
    } turning[] = {{"fault", &fault, &quiet}, {"seen: one", &bird, &out}, {"drill", &drill, &out}};
    /* 03:45 to 05:15, and 20:05 to 21:35. */
    static const int64_t from[] = {1779407100, 1779465900};
    enum { STEP = 40, HOUR_AND_HALF = 5400 };
    struct picture p;
    double minute = eye_minute(400, 240, 7);
    int bad = 0;
    picture_open(&p, SCENE_WINDOW, 400, 240, NULL, 7);
    for (int64_t k = 0; k < 2 * HOUR_AND_HALF; k += STEP) {
        int64_t at = from[k / HOUR_AND_HALF] + k % HOUR_AND_HALF;
        struct looks looks = {.count = 0};
        EACH_ROW (c, turning, turning[c].name) {
            struct seen seen =
                eye_compare(look_at(&looks, &p, turning[c].with, at, minute),
                            look_at(&looks, &p, turning[c].without, at, minute), p.w, p.h, minute);
            if ((seen.minutes < EYE_MINUTES || seen.contrast < EYE_CONTRAST) && bad++ < 12)
                print_error("%s at second %d of the day: %.1f minutes, contrast %.2f\n",
                            turning[c].name, (int)((at + 4 * 3600) % 86400), seen.minutes,
                            seen.contrast);
        }
        while (looks.count > 0)
            free(looks.eye[--looks.count]);
    }
    picture_close(&p);
    assert_int_equal(bad, 0);
}

/* The measure itself: a grey square of known size and contrast on a grey picture, and lines that
 * this eye cannot tell apart. */
static void test_measure(void **state)
{
    (void)state;
    enum { W = 200, H = 100, MINUTE = 4 };
    static uint32_t pixels[2][W * H];
    struct picture p = {.w = W, .h = H};
    float *eye[2];
    for (int k = 0; k < W * H; k++) {
        int x = k % W, y = k / W;
        bool square = x >= 60 && x < 92 && y >= 30 && y<62, line = x> 120 && y % 4 == 0;
        pixels[0][k] = square ? 0xffc8c8c8 : line ? 0xff888888 : 0xff808080;
        pixels[1][k] = 0xff808080;
    }
    for (int k = 0; k < 2; k++) {
        p.pixels = pixels[k];
        eye[k] = eye_look(&p, MINUTE);
    }
    struct seen seen = eye_compare(eye[0], eye[1], W, H, MINUTE);
    assert_true(fabs(seen.minutes - 8) < 0.8);
    assert_true(seen.contrast > 2.0 && seen.contrast < 2.4);
    seen = eye_compare(eye[1], eye[1], W, H, MINUTE);
    assert_true(seen.minutes <= 0);
    free(eye[0]);
    free(eye[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_measure),
                                       cmocka_unit_test(test_cues_are_seen_while_they_turn),
                                       cmocka_unit_test(test_every_cue_is_seen)},
                            whole[] = {cmocka_unit_test(test_every_minute_of_two_days)};
    if (getenv("PORCHLIGHT_EYE"))
        return cmocka_run_group_tests(whole, NULL, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
