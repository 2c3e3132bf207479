#include "kiosk/screen/scene.h"

#include "kiosk/screen/scene_kinds.h"

#include <string.h>

static const char *const names[] = {"window", "lantern", "pictures", "programme"};

/* Where nothing moves but the clock, one look a second is enough. */
#define STILL_STEP (INT64_C(1000) * 1000000)

typedef int64_t scene_fn(const struct scene_state *s, const struct geometry *geometry,
                         struct scene_time t, struct items *out);
static scene_fn *const scenes[] = {
    [SCENE_WINDOW] = scene_window,
    [SCENE_LANTERN] = scene_lantern,
    [SCENE_PICTURES] = scene_pictures,
    [SCENE_PROGRAMME] = scene_programme,
};

int scene_kind_of(const char *name)
{
    for (int k = 0; k < (int)(sizeof names / sizeof *names); k++) {
        if (strcmp(name, names[k]) == 0)
            return k;
    }
    return -1;
}

int64_t scene_draw(const struct scene_state *s, const struct geometry *geometry,
                   struct scene_time t, struct items *out)
{
    int64_t lasts = scenes[s->kind](s, geometry, t, out);
    bool still =
        s->reduced_motion && !s->cue.moving && s->words.alpha >= 1 && s->kind != SCENE_PICTURES;
    return still ? STILL_STEP - t.run % STILL_STEP : lasts;
}
