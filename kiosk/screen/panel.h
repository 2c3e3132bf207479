#ifndef PORCHLIGHT_SCREEN_PANEL_H
#define PORCHLIGHT_SCREEN_PANEL_H

#include <stdbool.h>
#include <stddef.h>

/* The monitor as the kernel shows it below /sys: what is plugged in, and its lamp. */

/* The card that has a connected connector: "0" for card0, by /sys/class/drm/cardN-NAME/status,
 * since a Pi numbers its cards anew at each boot. False where none has; `any` then tells whether
 * there are connectors at all. `sys`: "/sys" but in tests. */
bool panel_card(const char *sys, char card[8], bool *any);

/* A backlight that may be written. NULL: none, dim by drawing. */
struct panel_lamp;
struct panel_lamp *panel_lamp_open(const char *sys);
void panel_lamp_free(struct panel_lamp *l);

/* Sets it, 0 (off) to 1. 0 or -1 with errno. */
int panel_lamp_set(struct panel_lamp *l, float light);

#endif
