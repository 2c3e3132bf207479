#include "config/config.h"
#include "kiosk/alertd/kiosk.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/loop.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/version.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

struct options {
    const char *prefix;
    const char *config;
};

struct program {
    char config_path[PATH_LEN];
    struct loop *loop;
    struct kiosk *kiosk;
    int signals;
    bool stop;
    int64_t watchdog, fed_at; /* ns; 0: nobody watches */
};

static const char usage[] =
    "Usage: porchlightd [--prefix DIR] [--config FILE] [--verbose]\n"
    "Watches the switch and the door, and alerts members' phones. Usually started by systemd.\n"
    "\n"
    "  --prefix DIR     every path below DIR, for trying out (default: none)\n"
    "  --config FILE    instead of <prefix>/etc/porchlight/porchlight.conf\n"
    "  --verbose        say more on stderr\n"
    "  --help, --version\n"
    "\n"
    "SIGHUP reads the config again; a broken one changes nothing.\n";

static int alertd_options_read(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"prefix", required_argument, NULL, 'p'}, {"config", required_argument, NULL, 'c'},
        {"verbose", no_argument, NULL, 'v'},      {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},      {0}};
    *o = (struct options){.prefix = ""};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'p':
            o->prefix = optarg;
            break;
        case 'c':
            o->config = optarg;
            break;
        case 'v':
            log_init("porchlightd", LOG_LEVEL_DEBUG);
            break;
        case 'h':
            fputs(usage, stdout);
            exit(0);
        case 'V':
            puts(PORCHLIGHT_VERSION);
            exit(0);
        default:
            return -1;
        }
    }
    return optind == argc ? 0 : -1;
}

/* Signals come through an fd; the brokers' threads inherit the mask and never see one. */
static int alertd_signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on files is an error of the record, not our end */
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void reload(struct program *p)
{
    struct config fresh;
    sd_notify(0, "RELOADING=1");
    if (config_load(p->config_path, &fresh, config_complain_stderr, NULL) != 0)
        log_error("%s: not taken; the config that runs stands", p->config_path);
    else if (kiosk_reload(p->kiosk, &fresh) == 0)
        log_info("%s: taken", p->config_path);
    sd_notify(0, "READY=1");
}

static void alertd_on_signal(void *context, int fd, short revents)
{
    (void)revents;
    struct program *p = context;
    struct signalfd_siginfo info;
    while (read(fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP)
            reload(p);
        else
            p->stop = true;
    }
}

/* Fed only after a whole turn: inputs read, timers kept. */
static void watchdog_feed(struct program *p, int64_t now)
{
    if (p->watchdog == 0 || now - p->fed_at < p->watchdog / 3)
        return;
    sd_notify(0, "WATCHDOG=1");
    p->fed_at = now;
}

static int64_t alertd_deadline(const struct program *p)
{
    int64_t due = kiosk_deadline(p->kiosk);
    int64_t feed = p->watchdog > 0 ? p->fed_at + p->watchdog / 3 : INT64_MAX;
    return feed < due ? feed : due;
}

static int alertd_run(struct program *p)
{
    while (!p->stop) {
        loop_deadline(p->loop, alertd_deadline(p));
        if (loop_turn(p->loop) != 0) {
            log_error("poll: %s", strerror(errno));
            return 1;
        }
        int64_t now = clock_now();
        kiosk_time(p->kiosk, now);
        watchdog_feed(p, now);
    }
    return 0;
}

static int alertd_config_path(struct program *p, const struct options *o)
{
    if (!o->config)
        return path_under(o->prefix, PATH_CONF, p->config_path);
    if (snprintf(p->config_path, sizeof p->config_path, "%s", o->config) < PATH_LEN)
        return 0;
    errno = ENAMETOOLONG;
    return -1;
}

int main(int argc, char **argv)
{
    struct options o;
    struct config config;
    struct program p = {.signals = -1};
    uint64_t watchdog_us = 0;
    int status = 1;

    log_init("porchlightd", LOG_LEVEL_INFO);
    if (alertd_options_read(argc, argv, &o) != 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (sodium_init() < 0 || alertd_config_path(&p, &o) != 0) {
        log_error("cannot start: %s", strerror(errno));
        return 1;
    }
    if (config_load(p.config_path, &config, config_complain_stderr, NULL) != 0)
        return 1;
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        p.watchdog = (int64_t)watchdog_us * 1000;
    p.signals = alertd_signals_open();
    p.loop = loop_new();
    if (p.signals < 0 || !p.loop ||
        loop_add(p.loop, p.signals, POLLIN, alertd_on_signal, &p) != 0) {
        log_error("cannot start: %s", strerror(errno));
        goto free_loop;
    }
    p.kiosk = kiosk_new(o.prefix, &config, p.loop);
    if (!p.kiosk)
        goto free_loop;
    sd_notify(0, "READY=1");
    log_info("watching");
    status = alertd_run(&p);
    sd_notify(0, "STOPPING=1");
    kiosk_free(p.kiosk);
free_loop:
    loop_free(p.loop);
    if (p.signals >= 0)
        close(p.signals);
    return status;
}
