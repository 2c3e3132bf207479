#include "kiosk/screen/tone.h"

#include <math.h>

#define REFLECTED 0.05f /* WCAG 2 */
#define TURN      0.11f /* luminance of a background on which dark and light are as easily seen */
#define TURN_OVER 0.012f

/* sRGB's curve, near enough for a colour that has a margin. */
static float tone_linear(float v)
{
    return powf(fmaxf(v, 0) / 255, 2.2f);
}

static float tone_byte(float v)
{
    return 255 * powf(fminf(fmaxf(v, 0), 1), 1 / 2.2f);
}

/* Relative luminance (WCAG 2), 0 black to 1 white. */
static float tone_luminance(struct ink i)
{
    return 0.2126f * tone_linear(i.r) + 0.7152f * tone_linear(i.g) + 0.0722f * tone_linear(i.b);
}

/* A colour of this luminance, between the hue and that of the background: then no channel of a
 * pixel changes more than it has to. */
static struct ink tone_at(struct ink background, struct ink hue, float luminance)
{
    hue = ink_mix(hue, background, 0.5f);
    float own = tone_luminance(hue), want = fminf(fmaxf(luminance, 0), 1);
    float keep = want <= own ? want / fmaxf(own, 1e-4f) : (1 - want) / fmaxf(1 - own, 1e-4f);
    float white = want <= own ? 0 : 1 - keep;
    return (struct ink){tone_byte(tone_linear(hue.r) * keep + white),
                        tone_byte(tone_linear(hue.g) * keep + white),
                        tone_byte(tone_linear(hue.b) * keep + white), 1};
}

struct ink tone_darker(struct ink background, struct ink hue, float contrast)
{
    return tone_at(background, hue,
                   (tone_luminance(background) + REFLECTED) / contrast - REFLECTED);
}

struct ink tone_lighter(struct ink background, struct ink hue, float contrast)
{
    return tone_at(background, hue,
                   (tone_luminance(background) + REFLECTED) * contrast - REFLECTED);
}

static struct ink tone_turned(struct ink background, struct ink dark, struct ink light,
                              float contrast, float turn)
{
    float t = (tone_luminance(background) - turn) / TURN_OVER + 0.5f;
    return ink_mix(tone_lighter(background, light, contrast),
                   tone_darker(background, dark, contrast), fminf(fmaxf(t, 0), 1));
}

struct ink tone_against(struct ink background, struct ink dark, struct ink light, float contrast)
{
    return tone_turned(background, dark, light, contrast, TURN);
}

void tone_halves(struct ink background, struct ink dark, struct ink light, float contrast,
                 struct ink half[2])
{
    half[0] = tone_turned(background, dark, light, contrast, TURN);
    half[1] = tone_turned(background, dark, light, contrast, TURN + 1.5f * TURN_OVER);
}
