#include "kiosk/screen/options.h"

#include "kiosk/common/version.h"
#include "kiosk/screen/scene.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char help[] =
    "Usage: porchlight-screen [OPTIONS]\n"
    "The calm picture. Reads the cue from porchlightd's socket; needs no network and no keyboard.\n"
    "\n"
    "  --prefix DIR        a kiosk whose files lie below DIR (make run, tests)\n"
    "  --config FILE       another porchlight.conf\n"
    "  --languages DIR     another folder of language files\n"
    "  --fonts DIR         another folder of fonts\n"
    "  --pictures DIR      another folder of photos\n"
    "  --programme FILE    another programme of events\n"
    "  --windowed          in a window on a desktop\n"
    "  --headless          with no display; pictures can still be saved\n"
    "  --size WxH          the window's or the picture's size\n"
    "  --rotation DEGREES  0, 90, 180 or 270, clockwise\n"
    "  --pictures-to DIR   on SIGUSR1, save what is on the screen as DIR/screen-1.png, -2 ...\n"
    "  --snapshot FILE     draw one picture into a PNG file and end; needs no display\n"
    "  --at TIME           begin at this local time: 2026-06-21T19:30, with :SS if wished\n"
    "  --speed FACTOR      let that time run faster\n"
    "  --cue SIGNS         begin with this cue: sensed, accepted, lan-only, seen=N, safe=N,\n"
    "                      nobody, no-path, relay-dead, fault, drill, with commas between them\n"
    "  --scene NAME        window, lantern, pictures or programme, whatever the config says\n"
    "  --language CODE     this language alone\n"
    "  --reduced-motion    nothing moves by itself\n"
    "  --help, --version\n"
    "\n"
    "SIGHUP reads config and language files again, all of it or nothing.\n"
    "Exit codes: 0 ended when asked to, 1 failed, 2 wrong usage.\n";

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

static int take_at(const char *text, struct options *o)
{
    struct tm tm = {.tm_isdst = -1};
    int got = sscanf(text, "%d-%d-%dT%d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
                     &tm.tm_min, &tm.tm_sec);
    if (got < 5)
        return -1;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    o->has_at = true;
    /* As if local time were UTC; view.c, which knows the time zone, puts it right. */
    o->at = (int64_t)timegm(&tm) * 1000000000;
    return 0;
}

enum which {
    PREFIX = 256,
    CONFIG,
    LANGUAGES,
    FONTS,
    PICTURES,
    PROGRAMME,
    WINDOWED,
    HEADLESS,
    SIZE,
    ROTATION,
    PICTURES_TO,
    SNAPSHOT,
    AT,
    SPEED,
    CUE,
    SCENE,
    LANGUAGE,
    STILL,
    HELP,
    VERSION
};

static const struct option options[] = {{"prefix", 1, NULL, PREFIX},
                                        {"config", 1, NULL, CONFIG},
                                        {"languages", 1, NULL, LANGUAGES},
                                        {"fonts", 1, NULL, FONTS},
                                        {"pictures", 1, NULL, PICTURES},
                                        {"programme", 1, NULL, PROGRAMME},
                                        {"windowed", 0, NULL, WINDOWED},
                                        {"headless", 0, NULL, HEADLESS},
                                        {"size", 1, NULL, SIZE},
                                        {"rotation", 1, NULL, ROTATION},
                                        {"pictures-to", 1, NULL, PICTURES_TO},
                                        {"snapshot", 1, NULL, SNAPSHOT},
                                        {"at", 1, NULL, AT},
                                        {"speed", 1, NULL, SPEED},
                                        {"cue", 1, NULL, CUE},
                                        {"scene", 1, NULL, SCENE},
                                        {"language", 1, NULL, LANGUAGE},
                                        {"reduced-motion", 0, NULL, STILL},
                                        {"help", 0, NULL, HELP},
                                        {"version", 0, NULL, VERSION},
                                        {NULL, 0, NULL, 0}};

static bool options_take_size(const char *text, struct options *o)
{
    char rest;
    return sscanf(text, "%dx%d%c", &o->w, &o->h, &rest) == 2 && o->w >= 160 && o->h >= 120 &&
           o->w <= 8192 && o->h <= 8192;
}

static bool take_rotation(const char *text, struct options *o)
{
    char *end;
    o->rotation = (int)strtol(text, &end, 10);
    return *end == '\0' && o->rotation >= 0 && o->rotation < 360 && o->rotation % 90 == 0;
}

static bool take_speed(const char *text, struct options *o)
{
    char *end;
    o->speed = strtod(text, &end);
    return *end == '\0' && o->speed >= 1 && o->speed <= 100000;
}

/* Options that are taken as they are. */
static const char **options_text_of(int which, struct options *o)
{
    switch (which) {
    case PREFIX:
        return &o->prefix;
    case CONFIG:
        return &o->config;
    case LANGUAGES:
        return &o->languages;
    case FONTS:
        return &o->fonts;
    case PICTURES:
        return &o->pictures;
    case PROGRAMME:
        return &o->programme;
    case PICTURES_TO:
        return &o->pictures_to;
    case SNAPSHOT:
        return &o->snapshot;
    case SCENE:
        return &o->scene;
    case LANGUAGE:
        return &o->language;
    default:
        return NULL;
    }
}

static bool options_take(int which, const char *value, struct options *o)
{
    const char **text = options_text_of(which, o);
    if (text) {
        *text = value;
        return which != SCENE || scene_kind_of(value) >= 0;
    }
    switch (which) {
    case WINDOWED:
        o->windowed = true;
        return true;
    case HEADLESS:
        o->headless = true;
        return true;
    case SIZE:
        return options_take_size(value, o);
    case ROTATION:
        return take_rotation(value, o);
    case AT:
        return take_at(value, o) == 0;
    case SPEED:
        return take_speed(value, o);
    case CUE:
        return options_cue(value, &o->cue) == 0;
    case STILL:
        o->still = 1;
        return true;
    default:
        return false;
    }
}

enum options_result options_parse(int argc, char **argv, struct options *o)
{
    *o = (struct options){
        .prefix = "", .rotation = -1, .speed = 1, .still = -1, .timezone = getenv("TZ")};
    int which, index = 0;
    while ((which = getopt_long(argc, argv, "", options, &index)) != -1) {
        if (which == HELP) {
            fputs(help, stdout);
            return OPTIONS_DONE;
        }
        if (which == VERSION) {
            printf("porchlight-screen %s\n", PORCHLIGHT_VERSION);
            return OPTIONS_DONE;
        }
        if (which == '?')
            return OPTIONS_WRONG;
        if (!options_take(which, optarg, o)) {
            fprintf(stderr, "porchlight-screen: --%s: \"%s\" is not what it takes; see --help\n",
                    options[index].name, optarg);
            return OPTIONS_WRONG;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "porchlight-screen: \"%s\": it takes options only; see --help\n",
                argv[optind]);
        return OPTIONS_WRONG;
    }
    return OPTIONS_RUN;
}
