#include "kiosk/cli/root.h"

#include "config/secret.h"
#include "kiosk/common/log.h"

#include <sodium.h>
#include <string.h>

struct root {
    uint8_t seed[crypto_sign_SEEDBYTES], secret[ENVELOPE_SECRET];
};

struct root *root_open(const char *prefix, const char *file)
{
    uint8_t public[ENVELOPE_PUBLIC], known[ENVELOPE_PUBLIC];
    struct root *r = sodium_init() < 0 ? NULL : sodium_malloc(sizeof *r);
    if (r == NULL) {
        log_error("no locked memory for keys; raise the limit (ulimit -l)");
        return NULL;
    }
    if (secret_read_file(file, true, r->seed, sizeof r->seed, config_complain_stderr, NULL) < 0)
        goto close_root;
    crypto_sign_seed_keypair(public, r->secret, r->seed);
    if (prefix == NULL)
        return r;
    if (secret_read_key(prefix, "root.pub", false, known, sizeof known, config_complain_stderr,
                        NULL) < 0)
        goto close_root;
    if (memcmp(public, known, sizeof public) == 0)
        return r;
    log_error("%s: is another venue's root key; expected the one that root.pub belongs to", file);
close_root:
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
