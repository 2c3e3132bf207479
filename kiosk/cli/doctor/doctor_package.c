#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/common/paths.h"
#include "kiosk/common/version.h"

#include <stdio.h>
#include <string.h>

/* --- the package, as dpkg knows it ----------------------------------------------------------- */

/* The fields of one package in dpkg's status file. False if it is not there. */
static bool package_find(const struct doctor *d, const char *package, char status[64],
                         char version[64])
{
    char path[PATH_LEN], line[512], wanted[80];
    bool in = false;
    FILE *f;
    if (path_under(d->prefix, "/var/lib/dpkg/status", path) < 0 || !(f = fopen(path, "re")))
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
        doctor_say(d, "package", DOCTOR_OK, "", "not installed as a package; this is %s",
                   PORCHLIGHT_VERSION);
    else if (strcmp(status, "install ok installed") != 0 &&
             strcmp(status, "hold ok installed") != 0)
        doctor_say(d, "package", DOCTOR_FAILURE, "dpkg --configure -a; apt-get -f install",
                   "porchlight %s is half installed (%s)", version, status);
    else
        doctor_say(d, "package", DOCTOR_OK, "", "porchlight %s", version);
}

static void check_running(struct doctor *d)
{
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(d->daemon, "version");
    if (!d->daemon)
        doctor_say(d, "porchlightd", DOCTOR_FAILURE,
                   "systemctl start porchlightd; journalctl -u porchlightd says why it does not",
                   "it does not answer: no press would be heard");
    else if (!cJSON_IsString(version) || strcmp(version->valuestring, PORCHLIGHT_VERSION) != 0)
        doctor_say(d, "porchlightd", DOCTOR_WARNING, "systemctl restart porchlightd",
                   "version %s runs, %s is installed",
                   cJSON_IsString(version) ? version->valuestring : "unknown", PORCHLIGHT_VERSION);
    else
        doctor_say(d, "porchlightd", DOCTOR_OK, "", "%s answers", PORCHLIGHT_VERSION);
}

/* --- units: what systemd leaves in the file system ----------------------------------------------
 * A running service has processes in its control group; an enabled unit a link in what wants it. */

static const struct unit {
    const char *name;
    const char *wanted_by;
    bool runs;        /* all the time; else it waits for a request or for the boot */
    const char *only; /* a file without which it is not meant to be there; NULL: always */
} units[] = {
    {"porchlightd.service", "multi-user.target", true, PATH_CONF},
    {"porchlight-screen.service", "multi-user.target", true, PATH_CONF},
    {"porchlightd-control.socket", "sockets.target", false, PATH_CONF},
    {"porchlight-broker.service", "multi-user.target", true,
     "/etc/porchlight/broker/mosquitto.conf"},
    {"porchlight-page.service", "multi-user.target", true, "/etc/porchlight/page/nginx.conf"},
    {"porchlight-renew.timer", "timers.target", false, "/etc/porchlight/ca/ca.key"},
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
    char link[PATH_LEN], mend[128];
    char whole[PATH_LEN];
    if (u->only && !doctor_exists(d, u->only))
        return;
    snprintf(link, sizeof link, "/etc/systemd/system/%s.wants/%s", u->wanted_by, u->name);
    snprintf(mend, sizeof mend, "systemctl enable --now %s", u->name);
    if (path_under(d->prefix, link, whole) < 0)
        return;
    if (!doctor_exists(d, link)) {
        doctor_say(d, u->name, DOCTOR_FAILURE, mend,
                   "not enabled: it would not come back with the "
                   "power");
    } else if (u->runs && !unit_runs(d, u->name)) {
        snprintf(mend, sizeof mend, "systemctl status %s; then systemctl restart %s", u->name,
                 u->name);
        doctor_say(d, u->name, DOCTOR_FAILURE, mend, "enabled, and not running");
    } else {
        doctor_say(d, u->name, DOCTOR_OK, "", u->runs ? "enabled, running" : "enabled");
    }
}

void doctor_package(struct doctor *d)
{
    check_package(d);
    check_running(d);
    if (!doctor_exists(d, "/run/systemd/system")) {
        doctor_say(d, "units", DOCTOR_OK, "", "systemd does not run here");
        return;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        check_unit(d, &units[i]);
}
