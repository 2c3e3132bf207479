#include "kiosk/cli/control_client.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- what has to be in order ---------------------------------------------------------------- */

static bool port_is_free(int port)
{
    struct sockaddr_in6 any = {
        .sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_any};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int one = 1;
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int bound;

    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        bound = bind(fd, (struct sockaddr *)&any, sizeof any);
    } else {
        fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
        bound = bind(fd, (struct sockaddr *)&four, sizeof four);
    }
    bool taken = bound < 0 && errno == EADDRINUSE;
    if (fd >= 0)
        close(fd);
    return !taken;
}

static int check_ports(const struct setup *s)
{
    static const enum answer ports[] = {ANSWER_PORT, ANSWER_PAGE_PORT, ANSWER_WEBSOCKET_PORT,
                                        ANSWER_LOCAL_PORT};
    int complaints = 0;

    if (!answers_broker_here(&s->now) || answer_number(&s->now, ANSWER_KIOSK) > 1)
        return 0;
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        bool ours = !s->first && strcmp(s->now.value[ports[i]], s->before.value[ports[i]]) == 0;
        if (ours || port_is_free(answer_number(&s->now, ports[i])))
            continue;
        log_error(
            "Nothing was changed: another program uses port %s. See which: sudo ss -ltnp. If it "
            "is Debian's own broker, stop it: sudo systemctl disable --now mosquitto. To use "
            "another port, set %s in a file for --answers.",
            s->now.value[ports[i]], answer_rules[ports[i]].key);
        complaints++;
    }
    return complaints ? -1 : 0;
}

const char *setup_why_not_here(const struct setup *s)
{
    static const char *const wanted[] = {"/usr/sbin/mosquitto", "/usr/sbin/nginx",
                                         "/usr/bin/porchlight-registrar",
                                         "/usr/share/porchlight/page/index.html"};
    if (s->prefix[0] || !answers_broker_here(&s->now) || answer_number(&s->now, ANSWER_KIOSK) > 1)
        return NULL;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        if (access(wanted[i], R_OK) < 0)
            return "a broker on this Pi needs packages that are not installed. Install them with "
                   "sudo apt install mosquitto nginx-light, and the packages porchlight-page and "
                   "porchlight-registrar, or choose elsewhere";
    return NULL;
}

int setup_check_host(const struct setup *s)
{
    const char *why = setup_why_not_here(s);
    if (!clock_is_set()) {
        log_error(
            "Nothing was changed: this Pi's clock is wrong, so certificates made now would not "
            "be valid. Connect the Pi to the network and wait a minute, or set the clock: sudo "
            "timedatectl set-time 'YYYY-MM-DD HH:MM'");
        return -1;
    }
    if (why)
        log_error("Nothing was changed: %s.", why);
    return why ? -1 : check_ports(s);
}

/* --- units ----------------------------------------------------------------------------------- */

static int run_tool(char *const argv[])
{
    pid_t pid;
    int status;
    if (posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ) != 0)
        return -1;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int systemctl(const char *verb, const char *option, const char *unit)
{
    char *argv[] = {"systemctl",    "--quiet", "--no-ask-password", (char *)verb, (char *)unit,
                    (char *)option, NULL};
    return run_tool(argv);
}

/* Which input devices are buttons, and whether porchlightd may open any, is up to the config. */
static void renew_rights(void)
{
    char *trigger[] = {"udevadm", "trigger", "--action=change", "--subsystem-match=input", NULL};
    char *settle[] = {"udevadm", "settle", "--timeout=10", NULL};
    run_tool(trigger);
    run_tool(settle);
    systemctl("daemon-reload", NULL, NULL);
}

static void enable_unit(const char *unit)
{
    if (systemctl("enable", NULL, unit) != 0 || systemctl("restart", NULL, unit) != 0)
        log_warning("%s did not start. systemctl status %s shows why.", unit, unit);
}

static void disable_unit(const char *unit)
{
    systemctl("disable", "--now", unit);
}

/* What porchlightd itself says of the config that it was started with. */
static bool daemon_is_whole(const struct cli *cli)
{
    const cJSON *one;
    cJSON *status = NULL;
    unsigned bad = 0;
    if (control_client_ask(cli, "status", &status) != CLI_OK)
        return false;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(status, "faults"))
    {
        bad++;
        log_error("porchlightd runs without this: %s", one->valuestring);
    }
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(status, "inputs"))
    {
        const char *fault = cJSON_GetStringValue(cJSON_GetObjectItem(one, "fault"));
        if (!fault || !strstr(fault, "missing"))
            continue;
        bad++;
        log_error("%s: %s", cJSON_GetStringValue(cJSON_GetObjectItem(one, "name")), fault);
    }
    cJSON_Delete(status);
    return bad == 0;
}

static bool runs(const char *unit)
{
    if (systemctl("is-enabled", NULL, unit) != 0 || systemctl("is-active", NULL, unit) == 0)
        return true;
    log_error("%s does not run. This shows why: sudo systemctl status %s", unit, unit);
    return false;
}

/* A unit that ends at once is active for a moment after it was started. */
static int look_whether_all_run(const struct cli *cli)
{
    static const char *const units[] = {"porchlight-broker.service", "porchlight-page.service",
                                        "porchlight-wipe.socket", "porchlightd.service"};
    const struct timespec moment = {.tv_sec = 2};
    bool good = true;
    nanosleep(&moment, NULL);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        good &= runs(units[i]);
    good = good && daemon_is_whole(cli);
    if (!good)
        log_error(
            "The files are in place, but this kiosk does not run as it should, so do not rely "
            "on it. Fix what is named above, then: sudo systemctl restart porchlightd, and: "
            "sudo porchlight doctor");
    return good ? CLI_OK : CLI_FAILED;
}

/* Restarts what is enabled, which on a new Pi starts it for the first time. */
int setup_restart(const struct cli *cli)
{
    static const char *const units[] = {
        "porchlight-broker.service", "porchlight-registrar.service", "porchlight-page.service",
        "porchlight-renew.timer",    "porchlight-doctor.timer",      "porchlight-wipe.socket",
        "porchlightd.service",       "porchlight-screen.service",    "porchlight-console.service"};
    if (cli->prefix[0] || access("/run/systemd/system", F_OK) < 0)
        return CLI_OK;
    renew_rights();
    /* A wipe that runs is not stopped; one that only waits gets the new credentials. */
    systemctl("try-restart", NULL, "porchlight-wipe.service");
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (systemctl("is-enabled", NULL, units[i]) == 0)
            systemctl("restart", NULL, units[i]);
    if (access(PATH_ETC "/dark", F_OK) == 0)
        enable_unit("porchlight-dark.service");
    return look_whether_all_run(cli);
}

int setup_start(const struct cli *cli, const struct setup *s)
{
    bool here = answers_broker_here(&s->now) && answer_number(&s->now, ANSWER_KIOSK) == 1;
    if (s->prefix[0] || access("/run/systemd/system", F_OK) < 0)
        return CLI_OK;
    print_say("\nStarting the services. This takes up to half a minute.");
    fflush(stdout);
    renew_rights();
    (here ? enable_unit : disable_unit)("porchlight-broker.service");
    (here ? enable_unit : disable_unit)("porchlight-registrar.service");
    (here ? enable_unit : disable_unit)("porchlight-page.service");
    (here ? enable_unit : disable_unit)("porchlight-renew.timer");
    /* A wipe that runs is not stopped; one that only waits gets the new credentials. */
    systemctl("try-restart", NULL, "porchlight-wipe.service");
    enable_unit("porchlight-wipe.socket");
    enable_unit("porchlightd.service");
    enable_unit("porchlight-screen.service");
    enable_unit("porchlight-console.service");
    enable_unit("porchlight-doctor.timer");
    if (answer_is(&s->now, ANSWER_LIGHTS, "dark"))
        enable_unit("porchlight-dark.service");
    else
        disable_unit("porchlight-dark.service");
    return look_whether_all_run(cli);
}
