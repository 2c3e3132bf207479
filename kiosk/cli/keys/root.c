#include "kiosk/cli/keys/root.h"

#include "config/secret.h"
#include "kiosk/cli/keys/root_paper.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/common/log.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/hex.h"
#include "kiosk/core/push_offer.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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
        return cli_misuse(
            command, "--root -: there is no terminal to type the root key in. Use --root FILE: "
                     "a file of mode 0600 with its 64 hex digits, or with the four lines of "
                     "its paper");
    close(fd);
    return CLI_OK;
}

static int type_in(uint8_t seed[KEYSET_SEED])
{
    fputs("This needs the venue's root key. Type it in from its paper.\n", stderr);
    if (root_paper_ask(seed) == 0)
        return 0;
    log_error("Nothing was done: the root key was not typed in.");
    return -1;
}

static int read_text(const char *file, const char *text, uint8_t seed[KEYSET_SEED])
{
    const size_t digits = (size_t)2 * KEYSET_SEED;
    if (hex_is(text, digits))
        return sodium_hex2bin(seed, KEYSET_SEED, text, digits, NULL, NULL, NULL);
    int line = root_paper_read(text, seed);
    if (line > 0)
        log_error(
            "Nothing was done: %s: line %d does not match its last four digits. Compare it with "
            "the paper.",
            file, line);
    else if (line < 0)
        log_error("Nothing was done: %s is not a root key. Expected 64 hex digits on one line, or "
                  "the four lines of its paper.",
                  file);
    return line == 0 ? 0 : -1;
}

/* secret_read_text refuses it too, but this is a host's own file. */
static bool is_open_to_others(const char *file)
{
    struct stat st;
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    bool is = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && secret_has_mode(fd) &&
              (st.st_mode & (S_IRWXG | S_IRWXO));
    if (fd >= 0)
        close(fd);
    return is;
}

static int root_read_file(const char *file, uint8_t seed[KEYSET_SEED])
{
    static const char absent[] =
        "there is no such file. Is the stick mounted? To type the root key in from its paper: "
        "--root -";
    if (is_open_to_others(file)) {
        log_error("Nothing was done: other users of this machine may read the root key in %s. Make "
                  "it yours alone, then try again: chmod 600 %s",
                  file, file);
        return -1;
    }
    char *text = locked_memory(SECRET_FILE_MAX + 1);
    int result = -1;
    if (text && secret_read_text(file, absent, text, config_complain_stderr, NULL) >= 0)
        result = read_text(file, text, seed);
    sodium_free(text);
    return result;
}

static int is_key_of(const uint8_t known[ENVELOPE_PUBLIC], const char *file,
                     const uint8_t seed[KEYSET_SEED])
{
    uint8_t public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
    crypto_sign_seed_keypair(public, secret, seed);
    sodium_memzero(secret, sizeof secret);
    if (memcmp(public, known, sizeof public) == 0)
        return 0;
    log_error("Nothing was done: %s is another venue's root key. Use the one that was made at this "
              "venue's set-up.",
              is_typed(file) ? "what you typed" : file);
    return -1;
}

static int is_this_venues(const char *prefix, const char *file, const uint8_t seed[KEYSET_SEED])
{
    uint8_t known[ENVELOPE_PUBLIC];
    return secret_read_key(prefix, "root.pub", false, known, sizeof known, config_complain_stderr,
                           NULL) < 0
               ? -1
               : is_key_of(known, file, seed);
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
    struct root *r = locked_memory(sizeof *r);
    if (!r)
        return NULL;
    if (root_seed_read(prefix, file, r->seed) < 0) {
        root_close(r);
        return NULL;
    }
    crypto_sign_seed_keypair(public, r->secret, r->seed);
    return r;
}

struct root *root_open_of(const uint8_t public[ENVELOPE_PUBLIC], const char *file)
{
    struct root *r = root_open(NULL, file);
    if (!r || is_key_of(public, file, r->seed) == 0)
        return r;
    root_close(r);
    return NULL;
}

void root_close(struct root *r)
{
    sodium_free(r);
}

const uint8_t *root_secret(const struct root *r)
{
    return r->secret;
}

void root_account_of(const struct root *r, const char *broker, char account[KEYSET_ID_TEXT],
                     char password[KEYSET_PASSWORD])
{
    keyset_root_account(r->seed, broker, account, password);
}

static bool root_id_bytes(const char *text, uint8_t out[ENVELOPE_ID])
{
    if (!topic_is_id(text))
        return false;
    keyset_id_bytes(text, out);
    return true;
}

int root_sign_staff(const struct root *r, const char *venue, const char *account,
                    const char *public, uint8_t signature[CERT_SIGNATURE])
{
    struct cert_staff c;
    size_t got;
    if (!root_id_bytes(venue, c.venue) || !root_id_bytes(account, c.account) ||
        sodium_hex2bin(c.public, sizeof c.public, public, strlen(public), NULL, &got, NULL) != 0 ||
        got != sizeof c.public)
        return -1;
    cert_staff_sign(&c, r->secret, signature);
    return 0;
}

int root_grant(const struct root *r, const char *venue, enum registration_kind kind,
               enum registration_role role, const char *account, const char *password,
               uint8_t grant[CERT_SIGNATURE])
{
    struct registration_request q = {.kind = kind, .role = role};
    uint8_t id[ENVELOPE_ID];
    if (!root_id_bytes(venue, id) || !topic_is_id(account))
        return -1;
    snprintf(q.account, sizeof q.account, "%s", account);
    snprintf(q.password, sizeof q.password, "%s", password);
    registration_grant(&q, id, r->secret, grant);
    sodium_memzero(&q, sizeof q);
    return 0;
}

int root_sign_word(const struct root *r, const char *venue, const char *kiosk,
                   const struct root_word *w, uint8_t wire[ENVELOPE_SIZE])
{
    uint8_t venue_id[ENVELOPE_ID], kiosk_id[ENVELOPE_ID];
    if (!root_id_bytes(venue, venue_id) || !root_id_bytes(kiosk, kiosk_id))
        return -1;
    root_word_sign(w, venue_id, kiosk_id, r->secret, wire);
    return 0;
}

int root_push_key(const struct root *r, const char *venue, uint8_t seed[KEYSET_SEED],
                  uint8_t signature[CERT_SIGNATURE])
{
    static const char purpose[] = "porchlight push key";
    uint8_t id[ENVELOPE_ID], public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
    if (!root_id_bytes(venue, id))
        return -1;
    crypto_generichash(seed, KEYSET_SEED, (const uint8_t *)purpose, sizeof purpose - 1, r->seed,
                       sizeof r->seed);
    crypto_sign_seed_keypair(public, secret, seed);
    sodium_memzero(secret, sizeof secret);
    push_offer_root_sign(id, public, r->secret, signature);
    return 0;
}
