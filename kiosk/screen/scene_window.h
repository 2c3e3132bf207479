#ifndef PORCHLIGHT_SCREEN_SCENE_WINDOW_H
#define PORCHLIGHT_SCREEN_SCENE_WINDOW_H

#include "kiosk/screen/scene.h"

int64_t scene_window(const struct scene_state *s, const struct stage *stage, struct scene_time t,
                     struct items *out);

#endif
