#include "kiosk/cli/backup/backup_read.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/etc_transaction.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/prompt.h"
#include "kiosk/cli/setup/setup_units.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct restoring {
    struct etc_transaction *stage;
    bool another; /* only what another kiosk of the venue shares */
    int files;
};

struct restore_options {
    const char *passphrase_file;
    bool another, replace;
};

static bool is_shared(const char *name)
{
    static const char *const shared[] = {
        "credentials/venue.key", "credentials/root.pub", "broker-ca.pem",
        "outside-ca.pem",        "setup.conf",           "words.conf"};
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (strcmp(name, shared[i]) == 0)
            return true;
    return false;
}

static int put_back(void *context, const char *path, mode_t mode, const uint8_t *bytes, size_t len)
{
    struct restoring *r = context;
    const char *owner = strcmp(path, PATH_ACCOUNTS) == 0 ? "porchlight-broker" : "porchlight";
    const char *etc;
    enum backup_place place = backup_place_of(path, &etc);
    int result = 0;

    if (r->another && (!etc || !is_shared(etc)))
        return 0;
    if (place == BACKUP_ETC)
        result = etc_transaction_put(r->stage, etc, bytes, len, mode & 0755);
    else if (place == BACKUP_BESIDE)
        result = etc_transaction_put_beside(r->stage, path, bytes, len, mode & 0644, owner);
    else {
        log_error(
            "Nothing was changed: the backup contains %s, which is not a file of Porchlight's, so "
            "porchlight backup did not make it.",
            path);
        return -1;
    }
    r->files++;
    return result;
}

/* A kiosk that is set up here is replaced only if its host says so. 0, or -1 after a complaint. */
static int may_replace(const struct cli *cli, const char *file, bool replace)
{
    char key[PATH_LEN], control[PATH_LEN], question[256];
    int running, answer;

    if (replace || path_under(cli->prefix, PATH_CREDENTIALS "/kiosk.key", key) < 0 ||
        access(key, F_OK) < 0 || path_under(cli->prefix, PATH_CONTROL, control) < 0)
        return 0;
    running = unix_socket_connect(control);
    if (running >= 0)
        close(running);
    snprintf(question, sizeof question,
             "This Pi is a kiosk already%s.\nIts keys, config and phones are replaced by those of "
             "the backup.\nWithout a backup of their own they are lost. Replace them? Type yes: ",
             running >= 0 ? ", and it is running" : "");
    answer = prompt_yes(question);
    if (answer < 0)
        log_error("Nothing was changed: this Pi is a kiosk already%s. To replace its keys, config "
                  "and phones by those of the backup, run: porchlight restore %s --replace",
                  running >= 0 ? ", and it is running" : "", file);
    else if (answer == 0)
        log_error("Nothing was changed: you did not type yes.");
    return answer > 0 ? 0 : -1;
}

static int restore(const struct cli *cli, const char *file, const struct restore_options *o)
{
    bool another = o->another;
    struct backup backup = {0};
    struct restoring r = {.another = another};
    int code = CLI_FAILED;

    if (backup_find(file, "Nothing was changed") < 0 ||
        (!another && may_replace(cli, file, o->replace) < 0) ||
        backup_unlock(&backup, file, o->passphrase_file, "Nothing was changed") < 0)
        return CLI_FAILED;
    r.stage = etc_transaction_begin(cli->prefix);
    if (r.stage && another && etc_transaction_has(r.stage, "credentials/kiosk.key"))
        log_error(
            "Nothing was changed: this Pi is a kiosk already, and --another is for a Pi that is to "
            "become a further kiosk of the venue. To bring this kiosk back, leave --another out.");
    else if (r.stage && backup_each(&backup, put_back, &r) == 0 &&
             etc_transaction_commit(r.stage) == 0)
        code = CLI_OK;
    etc_transaction_free(r.stage);
    backup_finish(&backup);
    if (code != CLI_OK)
        return code;
    if (!another)
        backup_note(cli->prefix);
    print_say("%d files are restored. %s", r.files,
              another
                  ? "They are what this Pi is to share with the venue's other kiosks. Next, "
                    "write kiosk = 2 (or 3, 4) and root = FILE, the root key's, into an answers "
                    "file, below [setup], and run: sudo porchlight setup --answers FILE"
                  : "The kiosk is as it was when the backup was made. If you changed the code "
                    "since then, change it again; if you invited or revoked phones, do that "
                    "again too. If the same keys are on another Pi or card, never start that "
                    "one again. Then check this one: sudo porchlight doctor");
    fflush(stdout);
    return another ? CLI_OK : setup_restart(cli);
}

static int restore_run(const struct cli *cli, void *own, char **words)
{
    const struct restore_options *o = own;
    if (cli->prefix[0] == '\0' && geteuid() != 0) {
        log_error("Nothing was changed: only root may write to " PATH_ETC ". Run: sudo porchlight "
                  "restore %s",
                  words[0]);
        return CLI_DENIED;
    }
    return restore(cli, words[0], o);
}

static const struct cli_option restore_options[] = {
    OPTION_WORD("FILE", "what porchlight backup made"),
    OPTION("another", NULL, struct restore_options, another,
           "only what a further kiosk of the same venue shares"),
    OPTION("replace", NULL, struct restore_options, replace,
           "replace the kiosk that is set up here, without asking"),
    OPTION("passphrase-file", "FILE", struct restore_options, passphrase_file,
           "take the passphrase from this file's first line instead of asking for it"),
    {0},
};

const struct cli_command cli_restore = {
    .name = "restore",
    .arguments = "FILE [--another] [--replace] [--passphrase-file FILE]",
    .summary = "restore a backup: after a wipe, on a new Pi, or for another kiosk",
    .options = restore_options,
    .size = sizeof(struct restore_options),
    .words_min = 1,
    .words_max = 1,
    .run = restore_run,
};
