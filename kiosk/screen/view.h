#ifndef PORCHLIGHT_SCREEN_VIEW_H
#define PORCHLIGHT_SCREEN_VIEW_H

#include "kiosk/common/messages.h"
#include "kiosk/screen/options.h"
#include "kiosk/screen/settings.h"

/* The picture of a moment: settings, cue, clock and what the host gives, made into a list of items.
 * Knows nothing of a display. Times are ns of CLOCK_MONOTONIC. */
struct view;

/* `o` and `s` are borrowed and outlive it. NULL: no memory. */
struct view *view_new(const struct options *o, const struct settings *s, int64_t now);
void view_free(struct view *v); /* NULL is safe */

/* The size to draw for, px. 0, or -1 with errno: nothing has changed. */
int view_fit(struct view *v, int w, int h);

/* What *s says is another since. 0, or -1 with errno. */
int view_settle(struct view *v);

void view_cue(struct view *v, const struct cue *cue, int64_t now);

/* A code over the picture for so long, or (0 seconds) away with it. */
void view_qr(struct view *v, const struct screen_qr *qr, int64_t now);

/* Makes the picture of now; the list is the view's own and stands until the next call. How long it
 * lasts (ns) in *lasts. */
const struct items *view_compose(struct view *v, int64_t now, int64_t *lasts);

/* What is written in it. */
const struct scene_words *view_words(const struct view *v);

/* How bright it is to be now, 0 (quiet hours) to 1, never changing fast. `lamp`: a lamp of the
 * panel's own does it. Called after view_compose. */
float view_light(struct view *v, bool lamp, int64_t now);

#endif
