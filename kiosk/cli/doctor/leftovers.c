#include "kiosk/cli/doctor/leftovers.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WHERE_MAX = 512 };

/* --- checks that a file tells by being there and not empty ----------------------------------- */

enum { PATTERNS_MAX = 6 };

static const struct by_file {
    const char *name;
    const char *patterns[PATTERNS_MAX];
    const char *leaves, *mend;
} by_file[] = {
    {"journald on disk",
     {"/var/log/journal/*/*.journal", "/var/log/journal/*/*.journal~", "/var/log/syslog"},
     "who logged in, which stick was put in and when each program started, for months",
     "mkdir -p /etc/systemd/journald.conf.d && printf '[Journal]\\nStorage=volatile\\n' "
     ">/etc/systemd/journald.conf.d/porchlight.conf; systemctl restart systemd-journald; "
     "rm -rf /var/log/journal; systemctl disable --now rsyslog; "
     "rm -f /var/log/syslog* /var/log/auth.log* /var/log/messages*"},
    {"core dumps kept",
     {"/var/lib/systemd/coredump/*", "/var/crash/*"},
     "whole memories of programs, keys in use with them",
     "rm -rf /var/lib/systemd/coredump/* /var/crash/*"},
    {"pstore",
     {"/sys/fs/pstore/*", "/var/lib/systemd/pstore/*"},
     "the kernel's last words before a crash",
     "rm -rf /sys/fs/pstore/* /var/lib/systemd/pstore/*"},
    {"shell history",
     {"/root/.bash_history", "/root/.*_history", "/home/*/.bash_history", "/home/*/.*_history",
      "/home/*/.local/share/fish/fish_history"},
     "commands as they were typed, with file names and sometimes passwords in them",
     "rm -f /root/.*_history /home/*/.*_history /home/*/.local/share/fish/fish_history; "
     "echo 'unset HISTFILE' >>/etc/bash.bashrc  # and end open shells with kill -9 $$, or they "
     "write it again"},
    {"login records",
     {"/var/log/wtmp*", "/var/log/btmp*", "/var/log/lastlog", "/var/lib/wtmpdb/wtmp.db",
      "/var/lib/lastlog/lastlog2.db"},
     "who logged in, when, and from which address",
     "rm -f /var/log/wtmp* /var/log/btmp* /var/log/lastlog; for f in wtmp btmp lastlog; do "
     "ln -s /dev/null /var/log/$f; done; dpkg --purge libpam-wtmpdb wtmpdb libpam-lastlog2 "
     "lastlog2; rm -rf /var/lib/wtmpdb /var/lib/lastlog"},
    {"networks",
     {"/etc/NetworkManager/system-connections/*", "/var/lib/NetworkManager/*.lease",
      "/etc/wpa_supplicant/wpa_supplicant.conf", "/var/lib/dhcp/*.leases",
      "/var/lib/dhcpcd/*.lease"},
     "the names and passwords of the Wi-Fi networks it knew, and the addresses it had",
     "keep only the venue's own network: nmcli connection, then nmcli connection delete NAME; "
     "rm -f /var/lib/NetworkManager/*.lease /var/lib/dhcp/*.leases /var/lib/dhcpcd/*.lease"},
    {"mosquitto's store",
     {"/var/lib/mosquitto/mosquitto.db", "/var/lib/mosquitto/*.db.new"},
     "retained and queued messages, and the client ids of phones",
     "sed -i 's/^persistence true/persistence false/' /etc/mosquitto/mosquitto.conf && systemctl "
     "restart mosquitto && rm -f /var/lib/mosquitto/*.db /var/lib/mosquitto/*.db.new"},
    {"shader cache",
     {"/root/.cache/mesa_shader_cache*", "/home/*/.cache/mesa_shader_cache*",
      "/var/lib/porchlight-screen/.cache/mesa_shader_cache*", "/var/cache/mesa_shader_cache*"},
     "that and when a screen program was first run",
     "rm -rf /root/.cache/mesa_shader_cache* /home/*/.cache/mesa_shader_cache* "
     "/var/lib/porchlight-screen/.cache/mesa_shader_cache* /var/cache/mesa_shader_cache*; "
     "echo MESA_SHADER_CACHE_DISABLE=true >>/etc/environment"},
};

/* The first match of the pattern that is a folder, or a file with something in it. */
static bool first_match(const char *prefix, const char *pattern, char where[WHERE_MAX])
{
    char whole[WHERE_MAX];
    bool found = false;
    glob_t g;
    if (snprintf(whole, sizeof whole, "%s%s", prefix, pattern) >= (int)sizeof whole ||
        glob(whole, 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc && !found; i++) {
        struct stat st;
        found = lstat(g.gl_pathv[i], &st) == 0 &&
                (S_ISDIR(st.st_mode) || (S_ISREG(st.st_mode) && st.st_size > 0));
        if (found)
            snprintf(where, WHERE_MAX, "%s", g.gl_pathv[i] + strlen(prefix));
    }
    globfree(&g);
    return found;
}

static bool check_files(const char *prefix, const struct by_file *b, char where[WHERE_MAX])
{
    for (size_t i = 0; i < PATTERNS_MAX && b->patterns[i]; i++) {
        if (first_match(prefix, b->patterns[i], where))
            return true;
    }
    return false;
}

/* --- checks that read the kernel's own tables ------------------------------------------------ */

static FILE *leftovers_open_below(const char *prefix, const char *path)
{
    char whole[WHERE_MAX];
    snprintf(whole, sizeof whole, "%s%s", prefix, path);
    return fopen(whole, "re");
}

/* zram alone is memory; with a backing device its pages are written out. */
static bool zram_writes_back(const char *prefix, const char *device)
{
    char path[WHERE_MAX], backing[128] = "none";
    FILE *f;
    snprintf(path, sizeof path, "/sys/block/%s/backing_dev", device);
    f = leftovers_open_below(prefix, path);
    if (!f)
        return false;
    if (fscanf(f, "%127s", backing) != 1)
        backing[0] = '\0';
    fclose(f);
    return backing[0] && strcmp(backing, "none") != 0;
}

static bool check_swap(const char *prefix, char where[WHERE_MAX])
{
    FILE *f = leftovers_open_below(prefix, "/proc/swaps");
    char line[512], name[256];
    bool found = false;
    if (!f)
        return false;
    if (!fgets(line, sizeof line, f)) /* the heading */
        line[0] = '\0';
    while (!found && fgets(line, sizeof line, f)) {
        if (sscanf(line, "%255s", name) != 1)
            continue;
        found = strncmp(name, "/dev/zram", 9) != 0 || zram_writes_back(prefix, name + 5);
        if (found)
            snprintf(where, WHERE_MAX, "%s", name);
    }
    fclose(f);
    return found;
}

static bool check_core_pattern(const char *prefix, char where[WHERE_MAX])
{
    FILE *f = leftovers_open_below(prefix, "/proc/sys/kernel/core_pattern");
    char pattern[256] = "";
    if (!f)
        return false;
    if (!fgets(pattern, sizeof pattern, f))
        pattern[0] = '\0';
    fclose(f);
    pattern[strcspn(pattern, "\n")] = '\0';
    snprintf(where, WHERE_MAX, "kernel.core_pattern = %s", pattern);
    return pattern[0] && strcmp(pattern, "|/bin/false") != 0 &&
           strcmp(pattern, "|/usr/bin/false") != 0;
}

static bool check_data_journal(const char *prefix, char where[WHERE_MAX])
{
    FILE *f = leftovers_open_below(prefix, "/proc/mounts");
    char line[1024], at[256], type[32], options[512];
    bool found = false;
    if (!f)
        return false;
    while (!found && fgets(line, sizeof line, f)) {
        found = sscanf(line, "%*s %255s %31s %511s", at, type, options) == 3 &&
                strcmp(type, "ext4") == 0 && strstr(options, "data=journal");
        if (found)
            snprintf(where, WHERE_MAX, "%s", at);
    }
    fclose(f);
    return found;
}

static bool check_nvmem(const char *prefix, char where[WHERE_MAX])
{
    char whole[WHERE_MAX];
    bool found = false;
    glob_t g;
    snprintf(whole, sizeof whole, "%s/sys/bus/nvmem/devices/*/nvmem", prefix);
    if (glob(whole, 0, NULL, &g) != 0)
        return false;
    for (size_t i = 0; i < g.gl_pathc && !found; i++) {
        struct stat st;
        found = stat(g.gl_pathv[i], &st) == 0 && (st.st_mode & S_IROTH);
        if (found)
            snprintf(where, WHERE_MAX, "%s", g.gl_pathv[i] + strlen(prefix));
    }
    globfree(&g);
    return found;
}

static const struct by_table {
    const char *name;
    bool (*check)(const char *prefix, char where[WHERE_MAX]);
    const char *leaves, *mend;
} by_table[] = {
    {"swap", check_swap, "pages of any program's memory, on the card",
     "swapoff -a; systemctl disable --now dphys-swapfile; mkdir -p /etc/rpi/swap.conf.d; "
     "printf '[Main]\\nMechanism=none\\n' >/etc/rpi/swap.conf.d/porchlight.conf; "
     "sed -i '/[[:space:]]swap[[:space:]]/d' /etc/fstab; rm -f /var/swap"},
    {"core dumps", check_core_pattern, "the memory of a program that crashes, keys in use with it",
     "echo 'kernel.core_pattern=|/bin/false' >/etc/sysctl.d/90-no-core.conf && sysctl --system"},
    {"ext4 data=journal", check_data_journal,
     "a second copy, in the journal, of everything that is written",
     "take data=journal out of /etc/fstab, and tune2fs -o ^journal_data DEVICE, then restart"},
    {"nvmem", check_nvmem, "the key cell, readable for every program on the machine",
     "chmod 0600 /sys/bus/nvmem/devices/*/nvmem; echo 'SUBSYSTEM==\"nvmem\", RUN+=\"/bin/chmod "
     "0600 /sys%p/nvmem\"' "
     ">/etc/udev/rules.d/90-nvmem.rules"},
};

int leftovers_check(const char *prefix, leftovers_tell *tell, void *context)
{
    int count = 0;
    for (size_t i = 0; i < sizeof by_table / sizeof *by_table; i++) {
        char where[WHERE_MAX] = "";
        struct leftover l = {
            .name = by_table[i].name, .leaves = by_table[i].leaves, .mend = by_table[i].mend};
        l.found = by_table[i].check(prefix, where);
        l.where = l.found ? where : "";
        count += l.found;
        tell(context, &l);
    }
    for (size_t i = 0; i < sizeof by_file / sizeof *by_file; i++) {
        char where[WHERE_MAX] = "";
        struct leftover l = {
            .name = by_file[i].name, .leaves = by_file[i].leaves, .mend = by_file[i].mend};
        l.found = check_files(prefix, &by_file[i], where);
        l.where = where;
        count += l.found;
        tell(context, &l);
    }
    return count;
}
