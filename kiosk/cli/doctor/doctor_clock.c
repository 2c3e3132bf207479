#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/common/clock.h"

void doctor_clock(struct doctor *d)
{
    char wall[24];
    bool kept = doctor_exists(d, "/run/systemd/timesync/synchronized") ||
                doctor_exists(d, "/run/chrony/chronyd.pid");
    bool battery = doctor_exists(d, "/sys/class/rtc/rtc0");
    if (!clock_is_set()) {
        doctor_say(
            d, "set", DOCTOR_FAILURE,
            "timedatectl set-ntp true, and let the kiosk reach a time server; or fit a clock "
            "with a battery. Alerts go out all the same, without their age",
            "the clock was never set since power-up");
        return;
    }
    clock_wall(wall);
    doctor_say(d, "set", DOCTOR_OK, "", "%s", wall);
    if (kept)
        doctor_say(d, "kept right", DOCTOR_OK, "", "by a time server");
    else
        doctor_say(d, "kept right", DOCTOR_WARNING, "timedatectl set-ntp true",
                   "no time server was reached since power-up%s",
                   battery ? "; it goes by its battery clock" : "");
}
