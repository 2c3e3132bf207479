#include "config/secret.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/keys/certificates.h"
#include "kiosk/cli/keys/keyset.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* porchlight keys: what the venue's root key makes and signs. */

enum { SEED = KEYSET_SEED, PUBLIC_HEX = 2 * ENVELOPE_PUBLIC + 1 };

struct keys {
    const struct cli *cli;
    const char *venue, *kiosk, *root_out, *root_file, *out, *public, *account;
    char venue_id[KEYSET_ID_TEXT], kiosk_id[KEYSET_ID_TEXT];
    struct keyset *set;
    struct root *root; /* NULL until it is read */
    bool due;
};

/* --- ids and files ---------------------------------------------------------------------------- */

/* From the options; or porchlight.conf if there is one; or random. */
static int ids_find(struct keys *k)
{
    char path[PATH_LEN];
    struct config *c = calloc(1, sizeof *c);
    int code = !c ? -1 : 0;
    keyset_id_random(k->venue_id);
    keyset_id_random(k->kiosk_id);
    if (code == 0 && (!k->venue || !k->kiosk) && path_under(k->cli->prefix, PATH_CONF, path) == 0 &&
        access(path, F_OK) == 0) {
        code = config_load(path, c, config_complain_stderr, NULL);
        if (code == 0) {
            snprintf(k->venue_id, sizeof k->venue_id, "%.16s", c->venue.id);
            snprintf(k->kiosk_id, sizeof k->kiosk_id, "%.16s", c->kiosk.id);
        }
    }
    if (k->venue)
        snprintf(k->venue_id, sizeof k->venue_id, "%s", k->venue);
    if (k->kiosk)
        snprintf(k->kiosk_id, sizeof k->kiosk_id, "%s", k->kiosk);
    free(c);
    return code;
}

static int keys_complain(const char *path)
{
    log_error("%s cannot be written: %s.", path, strerror(errno));
    return -1;
}

static int credential_write(const struct keys *k, const char *name, const uint8_t *key, size_t len,
                            int mode)
{
    char path[PATH_LEN], folder[PATH_LEN];
    if (path_under(k->cli->prefix, PATH_CREDENTIALS, folder) < 0 ||
        (size_t)snprintf(path, sizeof path, "%s/%s", folder, name) >= sizeof path)
        return keys_complain(name);
    return secret_write_key(path, key, len, mode) < 0 ? keys_complain(path) : 0;
}

/* Whether a path is inside the kiosk's credentials, where the root key must never be. */
static bool is_on_kiosk(const struct keys *k, const char *path)
{
    char folder[PATH_LEN], dir[PATH_LEN], real_dir[PATH_MAX], real_folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(dir, sizeof dir, "%.*s", slash ? (int)(slash - path + 1) : 1, slash ? path : ".");
    return path_under(k->cli->prefix, PATH_CREDENTIALS, folder) == 0 &&
           realpath(folder, real_folder) && realpath(dir, real_dir) &&
           strncmp(real_dir, real_folder, strlen(real_folder)) == 0;
}

/* --- make ------------------------------------------------------------------------------------- */

static int make_is_possible(const struct keys *k)
{
    static const char *const names[] = {"venue.key", "kiosk.key", "kiosk.pub", "kiosk.cert",
                                        "root.pub"};
    char folder[PATH_LEN], path[PATH_LEN + 16];
    if (path_under(k->cli->prefix, PATH_CREDENTIALS, folder) < 0 ||
        files_make_folders(folder, 0700) < 0)
        return keys_complain(k->cli->prefix);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        if (access(path, F_OK) == 0) {
            log_error("No keys were made: this kiosk has keys, and its phones rely on them (%s). "
                      "For new ones, move the files in that folder away first.",
                      path);
            return -1;
        }
    }
    if (k->root_out && access(k->root_out, F_OK) == 0) {
        log_error("No keys were made: %s exists. Choose a new file for the root key.", k->root_out);
        return -1;
    }
    if (!k->root_out || !is_on_kiosk(k, k->root_out))
        return 0;
    log_error(
        "No keys were made: %s is among the kiosk's credentials, and the root key must not be "
        "kept on the kiosk. Choose a file on a USB stick.",
        k->root_out);
    return -1;
}

static int make_write(const struct keys *k)
{
    const struct keyset *s = k->set;
    if (k->root_out && secret_write_key(k->root_out, s->root_seed, SEED, 0600) < 0)
        return keys_complain(k->root_out);
    return credential_write(k, "venue.key", s->venue_key, ENVELOPE_KEY, 0600) < 0 ||
                   credential_write(k, "kiosk.key", s->kiosk_seed, SEED, 0600) < 0 ||
                   credential_write(k, "kiosk.pub", s->kiosk_public, ENVELOPE_PUBLIC, 0644) < 0 ||
                   credential_write(k, "root.pub", s->root_public, ENVELOPE_PUBLIC, 0644) < 0 ||
                   credential_write(k, "kiosk.cert", s->certificate, CERT_SIGNATURE, 0644) < 0
               ? -1
               : 0;
}

static int keys_make(struct keys *k)
{
    if (ids_find(k) < 0 || make_is_possible(k) < 0)
        return CLI_FAILED;
    keyset_make(k->set);
    keyset_kiosk(k->set, k->venue_id, k->kiosk_id);
    if (make_write(k) < 0)
        return CLI_FAILED;
    if (!k->root_out)
        log_warning(
            "Without --root-out the root key is not kept, so nobody can sign staff phones or "
            "disown this kiosk.");
    if (k->cli->json)
        print_json_texts("venue", k->venue_id, "kiosk", k->kiosk_id);
    else
        printf("venue: %s\nkiosk: %s\n", k->venue_id, k->kiosk_id);
    return CLI_OK;
}

/* --- staff ------------------------------------------------------------------------------------ */

/* The staff phone's public half as hex: given, or of a pair made here into DIR/staff.key. */
static int staff_public(const struct keys *k, char hex[PUBLIC_HEX])
{
    char path[PATH_LEN];
    if (k->public) {
        snprintf(hex, PUBLIC_HEX, "%s", strlen(k->public) < PUBLIC_HEX ? k->public : "");
        return 0;
    }
    if (files_make_folders(k->out, 0700) < 0 ||
        (size_t)snprintf(path, sizeof path, "%s/staff.key", k->out) >= sizeof path)
        return keys_complain(k->out);
    if (access(path, F_OK) == 0) {
        log_error("No key was made: %s exists, and one folder holds one staff key. Name another "
                  "folder.",
                  path);
        return -1;
    }
    randombytes_buf(k->set->kiosk_seed, SEED);
    crypto_sign_seed_keypair(k->set->kiosk_public, k->set->kiosk_secret, k->set->kiosk_seed);
    sodium_bin2hex(hex, PUBLIC_HEX, k->set->kiosk_public, ENVELOPE_PUBLIC);
    return secret_write_key(path, k->set->kiosk_seed, SEED, 0600) < 0 ? keys_complain(path) : 0;
}

static int public_complain(void)
{
    log_error("Nothing was signed: --public must be the 64 hex digits that the phone or porchlight "
              "invite shows.");
    return CLI_FAILED;
}

static int staff_write(const struct keys *k, const char *account, const char *hex,
                       const uint8_t signature[CERT_SIGNATURE])
{
    char folder[PATH_LEN], path[PATH_LEN];
    uint8_t staff[CERT_STAFF];
    sodium_hex2bin(staff, ENVELOPE_PUBLIC, hex, strlen(hex), NULL, NULL, NULL);
    memcpy(staff + ENVELOPE_PUBLIC, signature, CERT_SIGNATURE);
    if (path_under(k->cli->prefix, PATH_STAFF, folder) < 0 ||
        files_make_folders(folder, 0755) < 0 ||
        (size_t)snprintf(path, sizeof path, "%s/%s.cert", folder, account) >= sizeof path ||
        secret_write_key(path, staff, sizeof staff, 0644) < 0)
        return keys_complain(PATH_STAFF);
    return 0;
}

static int keys_staff(struct keys *k)
{
    uint8_t signature[CERT_SIGNATURE];
    char account[KEYSET_ID_TEXT], hex[PUBLIC_HEX];
    if (!k->root_file || (!k->public) == (!k->out))
        return CLI_USAGE;
    keyset_id_random(account);
    if (k->account)
        memcpy(account, k->account, TOPIC_ID_LEN + 1);
    if (ids_find(k) < 0 || !(k->root = root_open(k->cli->prefix, k->root_file)) ||
        staff_public(k, hex) < 0)
        return CLI_FAILED;
    if (root_sign_staff(k->root, k->venue_id, account, hex, signature) < 0)
        return public_complain();
    if (staff_write(k, account, hex, signature) < 0)
        return CLI_FAILED;
    if (k->cli->json)
        print_json_texts("account", account, NULL, NULL);
    else
        printf("account: %s\n", account);
    return CLI_OK;
}

/* --- sign ------------------------------------------------------------------------------------ */

/* For porchlight invite --staff on a kiosk, made where the root key is: no file of the kiosk is
 * needed. */
static int keys_sign(struct keys *k)
{
    uint8_t signature[CERT_SIGNATURE];
    char hex[2 * CERT_SIGNATURE + 1];
    if (!k->root_file || !k->public || !k->account || !k->venue)
        return CLI_USAGE;
    k->root = root_open(NULL, k->root_file);
    if (!k->root)
        return CLI_FAILED;
    if (root_sign_staff(k->root, k->venue, k->account, k->public, signature) < 0)
        return public_complain();
    sodium_bin2hex(hex, sizeof hex, signature, sizeof signature);
    if (k->cli->json)
        print_json_texts("signature", hex, NULL, NULL);
    else
        puts(hex);
    return CLI_OK;
}

/* --- push ------------------------------------------------------------------------------------- */

/* The key that lets the venue's relays take subscriptions, for a relay that was set up by hand. */
static int keys_push(struct keys *k)
{
    uint8_t signature[CERT_SIGNATURE];
    char path[PATH_LEN];
    if (!k->root_file || !k->out)
        return CLI_USAGE;
    if (ids_find(k) < 0 || !(k->root = root_open(k->cli->prefix, k->root_file)) ||
        root_push_key(k->root, k->venue_id, k->set->kiosk_seed, signature) < 0)
        return CLI_FAILED;
    if (files_make_folders(k->out, 0700) < 0 ||
        (size_t)snprintf(path, sizeof path, "%s/push.cert", k->out) >= sizeof path) {
        keys_complain(k->out);
        return CLI_FAILED;
    }
    int bad = secret_write_key(path, signature, sizeof signature, 0644);
    snprintf(path, sizeof path, "%s/push.key", k->out);
    if (bad < 0 || secret_write_key(path, k->set->kiosk_seed, SEED, 0600) < 0) {
        keys_complain(path);
        return CLI_FAILED;
    }
    if (k->cli->json)
        print_json_texts("folder", k->out, NULL, NULL);
    else
        print_say("Move push.key and push.cert from %s into the credentials of every relay.",
                  k->out);
    return CLI_OK;
}

/* --- options ---------------------------------------------------------------------------------- */

static int keys_renew(struct keys *k)
{
    return certificates_renew(k->cli, k->due);
}

static const struct {
    const char *word, *wants;
    int (*run)(struct keys *k);
} verbs[] = {
    {"make", "nothing more", keys_make},
    {"staff", "--root FILE and either --out DIR or --public HEX", keys_staff},
    {"sign", "--root FILE --venue ID --account ID --public HEX", keys_sign},
    {"push", "--root FILE --out DIR", keys_push},
    {"renew", "nothing more", keys_renew},
};

static int keys_run(const struct cli *cli, void *own, char **words)
{
    struct keys *k = own;
    size_t i = 0;
    k->cli = cli;
    while (i < sizeof verbs / sizeof verbs[0] && strcmp(words[0], verbs[i].word) != 0)
        i++;
    if (i == sizeof verbs / sizeof verbs[0])
        return cli_misuse(&cli_keys, "\"%s\" is none of make, staff, sign, push and renew",
                          words[0]);
    if (k->root_file && root_check(&cli_keys, k->root_file) != CLI_OK)
        return CLI_USAGE;
    k->set = keyset_new();
    if (!k->set)
        return CLI_FAILED;
    int code = verbs[i].run(k);
    if (code == CLI_USAGE)
        cli_misuse(&cli_keys, "%s needs %s", verbs[i].word, verbs[i].wants);
    root_close(k->root);
    keyset_free(k->set);
    return code;
}

static const struct cli_option keys_options[] = {
    OPTION_WORD("make", "make root, venue and kiosk keys in the kiosk's credentials"),
    OPTION("root-out", "FILE", struct keys, root_out,
           "make: where the root key goes; off site, never on the kiosk"),
    OPTION_BY("venue", "ID", struct keys, venue, option_id,
              "the venue's id, 16 hex digits; porchlight.conf's unless given, or random"),
    OPTION_BY("kiosk", "ID", struct keys, kiosk, option_id, "the same for the kiosk's id"),
    OPTION_WORD("staff",
                "let a staff phone command this kiosk; needs --root, and --public or --out"),
    OPTION("root", "FILE", struct keys, root_file, "the root key; - to type it in from its paper"),
    OPTION("public", "HEX", struct keys, public, "the phone's public key"),
    OPTION("out", "PATH", struct keys, out,
           "staff: a folder for a new pair's secret half, for porchlight command; push: a folder"),
    OPTION_BY("account", "ID", struct keys, account, option_id,
              "the phone's account; random unless given"),
    OPTION_WORD("sign", "print the root's signature for a phone that porchlight invite waits for; "
                        "needs --root, --venue, --account and --public"),
    OPTION_WORD("push", "make the key with which relays accept phones' subscriptions; needs --root "
                        "and --out"),
    OPTION_WORD("renew", "renew brokers' certificates that end within 180 days"),
    OPTION("due", NULL, struct keys, due,
           "renew: change nothing; exit 0 if a certificate is due, 1 if none is"),
    {0},
};

const struct cli_command cli_keys = {
    .name = "keys",
    .arguments = "make|staff|sign|push|renew [OPTIONS]",
    .summary = "make the venue's keys, and sign a staff phone's",
    .options = keys_options,
    .size = sizeof(struct keys),
    .words_min = 1,
    .words_max = 1,
    .json = true,
    .run = keys_run,
};
