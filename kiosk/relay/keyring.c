#include "kiosk/relay/keyring.h"

#include "config/secret.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/enrol.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SEED = 32 };

struct keyring {
    char folder[PATH_LEN];
    bool own; /* there is a relay.key */
    uint8_t seed[SEED], public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
    struct {
        char id[17];
        size_t count;
        uint8_t keys[KEYRING_KEYS][ENVELOPE_KEY];
    } kiosks[RELAY_KIOSKS_MAX];
};

static int own_read(struct keyring *k, const char *prefix)
{
    char path[PATH_LEN];
    if (path_credential(prefix, "relay.key", path) < 0 || access(path, F_OK) < 0)
        return 0;
    if (secret_read_file(path, true, k->seed, SEED, config_complain_stderr, NULL) < 0)
        return -1;
    crypto_sign_seed_keypair(k->public, k->secret, k->seed);
    k->own = true;
    return 0;
}

static void keyring_path_of(const struct keyring *k, size_t i, char out[2 * PATH_LEN])
{
    snprintf(out, 2 * PATH_LEN, "%s/venue-%s.key", k->folder, k->kiosks[i].id);
}

static void put_first(struct keyring *k, size_t i, const uint8_t key[ENVELOPE_KEY])
{
    memmove(k->kiosks[i].keys[1], k->kiosks[i].keys[0], ENVELOPE_KEY);
    memcpy(k->kiosks[i].keys[0], key, ENVELOPE_KEY);
    if (k->kiosks[i].count < KEYRING_KEYS)
        k->kiosks[i].count++;
}

/* What was left here since the relay was set up. */
static int newest_read(struct keyring *k, size_t i)
{
    char path[2 * PATH_LEN];
    uint8_t *key = k->kiosks[i].keys[1]; /* free as yet */
    keyring_path_of(k, i, path);
    if (access(path, F_OK) < 0)
        return 0;
    if (secret_read_file(path, true, key, ENVELOPE_KEY, config_complain_stderr, NULL) < 0)
        return -1;
    memcpy(k->seed, key, ENVELOPE_KEY);
    put_first(k, i, k->seed);
    return 0;
}

static int all_read(struct keyring *k, const struct relay_conf *c, const char *prefix)
{
    config_complain *say = config_complain_stderr;

    if (path_under(prefix, PATH_RELAY_DIR, k->folder) < 0 || own_read(k, prefix) < 0)
        return -1;
    for (size_t i = 0; i < c->kiosks_count; i++) {
        memcpy(k->kiosks[i].id, c->kiosks[i].id, sizeof k->kiosks[i].id);
        if (secret_read_key(prefix, "venue.key", true, k->seed, ENVELOPE_KEY, say, NULL) < 0)
            return -1;
        put_first(k, i, k->seed);
        if (newest_read(k, i) < 0)
            return -1;
    }
    sodium_memzero(k->seed, sizeof k->seed);
    return 0;
}

struct keyring *keyring_new(const struct relay_conf *c, const char *prefix)
{
    struct keyring *k = sodium_malloc(sizeof *k);

    if (!k) {
        log_error("no locked memory for keys; raise the limit (ulimit -l)");
        return NULL;
    }
    sodium_memzero(k, sizeof *k);
    if (all_read(k, c, prefix) == 0)
        return k;
    keyring_free(k);
    return NULL;
}

void keyring_free(struct keyring *k)
{
    sodium_free(k);
}

const uint8_t *keyring_key(const struct keyring *k, size_t i, size_t n)
{
    return n < k->kiosks[i].count ? k->kiosks[i].keys[n] : NULL;
}

bool keyring_is_known(const struct keyring *k)
{
    return k->own;
}

bool keyring_take(struct keyring *k, size_t i, const struct envelope_place *at,
                  const uint8_t kiosk_public[ENVELOPE_PUBLIC], const uint8_t *payload, size_t len)
{
    char path[2 * PATH_LEN];
    uint8_t *key = k->seed;
    if (!k->own || enrol_rotate_open(at, k->public, k->secret, kiosk_public, payload, len, key) !=
                       ENVELOPE_OK) {
        log_debug("a new key was refused");
        return false;
    }
    bool known = sodium_memcmp(key, k->kiosks[i].keys[0], ENVELOPE_KEY) == 0;
    keyring_path_of(k, i, path);
    if (!known && secret_write_key(path, key, ENVELOPE_KEY, 0600) < 0)
        log_error("%s: %s; after a restart this relay has the old key", path, strerror(errno));
    if (!known)
        put_first(k, i, key);
    sodium_memzero(key, ENVELOPE_KEY);
    return !known;
}
