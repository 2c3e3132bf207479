#ifndef PORCHLIGHT_SCREEN_MEDIA_H
#define PORCHLIGHT_SCREEN_MEDIA_H

#include "kiosk/screen/scene.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* The host's own files: photos, shown one after another, and the day's programme, read again when
 * it changes. */
struct media;

/* Either path may be empty. NULL: no memory. */
struct media *media_new(const char *pictures, const char *programme);
void media_free(struct media *m);

/* Each photo stays MEDIA_TURN and fades into the next in MEDIA_FADE, ns. */
#define MEDIA_TURN (INT64_C(45) * 1000000000)
#define MEDIA_FADE (INT64_C(6) * 1000000000)

/* Updates state to `run` (ns of a clock that never jumps) and local time. `room`: for photos. */
void media_update(struct media *m, struct scene_state *state, struct box room, int64_t run,
                  const struct tm *local, bool known);

#endif
