#include "kiosk/cli/cli.h"
#include "kiosk/cli/sealing/sealing.h"
#include "kiosk/common/file.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* One line into a fresh file; an old key is never overwritten. */
static int write_key(const char *path, const char *mark, mode_t mode, const uint8_t key[SEAL_KEY])
{
    size_t head = strlen(mark), len = head + 2 * SEAL_KEY + 1;
    char *line = sodium_malloc(len + 1);
    int fd, result = -1;
    if (!line)
        return -1;
    memcpy(line, mark, head);
    sodium_bin2hex(line + head, 2 * SEAL_KEY + 1, key, SEAL_KEY);
    line[len - 1] = '\n';
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    if (fd >= 0 && file_write_all(fd, line, len) == 0 && fsync(fd) == 0)
        result = file_sync_folder_of(path);
    if (result < 0)
        fprintf(stderr, "porchlight keygen: %s: %s\n", path,
                fd < 0 && errno == EEXIST ? "it is there already; choose another NAME"
                                          : strerror(errno));
    if (fd >= 0)
        close(fd);
    if (fd >= 0 && result < 0)
        unlink(path);
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
        fprintf(stderr,
                "porchlight keygen: this machine is a kiosk (%s is there). The secret half must "
                "never have been on it: make the pair on your own computer.\n",
                conf);
        return CLI_FAILED;
    }
    prctl(PR_SET_DUMPABLE, 0);
    if (sodium_init() < 0 || !(secret_key = sodium_malloc(SEAL_KEY)))
        return CLI_FAILED;
    if (crypto_box_keypair(public_key, secret_key) == 0 &&
        keygen_write_pair(name, public_key, secret_key) == 0) {
        printf("%s.public goes to the kiosk, as " PATH_SEAL_KEY ".\n"
               "%s.secret opens all that is sealed to it. It must not be on the kiosk, on its "
               "card, on a stick\nthat stays in the venue, or in a mail. Keep it on your own "
               "computer, and a copy elsewhere: lost,\nnothing opens.\n",
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
