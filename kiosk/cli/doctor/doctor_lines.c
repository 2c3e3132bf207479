#include "kiosk/cli/doctor/doctor.h"

#include "hw/line.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* --- may porchlightd open the chips? --------------------------------------------------------- */

/* Whether `user` is in the group, by /etc/group below the prefix; its number in *gid. */
static bool is_member(const struct doctor *d, const char *group, const char *user, gid_t *gid)
{
    char path[PATH_LEN];
    bool member = false;
    const struct group *g;
    FILE *f;

    if (path_under(d->prefix, "/etc/group", path) < 0 || !(f = fopen(path, "re")))
        return false;
    *gid = (gid_t)-1;
    while ((g = fgetgrent(f))) {
        if (strcmp(g->gr_name, group) != 0)
            continue;
        *gid = g->gr_gid;
        for (char *const *m = g->gr_mem; *m; m++)
            member |= strcmp(*m, user) == 0;
    }
    fclose(f);
    return member;
}

static void check_chip(struct doctor *d, const char *path)
{
    char whole[PATH_LEN];
    struct stat st;
    gid_t gid;

    (void)is_member(d, "gpio", "porchlight", &gid);
    if (path_under(d->prefix, path, whole) < 0 || lstat(whole, &st) < 0 || S_ISLNK(st.st_mode))
        return;
    if (st.st_gid != gid || (st.st_mode & 0060) != 0060)
        doctor_say(d, path, DOCTOR_FAILURE,
                   "udevadm control --reload && udevadm trigger -s gpio, which lets the package's "
                   "rule set it again",
                   "the group gpio may not use it (mode %03o)", st.st_mode & 0777u);
}

static void check_access(struct doctor *d)
{
    unsigned before = d->count[DOCTOR_FAILURE];
    gid_t gid;
    if (!is_member(d, "gpio", "porchlight", &gid))
        doctor_say(d, "group gpio", DOCTOR_FAILURE,
                   "systemd-sysusers && systemctl restart porchlightd",
                   "the user porchlight is not in it: porchlightd cannot open any line");
    if (doctor_each(d, "/dev/gpiochip*", check_chip) == 0)
        doctor_say(d, "chips", DOCTOR_FAILURE,
                   "is this the Pi that the switch is wired to? gpiodetect lists its chips",
                   "this machine has none (/dev/gpiochip*)");
    if (before == d->count[DOCTOR_FAILURE])
        doctor_say(d, "chips", DOCTOR_OK, "", "porchlightd may use them");
}

/* --- the lines themselves -------------------------------------------------------------------- */

/* porchlightd holds them: what does it say? */
static void doctor_lines_ask_daemon(struct doctor *d)
{
    const cJSON *in;
    cJSON_ArrayForEach(in, cJSON_GetObjectItemCaseSensitive(d->daemon, "inputs"))
    {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(in, "name");
        const cJSON *fault = cJSON_GetObjectItemCaseSensitive(in, "fault");
        bool active = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(in, "active"));
        if (!cJSON_IsString(name))
            continue;
        if (cJSON_IsString(fault))
            doctor_say(d, name->valuestring, DOCTOR_FAILURE, fault->valuestring,
                       "at fault: stuck, cut, shorted, or gone with its chip");
        else
            doctor_say(d, name->valuestring, DOCTOR_OK, "", "held by porchlightd, %s",
                       active ? "active" : "at rest");
    }
}

static const enum line_bias biases[] = {
    [CONFIG_BIAS_AS_IS] = LINE_BIAS_AS_IS,
    [CONFIG_BIAS_PULL_UP] = LINE_BIAS_PULL_UP,
    [CONFIG_BIAS_PULL_DOWN] = LINE_BIAS_PULL_DOWN,
    [CONFIG_BIAS_NONE] = LINE_BIAS_DISABLED,
};

/* Nobody holds them: each is opened as porchlightd would, read once and let go. */
static void try_line(struct doctor *d, const char *name, const struct config_line *c,
                     bool is_switch)
{
    struct line_spec spec = {
        .direction = LINE_INPUT, .bias = biases[c->bias], .active_low = c->active_low};
    struct line_error error;

    if (!c->address[0] || line_is_simulated(c->address))
        return;
    snprintf(spec.address, sizeof spec.address, "%s", c->address);
    struct line *l = line_open(name, &spec, NULL, &error);
    if (!l) {
        doctor_say(d, name, DOCTOR_FAILURE, "gpioinfo lists the lines and who holds them", "%s",
                   error.text);
        return;
    }
    int level = line_get(l);
    if (level < 0)
        doctor_say(d, name, DOCTOR_FAILURE, "restart the Pi; then look at the chip with gpioinfo",
                   "%s cannot be read: %s", c->address, strerror(errno));
    else if (level == 1 && is_switch)
        doctor_say(
            d, name, DOCTOR_WARNING,
            "let it go; if nobody touches it, the wires or bias and active in the config are "
            "wrong",
            "%s reads pressed", c->address);
    else
        doctor_say(d, name, DOCTOR_OK, "", "%s reads %s", c->address,
                   level       ? "active"
                   : is_switch ? "at rest"
                               : "closed");
    line_free(l);
}

void doctor_lines(struct doctor *d)
{
    const struct config *c = d->config;

    if (c && c->simulated) {
        doctor_say(d, "all", DOCTOR_OK, "", "simulated");
        doctor_lines_ask_daemon(d);
        return;
    }
    check_access(d);
    if (d->daemon) {
        doctor_lines_ask_daemon(d);
        return;
    }
    for (size_t i = 0; c && i < c->switches_count; i++) {
        try_line(d, c->switches[i].name, &c->switches[i].line, true);
        try_line(d, c->switches[i].name, &c->switches[i].other, false);
    }
    for (size_t i = 0; c && i < c->doors_count; i++)
        try_line(d, c->doors[i].name, &c->doors[i].line, false);
}
