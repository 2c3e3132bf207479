#include "kiosk/cli/doctor/doctor.h"

#include "kiosk/common/paths.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What this system keeps that a wipe of its targets does not destroy. Each check looks at what is
 * there, not at what a configuration says, and is reported once, found or not. Its fix is shell
 * commands for root. */

/* --- what is found by a file that is there and not empty -------------------------------------- */

enum { PATTERNS_MAX = 6 };

static const struct by_file {
    const char *name;
    const char *patterns[PATTERNS_MAX];
    const char *harm, *fix;
} by_file[] = {
    {"journald on disk",
     {"/var/log/journal/*/*.journal", "/var/log/journal/*/*.journal~", "/var/log/syslog"},
     "keeps months of logs: logins, USB sticks, when each program started",
     "    mkdir -p /etc/systemd/journald.conf.d\n"
     "    printf '[Journal]\\nStorage=volatile\\n' \\\n"
     "        >/etc/systemd/journald.conf.d/porchlight.conf\n"
     "    systemctl restart systemd-journald\n"
     "    rm -rf /var/log/journal\n"
     "    systemctl disable --now rsyslog\n"
     "    rm -f /var/log/syslog* /var/log/auth.log* /var/log/messages*"},
    {"core dumps kept",
     {"/var/lib/systemd/coredump/*", "/var/crash/*"},
     "keeps the whole memory of programs that crashed, with the keys they used",
     "    rm -rf /var/lib/systemd/coredump/* /var/crash/*"},
    {"pstore",
     {"/sys/fs/pstore/*", "/var/lib/systemd/pstore/*"},
     "keeps the kernel's last messages before a crash",
     "    rm -rf /sys/fs/pstore/* /var/lib/systemd/pstore/*"},
    {"shell history",
     {"/root/.bash_history", "/root/.*_history", "/home/*/.bash_history", "/home/*/.*_history",
      "/home/*/.local/share/fish/fish_history"},
     "keeps commands as they were typed, with file names and sometimes passwords",
     "    # Shells that are open write it again, so end them with: kill -9 $$\n"
     "    rm -f /root/.*_history /home/*/.*_history\n"
     "    rm -f /home/*/.local/share/fish/fish_history\n"
     "    echo 'unset HISTFILE' >>/etc/bash.bashrc"},
    {"login records",
     {"/var/log/wtmp*", "/var/log/btmp*", "/var/log/lastlog", "/var/lib/wtmpdb/wtmp.db",
      "/var/lib/lastlog/lastlog2.db"},
     "keeps who logged in, when, and from which address",
     "    rm -f /var/log/wtmp* /var/log/btmp* /var/log/lastlog\n"
     "    for f in wtmp btmp lastlog; do ln -s /dev/null /var/log/$f; done\n"
     "    dpkg --purge libpam-wtmpdb wtmpdb libpam-lastlog2 lastlog2\n"
     "    rm -rf /var/lib/wtmpdb /var/lib/lastlog"},
    {"networks",
     {"/etc/NetworkManager/system-connections/*", "/var/lib/NetworkManager/*.lease",
      "/etc/wpa_supplicant/wpa_supplicant.conf", "/var/lib/dhcp/*.leases",
      "/var/lib/dhcpcd/*.lease"},
     "keeps names and passwords of Wi-Fi networks, or addresses that this Pi had",
     "    # nmcli connection lists the networks. Delete all but the venue's own:\n"
     "    # nmcli connection delete NAME\n"
     "    rm -f /var/lib/NetworkManager/*.lease\n"
     "    rm -f /var/lib/dhcp/*.leases /var/lib/dhcpcd/*.lease"},
    {"mosquitto's store",
     {"/var/lib/mosquitto/mosquitto.db", "/var/lib/mosquitto/*.db.new"},
     "keeps messages that wait for phones, and the names by which phones log in",
     "    sed -i 's/^persistence true/persistence false/' \\\n"
     "        /etc/mosquitto/mosquitto.conf\n"
     "    systemctl restart mosquitto\n"
     "    rm -f /var/lib/mosquitto/*.db /var/lib/mosquitto/*.db.new"},
    {"shader cache",
     {"/root/.cache/mesa_shader_cache*", "/home/*/.cache/mesa_shader_cache*",
      "/var/lib/porchlight-screen/.cache/mesa_shader_cache*", "/var/cache/mesa_shader_cache*"},
     "shows that a screen program was run, and when it first was",
     "    rm -rf /root/.cache/mesa_shader_cache*\n"
     "    rm -rf /home/*/.cache/mesa_shader_cache*\n"
     "    rm -rf /var/lib/porchlight-screen/.cache/mesa_shader_cache*\n"
     "    rm -rf /var/cache/mesa_shader_cache*\n"
     "    echo MESA_SHADER_CACHE_DISABLE=true >>/etc/environment"},
};

/* The first match of the pattern that is a folder, or a file with something in it. */
static bool first_match(const struct doctor *d, const char *pattern, char where[PATH_LEN])
{
    char whole[PATH_LEN];
    bool found = false;
    glob_t g;
    if (path_under(d->prefix, pattern, whole) < 0 || glob(whole, 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc && !found; i++) {
        struct stat st;
        found = lstat(g.gl_pathv[i], &st) == 0 &&
                (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size > 0));
        if (found)
            snprintf(where, PATH_LEN, "%s", g.gl_pathv[i] + strlen(d->prefix));
    }
    globfree(&g);
    return found;
}

static bool check_files(const struct doctor *d, const struct by_file *b, char where[PATH_LEN])
{
    for (size_t i = 0; i < PATTERNS_MAX && b->patterns[i]; i++) {
        if (first_match(d, b->patterns[i], where))
            return true;
    }
    return false;
}

/* --- what the kernel's own tables show ------------------------------------------------------ */

/* zram alone is memory; with a backing device its pages are written out. */
static bool zram_writes_back(const struct doctor *d, const char *device)
{
    char path[PATH_LEN], backing[128] = "none";
    FILE *f;
    snprintf(path, sizeof path, "/sys/block/%s/backing_dev", device);
    f = doctor_open(d, path);
    if (!f)
        return false;
    if (fscanf(f, "%127s", backing) != 1)
        backing[0] = '\0';
    fclose(f);
    return backing[0] && strcmp(backing, "none") != 0;
}

static bool check_swap(const struct doctor *d, char where[PATH_LEN])
{
    FILE *f = doctor_open(d, "/proc/swaps");
    char line[512], name[256];
    bool found = false;
    if (!f)
        return false;
    if (!fgets(line, sizeof line, f)) /* the heading */
        line[0] = '\0';
    while (!found && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%255s", name) != 1)
            continue;
        found = strncmp(name, "/dev/zram", 9) != 0 || zram_writes_back(d, name + 5);
        if (found)
            snprintf(where, PATH_LEN, "%s", name);
    }
    fclose(f);
    return found;
}

static bool check_core_pattern(const struct doctor *d, char where[PATH_LEN])
{
    FILE *f = doctor_open(d, "/proc/sys/kernel/core_pattern");
    char pattern[256] = "";
    if (!f)
        return false;
    if (!fgets(pattern, sizeof pattern, f))
        pattern[0] = '\0';
    fclose(f);
    pattern[strcspn(pattern, "\n")] = '\0';
    snprintf(where, PATH_LEN, "kernel.core_pattern = %s", pattern);
    return pattern[0] && strcmp(pattern, "|/bin/false") != 0 &&
           strcmp(pattern, "|/usr/bin/false") != 0;
}

static bool check_data_journal(const struct doctor *d, char where[PATH_LEN])
{
    FILE *f = doctor_open(d, "/proc/mounts");
    char line[1024], at[256], type[32], options[512];
    bool found = false;
    if (!f)
        return false;
    while (!found && fgets(line, sizeof line, f)) {
        found = sscanf(line, "%*s %255s %31s %511s", at, type, options) == 3 &&
                strcmp(type, "ext4") == 0 && strstr(options, "data=journal");
        if (found)
            snprintf(where, PATH_LEN, "%s", at);
    }
    fclose(f);
    return found;
}

static bool check_nvmem(const struct doctor *d, char where[PATH_LEN])
{
    char whole[PATH_LEN];
    bool found = false;
    glob_t g;
    if (path_under(d->prefix, "/sys/bus/nvmem/devices/*/nvmem", whole) < 0 ||
        glob(whole, 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc && !found; i++) {
        struct stat st;
        found = stat(g.gl_pathv[i], &st) == 0 && (st.st_mode & S_IROTH);
        if (found)
            snprintf(where, PATH_LEN, "%s", g.gl_pathv[i] + strlen(d->prefix));
    }
    globfree(&g);
    return found;
}

static const struct by_table {
    const char *name;
    bool (*check)(const struct doctor *d, char where[PATH_LEN]);
    const char *harm, *fix;
} by_table[] = {
    {"swap", check_swap, "keeps parts of any program's memory on the card",
     "    swapoff -a\n"
     "    systemctl disable --now dphys-swapfile\n"
     "    mkdir -p /etc/rpi/swap.conf.d\n"
     "    printf '[Main]\\nMechanism=none\\n' >/etc/rpi/swap.conf.d/porchlight.conf\n"
     "    sed -i '/[[:space:]]swap[[:space:]]/d' /etc/fstab\n"
     "    rm -f /var/swap"},
    {"core dumps", check_core_pattern,
     "saves the memory of a program that crashes, with the keys it uses",
     "    echo 'kernel.core_pattern=|/bin/false' >/etc/sysctl.d/90-no-core.conf\n"
     "    sysctl --system"},
    {"ext4 data=journal", check_data_journal,
     "keeps a second copy, in the file system's journal, of all that is written",
     "    # Take data=journal out of /etc/fstab, then give the device's name here\n"
     "    # and restart:\n"
     "    tune2fs -o ^journal_data DEVICE"},
    {"nvmem", check_nvmem, "lets every program on this Pi read the key cell",
     "    chmod 0600 /sys/bus/nvmem/devices/*/nvmem\n"
     "    echo 'SUBSYSTEM==\"nvmem\", RUN+=\"/bin/chmod 0600 /sys%p/nvmem\"' \\\n"
     "        >/etc/udev/rules.d/90-nvmem.rules"},
};

static void report_leftover(struct doctor *d, const char *name, const char *where, const char *harm,
                            const char *fix)
{
    if (where)
        doctor_say(d, name, DOCTOR_WARNING, fix, "%s %s. A wipe does not change that.", where,
                   harm);
    else
        doctor_say(d, name, DOCTOR_OK, "", "None found.");
}

void doctor_leftovers(struct doctor *d)
{
    char where[PATH_LEN];
    for (size_t i = 0; i < sizeof by_table / sizeof *by_table; i++) {
        const struct by_table *b = &by_table[i];
        report_leftover(d, b->name, b->check(d, where) ? where : NULL, b->harm, b->fix);
    }
    for (size_t i = 0; i < sizeof by_file / sizeof *by_file; i++) {
        const struct by_file *b = &by_file[i];
        report_leftover(d, b->name, check_files(d, b, where) ? where : NULL, b->harm, b->fix);
    }
}
