#ifndef PORCHLIGHT_SCREEN_OPTIONS_H
#define PORCHLIGHT_SCREEN_OPTIONS_H

#include "kiosk/common/daemon.h"
#include "kiosk/core/cue.h"

#include <stdbool.h>
#include <stdint.h>

/* The command line of porchlight-screen. */
struct options {
    const char *prefix;      /* "" on a real kiosk */
    const char *config;      /* another file than the prefix's */
    const char *languages;   /* another folder */
    const char *fonts;       /* another folder */
    const char *pictures;    /* another folder of photos; NULL: the config's */
    const char *programme;   /* another programme; NULL: the config's */
    const char *scene;       /* another scene than the config's; NULL */
    const char *language;    /* this language alone; NULL */
    const char *timezone;    /* TZ as it was found; NULL: none. For when the config has none */
    const char *snapshot;    /* one picture into this file, then the end; NULL */
    const char *pictures_to; /* folder for pictures asked for by SIGUSR1; NULL */
    int w, h;                /* 0: the display's */
    float panel;             /* the diagonal, inches; 0: the config's, or the monitor's */
    bool windowed, headless;
    bool look;    /* only say what is wrong with the language files */
    bool wanted;  /* only say whether the config wants a screen */
    int rotation; /* -1: the config's */
    bool has_at;
    int64_t at;     /* ns since 1970: the wall clock begins here */
    double speed;   /* how fast it runs; 1 */
    struct cue cue; /* shown until porchlightd says otherwise */
    int still;      /* -1: the config's; 0, 1 */
};

/* What is so unless it is given. */
void options_init(struct options *o);

/* For daemon_begin. `prefix` is one of its common options, and the caller's to set. */
extern const struct daemon_program options_program;

/* "sensed,seen=3,safe=1" into *c. 0, or -1. */
int options_cue(const char *text, struct cue *c);

#endif
