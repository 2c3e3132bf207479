#include "kiosk/cli/cli.h"
#include "kiosk/cli/files.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vt.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* porchlight console: what the board itself shows and accepts, beside the picture. Run by
 * porchlight-console.service and porchlight-dark.service. */

#define SYSRQ "/proc/sys/kernel/sysrq"
#define LEDS  "/sys/class/leds"

static int write_word(const char *path, const char *word)
{
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t n = write(fd, word, strlen(word));
    int saved = errno;
    close(fd);
    errno = saved;
    return n < 0 ? -1 : 0;
}

/* Locked: no key switches to another console. The kernel keeps the lock until the next boot. */
static int consoles(const char *prefix, bool lock)
{
    char path[PATH_LEN];
    if (path_under(prefix, "/dev/tty0", path) < 0)
        return -1;
    int fd = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENXIO || errno == ENODEV)) {
        log_info("This machine has no consoles to lock (%s).", path);
        return 0;
    }
    int result = fd < 0 ? -1 : ioctl(fd, lock ? VT_LOCKSWITCH : VT_UNLOCKSWITCH, 1);
    if (result < 0)
        log_error("The consoles were not %s (%s): %s. Run the command with sudo.",
                  lock ? "locked" : "unlocked", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return result < 0 ? -1 : 0;
}

static int sysrq(const char *prefix, const char *word)
{
    char path[PATH_LEN];
    if (path_under(prefix, SYSRQ, path) == 0 && write_word(path, word) == 0)
        return 0;
    if (errno == ENOENT) {
        log_info("This kernel has no SysRq to switch off (%s).", path);
        return 0;
    }
    log_error("SysRq was not changed (%s): %s. Run the command with sudo.", path, strerror(errno));
    return -1;
}

/* A Pi's own lights. A keyboard's stay as they are. */
static bool is_the_boards(const char *name)
{
    static const char *const boards[] = {"ACT",  "PWR",    "led0",   "led1",
                                         "mmc0", "mmc0::", "mmc1::", "default-on"};
    for (size_t i = 0; i < sizeof boards / sizeof boards[0]; i++)
        if (strcmp(name, boards[i]) == 0)
            return true;
    return false;
}

static int light(const char *prefix, const char *name, bool dark)
{
    char trigger[PATH_LEN], brightness[PATH_LEN];
    const char *back =
        strcmp(name, "PWR") == 0 || strcmp(name, "led1") == 0 ? "default-on" : "mmc0";
    snprintf(trigger, sizeof trigger, "%.200s" LEDS "/%.64s/trigger", prefix, name);
    snprintf(brightness, sizeof brightness, "%.200s" LEDS "/%.64s/brightness", prefix, name);
    if (write_word(trigger, dark ? "none" : back) == 0 &&
        (!dark || write_word(brightness, "0") == 0))
        return 0;
    log_error("The board's light was not changed (%s): %s. Run the command with sudo.", trigger,
              strerror(errno));
    return -1;
}

static int lights(const char *prefix, bool dark)
{
    char folder[PATH_LEN];
    struct dirent *e;
    int result = 0;
    DIR *dir = path_under(prefix, LEDS, folder) == 0 ? opendir(folder) : NULL;

    while (dir && (e = readdir(dir)))
        if (is_the_boards(e->d_name) && light(prefix, e->d_name, dark) < 0)
            result = -1;
    if (dir)
        closedir(dir);
    else
        log_info("This machine has no lights of its own (%s).", folder);
    return result;
}

static int console_run(const struct cli *cli, void *own, char **words)
{
    const char *word = words[0];
    int result;
    (void)own;
    if (strcmp(word, "lock") == 0)
        result = sysrq(cli->prefix, "0") < 0 || consoles(cli->prefix, true) < 0 ? -1 : 0;
    else if (strcmp(word, "unlock") == 0)
        result = sysrq(cli->prefix, "438") < 0 || consoles(cli->prefix, false) < 0 ? -1 : 0;
    else if (strcmp(word, "dark") == 0 || strcmp(word, "light") == 0)
        result = lights(cli->prefix, strcmp(word, "dark") == 0);
    else
        return cli_misuse(&cli_console, "\"%s\" is none of lock, unlock, dark and light", word);
    return result < 0 ? CLI_FAILED : CLI_OK;
}

static const struct cli_option console_options[] = {
    OPTION_WORD("lock", "no key switches to another console, and SysRq is off"),
    OPTION_WORD("unlock", "undo lock"),
    OPTION_WORD("dark", "switch the board's own lights off"),
    OPTION_WORD("light", "undo dark"),
    {0},
};

const struct cli_command cli_console = {
    .name = "console",
    .arguments = "lock|unlock|dark|light",
    .summary = "what the board itself shows and accepts, beside the kiosk's picture",
    .options = console_options,
    .words_min = 1,
    .words_max = 1,
    .run = console_run,
};
