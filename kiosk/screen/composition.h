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

/* The size to draw for: px, and the monitor's diagonal in inches (0: unknown), which option and
 * config override. 0, or -1 with errno; then nothing has changed. */
int composition_resize(struct composition *c, int w, int h, float inches);

/* Call it after *s has changed. 0, or -1 with errno. */
int composition_apply_settings(struct composition *c);

void composition_show_cue(struct composition *c, const struct cue *cue, int64_t now);

/* Shows a QR code over the picture for qr->seconds, or (0 seconds) removes it. */
void composition_show_qr(struct composition *c, const struct screen_qr *qr, int64_t now);

/* Makes the picture for `now`. The list belongs to the composition and is valid until the next
 * call. *lasts: for how long (ns) the picture stays the same. */
const struct items *composition_compose(struct composition *c, int64_t now, int64_t *lasts);

/* The words in that picture. */
const struct scene_words *composition_words(const struct composition *c);

/* How bright the picture should be now, 0 (quiet hours) to 1; it never changes fast. `lamp`: the
 * panel's backlight does the dimming. Call it after composition_compose. */
float composition_light(struct composition *c, bool lamp, int64_t now);

#endif
