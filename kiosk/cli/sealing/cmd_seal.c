#include "kiosk/cli/cli.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/sealing/cmd_book.h"
#include "kiosk/cli/sealing/sealing.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
    const char *book, *key, *file;
};

static int seal_complain(const char *what, const char *why)
{
    log_error("Nothing was sealed: %s: %s.", what, why);
    return CLI_FAILED;
}

/* Seals into `fresh`, which then becomes `path`, durably. An existing `path` is never replaced. */
static enum seal_result seal_into(const char *fresh, const char *path, FILE *in,
                                  const uint8_t key[SEAL_KEY])
{
    int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600), saved;
    FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");
    enum seal_result r = out ? seal_stream(in, out, key) : SEAL_IO;

    if (r == SEAL_OK && fsync(fd) < 0)
        r = SEAL_IO;
    if (r == SEAL_OK && (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE) < 0 ||
                         file_sync_folder_of(path) < 0))
        r = SEAL_IO;
    saved = errno;
    if (out)
        fclose(out);
    else if (fd >= 0)
        close(fd);
    if (r != SEAL_OK)
        unlink(fresh);
    errno = saved;
    return r;
}

/* Into FILE.sealed, whole or not at all. */
static int seal_to_file(const char *file, FILE *in, const uint8_t key[SEAL_KEY])
{
    char path[PATH_LEN], fresh[PATH_LEN];
    struct stat st;
    enum seal_result r;

    if (fstat(fileno(in), &st) == 0 && S_ISDIR(st.st_mode))
        return seal_complain(file, "it is a folder. Pipe it in: tar c FOLDER | porchlight seal - "
                                   ">FOLDER.tar.sealed");
    if (snprintf(path, sizeof path, "%s.sealed", file) >= (int)sizeof path ||
        snprintf(fresh, sizeof fresh, "%s.sealed.new", file) >= (int)sizeof fresh)
        return seal_complain(file, "the name is too long");
    if (access(path, F_OK) == 0)
        return seal_complain(path,
                             "the file exists, and may hold something else. Move it away first");
    r = seal_into(fresh, path, in, key);
    if (r != SEAL_OK)
        return seal_complain(path, seal_why(r));
    print_say(
        "%s is sealed. %s itself can still be read, and deleting it leaves copies on the card. "
        "Next time, pipe the program that makes it into: porchlight seal -",
        path, file);
    return CLI_OK;
}

/* To standard output. */
static int seal_piped(FILE *in, const uint8_t key[SEAL_KEY])
{
    enum seal_result r;

    if (isatty(STDOUT_FILENO))
        return seal_complain("-", "the result is not text for a terminal. Write it to a file: "
                                  "porchlight seal - >FILE.sealed");
    r = seal_stream(in, stdout, key);
    return r == SEAL_OK ? CLI_OK : seal_complain("-", seal_why(r));
}

/* One entry, of at most SEAL_ENTRY_MAX bytes, sent to the book's own program. */
static int seal_to_book(const struct cli *cli, const char *book, FILE *in)
{
    uint8_t *entry = locked_memory(SEAL_ENTRY_MAX + 1);
    int result = CLI_FAILED;
    size_t n;
    if (!entry)
        return CLI_FAILED;
    setvbuf(in, NULL, _IONBF, 0);
    n = fread(entry, 1, SEAL_ENTRY_MAX + 1, in);
    if (ferror(in))
        seal_complain("the entry", strerror(errno));
    else if (n > SEAL_ENTRY_MAX)
        log_error(
            "Nothing was sealed: the entry is longer than %d bytes. Seal it as a file, without "
            "--book.",
            SEAL_ENTRY_MAX);
    else
        result = book_send(cli, book, entry, n);
    sodium_free(entry);
    return result;
}

static int seal_input(const struct cli *cli, const struct options *o)
{
    bool from_stdin = strcmp(o->file, "-") == 0;
    FILE *in = from_stdin ? stdin : fopen(o->file, "rbe");
    char path[PATH_LEN];
    uint8_t key[SEAL_KEY];
    int result = CLI_FAILED;
    if (!in)
        return seal_complain(o->file, strerror(errno));
    if (o->book)
        result = seal_to_book(cli, o->book, in);
    else if (path_under(cli->prefix, PATH_SEAL_KEY, path) == 0 &&
             seal_read_key(o->key ? o->key : path, false, key) == 0)
        result = from_stdin ? seal_piped(in, key) : seal_to_file(o->file, in, key);
    if (!from_stdin)
        fclose(in);
    return result;
}

static int seal_run(const struct cli *cli, void *own, char **words)
{
    struct options *o = own;
    if (o->book && o->key)
        return cli_misuse(&cli_seal, "a book has its own key; --key is for files");
    o->file = words[0];
    prctl(PR_SET_DUMPABLE, 0);
    if (sodium_init() < 0)
        return CLI_FAILED;
    return seal_input(cli, o);
}

static const struct cli_option seal_options[] = {
    OPTION_WORD("FILE", "write FILE.sealed beside it"),
    OPTION_WORD("-", "seal what is piped in, to standard output"),
    OPTION("book", "NAME", struct options, book,
           "add one entry of at most 8192 bytes to that book"),
    OPTION("key", "FILE", struct options, key,
           "a public key other than /etc/porchlight/seal.public"),
    {0},
};

const struct cli_command cli_seal = {
    .name = "seal",
    .arguments = "[--book NAME] [--key FILE.public] FILE|-",
    .summary = "seal to the host's public key, so that nothing readable is left to wipe",
    .options = seal_options,
    .size = sizeof(struct options),
    .words_min = 1,
    .words_max = 1,
    .run = seal_run,
};
