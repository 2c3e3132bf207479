#include "kiosk/cli/doctor/doctor.h"

#include "config/uses.h"
#include "kiosk/common/paths.h"

#include <stdio.h>
#include <string.h>

/* What somebody in the room learns by an output that is no motor; NULL: nothing of an alert. */
static const char *given_away(enum config_condition c)
{
    static const char *const learned[CONFIG_CONDITIONS] = {
        [CONFIG_SENSED] = "that somebody has just pressed a switch",
        [CONFIG_ACCEPTED] = "that an alert has gone out",
        [CONFIG_SEEN] = "that phones have seen an alert",
        [CONFIG_SAFE] = "that people have answered an alert",
        [CONFIG_HELP] = "that somebody has answered an alert and asks for help",
        [CONFIG_LOCKDOWN] = "that a lockdown is active",
        [CONFIG_ALL_CLEAR] = "that an alert was active and is over"};
    return learned[c];
}

static const char *fault_of_output(const struct doctor *d, const char *name)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(d->daemon, "outputs"))
    {
        const char *is = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "name"));
        if (is && strcmp(is, name) == 0)
            return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(one, "fault"));
    }
    return NULL;
}

static void check_one(struct doctor *d, const struct config_output *o)
{
    char shows[CONFIG_USES_MAX * (CONFIG_USE_MAX + 2)] = "", learned[512] = "";
    for (size_t i = 0; i < o->uses_count; i++) {
        char use[CONFIG_USE_MAX];
        size_t had = strlen(shows), len = strlen(learned);
        const char *away = o->kind == CONFIG_MOTOR ? NULL : given_away(o->uses[i].condition);
        config_use_write(&o->uses[i], use, sizeof use);
        snprintf(shows + had, sizeof shows - had, "%s%s", had ? ", " : "", use);
        if (away)
            snprintf(learned + len, sizeof learned - len, "%s%s", len ? ", " : "", away);
    }
    const char *kind = config_output_kind_name(o->kind), *fault = fault_of_output(d, o->name);
    if (fault)
        doctor_say(d, o->name, DOCTOR_FAILURE,
                   "This lists the Pi's pins and what uses them:\n"
                   "    gpioinfo",
                   "porchlightd cannot switch this %s (%s): %s.", kind, o->line.address, fault);
    else if (learned[0])
        doctor_say(
            d, o->name, DOCTOR_WARNING,
            "Make sure that only staff can notice it. If others can, take that out of \"on\" "
            "below [output NAME] in " PATH_CONF ", or use a motor.",
            "Whoever sees or hears this %s learns %s. It shows %s.", kind, learned, shows);
    else
        doctor_say(d, o->name, DOCTOR_OK, "", "This %s shows %s.", kind, shows);
}

void doctor_outputs(struct doctor *d)
{
    bool relay = false;
    for (size_t i = 0; d->config && i < d->config->outputs_count; i++) {
        check_one(d, &d->config->outputs[i]);
        relay |= d->config->outputs[i].kind == CONFIG_RELAY;
    }
    if (relay)
        doctor_say(
            d, "exits", DOCTOR_WARNING,
            "Look at what is connected to each relay. If one is a lock, disconnect it.",
            "An output is a relay. It must never lock a door: whoever is inside must be able "
            "to leave at any time.");
}
