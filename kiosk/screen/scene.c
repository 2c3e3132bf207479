#include "kiosk/screen/scene.h"

#include "kiosk/screen/scene_window.h"

#include <string.h>

static const char *const names[] = {"window", "lantern", "pictures", "programme"};

int scene_kind_of(const char *name)
{
    for (int k = 0; k < (int)(sizeof names / sizeof *names); k++) {
        if (strcmp(name, names[k]) == 0)
            return k;
    }
    return -1;
}

int64_t scene_draw(const struct scene_state *s, const struct stage *stage, struct scene_time t,
                   struct items *out)
{
    return scene_window(s, stage, t, out);
}
