#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/core/battery_level.h"

#include <stdio.h>
#include <string.h>

/* --- power -----------------------------------------------------------------------------------
 * The Pi's firmware reports undervoltage in two ways: a word of bits, and a voltage sensor with an
 * alarm. Either may be missing, by model and kernel. */

#define THROTTLED "/sys/devices/platform/soc/soc:firmware/get_throttled"

enum {
    UNDERVOLTAGE = 1 << 0,
    TOO_HOT = 1 << 3, /* the firmware's own limit: it slows down */
    SINCE_BOOT = 16,  /* the same bits again, kept until power-off */
    HOT_WARNING = 70, /* degrees Celsius: a Pi slows down at 80 */
    HOT_FAILURE = 80,
};

static const char supply[] = "Use the power supply made for this model of Pi, with a short thick "
                             "cable, and unplug other devices from its USB ports.";
static const char low_now[] = "The supply voltage is too low right now. The Pi may restart just "
                              "when somebody presses the switch.";
static const char cool[] = "Give it air or a heat sink, and keep it out of the sun.";

static void find_sensor(struct doctor *d, const char *path)
{
    char name[32], alarm[320];
    long on;
    if (!doctor_line_of(d, path, name, sizeof name) || strcmp(name, "rpi_volt") != 0)
        return;
    snprintf(alarm, sizeof alarm, "%.*s/in0_lcrit_alarm", (int)(strrchr(path, '/') - path), path);
    if (!doctor_number_of(d, alarm, &on))
        return;
    if (on)
        doctor_trouble(d, TROUBLE_UNDERVOLTAGE);
    doctor_say(d, "voltage alarm", on ? DOCTOR_FAILURE : DOCTOR_OK, supply, "%s",
               on ? low_now : "Off: the voltage is high enough.");
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
        if (bits & (UNDERVOLTAGE | UNDERVOLTAGE << SINCE_BOOT))
            doctor_trouble(d, TROUBLE_UNDERVOLTAGE);
        if (bits & TOO_HOT)
            doctor_trouble(d, TROUBLE_HEAT);
        if (bits & UNDERVOLTAGE)
            doctor_say(d, "undervoltage", DOCTOR_FAILURE, supply, "%s", low_now);
        else if (bits & UNDERVOLTAGE << SINCE_BOOT)
            doctor_say(d, "undervoltage", DOCTOR_WARNING, supply,
                       "The supply voltage has been too low since power-up, though not now. Next "
                       "time the Pi may restart just when somebody presses the switch.");
        else
            doctor_say(d, "undervoltage", DOCTOR_OK, "", "None since power-up.");
        if (bits & (TOO_HOT | TOO_HOT << SINCE_BOOT))
            doctor_say(d, "slowed down by heat", DOCTOR_WARNING, cool,
                       "The Pi %s. A Pi that gets too hot reacts late, and may stop.",
                       bits & TOO_HOT ? "is too hot and runs slowly now"
                                      : "has been too hot since power-up, though not now");
    }
    doctor_each(d, "/sys/class/hwmon/hwmon*/name", find_sensor);
    if (before == d->count[0] + d->count[1] + d->count[2])
        doctor_say(d, "undervoltage", DOCTOR_OK, "", "This board does not report it.");
}

/* --- batteries: of a UPS on the header, or of a button ---------------------------------------- */

static void check_battery(struct doctor *d, const char *path)
{
    char type[32], other[320], status[32] = "", name[64];
    long charge;
    int folder = (int)(strrchr(path, '/') - path);
    if (!doctor_line_of(d, path, type, sizeof type) || strcmp(type, "Battery") != 0)
        return;
    snprintf(other, sizeof other, "%.*s/capacity", folder, path);
    if (!doctor_number_of(d, other, &charge))
        return;
    snprintf(other, sizeof other, "%.*s/status", folder, path);
    doctor_line_of(d, other, status, sizeof status);
    snprintf(name, sizeof name, "battery %.*s", folder - (int)strlen("/sys/class/power_supply/"),
             path + strlen("/sys/class/power_supply/"));
    bool low = battery_level_is_low((int)charge, false) && strcmp(status, "Charging") != 0;
    if (low)
        doctor_trouble(d, TROUBLE_BATTERY);
    doctor_say(
        d, name, low ? DOCTOR_WARNING : DOCTOR_OK,
        "Charge the battery, or put a new one in. If it is the kiosk's own, look whether its "
        "charger has power.",
        "It is at %ld %%%s.%s", charge, strcmp(status, "Charging") == 0 ? ", charging" : "",
        low ? " What it feeds will stop soon." : "");
}

/* --- temperature ----------------------------------------------------------------------------- */

static void check_zone(struct doctor *d, const char *path)
{
    long milli;
    if (!doctor_number_of(d, path, &milli))
        return;
    long degrees = milli / 1000;
    if (degrees >= HOT_WARNING)
        doctor_trouble(d, TROUBLE_HEAT);
    doctor_say(d, "temperature",
               degrees >= HOT_FAILURE   ? DOCTOR_FAILURE
               : degrees >= HOT_WARNING ? DOCTOR_WARNING
                                        : DOCTOR_OK,
               cool, "The processor is at %ld degrees Celsius. At %d a Pi slows itself down.",
               degrees, HOT_FAILURE);
}

/* Whoever plugs in a keyboard could end any program by a key combination of the kernel's. */
static void check_sysrq(struct doctor *d)
{
    long keys;
    if (!doctor_number_of(d, "/proc/sys/kernel/sysrq", &keys))
        return;
    if (keys == 0)
        doctor_say(d, "SysRq keys", DOCTOR_OK, "", "Off.");
    else
        doctor_say(d, "SysRq keys", DOCTOR_WARNING,
                   "Turn these keys off:\n"
                   "    echo kernel.sysrq=0 | sudo tee /etc/sysctl.d/90-no-sysrq.conf\n"
                   "    sudo sysctl --system",
                   "Anybody who plugs in a keyboard can restart the kiosk with a key combination "
                   "(kernel.sysrq=%ld).",
                   keys);
}

void doctor_board(struct doctor *d)
{
    check_power(d);
    doctor_each(d, "/sys/class/power_supply/*/type", check_battery);
    if (doctor_each(d, "/sys/class/thermal/thermal_zone*/temp", check_zone) == 0)
        doctor_say(d, "temperature", DOCTOR_OK, "", "This board does not report it.");
    check_sysrq(d);
}
