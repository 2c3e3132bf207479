#ifndef PORCHLIGHT_SCREEN_SETTINGS_H
#define PORCHLIGHT_SCREEN_SETTINGS_H

#include "config/config.h"
#include "kiosk/screen/language.h"
#include "kiosk/screen/options.h"
#include "kiosk/screen/scene.h"

/* What the picture should be: the section [screen], the language files, and the command line, which
 * overrides both. A value: built fresh each time, swapped in only when it is valid. */
struct settings {
    bool none; /* this kiosk has no screen */
    enum scene_kind kind;
    double latitude, longitude;     /* degrees */
    char timezone[CONFIG_NAME_MAX]; /* empty: the system's */
    char pictures[CONFIG_PATH_MAX]; /* folder; may be empty */
    char programme[CONFIG_PATH_MAX];
    float panel;  /* diagonal in inches; 0: as the monitor says */
    int rotation; /* 0, 90, 180, 270 */
    bool reduced_motion;
    int quiet_from, quiet_to; /* minutes of the day; -1: none */
    int dim;                  /* percent */
    struct language language[CONFIG_LANGUAGES_MAX];
    size_t languages; /* at least 1 */
};

/* At start, when showing something matters most: a config with errors is logged and replaced by
 * defaults; a broken language file is logged and left out. */
void settings_start(const struct options *o, struct settings *s);

/* Prints what is wrong with the language files of the config, a line each. How many they are. */
int settings_look(const struct options *o);

/* Later: all of it, or -1 after complaints in the log, with *s unchanged. */
int settings_again(const struct options *o, struct settings *s);

#endif
