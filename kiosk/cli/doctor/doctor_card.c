#include "kiosk/cli/doctor/doctor.h"

#include "config/config.h"
#include "config/record_place.h"
#include "kiosk/common/paths.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

static const char new_card[] = "Make a backup, and move to a new card before this one fails. Cards "
                               "made for dash cams last longest.\n"
                               "    sudo porchlight backup FILE";

/* --- wear: an eMMC reports it, an SD card does not ---------------------------------------------
 * life_time has two numbers, one for each kind of its memory: tenths used up, 0x0b is beyond.
 * pre_eol_info: 1 normal, 2 four fifths of the spare blocks used, 3 nine tenths (JEDEC eMMC 5.0).
 */

#define WORN "A worn card can lose an alert, or keep the Pi from starting."

static void check_life(struct doctor *d, const char *path)
{
    unsigned a = 0, b = 0;
    char text[32];
    if (!doctor_line_of(d, path, text, sizeof text) || sscanf(text, "%x %x", &a, &b) < 1)
        return;
    unsigned worst = a > b ? a : b;
    if (worst > 8)
        doctor_trouble(d, TROUBLE_CARD_WORN);
    if (worst == 0)
        doctor_say(d, "wear", DOCTOR_OK, "", "The card does not report it.");
    else if (worst <= 8)
        doctor_say(d, "wear", DOCTOR_OK, "", "At most %u %% of the card's life is used.",
                   worst * 10);
    else if (worst <= 10)
        doctor_say(d, "wear", DOCTOR_WARNING, new_card,
                   "Up to %u %% of the card's life is used. " WORN, worst * 10);
    else
        doctor_say(d, "wear", DOCTOR_FAILURE, new_card,
                   "The card is older than its maker promises. " WORN);
}

static void check_spare(struct doctor *d, const char *path)
{
    long left;
    if (!doctor_number_of(d, path, &left) || left < 1)
        return;
    if (left > 1)
        doctor_trouble(d, TROUBLE_CARD_WORN);
    if (left == 1)
        doctor_say(d, "spare blocks", DOCTOR_OK, "", "Enough are left.");
    else
        doctor_say(d, "spare blocks", left >= 3 ? DOCTOR_FAILURE : DOCTOR_WARNING, new_card,
                   "%d %% of the card's spare blocks are used. When they run out, the card accepts "
                   "no more writes.",
                   left >= 3 ? 90 : 80);
}

static void check_forced(struct doctor *d, const char *path)
{
    long on;
    if (!doctor_number_of(d, path, &on) || !on)
        return;
    doctor_trouble(d, TROUBLE_CARD_ERRORS);
    doctor_say(d, "write lock", DOCTOR_FAILURE, new_card,
               "The card accepts no more writes (%s), as worn-out cards do. A power cut would "
               "make the kiosk forget an alert.",
               path);
}

static void check_errors(struct doctor *d, const char *path)
{
    long errors;
    if (!doctor_number_of(d, path, &errors) || errors <= 0)
        return;
    doctor_trouble(d, TROUBLE_CARD_ERRORS);
    doctor_say(d, "file system", DOCTOR_FAILURE,
               "Make a backup. Then add fsck.mode=force to /boot/firmware/cmdline.txt and "
               "restart: this repairs the file system. If errors come back, use a new card.\n"
               "    sudo porchlight backup FILE",
               "The kernel has counted %ld errors (%s). Files on the card may be damaged.", errors,
               path);
}

/* --- read-only ------------------------------------------------------------------------------- */

static bool has_option(const char *options, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = options; p; p = strchr(p, ',')) {
        p += *p == ',';
        if (strncmp(p, word, n) == 0 && (p[n] == ',' || p[n] == '\0'))
            return true;
    }
    return false;
}

#define FORGETS "A power cut would make the kiosk forget an alert."
#define PARTITION                                                                                  \
    "give " PATH_STATE_DIR                                                                         \
    " a small partition of its own: see \"A read-only root\" in the handbook."

/* With the record in a cell, the card has only what staff are sent (kiosk/alertd/record_file.h). */
static void check_staff_box(struct doctor *d, bool lasts)
{
    const char *record = d->config->kiosk.record;
    if (lasts)
        doctor_say(d, "staff message", DOCTOR_OK, "",
                   "The record is in %s. The sealed message to staff is kept on the card.", record);
    else
        doctor_say(
            d, "staff message", DOCTOR_WARNING, "To keep it on the card, " PARTITION,
            "The record is in %s, and the sealed message to staff is not kept: " PATH_STATE_DIR
            " is read-only or only in memory. After a power cut, staff learn that something "
            "was pressed, and not what.",
            record);
}

static bool is_in_a_cell(const struct doctor *d)
{
    struct record_place at;
    return d->config && record_place(&at, d->prefix, d->config->kiosk.record) == 0 && at.cell;
}

static void check_read_only(struct doctor *d)
{
    char type[32], options[256];
    if (doctor_mount_of(d, "/", type, options)) {
        bool overlay = strcmp(type, "overlay") == 0;
        doctor_say(d, "root", DOCTOR_OK, "", "%s",
                   overlay                     ? "Read-only, with an overlay in memory."
                   : has_option(options, "ro") ? "Read-only."
                                               : "Writable.");
    }
    if (!doctor_mount_of(d, PATH_STATE_DIR, type, options))
        return;
    bool in_memory = strcmp(type, "overlay") == 0 || strcmp(type, "tmpfs") == 0;
    if (has_option(options, "ro") && !is_in_a_cell(d))
        doctor_trouble(d, TROUBLE_CARD_ERRORS);
    if (is_in_a_cell(d))
        check_staff_box(d, !has_option(options, "ro") && !in_memory);
    else if (has_option(options, "ro"))
        doctor_say(d, "record", DOCTOR_FAILURE,
                   "If the card is read-only on purpose, " PARTITION " If not, the kernel may have "
                   "locked a failing card; its messages say so:\n"
                   "    sudo dmesg | grep -i error",
                   PATH_STATE_DIR " is read-only. " FORGETS);
    else if (in_memory)
        doctor_say(d, "record", DOCTOR_FAILURE, "To keep it on the card, " PARTITION,
                   PATH_STATE_DIR " is only in memory (%s). " FORGETS, type);
    else
        doctor_say(d, "record", DOCTOR_OK, "", PATH_STATE_DIR " is writable, on %s.", type);
}

/* --- space ----------------------------------------------------------------------------------- */

enum { MIB = 1024 * 1024, SPACE_FAILURE = 8, SPACE_WARNING = 100 }; /* MiB */

static void check_space(struct doctor *d)
{
    static const char tidy[] = "Free some space. The second command lists the largest folders.\n"
                               "    sudo apt-get clean\n"
                               "    sudo du -xh / | sort -h | tail";
    char path[PATH_LEN];
    struct statvfs v;

    if (path_under(d->prefix, PATH_STATE_DIR, path) < 0)
        return;
    if (statvfs(path, &v) < 0) {
        doctor_say(d, "space", DOCTOR_WARNING,
                   "Restart porchlightd, which makes it. If that does not help, install the "
                   "package again.\n"
                   "    sudo systemctl restart porchlightd",
                   PATH_STATE_DIR " does not exist. " FORGETS);
        return;
    }
    unsigned long long free_mib = (unsigned long long)v.f_bavail * v.f_frsize / MIB;
    enum doctor_verdict verdict = free_mib < SPACE_FAILURE   ? DOCTOR_FAILURE
                                  : free_mib < SPACE_WARNING ? DOCTOR_WARNING
                                                             : DOCTOR_OK;
    bool no_inodes = v.f_files > 0 && v.f_favail == 0;
    if (no_inodes || verdict != DOCTOR_OK)
        doctor_trouble(d, TROUBLE_DISK_FULL);
    if (no_inodes)
        doctor_say(d, "space", DOCTOR_FAILURE, tidy,
                   PATH_STATE_DIR ": no new file fits (no free inodes). " FORGETS);
    else
        doctor_say(d, "space", verdict, tidy, PATH_STATE_DIR " has %llu MiB of free space.%s",
                   free_mib, verdict == DOCTOR_OK ? "" : " When it is full: " FORGETS);
}

void doctor_card(struct doctor *d)
{
    if (doctor_each(d, "/sys/block/mmcblk*/device/life_time", check_life) == 0)
        doctor_say(d, "wear", DOCTOR_OK, "", "The card does not report it.");
    doctor_each(d, "/sys/block/mmcblk*/device/pre_eol_info", check_spare);
    doctor_each(d, "/sys/block/mmcblk?/ro", check_forced);
    doctor_each(d, "/sys/fs/ext4/*/errors_count", check_errors);
    check_read_only(d);
    check_space(d);
}
