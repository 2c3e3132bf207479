#ifndef PORCHLIGHT_SCREEN_COMPOSITION_H
#define PORCHLIGHT_SCREEN_COMPOSITION_H

#include "kiosk/common/messages.h"
#include "kiosk/screen/options.h"
#include "kiosk/screen/settings.h"

/* The picture of a moment: settings, cue, clock and what the host gives, made into a list of items.
 * Knows nothing of a display. Times are ns of CLOCK_MONOTONIC. */
struct composition;

/* `o` and `s` are borrowed and outlive it. NULL: no memory. */
struct composition *composition_new(const struct options *o, const struct settings *s, int64_t now);
void composition_free(struct composition *c); /* NULL is safe */

/* The size to draw for, px. 0, or -1 with errno: nothing has changed. */
int composition_resize(struct composition *c, int w, int h);

/* What *s says is another since. 0, or -1 with errno. */
int composition_apply_settings(struct composition *c);

void composition_show_cue(struct composition *c, const struct cue *cue, int64_t now);

/* A code over the picture for so long, or (0 seconds) away with it. */
void composition_show_qr(struct composition *c, const struct screen_qr *qr, int64_t now);

/* Makes the picture of now; the list is the view's own and stands until the next call. How long it
 * lasts (ns) in *lasts. */
const struct items *composition_compose(struct composition *c, int64_t now, int64_t *lasts);

/* What is written in it. */
const struct scene_words *composition_words(const struct composition *c);

/* How bright it is to be now, 0 (quiet hours) to 1, never changing fast. `lamp`: a lamp of the
 * panel's own does it. Called after composition_compose. */
float composition_light(struct composition *c, bool lamp, int64_t now);

#endif
