/* The stranger's test in numbers: across every change of the cue, no part of the picture changes
 * more within two seconds than the scene's own drift changes it. */

#include "tests/unit/rows.h"
#include "tests/unit/screen/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { W = 480, H = 270, SIDE = 6, STEPS = 26, BLOCKS = (W / SIDE) * (H / SIDE) };
#define STEP (NS_PER_S / 2)

static const struct cue cues[] = {
    {0},
    {CUE_SENSED, 0, 0, 0},
    {CUE_ACCEPTED, 0, 0, 0},
    {CUE_LAN_ONLY, 0, 0, 0},
    {CUE_ACCEPTED | CUE_SEEN, 9, 9, 0},
    {CUE_ACCEPTED | CUE_NOBODY, 0, 0, 0},
    {CUE_NO_PATH | CUE_RELAY_DEAD, 0, 0, 0},
    {CUE_FAULT, 0, 0, 0},
    {CUE_DRILL | CUE_ACCEPTED | CUE_SEEN, 4, 2, 0},
};
enum { CUES = sizeof cues / sizeof *cues };

/* 2026-05-22 at Baku: dawn, noon, dusk, night. */
static const int64_t moments[] = {1779413400, 1779437400, 1779464400, 1779480000};

static float blocks[STEPS + 4][3 * BLOCKS];

/* The largest change over two seconds while the cue goes from a to b (b drawn from step 2 on). */
static float change(struct picture *p, int64_t at, const struct cue *a, const struct cue *b,
                    int64_t from)
{
    float most = 0;
    cue_fade_start(&p->state.cue, a, from);
    for (int k = 0; k < STEPS; k++) {
        int64_t run = from + k * STEP;
        if (k == 2)
            cue_fade_to(&p->state.cue, b, run);
        picture_draw(p, at + run / NS_PER_S, run);
        picture_blocks(p, SIDE, blocks[k]);
        for (int back = 1; back <= 4 && back <= k; back++)
            most = fmaxf(most, blocks_apart(blocks[k], blocks[k - back], BLOCKS));
    }
    return most;
}

static void stranger_on(enum scene_kind kind, float inches)
{
    struct picture p;
    float closest = 0;
    picture_open(&p, kind, W, H, NULL, inches);
    EACH_ROW (m, moments, NULL) {
        float own = 0;
        for (int k = 0; k < 4; k++)
            own = fmaxf(own, change(&p, moments[m], &cues[0], &cues[0], k * 13 * NS_PER_S));
        for (int c = 1; c < CUES; c++) {
            float in = change(&p, moments[m], &cues[0], &cues[c], 0);
            float out = change(&p, moments[m], &cues[c], &cues[0], 0);
            if (in > own || out > own)
                fail_msg("scene %d on %.0f inches, moment %zu, cue %d: comes with a change of "
                         "%.1f, goes with %.1f, own drift %.1f",
                         kind, (double)inches, m, c, (double)in, (double)out, (double)own);
            closest = fmaxf(closest, fmaxf(in, out) / own);
        }
    }
    print_message("# on %.0f inches, largest change at a cue: %.2f of the scene's own drift\n",
                  (double)inches, (double)closest);
    picture_close(&p);
}

static void stranger(enum scene_kind kind)
{
    stranger_on(kind, 15);
    stranger_on(kind, 7);
}

/* That the measure sees what a stranger would see: a cue at once, not over ten seconds. */
static void test_measure(void **state)
{
    (void)state;
    struct picture p;
    float before[3 * BLOCKS], after[3 * BLOCKS];
    picture_open(&p, SCENE_WINDOW, W, H, NULL, 15);
    float own = change(&p, moments[1], &cues[0], &cues[0], 0);
    cue_fade_start(&p.state.cue, &cues[0], 0);
    picture_draw(&p, moments[1], 0);
    picture_blocks(&p, SIDE, before);
    cue_fade_start(&p.state.cue, &cues[4], 0);
    picture_draw(&p, moments[1], 0);
    picture_blocks(&p, SIDE, after);
    assert_true(blocks_apart(before, after, BLOCKS) > 1.5f * own);
    picture_close(&p);
}

static void test_window(void **state)
{
    (void)state;
    stranger(SCENE_WINDOW);
}

static void test_lantern(void **state)
{
    (void)state;
    stranger(SCENE_LANTERN);
}

static void test_pictures(void **state)
{
    (void)state;
    stranger(SCENE_PICTURES);
}

static void test_programme(void **state)
{
    (void)state;
    stranger(SCENE_PROGRAMME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measure), cmocka_unit_test(test_window),
        cmocka_unit_test(test_lantern), cmocka_unit_test(test_pictures),
        cmocka_unit_test(test_programme)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
