#include "kiosk/common/daemon.h"
#include "kiosk/common/daemon_loop.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/registrar/registrar.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct options {
    const char *config, *add;
    bool check;
};

struct program {
    struct registrar_conf conf;
    struct registrar_venue *venues; /* locked memory: passwords */
    int venues_count;
    struct registrar *registrar;
    struct daemon_loop life;
};

static const struct cli_option options[] = {
    OPTION("config", "FILE", struct options, config,
           "read FILE instead of " PATH_REGISTRAR "/registrar.conf below the prefix"),
    OPTION("check", NULL, struct options, check,
           "read the config, the password and the venues, say what is wrong with them, and end"),
    OPTION(
        "add", "FILE", struct options, add,
        "let a venue have accounts at this broker: FILE is what porchlight registrar made on its "
        "kiosk. Then: systemctl restart porchlight-registrar"),
    {0},
};

static const struct daemon_program program = {
    .name = "porchlight-registrar",
    .summary = "Makes and suspends accounts at the broker beside it, as far as the kiosks and root "
               "keys of its venues may order it. systemd usually starts it.",
    .options = options,
    .more = "",
};

/* --- a venue more ---------------------------------------------------------------------------- */

static int venue_add(const char *prefix, const char *file)
{
    struct registrar_venue *v = sodium_malloc(sizeof *v);
    char folder[PATH_LEN], path[PATH_LEN + 32];
    size_t len;
    char *text = v && registrar_venue_load(file, v, config_complain_stderr, NULL) == 0
                     ? file_read(file, UINT16_MAX, &len)
                     : NULL;
    int rc = -1;
    if (text && path_under(prefix, PATH_REGISTRAR, folder) == 0 &&
        (mkdir(folder, 0700) == 0 || errno == EEXIST)) {
        snprintf(path, sizeof path, "%s/venue-%s", folder, v->venue.id);
        rc = file_replace(path, text, len, 0600);
        if (rc != 0)
            log_error("The venue was not added: %s: %s", path, strerror(errno));
    } else {
        log_error("The venue was not added: expected the file that sudo porchlight registrar makes "
                  "on the venue's kiosk");
    }
    if (text)
        sodium_memzero(text, len);
    free(text);
    if (rc == 0)
        printf("Venue %s may have accounts at this broker. Delete %s, then: systemctl restart "
               "porchlight-registrar\n",
               v->venue.id, file);
    sodium_free(v);
    return rc == 0 ? 0 : 1;
}

/* --- running --------------------------------------------------------------------------------- */

static int64_t registrar_turn(void *context, int64_t now)
{
    struct registrar *r = context;
    registrar_time(r, now);
    return registrar_deadline(r);
}

static int registrar_read(struct program *p, const char *prefix, const char *config)
{
    char path[PATH_LEN];
    if (config)
        snprintf(path, sizeof path, "%s", config);
    else if (registrar_path(prefix, "registrar.conf", path) != 0)
        return -1;
    p->venues = sodium_allocarray(REGISTRAR_VENUES_MAX, sizeof *p->venues);
    if (!p->venues || registrar_conf_load(path, &p->conf, config_complain_stderr, NULL) != 0)
        return -1;
    p->venues_count = registrar_venues_load(prefix, p->venues, config_complain_stderr, NULL);
    if (p->venues_count < 0) {
        log_error(PATH_REGISTRAR ": %s", strerror(errno));
        return -1;
    }
    p->registrar = registrar_new(prefix, &p->conf, p->venues, (size_t)p->venues_count);
    return p->registrar ? 0 : -1;
}

int main(int argc, char **argv)
{
    static struct program p;
    struct daemon_options common;
    struct options o = {.config = NULL};
    int status = daemon_begin(&program, &o, &common, argc, argv);

    if (status >= 0)
        return status;
    if (sodium_init() < 0) {
        log_error("cannot start: %s", strerror(errno));
        return 1;
    }
    if (o.add)
        return venue_add(common.prefix, o.add);
    status = 1;
    bool read = registrar_read(&p, common.prefix, o.config) == 0;
    if (read && o.check)
        status = 0;
    else if (read && daemon_loop_begin(&p.life) == 0 &&
             registrar_start(p.registrar, p.life.loop) == 0)
        status = daemon_loop_run(&p.life, registrar_turn, p.registrar) == 0 ? 0 : 1;
    registrar_free(p.registrar);
    daemon_loop_end(&p.life);
    sodium_free(p.venues);
    return status;
}
