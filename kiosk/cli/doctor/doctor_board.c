#include "kiosk/cli/doctor/doctor.h"

#include <stdio.h>
#include <string.h>

/* --- power ---------------------------------------------------------------------------------------
 * The Pi's firmware tells undervoltage by two ways: a word of bits, and a voltage sensor with an
 * alarm. Either may be missing, by model and kernel. */

#define THROTTLED "/sys/devices/platform/soc/soc:firmware/get_throttled"

enum {
    UNDERVOLTAGE = 1 << 0,
    TOO_HOT = 1 << 3, /* the firmware's own limit: it slows down */
    SINCE_BOOT = 16,  /* the same bits again, for ever since power-up */
    HOT_WARNING = 70, /* degrees: a Pi slows down at 80 */
    HOT_FAILURE = 80,
};

static const char supply[] = "use the power supply made for this Pi, with a short thick cable, and "
                             "take other devices off its USB";

static void find_sensor(struct doctor *d, const char *path)
{
    char name[32], alarm[320];
    long on;
    if (!doctor_line_of(d, path, name, sizeof name) || strcmp(name, "rpi_volt") != 0)
        return;
    snprintf(alarm, sizeof alarm, "%.*s/in0_lcrit_alarm", (int)(strrchr(path, '/') - path), path);
    if (!doctor_number_of(d, alarm, &on))
        return;
    doctor_say(d, "voltage alarm", on ? DOCTOR_FAILURE : DOCTOR_OK, supply, "%s",
               on ? "the voltage is too low: a press may fall into a restart" : "quiet");
}

/* The file has hexadecimal digits without 0x. */
static bool read_throttled(struct doctor *d, unsigned *bits)
{
    char text[32];
    return doctor_line_of(d, THROTTLED, text, sizeof text) && sscanf(text, "%x", bits) == 1;
}

static void check_power(struct doctor *d)
{
    unsigned bits;
    unsigned before = d->count[0] + d->count[1] + d->count[2];
    if (read_throttled(d, &bits)) {
        if (bits & UNDERVOLTAGE)
            doctor_say(d, "undervoltage", DOCTOR_FAILURE, supply,
                       "the voltage is too low now: a press may fall into a restart");
        else if (bits & UNDERVOLTAGE << SINCE_BOOT)
            doctor_say(d, "undervoltage", DOCTOR_WARNING, supply,
                       "the voltage was too low since power-up, and is not now");
        else
            doctor_say(d, "undervoltage", DOCTOR_OK, "", "none since power-up");
        if (bits & (TOO_HOT | TOO_HOT << SINCE_BOOT))
            doctor_say(d, "slowed down by heat", DOCTOR_WARNING,
                       "give it air, or a heat sink, out of the sun", "%s",
                       bits & TOO_HOT ? "now" : "since power-up, not now");
    }
    doctor_each(d, "/sys/class/hwmon/hwmon*/name", find_sensor);
    if (before == d->count[0] + d->count[1] + d->count[2])
        doctor_say(d, "undervoltage", DOCTOR_OK, "", "this board does not tell");
}

/* --- temperature ----------------------------------------------------------------------------- */

static void check_zone(struct doctor *d, const char *path)
{
    long milli;
    if (!doctor_number_of(d, path, &milli))
        return;
    long degrees = milli / 1000;
    doctor_say(d, "temperature",
               degrees >= HOT_FAILURE   ? DOCTOR_FAILURE
               : degrees >= HOT_WARNING ? DOCTOR_WARNING
                                        : DOCTOR_OK,
               "give it air, or a heat sink, out of the sun", "%ld degrees (a Pi slows down at %d)",
               degrees, HOT_FAILURE);
}

/* Whoever finds a keyboard could end any program by a key of the kernel's. */
static void check_sysrq(struct doctor *d)
{
    long keys;
    if (!doctor_number_of(d, "/proc/sys/kernel/sysrq", &keys))
        return;
    doctor_say(d, "SysRq keys", keys == 0 ? DOCTOR_OK : DOCTOR_WARNING,
               "echo 'kernel.sysrq=0' >/etc/sysctl.d/90-no-sysrq.conf && sysctl --system",
               keys == 0 ? "off" : "a keyboard plugged in can restart the kiosk (kernel.sysrq=%ld)",
               keys);
}

void doctor_board(struct doctor *d)
{
    check_power(d);
    if (doctor_each(d, "/sys/class/thermal/thermal_zone*/temp", check_zone) == 0)
        doctor_say(d, "temperature", DOCTOR_OK, "", "this board does not tell");
    check_sysrq(d);
}
