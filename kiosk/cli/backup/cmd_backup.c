#include "kiosk/cli/backup/backup_file.h"
#include "kiosk/cli/backup/backup_read.h"
#include "kiosk/cli/backup/same_card.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/output_place.h"
#include "kiosk/cli/passphrase.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A backup holds what a kiosk cannot make again: its folder, its broker's accounts, its phones.
 * Keys of vaults are left out, because a copy of them would survive a wipe. */

struct gathering {
    struct backup *backup;
    const char *prefix, *folder;
    int files;
};

static int add_file(struct gathering *g, const char *path, mode_t mode)
{
    char whole[PATH_LEN];
    size_t len;
    if (path_under(g->prefix, path, whole) < 0)
        return -1;
    char *bytes = file_read(whole, FILES_READ_MAX, &len);
    if (!bytes && errno == ENOENT)
        return 0;
    int result = bytes ? backup_add(g->backup, path, mode, bytes, len) : -1;
    int saved = errno;
    if (bytes)
        sodium_memzero(bytes, len);
    free(bytes);
    errno = saved;
    if (result < 0)
        log_error("No backup was made: %s cannot be read: %s.", whole, strerror(errno));
    else
        g->files++;
    return result;
}

static int add_from_folder(void *context, const char *name, mode_t mode)
{
    struct gathering *g = context;
    char path[PATH_LEN];

    if (strncmp(name, "vaults/", 7) == 0)
        return 0;
    snprintf(path, sizeof path, "%.128s/%.256s", g->folder, name);
    return add_file(g, path, mode);
}

static int add_folder(struct gathering *g, const char *folder)
{
    char whole[PATH_LEN];
    if (path_under(g->prefix, folder, whole) < 0)
        return -1;
    if (access(whole, F_OK) < 0)
        return 0;
    g->folder = folder;
    return files_walk(whole, add_from_folder, g);
}

static int gather(struct gathering *g)
{
    return add_folder(g, PATH_ETC) < 0 || add_file(g, PATH_ACCOUNTS, 0600) < 0 ||
                   add_file(g, PATH_PHONES, 0600) < 0 || add_folder(g, PATH_STAFF) < 0
               ? -1
               : 0;
}

/* --- before anybody types a passphrase -------------------------------------------------------- */

static int check_anything(const struct cli *cli)
{
    char key[PATH_LEN];

    if (path_under(cli->prefix, PATH_CREDENTIALS "/venue.key", key) == 0 && access(key, F_OK) == 0)
        return 0;
    log_error("No backup was made: %s: %s. Before set-up, and after a wipe, there is nothing to "
              "back up.",
              key, errno == ENOENT ? "there is no such file" : strerror(errno));
    return -1;
}

/* Below a prefix on this machine's own disk a kiosk is only tried out: nothing is to outlive it. */
static bool is_tried_out(const struct cli *cli)
{
    struct cards own, prefix;

    return cli->prefix[0] && cards_of("", "/", &own) == 0 &&
           cards_of("", cli->prefix, &prefix) == 0 && cards_share(&own, &prefix);
}

static int check_card(const struct cli *cli, const char *file)
{
    /* With an overlay in memory the card is seen at /boot alone. */
    static const char *const ours[] = {PATH_ETC, PATH_STATE_DIR, "/", "/boot", "/boot/firmware"};
    char folder[PATH_LEN], path[PATH_LEN];
    struct cards there, here;
    bool shares = false;

    output_place_folder(file, folder);
    if (is_tried_out(cli) || cards_of("", folder, &there) < 0)
        return 0;
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        shares = shares || (path_under(cli->prefix, ours[i], path) == 0 &&
                            cards_of("", path, &here) == 0 && cards_share(&there, &here));
    if (!shares && !there.memory)
        return 0;
    log_error("No backup was made: %s is %s. Mount a USB stick, and name a file on it. To write it "
              "there all the same, add --same-card.",
              file,
              shares ? "on the card that the kiosk is on, and would be lost with it"
                     : "in memory, and would be gone at the next start");
    return -1;
}

/* --------------------------------------------------------------------------------------------- */

struct backup_options {
    const char *passphrase_file;
    bool check, same_card;
};

static int keep(const struct cli *cli, const char *file, const struct backup_options *o)
{
    struct backup backup = {0};
    struct gathering g = {.backup = &backup, .prefix = cli->prefix};
    int result = -1;

    if (check_anything(cli) < 0 ||
        output_place_check(file, "kiosk.backup", "No backup was made") < 0 ||
        (!o->same_card && check_card(cli, file) < 0))
        return CLI_FAILED;
    char *passphrase = passphrase_read(o->passphrase_file, 1, BACKUP_PASSPHRASE_MIN);
    if (passphrase && gather(&g) == 0) {
        result = backup_seal(&backup, file, passphrase);
        if (result < 0) {
            log_error("No backup was made: %s cannot be written: %s.", file, strerror(errno));
            if (errno != EEXIST)
                unlink(file);
        }
    }
    sodium_free(passphrase);
    backup_finish(&backup);
    if (result < 0)
        return CLI_FAILED;
    backup_note(cli->prefix);
    print_say(
        "The backup is in %s: %d files, sealed with your passphrase. Keep it away from the venue, "
        "and the passphrase in another place. It leaves out the keys of vaults: what is in a vault "
        "is lost with this card.",
        file, g.files);
    return CLI_OK;
}

static int backup_run(const struct cli *cli, void *own, char **words)
{
    const struct backup_options *o = own;
    if (o->check)
        return backup_check(cli, words[0], o->passphrase_file);
    if (cli->prefix[0] == '\0' && geteuid() != 0) {
        log_error(
            "No backup was made: only root may read the kiosk's keys. Run: sudo porchlight backup "
            "%s",
            words[0]);
        return CLI_DENIED;
    }
    return keep(cli, words[0], o);
}

static const struct cli_option backup_options[] = {
    OPTION_WORD("FILE", "a new file, best on a USB stick that is kept away from the venue"),
    OPTION("check", NULL, struct backup_options, check,
           "say whether the backup FILE is good, and whether it is up to date; make none"),
    OPTION("same-card", NULL, struct backup_options, same_card,
           "allow a FILE on the card that the kiosk is on, which is lost with it"),
    OPTION("passphrase-file", "FILE", struct backup_options, passphrase_file,
           "take the passphrase from this file's first line instead of asking for it"),
    {0},
};

const struct cli_command cli_backup = {
    .name = "backup",
    .arguments = "[--check] FILE [--same-card] [--passphrase-file FILE]",
    .summary = "seal the venue's keys, accounts and config under a passphrase",
    .options = backup_options,
    .size = sizeof(struct backup_options),
    .words_min = 1,
    .words_max = 1,
    .run = backup_run,
};
