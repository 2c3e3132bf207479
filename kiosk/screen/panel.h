#ifndef PORCHLIGHT_SCREEN_PANEL_H
#define PORCHLIGHT_SCREEN_PANEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The monitor as the kernel shows it below /sys: what is plugged in, and its backlight. */

struct panel_state {
    bool connectors; /* some were found at all */
    bool connected;  /* one has a monitor */
    char card[8];    /* the first such, "0" for card0: a Pi may number its cards differently at each
                        boot */
    float inches;    /* its diagonal, as its EDID says; 0: it does not */
    uint32_t print;  /* of the monitors' names and EDIDs, to notice when another is plugged in */
};

/* Reads /sys/class/drm/cardN-NAME/status and edid. `sys`: "/sys", except in tests. */
void panel_look(const char *sys, struct panel_state *out);
bool panel_same(const struct panel_state *a, const struct panel_state *b);

/* A backlight that may be written. NULL: none, dim by drawing. */
struct panel_lamp;
struct panel_lamp *panel_lamp_open(const char *sys);
void panel_lamp_free(struct panel_lamp *l); /* leaves it as it is; NULL is safe */

/* Sets it, 0 (off) to 1. 0 or -1 with errno. */
int panel_lamp_set(struct panel_lamp *l, float light);

#endif
