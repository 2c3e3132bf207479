#ifndef PORCHLIGHT_SCREEN_WAYLAND_SEAT_H
#define PORCHLIGHT_SCREEN_WAYLAND_SEAT_H

/* Whether a Wayland compositor has a seat: keyboard and mouse, or the place where they would be.
 * A Pi by the door has neither, some compositors then announce none, and SDL before 2.30 crashes
 * on that (its issue 8898). */

enum wayland_seat { WAYLAND_SEAT_FOUND, WAYLAND_SEAT_NONE, WAYLAND_SEAT_UNKNOWN };

/* Asks $WAYLAND_DISPLAY below $XDG_RUNTIME_DIR; at most a second. WAYLAND_SEAT_UNKNOWN: nobody
 * answers. */
enum wayland_seat wayland_seat_ask(void);

#endif
