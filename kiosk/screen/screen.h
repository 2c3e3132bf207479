#ifndef PORCHLIGHT_SCREEN_SCREEN_H
#define PORCHLIGHT_SCREEN_SCREEN_H

#include "kiosk/screen/options.h"

/* The running program: settings, composition, display, the connection to porchlightd, and one loop
 * over all of it. */
struct screen;

/* `o` is borrowed; `signals` is daemon_signals', which screen_free closes. NULL with errno. */
struct screen *screen_new(const struct options *o, int signals);
void screen_free(struct screen *s); /* NULL is safe */

/* Whether the config wants a screen at all: scene = none is for a kiosk without one. */
bool screen_wanted(const struct screen *s);

/* Until SIGTERM or SIGINT, or until the config says that there is no screen. SIGHUP: settings
 * again. SIGUSR1: a picture into --pictures-to. 0, or -1 when it cannot go on. */
int screen_run(struct screen *s);

/* One picture into o->snapshot. 0, or -1 after an error in the log. */
int screen_snapshot(struct screen *s);

#endif
