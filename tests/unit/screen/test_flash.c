/* WCAG 2.3.1: a flash is a pair of opposing changes of relative luminance of 10 % or more, where
 * the darker state is below 0.80. Allowed are three a second; here the number is zero, over a
 * whole day with every cue in it and in every part of the picture. */

#include "tests/unit/screen/picture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

enum { W = 320, H = 180, SIDE = 10, BLOCKS = (W / SIDE) * (H / SIDE) };

/* For one block: the last turning point and the way it went from there. */
struct watch {
    double turn, peak;
    int way;           /* 1 brighter, -1 darker, 0 not known */
    int64_t left_at;   /* when it was last at `turn`: the change began then */
    int64_t turned_at; /* when it was last at `peak` */
};

/* Feeds one luminance; 1 when it closes a pair of opposing changes that began and ended within a
 * second: what swells for longer is no flash. */
static int watch_feed(struct watch *w, double l, int64_t at)
{
    int flash = 0;
    if (w->way == 0 && w->turn <= 0 && w->peak <= 0) {
        w->turn = w->peak = l;
        w->left_at = w->turned_at = at;
        return 0;
    }
    if (fabs(w->peak - w->turn) < 0.10 && fabs(l - w->turn) < 0.01)
        w->left_at = at;
    if (fabs(l - w->peak) < 0.01)
        w->turned_at = at;
    int way = l > w->peak ? 1 : l < w->peak ? -1 : w->way;
    if (way == w->way || fabs(l - w->peak) < 0.10) {
        if ((w->way >= 0 && l > w->peak) || (w->way <= 0 && l < w->peak)) {
            w->peak = l;
            w->turned_at = at;
            w->way = fabs(l - w->turn) >= 0.10 ? (l > w->turn ? 1 : -1) : w->way;
        }
        return 0;
    }
    double darker = fmin(l, w->peak);
    if (fabs(w->peak - w->turn) >= 0.10 && darker < 0.80 && at - w->left_at <= NS_PER_S)
        flash = 1;
    w->turn = w->peak;
    w->left_at = w->turned_at;
    w->peak = l;
    w->way = way;
    w->turned_at = at;
    return flash;
}

/* The next picture over the last: only what changed is painted, as on a real screen. */
static size_t update(struct picture *p, struct items *was, int64_t wall, int64_t run,
                     struct box part[ITEMS_DIRTY])
{
    struct scene_time t = {.wall = wall * NS_PER_S, .run = run};
    cue_fade_step(&p->state.cue, run);
    scene_draw(&p->state, p->geometry, t, p->items);
    text_set(p->text, p->items);
    size_t n = items_changed(was, p->items, part);
    for (size_t k = 0; k < n; k++) {
        for (int y = part[k].y0; y < part[k].y1; y += PAINT_ROWS) {
            struct box b = part[k];
            b.y0 = y;
            b.y1 = y + PAINT_ROWS < part[k].y1 ? y + PAINT_ROWS : part[k].y1;
            const uint32_t *rows = paint_band(p->paint, p->items, b, 1);
            for (int row = b.y0; row < b.y1; row++)
                memcpy(p->pixels + row * W + b.x0, rows + (row - b.y0) * (b.x1 - b.x0),
                       sizeof *rows * (size_t)(b.x1 - b.x0));
        }
    }
    memcpy(was, p->items, sizeof *was);
    return n;
}

/* Of the blocks that a part touches; the others keep their light. */
static void block_light(const struct picture *p, struct box part, double out[BLOCKS])
{
    for (int b = 0; b < BLOCKS; b++) {
        int bx = b % (W / SIDE) * SIDE, by = b / (W / SIDE) * SIDE;
        struct box block = {bx, by, bx + SIDE, by + SIDE};
        double sum = 0;
        if (box_empty(box_meet(block, part)))
            continue;
        for (int y = by; y < by + SIDE; y++) {
            for (int x = bx; x < bx + SIDE; x++)
                sum += luminance(p->pixels[y * W + x]);
        }
        out[b] = sum / (SIDE * SIDE);
    }
}

/* From midnight to midnight in steps of `far`, and at each four frames a quarter of a second apart,
 * with another cue each minute of looking. */
static int flashes_of_day(enum scene_kind kind, struct text *text, int64_t far)
{
    static const uint32_t signs[] = {0,
                                     CUE_SENSED,
                                     CUE_ACCEPTED | CUE_SEEN,
                                     CUE_NO_PATH,
                                     CUE_DRILL | CUE_LAN_ONLY,
                                     CUE_NOBODY | CUE_FAULT};
    static struct watch watches[BLOCKS];
    static struct items was;
    static double light[BLOCKS];
    struct box part[ITEMS_DIRTY];
    struct picture p;
    int flashes = 0, step = 0, every = far > 1 ? 1 : 17;
    memset(watches, 0, sizeof watches);
    memset(&was, 0, sizeof was);
    picture_open(&p, kind, W, H, text, 15);
    struct language english;
    language_default(&english);
    for (int64_t s = 0; s < 86400; s += far, step++) {
        struct cue cue = {.signs = signs[step / every % 6], .seen = 5, .safe = 3};
        for (int frame = 0; frame < 4; frame++) {
            int64_t run = s * NS_PER_S + frame * (NS_PER_S / 4), wall = 1779393600 + s;
            struct tm local = {.tm_hour = (int)(s / 3600), .tm_min = (int)(s / 60 % 60)};
            p.state.words = words_at(&english, 1, &local, wall, 0.25 * frame, true);
            if (frame == 1 && step % every == 0)
                cue_fade_to(&p.state.cue, &cue, run);
            size_t n = update(&p, &was, wall, run, part);
            for (size_t k = 0; k < n; k++)
                block_light(&p, part[k], light);
            for (int b = 0; b < BLOCKS; b++)
                flashes += watch_feed(&watches[b], light[b], run);
        }
    }
    picture_close(&p);
    return flashes;
}

static void test_day(void **state)
{
    (void)state;
    const char *all = getenv("PORCHLIGHT_WHOLE_DAY");
    int64_t far = all != NULL ? 1 : 240;
    struct text *text = text_new(NULL);
    for (int k = SCENE_WINDOW; k <= SCENE_PROGRAMME; k++) {
        int flashes = flashes_of_day((enum scene_kind)k, text, far);
        print_message("# scene %d: %d flashes in %d frames\n", k, flashes, (int)(86400 / far) * 4);
        assert_int_equal(flashes, 0);
    }
    text_free(text);
}

/* The counter itself: what blinks is counted, what breathes is not. */
static void test_counter(void **state)
{
    (void)state;
    struct watch blink = {.way = 0}, slow = {.way = 0}, faint = {.way = 0}, once = {.way = 0};
    int blinks = 0, slows = 0, faints = 0, onces = 0;
    for (int k = 0; k < 40; k++) {
        int64_t at = k * NS_PER_S / 4;
        onces += watch_feed(&once, k == 20 || k == 21 ? 0.6 : 0.3, at);
        blinks += watch_feed(&blink, k % 2 ? 0.7 : 0.3, at);
        slows += watch_feed(&slow, 0.5 + 0.3 * sin(k * 0.3), at);
        faints += watch_feed(&faint, k % 2 ? 0.52 : 0.48, at);
    }
    assert_true(blinks > 30);
    assert_int_equal(onces, 1);
    assert_int_equal(slows, 0);
    assert_int_equal(faints, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_counter), cmocka_unit_test(test_day)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
