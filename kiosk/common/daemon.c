#include "kiosk/common/daemon.h"

#include "kiosk/common/log.h"
#include "kiosk/common/service_manager.h"
#include "kiosk/common/version.h"
#include "kiosk/common/wrap.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* --- the command line ------------------------------------------------------------------------ */

static const struct cli_option common_options[] = {
    OPTION("prefix", "DIR", struct daemon_options, prefix,
           "take every path below DIR, as make run and the tests do"),
    OPTION("verbose", NULL, struct daemon_options, verbose, "write more to the log"),
    {"help", NULL, "print this text", 'h', offsetof(struct daemon_options, help), option_flag},
    OPTION("version", NULL, struct daemon_options, version, "print the version"),
    {0},
};

static void daemon_help(const struct daemon_program *p)
{
    printf("Usage: %s [OPTIONS]\n\n", p->name);
    wrap_text(stdout, WRAP_COLUMNS, 0, 0, p->summary);
    putchar('\n');
    options_print(stdout, p->options);
    options_print(stdout, common_options);
    if (p->more[0]) {
        putchar('\n');
        wrap_text(stdout, WRAP_COLUMNS, 0, 0, p->more);
    }
}

int daemon_begin(const struct daemon_program *p, void *own, struct daemon_options *common, int argc,
                 char **argv)
{
    const struct option_set sets[] = {{p->options, own}, {common_options, common}, {NULL, NULL}};
    char wrong[OPTION_WRONG];

    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    *common = (struct daemon_options){.prefix = ""};
    log_init(p->name, LOG_LEVEL_INFO);
    opterr = 0;
    bool bad = options_read(sets, false, argc, argv, wrong) < 0;
    if (common->help) {
        daemon_help(p);
        return 0;
    }
    if (common->version) {
        printf("%s %s\n", p->name, PORCHLIGHT_VERSION);
        return 0;
    }
    if (!bad && optind == argc) {
        log_init(p->name, common->verbose ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO);
        return -1;
    }
    if (bad)
        log_error("%s. To see all options: %s --help", wrong, p->name);
    else
        log_error("\"%.64s\": only options are expected. To see them: %s --help", argv[optind],
                  p->name);
    return 2;
}

int daemon_path(const struct daemon_options *common, const char *given, const char *usual,
                char out[PATH_LEN])
{
    return given ? path_under("", given, out) : path_under(common->prefix, usual, out);
}

/* --- signals --------------------------------------------------------------------------------- */

int daemon_signals(const int *more)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    for (; *more; more++)
        sigaddset(&set, *more);
    return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -1
                                                  : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int daemon_signal_next(int signals)
{
    struct signalfd_siginfo info;
    return read(signals, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

/* --- systemd --------------------------------------------------------------------------------- */

void daemon_ready(void)
{
    service_notify("READY=1", SERVICE_PATIENT);
}

void daemon_reloading(void)
{
    service_notify("RELOADING=1", SERVICE_PATIENT);
}

void daemon_stopping(void)
{
    service_notify("STOPPING=1", SERVICE_PATIENT);
}

void daemon_ready_and_wait(void)
{
    daemon_ready();
    service_notify_barrier(60000);
}

int daemon_socket(int *found)
{
    *found = service_handed_over();
    return *found == 1 && fcntl(SERVICE_FIRST_FD, F_SETFL, O_NONBLOCK) == 0 ? SERVICE_FIRST_FD : -1;
}

struct daemon_watchdog daemon_watchdog(void)
{
    return (struct daemon_watchdog){.every = service_watchdog() / 3};
}

int64_t daemon_watchdog_feed(struct daemon_watchdog *w, int64_t now)
{
    if (w->every == 0)
        return INT64_MAX;
    if (now >= w->due) {
        service_notify("WATCHDOG=1", SERVICE_AT_ONCE);
        w->due = now + w->every;
    }
    return w->due;
}
