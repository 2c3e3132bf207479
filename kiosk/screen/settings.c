#include "kiosk/screen/settings.h"

#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void settings_config_path(const struct options *o, char path[PATH_LEN])
{
    if (o->config)
        snprintf(path, PATH_LEN, "%s", o->config);
    else if (path_under(o->prefix, PATH_CONF, path) != 0)
        path[0] = '\0';
}

/* The host's own file of a language, or else the installed one. Returns how many could not be read,
 * each logged with `what_then`; NULL: printed, where languages are installed at all. */
static int take_languages(const struct options *o, struct config *c, struct settings *s,
                          const char *what_then)
{
    char own[PATH_LEN], installed[PATH_LEN], why[256];
    int failed = 0;
    if (o->languages)
        snprintf(own, sizeof own, "%s", o->languages);
    else if (path_under(o->prefix, PATH_LANGUAGES, own) != 0)
        own[0] = '\0';
    if (path_installed("languages", installed) != 0)
        installed[0] = '\0';
    if (o->language) {
        snprintf(c->screen.languages[0], sizeof c->screen.languages[0], "%s", o->language);
        c->screen.languages_count = 1;
    }
    s->languages = 0;
    for (size_t k = 0; k < c->screen.languages_count; k++) {
        struct language *l = &s->language[s->languages];
        const char *code = c->screen.languages[k];
        bool done = language_load(own, code, l, why) == 0;
        if (!done && errno == ENOENT)
            done = language_load(installed, code, l, why) == 0;
        s->languages += done;
        if (done || (!what_then && errno == ENOENT && access(installed, F_OK) != 0))
            continue;
        failed++;
        if (what_then)
            log_warning("%s; %s", why, what_then);
        else
            puts(why);
    }
    return failed;
}

static void take_config(const struct options *o, const struct config *c, struct settings *s)
{
    s->none = !o->scene && strcmp(c->screen.scene, "none") == 0;
    int kind = scene_kind_of(o->scene ? o->scene : c->screen.scene);
    s->kind = kind < 0 ? SCENE_WINDOW : (enum scene_kind)kind;
    s->latitude = c->screen.latitude;
    s->longitude = c->screen.longitude;
    memcpy(s->timezone, c->screen.timezone, sizeof s->timezone);
    snprintf(s->pictures, sizeof s->pictures, "%s", o->pictures ? o->pictures : c->screen.pictures);
    snprintf(s->programme, sizeof s->programme, "%s",
             o->programme ? o->programme : c->screen.programme);
    s->panel = (float)c->screen.panel;
    s->rotation = o->rotation >= 0 ? o->rotation : c->screen.rotation;
    s->reduced_motion = o->still >= 0 ? o->still : c->screen.reduced_motion;
    s->quiet_from = c->screen.quiet_from;
    s->quiet_to = c->screen.quiet_to;
    s->dim = c->screen.dim;
}

static void config_fallback(struct config *c)
{
    memset(c, 0, sizeof *c);
    strcpy(c->screen.scene, "window");
    strcpy(c->screen.languages[0], "en");
    c->screen.languages_count = 1;
    c->screen.latitude = 40.41;
    c->screen.longitude = 49.87;
    c->screen.quiet_from = c->screen.quiet_to = -1;
    c->screen.dim = 60;
}

void settings_start(const struct options *o, struct settings *s)
{
    char path[PATH_LEN];
    struct config c;
    settings_config_path(o, path);
    if (access(path, R_OK) != 0 || config_load_most(path, &c, config_complain_stderr, NULL) < 0) {
        log_warning("%s: %s; the scene window is shown with default settings", path,
                    access(path, R_OK) == 0 ? "it has errors" : strerror(errno));
        config_fallback(&c);
    }
    memset(s, 0, sizeof *s);
    take_config(o, &c, s);
    take_languages(o, &c, s, "that language is left out");
    if (s->languages == 0) {
        language_default(&s->language[0]);
        s->languages = 1;
    }
}

int settings_again(const struct options *o, struct settings *s)
{
    static const char kept[] = "the picture stays as it was";
    char path[PATH_LEN];
    struct config c;
    int result = -1;
    struct settings *fresh = calloc(1, sizeof *fresh);
    if (!fresh)
        return -1;
    settings_config_path(o, path);
    if (config_load(path, &c, config_complain_stderr, NULL) != 0) {
        log_warning("%s has errors; %s", path, kept);
        goto free_fresh;
    }
    take_config(o, &c, fresh);
    if (take_languages(o, &c, fresh, kept) != 0)
        goto free_fresh;
    *s = *fresh;
    result = 0;
free_fresh:
    free(fresh);
    return result;
}

int settings_look(const struct options *o)
{
    char path[PATH_LEN];
    struct config c;
    int failed = 0;
    struct settings *s = calloc(1, sizeof *s);
    settings_config_path(o, path);
    if (s && config_load_most(path, &c, config_complain_stderr, NULL) >= 0)
        failed = take_languages(o, &c, s, NULL);
    free(s);
    return failed;
}
