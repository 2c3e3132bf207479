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
    bool member = false;
    const struct group *g;
    FILE *f;

    if (!(f = doctor_open(d, "/etc/group")))
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
                   "Let the package's udev rule set its permissions again:\n"
                   "    sudo udevadm control --reload\n"
                   "    sudo udevadm trigger -s gpio",
                   "The group gpio may not use it (mode %03o), so porchlightd cannot read a switch "
                   "on it.",
                   st.st_mode & 0777u);
}

static void check_access(struct doctor *d)
{
    unsigned before = d->count[DOCTOR_FAILURE];
    gid_t gid;
    if (!is_member(d, "gpio", "porchlight", &gid))
        doctor_say(d, "group gpio", DOCTOR_FAILURE,
                   "Add it, and restart porchlightd:\n"
                   "    sudo systemd-sysusers\n"
                   "    sudo systemctl restart porchlightd",
                   "The user porchlight is not in this group, so porchlightd cannot read any "
                   "switch.");
    if (doctor_each(d, "/dev/gpiochip*", check_chip) == 0)
        doctor_say(d, "chips", DOCTOR_FAILURE,
                   "Use the Pi that the switch is connected to. This lists its chips:\n"
                   "    gpiodetect",
                   "No GPIO chip found (/dev/gpiochip*). Is this a Raspberry Pi? The switch will "
                   "not work.");
    if (before == d->count[DOCTOR_FAILURE])
        doctor_say(d, "chips", DOCTOR_OK, "", "porchlightd may use them.");
}

/* --- the lines themselves -------------------------------------------------------------------- */

static const struct config_switch *switch_of(const struct config *c, const char *name)
{
    for (size_t i = 0; c && i < c->switches_count; i++)
        if (strcmp(c->switches[i].name, name) == 0)
            return &c->switches[i];
    return NULL;
}

/* porchlightd has not got it: is it not there, or may it not open it? */
static void doctor_button(struct doctor *d, const struct config_switch *s, const char *fault)
{
    struct line_spec spec = {.direction = LINE_INPUT, .root = d->prefix};
    struct line_error error;
    snprintf(spec.address, sizeof spec.address, "%s", s->line.address);
    struct line *l = line_open(s->name, &spec, NULL, &error);
    int why = errno;
    line_free(l);
    if (l)
        doctor_say(d, s->name, DOCTOR_FAILURE,
                   "Let udev and systemd read the config again:\n"
                   "    sudo udevadm trigger -s input\n"
                   "    sudo systemctl daemon-reload\n"
                   "    sudo systemctl restart porchlightd",
                   "It is connected, but porchlightd may not open it, so its presses are lost.");
    else
        doctor_say(d, s->name, DOCTOR_FAILURE,
                   "Switch it on, bring it into range and press it once; check its battery.",
                   "%s. Presses of it are lost.", why == EBUSY ? fault : error.text);
}

static const char radio_fix[] = "Press the button once, and see whether its gateway shows it. The "
                                "handbook's page about buttons by radio explains each fault.";

static const char pins_fix[] = "This lists the Pi's pins and what uses them:\n"
                               "    gpioinfo";

/* What watches the kiosk itself. Of a lid, a tilt sensor or a tamper contact nobody on site is
 * shown what it says. */
static void report_sensor(struct doctor *d, const char *name, const char *fault,
                          const cJSON *active)
{
    if (!fault)
        doctor_say(d, name, DOCTOR_OK, "", "porchlightd reads it%s.",
                   !cJSON_IsBool(active)  ? ""
                   : cJSON_IsTrue(active) ? ": there is trouble"
                                          : ": nothing is wrong");
    else
        doctor_say(d, name, DOCTOR_FAILURE,
                   "Of a wire, this lists the Pi's pins and what uses them:\n"
                   "    gpioinfo\n"
                   "Of a UPS, this shows whether its driver runs:\n"
                   "    systemctl status nut-server",
                   "porchlightd cannot read it: %s.", fault);
}

/* A switch or door with a fault. */
static void report_fault(struct doctor *d, const cJSON *in, const char *name, bool door,
                         const char *fault)
{
    const struct config_switch *s = door ? NULL : switch_of(d->config, name);
    if (s && config_button_topic(&s->line))
        doctor_say(d, name, DOCTOR_FAILURE, radio_fix,
                   "This button by radio cannot be relied on: %s.", fault);
    else if (s && line_is_button(s->line.address))
        doctor_button(d, s, fault);
    else if (cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(in, "missing")))
        doctor_say(d, name, DOCTOR_FAILURE, pins_fix, "porchlightd cannot read it: %s.", fault);
    else
        doctor_say(d, name, DOCTOR_FAILURE,
                   "Check its two wires and the switch itself, then let it go once. If they "
                   "are in order, this lists the Pi's pins:\n"
                   "    gpioinfo",
                   "porchlightd reports a fault (%s). It may be stuck, cut or shorted, and "
                   "cannot be relied on.",
                   fault);
}

static void report_input(struct doctor *d, const cJSON *in)
{
    const cJSON *active = cJSON_GetObjectItemCaseSensitive(in, "active");
    const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(in, "name"));
    const char *fault = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(in, "fault"));
    const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(in, "kind"));
    bool door = kind && strcmp(kind, "door") == 0;
    if (!name)
        return;
    if (kind && !door && strcmp(kind, "switch") != 0)
        report_sensor(d, name, fault, active);
    else if (fault)
        report_fault(d, in, name, door, fault);
    else
        doctor_say(d, name, DOCTOR_OK, "", "porchlightd reads it: %s.",
                   door                   ? cJSON_IsTrue(active) ? "open" : "closed"
                   : cJSON_IsTrue(active) ? "pressed"
                                          : "not pressed");
}

/* porchlightd holds them, so it knows. */
static void report_inputs(struct doctor *d)
{
    const cJSON *in;
    cJSON_ArrayForEach(in, cJSON_GetObjectItemCaseSensitive(d->daemon, "inputs"))
    {
        report_input(d, in);
    }
}

static const enum line_bias biases[] = {
    [CONFIG_BIAS_AS_IS] = LINE_BIAS_AS_IS,
    [CONFIG_BIAS_PULL_UP] = LINE_BIAS_PULL_UP,
    [CONFIG_BIAS_PULL_DOWN] = LINE_BIAS_PULL_DOWN,
    [CONFIG_BIAS_NONE] = LINE_BIAS_DISABLED,
};

/* porchlightd does not run: each line is opened as it would, read once and closed. */
static void try_line(struct doctor *d, const char *name, const struct config_line *c,
                     bool is_switch)
{
    struct line_spec spec = {.direction = LINE_INPUT,
                             .bias = biases[c->bias],
                             .active_low = c->active_low,
                             .root = d->prefix};
    struct line_error error;

    if (!c->address[0] || line_is_simulated(c->address) || config_button_topic(c))
        return;
    snprintf(spec.address, sizeof spec.address, "%s", c->address);
    struct line *l = line_open(name, &spec, NULL, &error);
    if (!l) {
        doctor_say(d, name, DOCTOR_FAILURE, pins_fix, "%s", error.text);
        return;
    }
    int level = line_get(l);
    if (level < 0)
        doctor_say(d, name, DOCTOR_FAILURE,
                   "Restart the Pi. If that does not help, look at the chip:\n"
                   "    gpioinfo",
                   "%s cannot be read (%s), so nobody would notice a press.", c->address,
                   strerror(errno));
    else if (level == 1 && is_switch)
        doctor_say(d, name, DOCTOR_WARNING,
                   "Let the switch go. If nobody is pressing it, check its wires, and the keys "
                   "bias and active in " PATH_CONF ".",
                   "%s reads as pressed. A switch that always reads as pressed cannot raise an "
                   "alert.",
                   c->address);
    else
        doctor_say(d, name, DOCTOR_OK, "", "%s reads as %s.", c->address,
                   level       ? "active"
                   : is_switch ? "not pressed"
                               : "closed");
    line_free(l);
}

/* Whether any switch or door is on a GPIO line: buttons alone need no chip. */
static bool needs_chips(const struct config *c)
{
    bool needed = !c || c->doors_count > 0;
    for (size_t i = 0; !needed && i < c->switches_count; i++)
        needed = !line_is_button(c->switches[i].line.address) &&
                 !config_button_topic(&c->switches[i].line);
    return needed;
}

/* A system that starts porchlightd by itself; a folder for trying has no such unit. */
static bool is_installed(const struct doctor *d)
{
    return doctor_exists(d, "/usr/lib/systemd/system/porchlightd.service") ||
           doctor_exists(d, "/lib/systemd/system/porchlightd.service");
}

void doctor_lines(struct doctor *d)
{
    const struct config *c = d->config;

    if (c && c->simulated) {
        if (is_installed(d))
            doctor_say(
                d, "all", DOCTOR_FAILURE,
                "Connect the switch to the Pi and name its pin in [switch NAME] of " PATH_CONF
                ", such as line = GPIO17, or run set-up again:\n"
                "    sudo porchlight setup",
                "All lines are simulated, so no real switch can raise an alarm.");
        else
            doctor_say(d, "all", DOCTOR_OK, "",
                       "All lines are simulated, as in any folder for trying.");
        report_inputs(d);
        return;
    }
    if (needs_chips(c))
        check_access(d);
    if (d->daemon) {
        report_inputs(d);
        return;
    }
    for (size_t i = 0; c && i < c->switches_count; i++) {
        try_line(d, c->switches[i].name, &c->switches[i].line, true);
        try_line(d, c->switches[i].name, &c->switches[i].other, false);
    }
    for (size_t i = 0; c && i < c->doors_count; i++)
        try_line(d, c->doors[i].name, &c->doors[i].line, false);
    for (size_t i = 0; c && i < c->inputs_count; i++)
        if (strncmp(c->inputs[i].line.address, "ups:", 4) != 0)
            try_line(d, c->inputs[i].name, &c->inputs[i].line, false);
}
