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
