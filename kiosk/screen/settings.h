#ifndef PORCHLIGHT_SCREEN_SETTINGS_H
#define PORCHLIGHT_SCREEN_SETTINGS_H

#include "config/config.h"
#include "kiosk/screen/language.h"
#include "kiosk/screen/options.h"
#include "kiosk/screen/scene.h"

/* What the picture is to be: the [screen] section, the language files, and the command line, which
 * goes before both. A value: built fresh each time, swapped in when it is whole. */
struct settings {
    enum scene_kind kind;
    double latitude, longitude;     /* degrees */
    char timezone[CONFIG_NAME_MAX]; /* empty: the system's */
    char pictures[CONFIG_PATH_MAX]; /* folder; may be empty */
    char programme[CONFIG_PATH_MAX];
    int rotation; /* 0, 90, 180, 270 */
    bool reduced_motion;
    int quiet_from, quiet_to; /* minutes of the day; -1: none */
    int dim;                  /* percent */
    struct language language[CONFIG_LANGUAGES_MAX];
    size_t languages; /* at least 1 */
};

/* At start: what can be had. A broken config is told, and the window shown as if nothing stood in
 * it; a broken language is told and left out. A screen that shows something is what it is for. */
void settings_start(const struct options *o, struct settings *s);

/* Later: all of it, or -1 after complaints, with *s as it was. */
int settings_again(const struct options *o, struct settings *s);

#endif
