#include "kiosk/cli/keys/root.h"

#include "config/secret.h"
#include "kiosk/cli/keys/root_paper.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct root {
    uint8_t seed[KEYSET_SEED], secret[ENVELOPE_SECRET];
};

/* --- read or typed in ------------------------------------------------------------------------ */

static bool is_typed(const char *file)
{
    return strcmp(file, "-") == 0;
}

int root_check(const struct cli_command *command, const char *file)
{
    if (!is_typed(file))
        return CLI_OK;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return cli_misuse(command,
                          "--root -: nobody is at a terminal to type the root key in; "
                          "expected --root FILE, a file of mode 0600 that holds its 64 hex "
                          "digits or the four lines of its paper");
    close(fd);
    return CLI_OK;
}

static int type_in(uint8_t seed[KEYSET_SEED])
{
    fputs("The venue's root key is needed for this. Type it in from its paper.\n", stderr);
    if (root_paper_ask(seed) == 0)
        return 0;
    log_error("the root key was not typed in, so nothing was done");
    return -1;
}

static int read_text(const char *file, const char *text, uint8_t seed[KEYSET_SEED])
{
    size_t digits = strspn(text, "0123456789abcdef");
    if (text[digits] == '\0' && digits == (size_t)2 * KEYSET_SEED)
        return sodium_hex2bin(seed, KEYSET_SEED, text, digits, NULL, NULL, NULL);
    int line = root_paper_read(text, seed);
    if (line > 0)
        log_error("%s: line %d does not fit its last four digits; compare it with the paper", file,
                  line);
    else if (line < 0)
        log_error(
            "%s: is no root key; expected 64 hex digits on one line, or the four lines of its "
            "paper",
            file);
    return line == 0 ? 0 : -1;
}

static int root_read_file(const char *file, uint8_t seed[KEYSET_SEED])
{
    static const char absent[] =
        "no such file; expected the root key's file, or - to type it in from paper";
    char *text = sodium_malloc(SECRET_FILE_MAX + 1);
    int result = -1;
    if (!text)
        log_error("no locked memory for keys; raise the limit (ulimit -l)");
    else if (secret_read_text(file, absent, text, config_complain_stderr, NULL) >= 0)
        result = read_text(file, text, seed);
    sodium_free(text);
    return result;
}

static int is_this_venues(const char *prefix, const char *file, const uint8_t seed[KEYSET_SEED])
{
    uint8_t public[ENVELOPE_PUBLIC], known[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
    if (secret_read_key(prefix, "root.pub", false, known, sizeof known, config_complain_stderr,
                        NULL) < 0)
        return -1;
    crypto_sign_seed_keypair(public, secret, seed);
    sodium_memzero(secret, sizeof secret);
    if (memcmp(public, known, sizeof public) == 0)
        return 0;
    log_error("%s: is another venue's root key; expected the one that root.pub belongs to",
              is_typed(file) ? "what was typed" : file);
    return -1;
}

int root_seed_read(const char *prefix, const char *file, uint8_t seed[KEYSET_SEED])
{
    if (sodium_init() < 0 || (is_typed(file) ? type_in(seed) : root_read_file(file, seed)) < 0)
        return -1;
    return !prefix ? 0 : is_this_venues(prefix, file, seed);
}

/* --- the key --------------------------------------------------------------------------------- */

struct root *root_open(const char *prefix, const char *file)
{
    uint8_t public[ENVELOPE_PUBLIC];
    struct root *r = sodium_init() < 0 ? NULL : sodium_malloc(sizeof *r);

    if (!r) {
        log_error("no locked memory for keys; raise the limit (ulimit -l)");
        return NULL;
    }
    if (root_seed_read(prefix, file, r->seed) < 0) {
        root_close(r);
        return NULL;
    }
    crypto_sign_seed_keypair(public, r->secret, r->seed);
    return r;
}

void root_close(struct root *r)
{
    sodium_free(r);
}

const uint8_t *root_secret(const struct root *r)
{
    return r->secret;
}

static int unhex(const char *text, uint8_t *out, size_t len)
{
    size_t got;
    return sodium_hex2bin(out, len, text, strlen(text), NULL, &got, NULL) == 0 && got == len ? 0
                                                                                             : -1;
}

int root_sign_staff(const struct root *r, const char *venue, const char *account,
                    const char *public, char hex[ROOT_SIGNATURE])
{
    struct cert_staff c;
    uint8_t signature[CERT_SIGNATURE];
    if (unhex(venue, c.venue, sizeof c.venue) != 0 ||
        unhex(account, c.account, sizeof c.account) != 0 ||
        unhex(public, c.public, sizeof c.public) != 0)
        return -1;
    cert_staff_sign(&c, r->secret, signature);
    sodium_bin2hex(hex, ROOT_SIGNATURE, signature, sizeof signature);
    return 0;
}
