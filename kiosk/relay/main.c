#include "kiosk/common/daemon.h"
#include "kiosk/common/daemon_loop.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/relay/relay.h"
#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/subs.h"

#include <curl/curl.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct options {
    const char *config;
    bool check, forget;
};

struct program {
    struct relay_conf conf;
    struct relay *relay;
    struct daemon_loop life;
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

static int64_t relay_turn(void *context, int64_t now)
{
    struct relay *r = context;
    relay_time(r, now);
    return relay_deadline(r, now);
}

/* The signals are blocked before any thread starts, curl's included. */
static int relay_prepare(struct daemon_loop *life)
{
    if (daemon_loop_begin(life) != 0)
        return -1;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == 0)
        return 0;
    log_error("cannot start: curl does not work");
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
    else if (p.relay && relay_prepare(&p.life) == 0 &&
             relay_start(p.relay, common.prefix, p.life.loop) == 0)
        status = daemon_loop_run(&p.life, relay_turn, p.relay) == 0 ? 0 : 1;
    relay_free(p.relay);
    daemon_loop_end(&p.life);
    curl_global_cleanup();
    return status;
}
