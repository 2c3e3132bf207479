#ifndef PORCHLIGHT_TESTS_SCREEN_EYE_H
#define PORCHLIGHT_TESTS_SCREEN_EYE_H

#include "kiosk/screen/geometry.h"
#include "tests/unit/screen/picture.h"

/* What an eye of acuity 20/25, CUE_DISTANCE away, makes of a cue: two pictures, one with it and one
 * without, are blurred as that eye blurs them, and compared.
 *
 * An acuity of 20/25 tells two lines apart that are 1.25 minutes of arc apart; as a point spread
 * that is a bell of this width at half its height. Luminances are WCAG 2's, and so is the light
 * that the screen reflects. */
#define EYE_RESOLVES 1.25
#define EYE_SIGMA    (EYE_RESOLVES / 2.355)
#define EYE_REFLECTS 0.05
#define EYE_CONTRAST 1.8 /* least contrast of what counts as part of the cue, and of the whole */
#define EYE_MINUTES  6.0 /* least size */

/* The largest part of a picture that a cue makes lighter, or darker, by enough to be noticed. Gaps
 * that the eye cannot resolve count as part of it. */
struct seen {
    double minutes;  /* the shorter side of its box, minutes of arc */
    double area;     /* of all parts, square minutes */
    double contrast; /* the lesser of: to the picture without the cue, and to what is around it */
};

static inline double eye_ratio(double a, double b)
{
    return ((a > b ? a : b) + EYE_REFLECTS) / ((a > b ? b : a) + EYE_REFLECTS);
}

/* px of a minute of arc. */
static inline double eye_minute(int w, int h, double inches)
{
    return (double)CUE_DISTANCE * tan(M_PI / 10800) * hypot(w, h) / (inches * 25.4);
}

/* Blurs `lines` lines of `count` values, which are `step` apart. Beyond an edge is what is at it.
 */
static inline void eye_pass(const float *from, float *to, int count, int step, int lines,
                            int line_step, double sigma)
{
    enum { REACH = 64 };
    float bell[2 * REACH + 1], sum = 0;
    int reach = (int)fmin(REACH, ceil(2.5 * sigma));
    for (int d = -reach; d <= reach; d++)
        sum += bell[d + reach] = (float)exp(-d * d / (2 * sigma * sigma));
    for (int line = 0; line < lines; line++) {
        for (int k = 0; k < count; k++) {
            float value = 0;
            for (int d = -reach; d <= reach; d++) {
                int at = k + d < 0 ? 0 : k + d >= count ? count - 1 : k + d;
                value += bell[d + reach] * from[line * line_step + at * step];
            }
            to[line * line_step + k * step] = value / sum;
        }
    }
}

/* Luminances as they reach the retina; free them. */
static inline float *eye_look(const struct picture *p, double minute)
{
    size_t n = (size_t)p->w * (size_t)p->h;
    float *sharp = malloc(n * sizeof *sharp), *blurred = malloc(n * sizeof *blurred);
    for (size_t k = 0; k < n; k++)
        sharp[k] = (float)luminance(p->pixels[k]);
    eye_pass(sharp, blurred, p->w, 1, p->h, p->w, EYE_SIGMA * minute);
    eye_pass(blurred, sharp, p->h, p->w, p->w, 1, EYE_SIGMA * minute);
    free(blurred);
    return sharp;
}

/* Marks of a pixel: what the cue makes of it, and whether it is in a part already. */
enum { EYE_SAME, EYE_LIGHTER, EYE_DARKER, EYE_TAKEN };

/* One part: pixels of one mark that are at most `gap` px from each other. */
struct eye_part {
    int x0, y0, x1, y1, count;
    uint8_t mark; /* with EYE_TAKEN */
};

static inline struct eye_part eye_part_at(int w, int h, uint8_t *mark, int first, int gap,
                                          int *queue)
{
    uint8_t kind = mark[first], taken = (uint8_t)(kind + EYE_TAKEN);
    struct eye_part part = {w, h, 0, 0, 0, taken};
    int filled = 0;
    queue[filled++] = first;
    mark[first] = taken;
    for (int next = 0; next < filled; next++) {
        int x = queue[next] % w, y = queue[next] / w;
        part.x0 = x < part.x0 ? x : part.x0;
        part.y0 = y < part.y0 ? y : part.y0;
        part.x1 = x >= part.x1 ? x + 1 : part.x1;
        part.y1 = y >= part.y1 ? y + 1 : part.y1;
        part.count++;
        for (int v = y - gap; v <= y + gap; v++) {
            for (int u = x - gap; u <= x + gap; u++) {
                if (u < 0 || v < 0 || u >= w || v >= h || mark[v * w + u] != kind)
                    continue;
                mark[v * w + u] = taken;
                queue[filled++] = v * w + u;
            }
        }
    }
    return part;
}

/* Mean luminance of a box: of the part, or (`around`) of what the cue does not change. Below 0: of
 * nothing. */
static inline double eye_mean(const float *eye, const uint8_t *mark, int w, int h,
                              struct eye_part box, bool around)
{
    double sum = 0;
    int n = 0;
    for (int y = box.y0 < 0 ? 0 : box.y0; y < box.y1 && y < h; y++) {
        for (int x = box.x0 < 0 ? 0 : box.x0; x < box.x1 && x < w; x++) {
            if (mark[y * w + x] != (around ? EYE_SAME : box.mark))
                continue;
            sum += (double)eye[y * w + x];
            n++;
        }
    }
    return n > 0 ? sum / n : -1;
}

/* The contrast of a part to the strip of 3 minutes on that side of it where it is greatest: mist
 * goes from one edge of the picture to the other. */
static inline double eye_around(const float *eye, const uint8_t *mark, int w, int h,
                                struct eye_part box, double minute)
{
    int reach = (int)ceil(3 * minute);
    double within = eye_mean(eye, mark, w, h, box, false), best = 1;
    for (int side = 0; side < 4; side++) {
        struct eye_part strip = box;
        int *far[] = {&strip.x0, &strip.y0, &strip.x1, &strip.y1};
        int edge[] = {box.x0, box.y0, box.x1, box.y1}, away = side < 2 ? -reach : reach;
        *far[side] = edge[side] + away;
        *far[(side + 2) % 4] = edge[side];
        double beside = eye_mean(eye, mark, w, h, strip, true);
        if (beside >= 0)
            best = fmax(best, eye_ratio(within, beside));
    }
    return best;
}

/* Compares two pictures as they reach the eye. */
static inline struct seen eye_compare(const float *with, const float *without, int w, int h,
                                      double minute)
{
    int n = w * h, gap = 1 + (int)(EYE_RESOLVES / 2 * minute);
    uint8_t *mark = calloc((size_t)n, 1);
    int *queue = malloc((size_t)n * sizeof *queue);
    struct eye_part best = {0};
    struct seen seen = {0};
    for (int k = 0; k < n; k++)
        mark[k] = eye_ratio((double)with[k], (double)without[k]) < EYE_CONTRAST ? EYE_SAME
                  : with[k] > without[k]                                        ? EYE_LIGHTER
                                                                                : EYE_DARKER;
    for (int k = 0; k < n; k++) {
        if (mark[k] == EYE_SAME || mark[k] >= EYE_TAKEN)
            continue;
        struct eye_part part = eye_part_at(w, h, mark, k, gap, queue);
        seen.area += part.count / (minute * minute);
        if (part.count > best.count)
            best = part;
    }
    if (best.count > 0) {
        int wide = best.x1 - best.x0, tall = best.y1 - best.y0;
        double change = eye_ratio(eye_mean(with, mark, w, h, best, false),
                                  eye_mean(without, mark, w, h, best, false));
        seen.minutes = (wide < tall ? wide : tall) / minute;
        seen.contrast = fmin(change, fmax(eye_around(with, mark, w, h, best, minute),
                                          eye_around(without, mark, w, h, best, minute)));
    }
    free(mark);
    free(queue);
    return seen;
}

#endif
