#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/common/clock.h"

static const char synchronise[] = "Let the kiosk reach a time server, or fit a clock module with a "
                                  "battery:\n"
                                  "    sudo timedatectl set-ntp true";

void doctor_clock(struct doctor *d)
{
    char wall[24];
    bool kept = doctor_exists(d, "/run/systemd/timesync/synchronized") ||
                doctor_exists(d, "/run/chrony/chronyd.pid");
    bool battery = doctor_exists(d, "/sys/class/rtc/rtc0");
    if (!clock_is_set() || !kept)
        doctor_trouble(d, TROUBLE_CLOCK);
    if (!clock_is_set()) {
        doctor_say(d, "set", DOCTOR_FAILURE, synchronise,
                   "The clock has not been set since power-up. Alerts still go out, but phones "
                   "cannot show how old they are, and the door's hours are not known.");
        return;
    }
    clock_wall(wall);
    doctor_say(d, "set", DOCTOR_OK, "", "%s", wall);
    if (kept)
        doctor_say(d, "kept right", DOCTOR_OK, "", "By a time server.");
    else
        doctor_say(d, "kept right", DOCTOR_WARNING, synchronise,
                   "No time server has been reached since power-up%s. With a wrong clock, "
                   "certificates are refused and alerts show a wrong age.",
                   battery ? ", so the time comes from the battery clock alone" : "");
}
