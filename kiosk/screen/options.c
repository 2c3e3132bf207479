#include "kiosk/screen/options.h"

#include "kiosk/screen/scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct {
    const char *name;
    uint32_t sign;
} signs[] = {
    {"sensed", CUE_SENSED}, {"accepted", CUE_ACCEPTED}, {"lan-only", CUE_LAN_ONLY},
    {"nobody", CUE_NOBODY}, {"no-path", CUE_NO_PATH},   {"relay-dead", CUE_RELAY_DEAD},
    {"fault", CUE_FAULT},   {"drill", CUE_DRILL},
};

int options_cue(const char *text, struct cue *c)
{
    memset(c, 0, sizeof *c);
    while (*text) {
        size_t n = strcspn(text, ",");
        bool known = n == 0;
        unsigned count;
        if (sscanf(text, "seen=%u", &count) == 1) {
            c->seen = count;
            c->signs |= CUE_SEEN;
            known = true;
        } else if (sscanf(text, "safe=%u", &count) == 1) {
            c->safe = count;
            known = true;
        }
        for (size_t k = 0; k < sizeof signs / sizeof *signs && !known; k++) {
            known = strlen(signs[k].name) == n && strncmp(text, signs[k].name, n) == 0;
            if (known)
                c->signs |= signs[k].sign;
        }
        if (!known)
            return -1;
        text += n;
        text += *text == ',';
    }
    return 0;
}

/* --- what is more than text; the place of each is the whole struct ---------------------------- */

static const char *take_at(void *into, const char *text)
{
    struct options *o = into;
    struct tm tm = {.tm_isdst = -1};
    int got = sscanf(text, "%d-%d-%dT%d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                     &tm.tm_min, &tm.tm_sec);
    if (got < 5)
        return "a time such as 2026-06-21T19:30";
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    o->has_at = true;
    /* As if local time were UTC; composition.c, which knows the time zone, puts it right. */
    o->at = (int64_t)timegm(&tm) * 1000000000;
    return NULL;
}

static const char *options_take_size(void *into, const char *text)
{
    struct options *o = into;
    char rest;
    return sscanf(text, "%dx%d%c", &o->w, &o->h, &rest) == 2 && o->w >= 160 && o->h >= 120 &&
                   o->w <= 8192 && o->h <= 8192
               ? NULL
               : "a size from 160x120 to 8192x8192";
}

static const char *take_panel(void *into, const char *text)
{
    struct options *o = into;
    char *end;
    o->panel = strtof(text, &end);
    return *end == '\0' && o->panel >= 3 && o->panel <= 120 ? NULL : "inches from 3 to 120";
}

static const char *take_rotation(void *into, const char *text)
{
    struct options *o = into;
    char *end;
    o->rotation = (int)strtol(text, &end, 10);
    return *end == '\0' && o->rotation >= 0 && o->rotation < 360 && o->rotation % 90 == 0
               ? NULL
               : "0, 90, 180 or 270";
}

static const char *take_speed(void *into, const char *text)
{
    struct options *o = into;
    char *end;
    o->speed = strtod(text, &end);
    return *end == '\0' && o->speed >= 1 && o->speed <= 100000 ? NULL : "a number from 1 to 100000";
}

static const char *take_cue(void *into, const char *text)
{
    struct options *o = into;
    return options_cue(text, &o->cue) == 0 ? NULL : "signs with commas between them; see --help";
}

static const char *take_scene(void *into, const char *text)
{
    struct options *o = into;
    o->scene = text;
    return scene_kind_of(text) >= 0 ? NULL : "window, lantern, pictures or programme";
}

static const char *take_still(void *into, const char *none)
{
    struct options *o = into;
    (void)none;
    o->still = 1;
    return NULL;
}

#define TEXT(name, argument, field, help) OPTION(name, argument, struct options, field, help)
#define WHOLE(name, argument, take, help)                                                          \
    {                                                                                              \
        name, argument, help, 0, 0, take                                                           \
    }

static const struct cli_option options[] = {
    TEXT("config", "FILE", config, "read this porchlight.conf instead"),
    TEXT("languages", "DIR", languages, "use the language files in this folder"),
    TEXT("fonts", "DIR", fonts, "use the fonts in this folder"),
    TEXT("pictures", "DIR", pictures, "show the photos in this folder"),
    TEXT("programme", "FILE", programme, "show the events in this file"),
    TEXT("windowed", NULL, windowed, "show the picture in a window on a desktop"),
    TEXT("headless", NULL, headless, "run without a display; pictures can still be saved"),
    TEXT("look", NULL, look,
         "show nothing; print what is wrong with the language files, and exit with 1 if anything "
         "is"),
    TEXT("wanted", NULL, wanted,
         "show nothing; exit with 1 if the config says that this kiosk has no screen"),
    WHOLE("size", "WxH", options_take_size, "the size of the window or picture in pixels"),
    WHOLE("panel", "INCHES", take_panel, "the panel's diagonal, for the size of the cues"),
    WHOLE("rotation", "DEGREES", take_rotation, "0, 90, 180 or 270, clockwise"),
    TEXT("pictures-to", "DIR", pictures_to,
         "on SIGUSR1, save what is on the screen as DIR/screen-1.png, screen-2.png and so on"),
    TEXT("snapshot", "FILE", snapshot, "save one picture as a PNG file and exit; needs no display"),
    WHOLE("at", "TIME", take_at,
          "start at this local time instead of now: 2026-06-21T19:30 or 2026-06-21T19:30:15"),
    WHOLE("speed", "FACTOR", take_speed, "let the time run this many times faster"),
    WHOLE("cue", "SIGNS", take_cue,
          "start with these signs of the cue: sensed, "
          "accepted, lan-only, seen=N, safe=N, nobody, no-path, relay-dead, fault, drill; "
          "separate them with commas"),
    WHOLE(
        "scene", "NAME", take_scene,
        "show this scene instead of the one in the config: window, lantern, pictures or programme"),
    TEXT("language", "CODE", language, "use only this language"),
    WHOLE("reduced-motion", NULL, take_still, "nothing moves by itself"),
    {0},
};

const struct daemon_program options_program = {
    .name = "porchlight-screen",
    .summary = "Shows the calm picture. Small things in it, the cue, show staff what became of an "
               "alert. The cue comes from porchlightd's socket; this program needs no network and "
               "no keyboard.",
    .options = options,
    .more = "SIGHUP reads config and language files again: all of it, or nothing if there is an "
            "error.\nExit status: 0 ended when asked to, 1 failed, 2 wrong usage.",
};

void options_init(struct options *o)
{
    *o = (struct options){
        .prefix = "", .rotation = -1, .speed = 1, .still = -1, .timezone = getenv("TZ")};
}
