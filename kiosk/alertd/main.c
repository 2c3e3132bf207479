#include "config/config.h"
#include "kiosk/alertd/kiosk.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/daemon.h"
#include "kiosk/common/log.h"
#include "kiosk/common/loop.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *config;
};

struct program {
    char config_path[PATH_LEN];
    struct loop *loop;
    struct kiosk *kiosk;
    int signals;
    bool stop;
    struct daemon_watchdog watchdog;
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

static void reload(struct program *p)
{
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

static void alertd_on_signal(void *context, int fd, short revents)
{
    (void)revents;
    struct program *p = context;
    for (int signal; (signal = daemon_signal_next(fd)) != 0;) {
        if (signal == SIGHUP)
            reload(p);
        else
            p->stop = true;
    }
}

/* The watchdog is fed only after a whole turn: inputs read, timers kept. */
static int alertd_run(struct program *p)
{
    int64_t feed = daemon_watchdog_feed(&p->watchdog, clock_now());
    while (!p->stop) {
        int64_t due = kiosk_deadline(p->kiosk);
        loop_deadline(p->loop, feed < due ? feed : due);
        if (loop_turn(p->loop) != 0) {
            log_error("poll: %s", strerror(errno));
            return 1;
        }
        int64_t now = clock_now();
        kiosk_time(p->kiosk, now);
        feed = daemon_watchdog_feed(&p->watchdog, now);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct daemon_options common;
    struct options o = {.config = NULL};
    struct config config;
    struct faults mistakes = {.count = 0};
    struct faults_reader reader = {&mistakes, FAULT_OF_CONFIG};
    struct program p = {.signals = -1};
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
    p.watchdog = daemon_watchdog();
    p.signals = daemon_signals((const int[]){SIGHUP, 0}); /* the brokers' threads see none */
    p.loop = loop_new();
    if (p.signals < 0 || !p.loop ||
        loop_add(p.loop, p.signals, POLLIN, alertd_on_signal, &p) != 0) {
        log_error("cannot start: %s", strerror(errno));
        goto free_loop;
    }
    p.kiosk = kiosk_new(common.prefix, &config, &mistakes, p.loop);
    if (!p.kiosk)
        goto free_loop;
    daemon_ready();
    log_info("watching");
    status = alertd_run(&p);
    daemon_stopping();
    kiosk_free(p.kiosk);
free_loop:
    loop_free(p.loop);
    if (p.signals >= 0)
        close(p.signals);
    return status;
}
