#include "kiosk/cli/setup/setup_units.h"

#include "kiosk/cli/control_client.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- which ------------------------------------------------------------------------------------ */

enum when { ALWAYS, BROKER_HERE, LIGHTS_DARK, WITH_ANOTHER };

struct unit {
    const char *name, *what;
    enum when when;
    bool must_run; /* the others may have a condition that is not met, and are not active then */
};

/* In the order in which they start. */
static const struct unit units[] = {
    {"porchlight-broker.service", "the broker", BROKER_HERE, true},
    {"porchlight-registrar.service", "the registrar, which makes accounts for phones", BROKER_HERE,
     true},
    {"porchlight-page.service", "the page for phones", BROKER_HERE, true},
    {"porchlight-renew.timer", "the weekly check of certificates", BROKER_HERE, true},
    {"porchlight-wipe.socket", "the wipe's socket", ALWAYS, true},
    {"porchlightd.service", "the alarm", ALWAYS, true},
    {"porchlight-screen.service", "the screen", ALWAYS, false},
    {"porchlight-console.service", "the lock of the keyboard", ALWAYS, false},
    {"porchlight-doctor.timer", "the check for troubles", ALWAYS, true},
    {"porchlight-dark.service", "the Pi's lights, which go dark", LIGHTS_DARK, false},
    /* Enabled and started with porchlightd.service. */
    {"porchlightd-control.socket", NULL, WITH_ANOTHER, true},
    {"porchlightd-admin.socket", NULL, WITH_ANOTHER, true},
    {"porchlightd-screen.socket", NULL, WITH_ANOTHER, true},
};

enum { UNITS = sizeof units / sizeof units[0] };

static bool setup_unit_is_wanted(const struct setup *s, const struct unit *u)
{
    bool first = answer_number(&s->now, ANSWER_KIOSK) == 1;
    return u->when == ALWAYS || (u->when == BROKER_HERE && answers_broker_here(&s->now) && first) ||
           (u->when == LIGHTS_DARK && answer_is(&s->now, ANSWER_LIGHTS, "dark"));
}

/* --- systemctl -------------------------------------------------------------------------------- */

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

/* Which input devices are buttons, and whether porchlightd may open any, is up to the config. A
 * wipe that runs is not stopped; one that only waits gets the new credentials. */
static void renew_rights(void)
{
    char *trigger[] = {"udevadm", "trigger", "--action=change", "--subsystem-match=input", NULL};
    char *settle[] = {"udevadm", "settle", "--timeout=10", NULL};
    run_tool(trigger);
    run_tool(settle);
    systemctl("daemon-reload", NULL, NULL);
    systemctl("try-restart", NULL, "porchlight-wipe.service");
}

/* --- whether they run ------------------------------------------------------------------------- */

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

/* `started`: those that systemctl started. A unit that ends at once is active for a moment after
 * that. */
static int look_whether_all_run(const struct cli *cli, const bool wanted[UNITS],
                                const bool started[UNITS])
{
    const struct timespec moment = {.tv_sec = 2};
    bool good = true;
    nanosleep(&moment, NULL);
    for (int i = 0; i < UNITS; i++) {
        const char *name = units[i].name;
        if (!wanted[i] ||
            (started[i] && (!units[i].must_run || systemctl("is-active", NULL, name) == 0)))
            continue;
        good = false;
        log_error("%s does not run. This shows why: sudo systemctl status %s", name, name);
    }
    good = good && daemon_is_whole(cli);
    if (!good)
        log_error(
            "The files are in place, but this kiosk does not run as it should, so do not rely "
            "on it. Fix what is named above, then: sudo systemctl restart porchlightd, and: "
            "sudo porchlight doctor");
    return good ? CLI_OK : CLI_FAILED;
}

/* --- start ------------------------------------------------------------------------------------ */

bool setup_can_start(const char *prefix)
{
    return prefix[0] == '\0' && access("/run/systemd/system", F_OK) == 0;
}

bool setup_unit_is_enabled(const char *name)
{
    return systemctl("is-enabled", NULL, name) == 0;
}

int setup_restart(const struct cli *cli)
{
    bool wanted[UNITS], started[UNITS] = {false};
    if (!setup_can_start(cli->prefix))
        return CLI_OK;
    renew_rights();
    if (access(PATH_ETC "/dark", F_OK) == 0)
        systemctl("enable", NULL, "porchlight-dark.service");
    for (int i = 0; i < UNITS; i++) {
        wanted[i] = units[i].when != WITH_ANOTHER && setup_unit_is_enabled(units[i].name);
        started[i] = wanted[i] && systemctl("restart", NULL, units[i].name) == 0;
    }
    return look_whether_all_run(cli, wanted, started);
}

int setup_start(const struct cli *cli, const struct setup *s)
{
    bool wanted[UNITS], started[UNITS] = {false};
    int count = 0, n = 0;
    if (!setup_can_start(s->prefix))
        return CLI_OK;
    for (int i = 0; i < UNITS; i++)
        count += wanted[i] = setup_unit_is_wanted(s, &units[i]);
    print_say("\nStarting the services. This can take a minute.");
    fflush(stdout);
    renew_rights();
    for (int i = 0; i < UNITS; i++)
        if (!wanted[i] && units[i].when != WITH_ANOTHER)
            systemctl("disable", "--now", units[i].name);
    for (int i = 0; i < UNITS; i++) {
        if (!wanted[i])
            continue;
        print_item(PRINT_PLAIN, "", 2, "%d of %d: %s", ++n, count, units[i].what);
        fflush(stdout);
        started[i] = systemctl("enable", NULL, units[i].name) == 0 &&
                     systemctl("restart", NULL, units[i].name) == 0;
    }
    return look_whether_all_run(cli, wanted, started);
}

/* --- setup --undo ----------------------------------------------------------------------------- */

bool setup_unit_is_known(const char *name)
{
    bool known = false;
    for (int i = 0; i < UNITS; i++)
        known |= strcmp(name, units[i].name) == 0;
    return known;
}

void setup_units_note(const char *prefix, FILE *list)
{
    for (int i = 0; i < UNITS && setup_can_start(prefix); i++)
        fprintf(list, "unit %s %s %s\n",
                setup_unit_is_enabled(units[i].name) ? "enabled" : "disabled",
                systemctl("is-active", NULL, units[i].name) == 0 ? "active" : "inactive",
                units[i].name);
}

void setup_units_stop(const char *prefix)
{
    for (int i = UNITS - 1; i >= 0 && setup_can_start(prefix); i--)
        systemctl("stop", NULL, units[i].name);
}

void setup_unit_return(const char *name, bool enabled, bool active)
{
    systemctl(enabled ? "enable" : "disable", NULL, name);
    if (active)
        systemctl("start", NULL, name);
}
