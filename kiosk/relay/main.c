#include "kiosk/common/clock.h"
#include "kiosk/common/daemon.h"
#include "kiosk/common/log.h"
#include "kiosk/common/loop.h"
#include "kiosk/common/paths.h"
#include "kiosk/relay/relay.h"
#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/subs.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct options {
    const char *config;
    bool check, forget;
};

struct program {
    struct relay_conf conf;
    struct relay *relay;
    struct loop *loop;
    int signals;
    bool stop;
};

static const struct cli_option options[] = {
    OPTION("config", "FILE", struct options, config,
           "read FILE instead of " PATH_RELAY_CONF " below the prefix"),
    OPTION("check", NULL, struct options, check,
           "read the config and the keys, say what is wrong with them, and end"),
    OPTION("forget-subscriptions", NULL, struct options, forget,
           "delete the browser addresses by which phones are rung, and end. A relay that runs "
           "deletes them too. Phones register again when their page is opened"),
    {0},
};

static const struct daemon_program program = {
    .name = "porchlight-relay",
    .summary = "Rings locked phones through a push server when a venue's kiosk alerts or falls "
               "silent. Install it beside a broker outside the venue. systemd usually starts it.",
    .options = options,
    .more = "",
};

static int forget(const char *prefix)
{
    int count = subs_forget(prefix);
    if (count < 0)
        log_error("the subscriptions below " PATH_RELAY_DIR " could not be deleted: %s",
                  strerror(errno));
    else
        printf("deleted: %d\n", count);
    return count < 0 ? 1 : 0;
}

static void relay_on_signal(void *context, int fd, short revents)
{
    struct program *p = context;
    (void)revents;
    while (daemon_signal_next(fd) != 0)
        p->stop = true;
}

/* The watchdog is fed only after a whole turn. */
static int relay_run(struct program *p)
{
    struct daemon_watchdog watchdog = daemon_watchdog();
    daemon_ready();
    while (!p->stop) {
        int64_t now = clock_now();
        relay_time(p->relay, now);
        int64_t due = relay_deadline(p->relay, now), feed = daemon_watchdog_feed(&watchdog, now);
        loop_deadline(p->loop, due < feed ? due : feed);
        if (loop_turn(p->loop) != 0) {
            log_error("poll: %s", strerror(errno));
            return 1;
        }
    }
    daemon_stopping();
    return 0;
}

/* The signals are blocked before any thread starts, so that no thread sees one. */
static int loop_prepare(struct program *p)
{
    p->signals = daemon_signals((const int[]){0});
    p->loop = loop_new();
    if (p->signals >= 0 && p->loop &&
        loop_add(p->loop, p->signals, POLLIN, relay_on_signal, p) == 0 &&
        curl_global_init(CURL_GLOBAL_DEFAULT) == 0)
        return 0;
    log_error("cannot start: %s", strerror(errno));
    return -1;
}

int main(int argc, char **argv)
{
    static struct program p;
    struct daemon_options common;
    struct options o = {.config = NULL};
    char path[PATH_LEN];
    int status = daemon_begin(&program, &o, &common, argc, argv);

    if (status >= 0)
        return status;
    if (sodium_init() < 0 || daemon_path(&common, o.config, PATH_RELAY_CONF, path) != 0) {
        log_error("cannot start: %s", strerror(errno));
        return 1;
    }
    if (o.forget)
        return forget(common.prefix);
    status = 1;
    if (relay_conf_load(path, &p.conf, config_complain_stderr, NULL) == 0)
        p.relay = relay_new(common.prefix, &p.conf);
    if (p.relay && o.check)
        status = 0;
    else if (p.relay && loop_prepare(&p) == 0 && relay_start(p.relay, common.prefix, p.loop) == 0)
        status = relay_run(&p);
    relay_free(p.relay);
    loop_free(p.loop);
    curl_global_cleanup();
    return status;
}
