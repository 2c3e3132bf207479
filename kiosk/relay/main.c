#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/loop.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/version.h"
#include "kiosk/relay/relay.h"
#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/subs.h"

#include <curl/curl.h>
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

struct program {
    struct relay_conf conf;
    struct relay *relay;
    struct loop *loop;
    int signals;
    bool stop;
    int64_t watchdog, fed_at; /* ns; 0: nobody watches */
};

static const char usage[] =
    "Usage: porchlight-relay [--prefix DIR] [--config FILE] [--check]\n"
    "       porchlight-relay [--prefix DIR] --forget-subscriptions\n"
    "Rings locked phones through a push server when a venue's kiosk alerts or falls silent.\n"
    "Install it beside a broker outside the venue. Usually started by systemd.\n"
    "\n"
    "  --prefix DIR     every path below DIR, for trying out (default: none)\n"
    "  --config FILE    instead of <prefix>/etc/porchlight/relay.conf\n"
    "  --check          read the config and the keys, say what is wrong, and end\n"
    "  --forget-subscriptions\n"
    "                   delete the browser addresses that phones are rung by, and end; a relay\n"
    "                   that runs forgets them too. Phones ask again when their page is opened\n"
    "  --verbose        say more on stderr\n"
    "  --help, --version\n";

struct options {
    const char *prefix, *config;
    bool check, forget;
};

static int relay_options_read(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {
        {"prefix", required_argument, NULL, 'p'}, {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'n'},        {"forget-subscriptions", no_argument, NULL, 'f'},
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
        case 'n':
            o->check = true;
            break;
        case 'f':
            o->forget = true;
            break;
        case 'v':
            log_init("porchlight-relay", LOG_LEVEL_DEBUG);
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

static int forget(const char *prefix)
{
    int count = sodium_init() < 0 ? -1 : subs_forget(prefix);
    if (count < 0)
        log_error("the subscriptions below " PATH_RELAY_DIR ": %s", strerror(errno));
    else
        printf("deleted: %d\n", count);
    return count < 0 ? 1 : 0;
}

static void relay_on_signal(void *context, int fd, short revents)
{
    struct program *p = context;
    (void)fd;
    (void)revents;
    p->stop = true;
}

static int relay_signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? -1 : signalfd(-1, &set, SFD_CLOEXEC);
}

/* Fed only after a whole turn. When the next turn must begin. */
static int64_t relay_watchdog_feed(struct program *p, int64_t now)
{
    if (p->watchdog == 0)
        return INT64_MAX;
    if (now - p->fed_at >= p->watchdog / 3) {
        sd_notify(0, "WATCHDOG=1");
        p->fed_at = now;
    }
    return p->fed_at + p->watchdog / 3;
}

static int relay_run(struct program *p)
{
    sd_notify(0, "READY=1");
    while (!p->stop) {
        int64_t now = clock_now();
        relay_time(p->relay, now);
        int64_t due = relay_deadline(p->relay, now), feed = relay_watchdog_feed(p, now);
        loop_deadline(p->loop, due < feed ? due : feed);
        if (loop_turn(p->loop) != 0) {
            log_error("poll: %s", strerror(errno));
            return 1;
        }
    }
    sd_notify(0, "STOPPING=1");
    return 0;
}

/* Everything that must be there before the config is read. */
static int relay_prepare(struct program *p)
{
    uint64_t watchdog_us = 0;
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        p->watchdog = (int64_t)watchdog_us * 1000;
    p->signals = relay_signals_open();
    p->loop = loop_new();
    if (p->signals >= 0 && p->loop && sodium_init() >= 0 &&
        curl_global_init(CURL_GLOBAL_DEFAULT) == 0 &&
        loop_add(p->loop, p->signals, POLLIN, relay_on_signal, p) == 0)
        return 0;
    log_error("cannot start: %s", strerror(errno));
    return -1;
}

int main(int argc, char **argv)
{
    static struct program p;
    struct options o;
    char path[PATH_LEN];
    int status = 1;
    log_init("porchlight-relay", LOG_LEVEL_INFO);
    if (relay_options_read(argc, argv, &o) < 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (o.forget)
        return forget(o.prefix);
    if (relay_prepare(&p) == 0 && (o.config || path_under(o.prefix, PATH_RELAY_CONF, path) == 0) &&
        relay_conf_load(o.config ? o.config : path, &p.conf, config_complain_stderr, NULL) == 0)
        p.relay = relay_new(o.prefix, &p.conf);
    if (p.relay && o.check)
        status = 0;
    else if (p.relay && relay_start(p.relay, o.prefix, p.loop) == 0)
        status = relay_run(&p);
    relay_free(p.relay);
    loop_free(p.loop);
    curl_global_cleanup();
    if (p.signals >= 0)
        close(p.signals);
    return status;
}
