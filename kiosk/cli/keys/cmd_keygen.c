#include "kiosk/cli/cli.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/sealing/sealing.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* One line into a new file; an old key is never overwritten. */
static int write_key(const char *path, const char *mark, mode_t mode, const uint8_t key[SEAL_KEY])
{
    size_t head = strlen(mark), len = head + 2 * SEAL_KEY + 1;
    char *line = locked_memory(len + 1);
    int result = -1;
    if (!line)
        return -1;
    memcpy(line, mark, head);
    sodium_bin2hex(line + head, 2 * SEAL_KEY + 1, key, SEAL_KEY);
    line[len - 1] = '\n';
    if (access(path, F_OK) == 0)
        log_error("No keys were made: %s exists. Choose another NAME.", path);
    else if (file_write(path, line, len, mode) < 0 || file_sync_folder_of(path) < 0)
        log_error("No keys were made: %s cannot be written: %s.", path, strerror(errno));
    else
        result = 0;
    sodium_free(line);
    return result;
}

/* Both halves, or neither. */
static int keygen_write_pair(const char *name, const uint8_t public_key[SEAL_KEY],
                             const uint8_t secret_key[SEAL_KEY])
{
    char secret[PATH_LEN], public[PATH_LEN];
    snprintf(secret, sizeof secret, "%s.secret", name);
    snprintf(public, sizeof public, "%s.public", name);
    if (write_key(public, "", 0644, public_key) < 0)
        return -1;
    if (write_key(secret, SEAL_SECRET, 0600, secret_key) == 0)
        return 0;
    unlink(public);
    return -1;
}

static int keygen_run(const struct cli *cli, void *own, char **words)
{
    const char *name = words[0];
    uint8_t public_key[SEAL_KEY], *secret_key;
    char conf[PATH_LEN];
    int result = CLI_FAILED;
    (void)own;
    if (!name[0] || name[0] == '-' || strlen(name) > PATH_LEN - 16)
        return cli_misuse(&cli_keygen, "\"%s\" cannot be the name of two files", name);
    if (path_under(cli->prefix, PATH_CONF, conf) == 0 && access(conf, F_OK) == 0) {
        log_error(
            "No keys were made: this machine is a kiosk (%s exists), and the secret half must "
            "never be on it. Run porchlight keygen on your own computer.",
            conf);
        return CLI_FAILED;
    }
    prctl(PR_SET_DUMPABLE, 0);
    if (!(secret_key = locked_memory(SEAL_KEY)))
        return CLI_FAILED;
    if (crypto_box_keypair(public_key, secret_key) == 0 &&
        keygen_write_pair(name, public_key, secret_key) == 0) {
        print_say("Copy %s.public to the kiosk, as " PATH_SEAL_KEY ".\n"
                  "Keep %s.secret on your own computer, and a copy elsewhere: it opens all that is "
                  "sealed, and if it is lost, nothing opens. It must never be on the kiosk, on its "
                  "card, on a stick that stays in the venue, or in a mail.",
                  name, name);
        result = CLI_OK;
    }
    sodium_free(secret_key);
    return result;
}

static const struct cli_option keygen_options[] = {
    OPTION_WORD("NAME", "the two files are NAME.public and NAME.secret"),
    {0},
};

const struct cli_command cli_keygen = {
    .name = "keygen",
    .arguments = "NAME",
    .summary = "make the pair of keys to seal with, on the host's own computer",
    .options = keygen_options,
    .words_min = 1,
    .words_max = 1,
    .run = keygen_run,
};
