#ifndef PORCHLIGHT_SCREEN_SCENE_KINDS_H
#define PORCHLIGHT_SCREEN_SCENE_KINDS_H

#include "kiosk/screen/scene.h"

/* One function a scene: one file each, one line in scene.c's table. */
int64_t scene_window(const struct scene_state *s, const struct geometry *geometry,
                     struct scene_time t, struct items *out);
int64_t scene_lantern(const struct scene_state *s, const struct geometry *geometry,
                      struct scene_time t, struct items *out);
int64_t scene_pictures(const struct scene_state *s, const struct geometry *geometry,
                       struct scene_time t, struct items *out);
int64_t scene_programme(const struct scene_state *s, const struct geometry *geometry,
                        struct scene_time t, struct items *out);

#endif
