#include "config/config.h"
#include "kiosk/alertd/kiosk.h"
#include "kiosk/common/daemon.h"
#include "kiosk/common/daemon_loop.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

struct options {
    const char *config;
};

struct program {
    char config_path[PATH_LEN];
    struct kiosk *kiosk;
    struct daemon_loop life;
};

static const struct cli_option options[] = {
    OPTION("config", "FILE", struct options, config,
           "read FILE instead of " PATH_CONF " below the prefix"),
    {0},
};

static const struct daemon_program program = {
    .name = "porchlightd",
    .summary = "Watches the switch and the door, and alerts members' phones. systemd usually "
               "starts it.",
    .options = options,
    .more = "SIGHUP reads the config again; if it has an error, the earlier one stays in use. "
            "At the start, what cannot be used is left out.",
};

static void reload(void *context)
{
    struct program *p = context;
    struct config fresh;
    struct faults mistakes = {.count = 0};
    struct faults_reader reader = {&mistakes, FAULT_OF_RELOAD};
    daemon_reloading();
    if (config_load(p->config_path, &fresh, faults_complain, &reader) != 0) {
        log_error("%s: not applied; the old config stays in use", p->config_path);
        kiosk_reload_refused(p->kiosk, &mistakes);
    } else if (kiosk_reload(p->kiosk, &fresh) == 0)
        log_info("%s: applied", p->config_path);
    daemon_ready();
}

static int64_t alertd_time(void *context, int64_t now)
{
    struct program *p = context;
    kiosk_time(p->kiosk, now);
    return kiosk_deadline(p->kiosk);
}

int main(int argc, char **argv)
{
    struct daemon_options common;
    struct options o = {.config = NULL};
    struct config config;
    struct faults mistakes = {.count = 0};
    struct faults_reader reader = {&mistakes, FAULT_OF_CONFIG};
    struct program p = {.life = {.reload = reload, .context = &p}};
    int status = daemon_begin(&program, &o, &common, argc, argv);

    if (status >= 0)
        return status;
    status = 1;
    if (sodium_init() < 0 || daemon_path(&common, o.config, PATH_CONF, p.config_path) != 0) {
        log_error("cannot start: %s", strerror(errno));
        return 1;
    }
    if (config_load_most(p.config_path, &config, faults_complain, &reader) < 0)
        return 1;
    if (daemon_loop_begin(&p.life) == 0)
        p.kiosk = kiosk_new(common.prefix, &config, &mistakes, p.life.loop);
    if (p.kiosk) {
        log_info("watching");
        status = daemon_loop_run(&p.life, alertd_time, &p) == 0 ? 0 : 1;
    }
    kiosk_free(p.kiosk);
    daemon_loop_end(&p.life);
    return status;
}
