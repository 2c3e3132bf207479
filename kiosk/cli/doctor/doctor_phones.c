#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/core/cue.h"

/* Whether anyone would hear: porchlightd knows by the relay's beats, and by the answers to an alert
 * that stands. That no phone listens cannot be told at rest: a drill tells. */
void doctor_phones(struct doctor *d)
{
    const cJSON *cue = cJSON_GetObjectItemCaseSensitive(d->daemon, "cue");
    if (!d->config)
        return;
    if (d->config->brokers_count > 0) {
        bool outside = false;
        for (size_t i = 0; i < d->config->brokers_count; i++)
            outside |= d->config->brokers[i].outside;
        if (!outside)
            doctor_say(d, "outside", DOCTOR_WARNING,
                       "set up a broker outside the venue; sudo porchlight setup asks for one",
                       "LAN only: an alert could be carried off with the Pi");
        else
            doctor_say(d, "outside", DOCTOR_OK, "", "a broker outside is configured");
    }
    if (!cJSON_IsNumber(cue))
        return;
    unsigned signs = (unsigned)cue->valuedouble;
    if (signs & CUE_RELAY_DEAD)
        doctor_say(
            d, "relay", DOCTOR_FAILURE,
            "on the relay's machine: systemctl status porchlight-relay; and look whether its "
            "broker answers",
            "no relay beats: locked phones would not ring");
    else if (!d->config->alert.relay)
        doctor_say(
            d, "relay", DOCTOR_WARNING,
            "sudo porchlight relay makes one to carry outside the venue; then [alert] relay = "
            "yes",
            "none is configured: phones that sleep in a pocket would not ring");
    else
        doctor_say(d, "relay", DOCTOR_OK, "", "it beats");
    if (signs & CUE_NOBODY)
        doctor_say(d, "listening", DOCTOR_FAILURE,
                   "open the page on a phone and try porchlight drill; porchlight status shows the "
                   "brokers",
                   "an alert stands, and nobody has answered");
    else
        doctor_say(d, "listening", DOCTOR_OK, "", "porchlight drill tells who answers");
}
