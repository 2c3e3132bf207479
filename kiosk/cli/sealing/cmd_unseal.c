#include "kiosk/cli/cli.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/sealing/cmd_book.h"
#include "kiosk/cli/sealing/sealing.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

static int unseal_file(const char *file, const uint8_t public_key[SEAL_KEY],
                       const uint8_t secret_key[SEAL_KEY])
{
    bool from_stdin = strcmp(file, "-") == 0;
    FILE *in = from_stdin ? stdin : fopen(file, "rbe");
    enum seal_result r = SEAL_FORMAT;
    char magic[8];

    if (!in) {
        log_error("Nothing was opened: %s: %s.", file, strerror(errno));
        return CLI_FAILED;
    }
    if (fread(magic, 1, sizeof magic, in) == sizeof magic) {
        if (memcmp(magic, SEAL_MAGIC, sizeof magic) == 0)
            r = unseal_stream(in, stdout, public_key, secret_key);
        else if (memcmp(magic, BOOK_MAGIC, sizeof magic) == 0)
            r = book_print(in, stdout, public_key, secret_key);
    }
    if (r != SEAL_OK)
        log_error("Not everything was opened: %s: %s.", from_stdin ? "the piped input" : file,
                  seal_why(r));
    if (!from_stdin)
        fclose(in);
    return r == SEAL_OK ? CLI_OK : CLI_FAILED;
}

struct unseal_options {
    const char *key;
};

static int unseal_run(const struct cli *cli, void *own, char **words)
{
    const struct unseal_options *o = own;
    uint8_t public_key[SEAL_KEY], *secret_key;
    char conf[PATH_LEN];
    int result = CLI_FAILED;
    if (!o->key)
        return cli_misuse(&cli_unseal, "--key FILE.secret is missing");
    if (path_under(cli->prefix, PATH_CONF, conf) == 0 && access(conf, F_OK) == 0) {
        log_error(
            "Nothing was opened: this machine is a kiosk (%s exists), and the secret half must "
            "never be on it. Copy the sealed file to your own computer and open it there.",
            conf);
        return CLI_FAILED;
    }
    prctl(PR_SET_DUMPABLE, 0);
    if (!(secret_key = locked_memory(SEAL_KEY)))
        return CLI_FAILED;
    if (seal_read_key(o->key, true, secret_key) == 0 &&
        crypto_scalarmult_base(public_key, secret_key) == 0)
        result = unseal_file(words[0], public_key, secret_key);
    sodium_free(secret_key);
    return result;
}

static const struct cli_option unseal_options[] = {
    OPTION_WORD("FILE", "what porchlight seal made; - to read it from a pipe"),
    OPTION("key", "FILE", struct unseal_options, key,
           "the secret half that porchlight keygen made"),
    {0},
};

const struct cli_command cli_unseal = {
    .name = "unseal",
    .arguments = "--key FILE.secret FILE|-",
    .summary = "open a sealed file or book, on the host's own computer",
    .options = unseal_options,
    .size = sizeof(struct unseal_options),
    .words_min = 1,
    .words_max = 1,
    .run = unseal_run,
};
