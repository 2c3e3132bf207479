#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/core/cue.h"

static void check_outside(struct doctor *d)
{
    bool outside = false;
    if (d->config->brokers_count == 0)
        return;
    for (size_t i = 0; i < d->config->brokers_count; i++)
        outside |= d->config->brokers[i].outside;
    if (outside)
        doctor_say(d, "outside", DOCTOR_OK, "", "A broker outside the venue is configured.");
    else
        doctor_say(d, "outside", DOCTOR_WARNING,
                   "Run set-up again, and name a broker outside the venue when it asks:\n"
                   "    sudo porchlight setup",
                   "LAN only: there is no broker outside the venue. Whoever takes the Pi takes the "
                   "alert with it.");
}

/* In a plain venue any phone may end an alert. */
static void check_staff(struct doctor *d)
{
    static const char invite[] = "Invite staff phones, at least two. One of them should always be "
                                 "away from the venue.\n"
                                 "    sudo porchlight invite --staff --root FILE";
    const cJSON *staff = cJSON_GetObjectItemCaseSensitive(d->daemon, "staff");
    if (d->config->kiosk.plain || !cJSON_IsNumber(staff))
        return;
    if (staff->valueint < 1)
        doctor_say(d, "staff", DOCTOR_FAILURE, invite,
                   "No staff phone has joined, so only the root key could end a lockdown.");
    else if (staff->valueint < 2)
        doctor_say(d, "staff", DOCTOR_WARNING, invite,
                   "Only one staff phone has joined. If it is lost or taken, only the root key can "
                   "end a lockdown.");
    else
        doctor_say(d, "staff", DOCTOR_OK, "", "%d staff phones have joined.", staff->valueint);
}

/* porchlightd knows whether anybody can be reached from the relay's signs of life, and from the
 * answers to the current alert. Whether phones listen cannot be seen without an alert. */
void doctor_phones(struct doctor *d)
{
    const cJSON *cue = cJSON_GetObjectItemCaseSensitive(d->daemon, "cue");
    if (!d->config)
        return;
    check_outside(d);
    check_staff(d);
    if (!cJSON_IsNumber(cue))
        return;
    unsigned signs = (unsigned)cue->valuedouble;
    if (signs & CUE_RELAY_DEAD)
        doctor_say(d, "relay", DOCTOR_FAILURE,
                   "On the machine that runs the relay, see whether it is running and whether it "
                   "reaches its broker:\n"
                   "    systemctl status porchlight-relay",
                   "The relay has stopped sending signs of life, so locked phones would not ring.");
    else if (!d->config->alert.relay)
        doctor_say(d, "relay", DOCTOR_WARNING,
                   "Make a relay and install it on a machine outside the venue. Then set relay = "
                   "yes in [alert] of porchlight.conf.\n"
                   "    sudo porchlight relay --root FILE FOLDER",
                   "No relay is configured, so locked phones would not ring.");
    else
        doctor_say(d, "relay", DOCTOR_OK, "", "The relay sends signs of life.");
    doctor_dropped(d, "relay's flood", "The relay", d->daemon, "relay_dropped",
                   "On the machine that runs the relay, its log names the account. If it is a "
                   "phone's, shut that phone out here.\n"
                   "    journalctl -u porchlight-relay -g \"too many messages\"\n"
                   "    sudo porchlight revoke ACCOUNT");
    if (signs & CUE_NOBODY)
        doctor_say(d, "listening", DOCTOR_FAILURE,
                   "Open the page on a phone, and look at the brokers here. After the alert, test "
                   "the phones with a drill.\n"
                   "    porchlight status\n"
                   "    porchlight drill",
                   "An alert is active, and nobody has answered it.");
    else
        doctor_say(d, "listening", DOCTOR_OK, "",
                   "Not known before an alert. porchlight drill shows which phones answer.");
}
