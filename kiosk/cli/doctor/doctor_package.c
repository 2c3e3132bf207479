#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/cli/sibling_program.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/version.h"

#include <stdio.h>
#include <string.h>

/* --- the package, as dpkg knows it ----------------------------------------------------------- */

/* The fields of one package in dpkg's status file. False if it is not there. */
static bool package_find(const struct doctor *d, const char *package, char status[64],
                         char version[64])
{
    char line[512], wanted[80];
    bool in = false;
    FILE *f;
    if (!(f = doctor_open(d, "/var/lib/dpkg/status")))
        return false;
    snprintf(wanted, sizeof wanted, "Package: %s\n", package);
    status[0] = version[0] = '\0';
    while (fgets(line, sizeof line, f)) {
        if (in && line[0] == '\n')
            break;
        if (strcmp(line, wanted) == 0)
            in = true;
        else if (in && sscanf(line, "Status: %63[^\n]", status) != 1)
            (void)sscanf(line, "Version: %63[^\n]", version);
    }
    fclose(f);
    return in;
}

static void check_package(struct doctor *d)
{
    char status[64], version[64];
    if (!package_find(d, "porchlight", status, version) || strstr(status, "config-files"))
        doctor_say(d, "package", DOCTOR_OK, "", "This is %s, not installed as a package.",
                   PORCHLIGHT_VERSION);
    else if (strcmp(status, "install ok installed") != 0 &&
             strcmp(status, "hold ok installed") != 0)
        doctor_say(d, "package", DOCTOR_FAILURE,
                   "Finish the installation:\n"
                   "    sudo dpkg --configure -a\n"
                   "    sudo apt-get -f install",
                   "porchlight %s is half installed (%s). Parts of it may be missing.", version,
                   status);
    else
        doctor_say(d, "package", DOCTOR_OK, "", "porchlight %s is installed.", version);
}

/* --- updates, as apt knows them; it looks for news by itself ---------------------------------- */

/* "  Candidate: 0.3.0" in what apt-cache says. */
static bool said_by_apt(const char *text, const char *word, char out[64])
{
    const char *at = strstr(text, word);
    return at && sscanf(at + strlen(word), " %63s", out) == 1 && strcmp(out, "(none)") != 0;
}

static void check_update(struct doctor *d)
{
    char text[4096], installed[64], candidate[64], folder[PATH_LEN + 8];
    char *argv[] = {"env", "LC_ALL=C", "apt-cache", "policy", "porchlight", "-o", folder, NULL};
    snprintf(folder, sizeof folder, "Dir=%s/", d->prefix);
    if (sibling_program_ask(argv, text, sizeof text) != 0 ||
        !said_by_apt(text, "Installed:", installed) || !said_by_apt(text, "Candidate:", candidate))
        return;
    if (strcmp(installed, candidate) == 0) {
        doctor_say(d, "update", DOCTOR_OK, "", "None is available, as far as apt knows.");
        return;
    }
    doctor_trouble(d, TROUBLE_UPDATE);
    doctor_say(d, "update", DOCTOR_WARNING,
               "Install it when no alert is active:\n"
               "    sudo apt-get update\n"
               "    sudo apt-get install --only-upgrade 'porchlight*'",
               "Version %s is available; %s is installed.", candidate, installed);
}

static void check_running(struct doctor *d)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(d->daemon, "version");
    if (!d->daemon)
        doctor_say(d, "porchlightd", DOCTOR_FAILURE,
                   "Start it. If it stops again, its log shows why.\n"
                   "    sudo systemctl start porchlightd\n"
                   "    sudo journalctl -n 20 -u porchlightd",
                   "porchlightd does not answer. Pressing the switch would alert nobody.");
    else if (!cJSON_IsString(version) || strcmp(version->valuestring, PORCHLIGHT_VERSION) != 0)
        doctor_say(d, "porchlightd", DOCTOR_WARNING,
                   "Restart it:\n"
                   "    sudo systemctl restart porchlightd",
                   "Version %s is running, but %s is installed: what the new version fixes is not "
                   "active yet.",
                   cJSON_IsString(version) ? version->valuestring : "unknown", PORCHLIGHT_VERSION);
    else
        doctor_say(d, "porchlightd", DOCTOR_OK, "", "porchlightd %s answers.", PORCHLIGHT_VERSION);
}

/* --- units: what systemd leaves in the file system ----------------------------------------------
 * A running service has processes in its control group; an enabled unit a link in what wants it. */

#define SCREEN "porchlight-screen.service"

static const struct unit {
    const char *name;
    const char *wanted_by;
    bool runs;        /* all the time; else it waits for a request or for the boot */
    const char *only; /* a file without which it is not meant to be there; NULL: always */
} units[] = {
    {"porchlightd.service", "multi-user.target", true, PATH_CONF},
    {SCREEN, "multi-user.target", true, PATH_CONF},
    {"porchlightd-control.socket", "sockets.target", false, PATH_CONF},
    {"porchlight-broker.service", "multi-user.target", true,
     "/etc/porchlight/broker/mosquitto.conf"},
    {"porchlight-page.service", "multi-user.target", true, "/etc/porchlight/page/nginx.conf"},
    {"porchlight-renew.timer", "timers.target", false, "/etc/porchlight/ca/ca.key"},
    {"porchlight-doctor.timer", "timers.target", false, PATH_CONF},
    {"porchlight-wipe.socket", "sockets.target", false, PATH_PLAN},
    {"porchlight-wipe-resume.service", "sysinit.target", false, PATH_PLAN},
    {"porchlight-book.socket", "sockets.target", false, PATH_SEAL_KEY},
    {"porchlight-relay.service", "multi-user.target", true, PATH_RELAY_CONF},
};

static bool unit_runs(const struct doctor *d, const char *name)
{
    char path[PATH_LEN], text[64];
    snprintf(path, sizeof path, "/sys/fs/cgroup/system.slice/%s/cgroup.events", name);
    return doctor_line_of(d, path, text, sizeof text) && strcmp(text, "populated 1") == 0;
}

static void check_unit(struct doctor *d, const struct unit *u)
{
    char link[PATH_LEN], fix[256];
    if (u->only && !doctor_exists(d, u->only))
        return;
    if (strcmp(u->name, SCREEN) == 0 && d->config && strcmp(d->config->screen.scene, "none") == 0) {
        doctor_say(d, u->name, DOCTOR_OK, "",
                   "Not used: scene = none in [screen] says that this kiosk has no screen.");
        return;
    }
    snprintf(link, sizeof link, "/etc/systemd/system/%s.wants/%s", u->wanted_by, u->name);
    if (!doctor_exists(d, link)) {
        snprintf(fix, sizeof fix, "Enable it:\n    sudo systemctl enable --now %s", u->name);
        doctor_say(d, u->name, DOCTOR_FAILURE, fix,
                   "It is not enabled, so it will not start after a power cut.");
    } else if (u->runs && !unit_runs(d, u->name)) {
        snprintf(fix, sizeof fix,
                 "Restart it. If it stops again, its status shows why.\n"
                 "    sudo systemctl restart %s\n"
                 "    systemctl status %s",
                 u->name, u->name);
        doctor_say(d, u->name, DOCTOR_FAILURE, fix,
                   "It is not running, so this part of the kiosk does nothing.");
    } else {
        doctor_say(d, u->name, DOCTOR_OK, "", u->runs ? "Enabled and running." : "Enabled.");
    }
}

void doctor_package(struct doctor *d)
{
    check_package(d);
    check_update(d);
    check_running(d);
    if (!doctor_exists(d, "/run/systemd/system")) {
        doctor_say(d, "units", DOCTOR_OK, "", "Not checked: systemd does not run here.");
        return;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        check_unit(d, &units[i]);
}
