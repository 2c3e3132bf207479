#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/common/paths.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

static const char other_card[] = "make a backup and move to a fresh card, made for cameras or "
                                 "dash cams, now rather than when it fails";

/* --- wear: what an eMMC tells of itself; an SD card tells nothing --------------------------------
 * life_time has two numbers, one for each kind of its memory: tenths used up, 0x0b is beyond.
 * pre_eol_info: 1 normal, 2 four fifths of the spare blocks used, 3 nine tenths (JEDEC eMMC 5.0).
 */

static void check_life(struct doctor *d, const char *path)
{
    unsigned a = 0, b = 0;
    char text[32];
    if (!doctor_line_of(d, path, text, sizeof text) || sscanf(text, "%x %x", &a, &b) < 1)
        return;
    unsigned worst = a > b ? a : b;
    if (worst == 0) {
        doctor_say(d, "wear", DOCTOR_OK, "", "the card does not tell");
        return;
    }
    doctor_say(d, "wear",
               worst > 10  ? DOCTOR_FAILURE
               : worst > 8 ? DOCTOR_WARNING
                           : DOCTOR_OK,
               other_card, "up to %u %% of its life is used%s", worst * 10,
               worst > 10 ? ", and more" : "");
}

static void check_spare(struct doctor *d, const char *path)
{
    long left;
    if (!doctor_number_of(d, path, &left) || left < 1)
        return;
    doctor_say(d, "spare blocks",
               left >= 3   ? DOCTOR_FAILURE
               : left == 2 ? DOCTOR_WARNING
                           : DOCTOR_OK,
               other_card, "%s",
               left >= 3   ? "nine tenths are used"
               : left == 2 ? "four fifths are used"
                           : "enough");
}

static void check_forced(struct doctor *d, const char *path)
{
    long on;
    if (doctor_number_of(d, path, &on) && on)
        doctor_say(d, "write lock", DOCTOR_FAILURE, other_card,
                   "the card takes no more writes (%s): cards end like this", path);
}

static void check_errors(struct doctor *d, const char *path)
{
    long errors;
    if (doctor_number_of(d, path, &errors) && errors > 0)
        doctor_say(
            d, "file system", DOCTOR_FAILURE,
            "make a backup, then restart with fsck.mode=force; if it comes back, a fresh card",
            "the kernel counted %ld errors (%s)", errors, path);
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

static void check_read_only(struct doctor *d)
{
    char type[32], options[256];
    if (doctor_mount_of(d, "/", type, options)) {
        bool overlay = strcmp(type, "overlay") == 0;
        doctor_say(d, "root", DOCTOR_OK, "", "%s",
                   overlay                     ? "read-only, under an overlay in memory"
                   : has_option(options, "ro") ? "read-only"
                                               : "writable");
    }
    if (!doctor_mount_of(d, PATH_STATE_DIR, type, options))
        return;
    if (has_option(options, "ro"))
        doctor_say(
            d, "record", DOCTOR_FAILURE,
            "with a read-only root, give " PATH_STATE_DIR " a small partition of its own "
            "(/etc/fstab); if the root should be writable, look into dmesg: the kernel locks "
            "a card that fails",
            "%s is read-only: an alert would not outlive a power cut", PATH_STATE_DIR);
    else if (strcmp(type, "overlay") == 0 || strcmp(type, "tmpfs") == 0)
        doctor_say(d, "record", DOCTOR_FAILURE,
                   "give " PATH_STATE_DIR " a small partition of its own (/etc/fstab)",
                   "%s lies in memory (%s): an alert would not outlive a power cut", PATH_STATE_DIR,
                   type);
    else
        doctor_say(d, "record", DOCTOR_OK, "", "%s is on %s, writable", PATH_STATE_DIR, type);
}

/* --- space ----------------------------------------------------------------------------------- */

enum { MIB = 1024 * 1024, SPACE_FAILURE = 8, SPACE_WARNING = 100 }; /* MiB */

static void check_space(struct doctor *d)
{
    static const char mend[] = "apt-get clean; du -xh / | sort -h | tail shows what is large";
    char path[PATH_LEN];
    struct statvfs v;

    if (path_under(d->prefix, PATH_STATE_DIR, path) < 0)
        return;
    if (statvfs(path, &v) < 0) {
        doctor_say(d, "space", DOCTOR_WARNING,
                   "install the package again, or: systemctl restart "
                   "porchlightd",
                   "%s does not exist", PATH_STATE_DIR);
        return;
    }
    unsigned long long free_mib = (unsigned long long)v.f_bavail * v.f_frsize / MIB;
    enum doctor_verdict verdict = free_mib < SPACE_FAILURE   ? DOCTOR_FAILURE
                                  : free_mib < SPACE_WARNING ? DOCTOR_WARNING
                                                             : DOCTOR_OK;
    if (v.f_files > 0 && v.f_favail == 0)
        doctor_say(d, "space", DOCTOR_FAILURE, mend, "%s: no new file can be made (no inodes)",
                   PATH_STATE_DIR);
    else
        doctor_say(d, "space", verdict, mend, "%llu MiB free where the record lies", free_mib);
}

void doctor_card(struct doctor *d)
{
    if (doctor_each(d, "/sys/block/mmcblk*/device/life_time", check_life) == 0)
        doctor_say(d, "wear", DOCTOR_OK, "", "the card does not tell");
    doctor_each(d, "/sys/block/mmcblk*/device/pre_eol_info", check_spare);
    doctor_each(d, "/sys/block/mmcblk?/ro", check_forced);
    doctor_each(d, "/sys/fs/ext4/*/errors_count", check_errors);
    check_read_only(d);
    check_space(d);
}
