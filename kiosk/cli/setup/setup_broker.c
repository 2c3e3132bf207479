#include "kiosk/cli/keys/certificates.h"
#include "kiosk/cli/keys/registrar_venue.h"
#include "kiosk/cli/members/accounts.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/templates.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BROKER_USER "porchlight-broker"
#define HANDED      "/run/credentials/porchlight-broker.service/broker_"
#define BRIDGE      "bridge"
#define BRIDGE_HEAD                                                                                \
    "\n# Passes on what phones here send to kiosks that use only the broker outside.\n"
#define BRIDGE_LINE "connection outside\n"

static int this_kiosk(const struct setup *s)
{
    return answer_number(&s->now, ANSWER_KIOSK);
}

/* --- certificates ----------------------------------------------------------------------------- */

int setup_authority(struct setup *s)
{
    size_t len;
    char *cert = etc_transaction_read(s->stage, "broker-ca.pem", &len);
    char *key = etc_transaction_read(s->stage, "ca/ca.key", &len);
    int result = 0;
    if (cert && key) {
        snprintf(s->ca->certificate, PKI_TEXT_MAX, "%s", cert);
        snprintf(s->ca->key, PKI_TEXT_MAX, "%s", key);
    } else if (cert) {
        log_error(
            "Nothing was changed: ca/ca.key is missing, and a new authority would cut off the "
            "phones and kiosks that trust broker-ca.pem. porchlight restore brings the key "
            "back from a backup. To start over without them, delete broker-ca.pem.");
        result = -1;
    } else if (pki_authority(s->ca, time(NULL)) < 0) {
        log_error(
            "Nothing was changed: OpenSSL could not make a certificate authority (an EC key).");
        result = -1;
    } else if (etc_transaction_put_text(s->stage, "broker-ca.pem", s->ca->certificate, 0644) < 0 ||
               etc_transaction_put_text(s->stage, "ca/ca.key", s->ca->key, 0600) < 0) {
        result = -1;
    }
    if (key)
        sodium_memzero(key, strlen(key));
    free(cert);
    free(key);
    return result;
}

int setup_certificate(struct setup *s, const char *name, const char *host, bool here)
{
    char names[3][PKI_NAME_MAX] = {"", "localhost", "127.0.0.1"};
    size_t len;
    char *old = etc_transaction_read(s->stage, name, &len);
    bool good = old && certificate_is_good(s->ca, old, host);
    if (old)
        sodium_memzero(old, len);
    free(old);
    if (good)
        return 0;
    snprintf(names[0], sizeof names[0], "%s", host);
    char *both = certificate_make(s->ca, names, here ? 3 : 1);
    int result = both ? etc_transaction_put_text(s->stage, name, both, 0600) : -1;
    if (!both)
        log_error(
            "Nothing was changed: no certificate could be made for %s (%s). Does ca/ca.key belong "
            "to broker-ca.pem?",
            host, name);
    sodium_free(both);
    return result;
}

/* --- accounts --------------------------------------------------------------------------------- */

/* Every kiosk that the venue may have later, so that a second one needs no new account. */
static int put_kiosks(const struct setup *s, cJSON *all, const char *where)
{
    char kiosk[KEYSET_ID_TEXT], password[KEYSET_PASSWORD];
    int result = 0;
    for (int i = 1; i <= SETUP_KIOSKS && result == 0; i++) {
        keyset_id(s->keys, "kiosk", i, kiosk);
        keyset_password(s->keys, where, i, password);
        if (!accounts_have(all, kiosk))
            result = accounts_put(all, ROLE_KIOSK, s->venue, kiosk, kiosk, password);
    }
    sodium_memzero(password, sizeof password);
    if (result < 0)
        log_error("Nothing was changed: accounts for the broker %s could not be made (%s).", where,
                  strerror(errno));
    return result;
}

static int put_bridge(const struct setup *s, cJSON *all)
{
    char kiosks[SETUP_KIOSKS - 1][TOPIC_ID_LEN + 1];
    char account[KEYSET_ID_TEXT], password[KEYSET_PASSWORD];
    for (int i = 0; i < SETUP_KIOSKS - 1; i++)
        keyset_id(s->keys, "kiosk", i + 2, kiosks[i]);
    keyset_id(s->keys, BRIDGE, 1, account);
    keyset_password(s->keys, BRIDGE, 1, password);
    int result = accounts_put_bridge(all, s->venue, kiosks, SETUP_KIOSKS - 1, account, password);
    sodium_memzero(password, sizeof password);
    return result;
}

/* This kiosk's own account, as porchlightd reads it. */
static int put_password(struct setup *s, const char *broker, const char *where)
{
    char name[64], line[KEYSET_PASSWORD + 1];
    snprintf(name, sizeof name, "credentials/broker-%s", broker);
    keyset_password(s->keys, where, this_kiosk(s), line);
    line[KEYSET_PASSWORD - 1] = '\n';
    int result = etc_transaction_put(s->stage, name, line, KEYSET_PASSWORD, 0600);
    sodium_memzero(line, sizeof line);
    return result;
}

/* --- porchlight.conf -------------------------------------------------------------------------- */

/* Its certificates are the venue's own authority's, for the kiosk and for phones. */
int setup_own_section(struct setup *s, const char *broker, const char *where, const char *host,
                      int port, bool outside)
{
    char phones[3 * ANSWER_MAX], section[32], path[PATH_LEN];
    snprintf(section, sizeof section, "broker %s", broker);
    snprintf(path, sizeof path, "%.256s" PATH_ETC "/broker-ca.pem", s->prefix);
    setup_address(s, outside ? host : NULL, "wss", "mqtt", phones);
    /* porchlightd's client id is the kiosk's, and so is the account that is bound to it. */
    return put_password(s, broker, where) < 0 ||
                   setup_section(s, broker, host, port, "broker-ca.pem", s->kiosk, phones,
                                 outside) < 0
               ? -1
               : conf_set(s->conf, section, "phones_ca", path);
}

/* --- the broker here ------------------------------------------------------------------------- */

static int find_plugin(char out[PATH_LEN])
{
    static const char *const where[] = {"/usr/lib/*/mosquitto_dynamic_security.so",
                                        "/usr/lib/mosquitto_dynamic_security.so"};
    glob_t found;
    for (size_t i = 0; i < 2; i++) {
        if (glob(where[i], 0, NULL, &found) == 0) {
            snprintf(out, PATH_LEN, "%s", found.gl_pathv[0]);
            globfree(&found);
            return 0;
        }
    }
    log_error("Nothing was changed: a broker on this Pi needs Debian's mosquitto (%s is missing). "
              "Install it: sudo apt install mosquitto",
              where[0]);
    return -1;
}

/* A broker on this Pi passes on to the one outside what phones send here to kiosks that use only
 * that one. */
static char *bridge_made(const struct setup *s)
{
    char account[KEYSET_ID_TEXT], kiosk[KEYSET_ID_TEXT], host[ANSWER_MAX];
    char password[KEYSET_PASSWORD], *out = NULL;
    size_t size;
    int port;
    FILE *f = open_memstream(&out, &size);
    if (!f)
        return NULL;
    answers_outside(&s->now, host, &port);
    keyset_id(s->keys, BRIDGE, 1, account);
    keyset_password(s->keys, BRIDGE, 1, password);
    fprintf(f,
            BRIDGE_HEAD BRIDGE_LINE
            "address %s:%d\nbridge_protocol_version mqttv50\n"
            "bridge_cafile %s%s/broker-ca.pem\nremote_clientid %s\nremote_username %s\n"
            "remote_password %s\nlocal_clientid %s\ncleansession true\nnotifications false\n"
            "try_private false\nrestart_timeout 2 30\nkeepalive_interval 60\n",
            host, port, s->prefix, PATH_ETC, account, account, password, account);
    for (int i = 2; i <= SETUP_KIOSKS; i++) {
        keyset_id(s->keys, "kiosk", i, kiosk);
        for (enum topic t = 0; t < TOPIC_COUNT; t++) {
            char name[TOPIC_NAME_MAX];
            if (topic_table[t].per_account && topic_table[t].writes & TOPIC_PHONES &&
                topic_name(t, s->venue, kiosk, "+", name) == 0)
                fprintf(f, "topic %s out 1\n", name);
        }
    }
    sodium_memzero(password, sizeof password);
    fclose(f);
    return out;
}

/* Its password can be derived again only with the root key; without it, the old one is kept. */
static char *bridge_kept(const struct setup *s)
{
    size_t len;
    char *old = etc_transaction_read(s->stage, "broker/mosquitto.conf", &len);
    const char *at = old ? strstr(old, "\n" BRIDGE_LINE) : NULL;
    char *kept = NULL;
    if (asprintf(&kept, "%s%s", at ? BRIDGE_HEAD : "", at ? at + 1 : "") < 0)
        kept = NULL;
    if (old)
        sodium_memzero(old, len);
    free(old);
    return kept;
}

static char *bridge_text(const struct setup *s)
{
    if (!answers_broker_outside(&s->now) || !answer_is(&s->now, ANSWER_OUTSIDE_ACCOUNT, "make"))
        return strdup("");
    return s->has_root ? bridge_made(s) : bridge_kept(s);
}

static int put_mosquitto(struct setup *s)
{
    char plugin[PATH_LEN], state[PATH_LEN], server[PATH_LEN];
    const char *a[] = {s->now.value[ANSWER_PORT], s->now.value[ANSWER_WEBSOCKET_PORT],
                       s->now.value[ANSWER_LOCAL_PORT]};
    const struct passwd *pw = getpwuid(geteuid());

    if (find_plugin(plugin) < 0)
        return -1;
    snprintf(state, sizeof state, "%.400s/var/lib/porchlight-broker", s->prefix);
    if (s->prefix[0])
        snprintf(server, sizeof server, "%.400s" PATH_ETC "/broker/server.pem", s->prefix);
    else
        snprintf(server, sizeof server, HANDED "server.pem");
    const struct template_word words[] = {
        {"PLUGIN", plugin},      {"STATE", state},         {"PORT_TLS", a[0]},
        {"ADDRESS", ""},         {"PORT_WEBSOCKET", a[1]}, {"PORT_LOCAL", a[2]},
        {"CERTIFICATE", server}, {"KEY", server},          {NULL, NULL},
    };
    char *text = template_fill("mosquitto.conf.in", template_mosquitto, words), *whole = NULL;
    char *bridge = bridge_text(s);
    int result = -1;
    if (text && bridge &&
        asprintf(&whole, "user %s\n%s%s", s->prefix[0] && pw ? pw->pw_name : BROKER_USER, text,
                 bridge) > 0)
        result = etc_transaction_put_text(s->stage, "broker/mosquitto.conf", whole, 0600);
    if (bridge)
        sodium_memzero(bridge, strlen(bridge));
    free(bridge);
    free(text);
    free(whole);
    return result;
}

/* --- the registrar --------------------------------------------------------------------------- */

/* The root key's own account, which porchlight retire and the like need. */
static int put_root(const struct setup *s, cJSON *all, const char *where)
{
    char account[KEYSET_ID_TEXT], password[KEYSET_PASSWORD];
    keyset_root_account(s->keys->root_seed, where, account, password);
    int result = accounts_put(all, ROLE_ROOT, s->venue, account, account, password);
    sodium_memzero(password, sizeof password);
    return result;
}

/* What the registrar reads, below `folder`: which broker, its password, and this venue. */
static int put_registrar_files(struct setup *s, const char *folder, const char *password,
                               const char *port)
{
    char name[3][64], conf[64], line[KEYSET_PASSWORD + 1], venue[REGISTRAR_VENUE_MAX];
    snprintf(name[0], sizeof name[0], "%s/registrar.conf", folder);
    snprintf(name[1], sizeof name[1], "%s/password", folder);
    snprintf(name[2], sizeof name[2], "%s/venue-%s", folder, s->venue);
    snprintf(conf, sizeof conf, "[broker]\nhost = 127.0.0.1\nport = %.16s\n", port);
    snprintf(line, sizeof line, "%s\n", password);
    registrar_venue_begin(venue, s->venue, s->keys->root_public);
    int result = etc_transaction_put_text(s->stage, name[0], conf, 0600) < 0 ||
                         etc_transaction_put_text(s->stage, name[1], line, 0600) < 0 ||
                         etc_transaction_put_text(s->stage, name[2], venue, 0600) < 0
                     ? -1
                     : 0;
    sodium_memzero(line, sizeof line);
    return result;
}

/* Its password is of this broker alone, and nobody needs to derive it. */
static int put_registrar(struct setup *s, cJSON *all, bool beside)
{
    enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    char password[KEYSET_PASSWORD];
    uint8_t random[24];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(password, sizeof password, random, sizeof random, VARIANT);
    int result =
        accounts_put_registrar(all, "registrar", password) < 0 ||
                put_registrar_files(s, beside ? "registrar" : "outside/registrar", password,
                                    beside ? s->now.value[ANSWER_LOCAL_PORT] : "1884") < 0
            ? -1
            : 0;
    sodium_memzero(password, sizeof password);
    return result;
}

static bool setup_lacks_registrar(const struct setup *s)
{
    return !etc_transaction_has(s->stage, "registrar/registrar.conf");
}

bool setup_here_lacks(const struct setup *s)
{
    size_t len;
    char *text = etc_transaction_read_beside(s->stage, PATH_ACCOUNTS, &len);
    cJSON *all = text ? accounts_read(text) : NULL;
    bool lacks = all && (setup_lacks_registrar(s) || !accounts_have_role(all, ROLE_ROOT));
    cJSON_Delete(all);
    free(text);
    return lacks;
}

/* The accounts of a broker that an older version set up: the kiosks administered it. */
static int setup_registrar_here(struct setup *s)
{
    size_t len;
    char *old = etc_transaction_read_beside(s->stage, PATH_ACCOUNTS, &len), *text = NULL;
    char *root = etc_transaction_read(s->stage, "credentials/root.pub", &len);
    cJSON *all = old ? accounts_read(old) : NULL;
    int result = -1;
    accounts_take_stewards(all, s->venue);
    if (!s->has_root && root)
        sodium_hex2bin(s->keys->root_public, sizeof s->keys->root_public, root, len, "\n", NULL,
                       NULL);
    if (all && root && (!s->has_root || put_root(s, all, "here") == 0) &&
        (!setup_lacks_registrar(s) || put_registrar(s, all, true) == 0) &&
        (text = cJSON_Print(all)))
        result = etc_transaction_put_beside(s->stage, PATH_ACCOUNTS, text, strlen(text), 0600,
                                            BROKER_USER);
    if (result < 0)
        log_error("Nothing was changed: the accounts in %s could not be read.", PATH_ACCOUNTS);
    else if (!s->has_root)
        log_warning(
            "The root key has no account at the broker here yet, so porchlight retire would "
            "not work there. Run set-up again with root = FILE, the root key's file.");
    cJSON_free(text);
    cJSON_Delete(all);
    free(old);
    free(root);
    return result;
}

/* --- all accounts ---------------------------------------------------------------------------- */

/* The broker's accounts as they are, and this venue's kiosks. */
int setup_accounts(struct setup *s, const char *where, bool beside)
{
    size_t len;
    const char *name = "outside/dynamic-security.json";
    char *old = beside ? etc_transaction_read_beside(s->stage, PATH_ACCOUNTS, &len)
                       : etc_transaction_read(s->stage, name, &len);
    cJSON *all = old ? accounts_read(old) : accounts_new();
    char *text = NULL;
    int result = -1;
    accounts_take_stewards(all, s->venue);
    if (!all)
        log_error(
            "Nothing was changed: %s is not a file of mosquitto's dynamic security plugin. Move "
            "it away, run set-up again, and invite the phones again.",
            beside ? PATH_ACCOUNTS : name);
    else if (put_kiosks(s, all, where) == 0 && (beside || setup_ways_accounts(s, all) == 0) &&
             put_root(s, all, where) == 0 && put_registrar(s, all, beside) == 0 &&
             (beside || put_bridge(s, all) == 0) && (text = cJSON_Print(all)))
        result = beside ? etc_transaction_put_beside(s->stage, PATH_ACCOUNTS, text, strlen(text),
                                                     0600, BROKER_USER)
                        : etc_transaction_put_text(s->stage, name, text, 0600);
    cJSON_free(text);
    cJSON_Delete(all);
    free(old);
    return result;
}

/* Only its addresses may be new. */
static int keep_here(struct setup *s, const char *port)
{
    char phones[3 * ANSWER_MAX];
    setup_address(s, NULL, "wss", "mqtt", phones);
    if (!conf_has(s->conf, "broker here"))
        return 0;
    return conf_set(s->conf, "broker here", "port", port) < 0 ||
                   conf_set(s->conf, "broker here", "phones", phones) < 0
               ? -1
               : 0;
}

int setup_here(struct setup *s)
{
    const char *host = s->now.value[ANSWER_HOST], *port = s->now.value[ANSWER_PORT];
    if (setup_authority(s) < 0 || setup_certificate(s, "broker/server.pem", host, true) < 0 ||
        put_mosquitto(s) < 0)
        return -1;
    if (!s->first && !s->brokers_changed)
        return setup_here_lacks(s) && setup_registrar_here(s) < 0 ? -1 : keep_here(s, port);
    return setup_accounts(s, "here", true) < 0 ||
                   setup_own_section(s, "here", "here", "127.0.0.1",
                                     answer_number(&s->now, ANSWER_PORT), false) < 0
               ? -1
               : 0;
}
