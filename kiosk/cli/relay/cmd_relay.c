#include "config/config.h"
#include "config/secret.h"
#include "kiosk/cli/conf_edit.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/cli/keys/keyset.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/kiosk_config.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/members/accounts.h"
#include "kiosk/cli/members/admin_client.h"
#include "kiosk/cli/output_place.h"
#include "kiosk/cli/relay/relay_folder.h"
#include "kiosk/cli/relay/relay_report.h"
#include "kiosk/cli/templates.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"

#include <errno.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes a relay in a folder, to be carried to where it will run: config, keys, and a script that
 * installs them. The kiosk makes the relay's account and enters its key, by which it knows the
 * relay's signs of life. A relay gets no key that opens messages. Run again on another kiosk of the
 * venue with the same folder, it adds that one. */
enum { SETTLE_MS = 8000 };

struct relay {
    const struct cli *cli;
    const char *out, *root_file, *ntfy, *contact, *broker_name;
    const char *accounts; /* the file of a broker that does not run yet; NULL: all may run */
    const struct config_broker *broker;
    struct config config;
    struct conf_text conf;
    struct root *root;
    char account[KEYSET_ID_TEXT];
    bool again; /* the folder is a relay's already */
    struct {
        uint8_t seed[KEYSET_SEED], public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
        uint8_t key[ENVELOPE_KEY];
        char password[KEYSET_PASSWORD + 1];
    } * secrets; /* locked memory */
};

static int relay_complain(const char *what)
{
    log_error("The relay was not made: %s: %s.", what, strerror(errno));
    return CLI_FAILED;
}

/* --- the folder ------------------------------------------------------------------------------ */

static const char *at(const struct relay *r, const char *name, char out[PATH_LEN])
{
    snprintf(out, PATH_LEN, "%s/%s", r->out, name);
    return out;
}

static int relay_put(const struct relay *r, const char *name, const void *bytes, size_t len,
                     mode_t mode)
{
    char path[PATH_LEN];
    return file_write(at(r, name, path), bytes, len, mode) == 0 ? CLI_OK : relay_complain(path);
}

static int put_key(const struct relay *r, const char *name, const uint8_t *key, size_t len)
{
    char path[PATH_LEN];
    return secret_write_key(at(r, name, path), key, len, 0600) == 0 ? CLI_OK : relay_complain(path);
}

/* Copies a credential of this kiosk's under the name that the relay uses. */
static int copy_key(const struct relay *r, const char *from, const char *to)
{
    char name[64];
    snprintf(name, sizeof name, "credentials/%s", to);
    return secret_read_key(r->cli->prefix, from, !strstr(from, ".pub"), r->secrets->key,
                           ENVELOPE_KEY, config_complain_stderr, NULL) == 0
               ? put_key(r, name, r->secrets->key, ENVELOPE_KEY)
               : CLI_FAILED;
}

static int copy_file(const struct relay *r, const char *from, const char *to)
{
    size_t len;
    char *text = file_read(from, FILES_READ_MAX, &len);
    int code = text ? relay_put(r, to, text, len, 0644) : relay_complain(from);
    free(text);
    return code;
}

static int copy_ca(const struct relay *r)
{
    char ca[PATH_LEN];
    return broker_ca_find(r->cli->prefix, r->broker, ca) == 0 ? copy_file(r, ca, "broker-ca.pem")
                                                              : CLI_FAILED;
}

/* --- a new one ------------------------------------------------------------------------------- */

static void relay_draw(struct relay *r)
{
    uint8_t random[(KEYSET_PASSWORD - 1) / 2];
    keyset_id_random(r->account);
    randombytes_buf(r->secrets->seed, sizeof r->secrets->seed);
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(r->secrets->password, sizeof r->secrets->password, random, sizeof random);
    sodium_memzero(random, sizeof random);
}

static int put_push(const struct relay *r)
{
    uint8_t signature[CERT_SIGNATURE];
    if (root_push_key(r->root, r->config.venue.id, r->secrets->key, signature) < 0)
        return CLI_FAILED;
    int code = put_key(r, "credentials/push.key", r->secrets->key, KEYSET_SEED);
    return code == CLI_OK ? put_key(r, "credentials/push.cert", signature, sizeof signature) : code;
}

/* Push services need an address to write to; with ntfy a relay can do without them. */
static bool rings_by_web(const struct relay *r)
{
    return r->contact || strncmp(r->config.venue.page, "https://", 8) == 0;
}

static int conf_new(struct relay *r)
{
    char port[16];
    struct conf_text *c = &r->conf;
    const char *ntfy = r->ntfy, *contact = r->contact ? r->contact : r->config.venue.page;
    char click[CONFIG_TEXT_MAX + 16];

    snprintf(click, sizeof click, "%s#rang", contact);
    snprintf(port, sizeof port, "%d", r->broker->port);
    if (conf_text_set(c, template_relay, strlen(template_relay)) < 0 ||
        conf_drop(c, "kiosk entrance") < 0 || conf_set(c, "relay", "account", r->account) < 0 ||
        conf_set(c, "venue", "id", r->config.venue.id) < 0 ||
        conf_set(c, "broker", "host", r->broker->host) < 0 ||
        conf_set(c, "broker", "port", port) < 0)
        return -1;
    if (!ntfy ? conf_drop(c, "push first") < 0
              : conf_set(c, "push first", "url", ntfy) < 0 ||
                    conf_set(c, "push first", "token", "push-first") < 0 ||
                    (strncmp(click, "https://", 8) == 0 &&
                     conf_set(c, "push first", "click", click) < 0))
        return -1;
    return !rings_by_web(r) ? conf_drop(c, "webpush") : conf_set(c, "webpush", "contact", contact);
}

/* The server.yml of an ntfy server that the venue runs itself. */
static int put_ntfy(const struct relay *r)
{
    const char *host = strstr(r->ntfy, "://");
    char base[CONFIG_TEXT_MAX];
    host = host ? host + strlen("://") : r->ntfy;
    snprintf(base, sizeof base, "%.*s", (int)(host - r->ntfy + (ptrdiff_t)strcspn(host, "/")),
             r->ntfy);
    struct template_word words[] = {
        {"URL", base},
        {"PORT", "2586"}, /* on loopback, behind a web server: any will do */
        {"STATE", "/var/lib/ntfy"},
        {"UPSTREAM", "https://ntfy.sh"},
        {NULL, NULL}};
    char *text = template_fill("ntfy.yml.in", template_ntfy, words);
    int code = text ? relay_put(r, "ntfy.yml", text, strlen(text), 0644) : CLI_FAILED;

    free(text);
    return code;
}

static int make_new(struct relay *r)
{
    char path[PATH_LEN], line[sizeof r->secrets->password + 1];
    int code;
    relay_draw(r);
    if (files_make_folders(at(r, "credentials", path), 0700) < 0)
        return relay_complain(path);
    if (conf_new(r) < 0) {
        log_error("The relay was not made: its relay.conf would be too long.");
        return CLI_FAILED;
    }
    int len = snprintf(line, sizeof line, "%s\n", r->secrets->password);
    if ((code = put_key(r, "credentials/relay.key", r->secrets->seed, KEYSET_SEED)) != CLI_OK ||
        (code = relay_put(r, "credentials/relay-broker", line, (size_t)len, 0600)) != CLI_OK ||
        (code = copy_key(r, "root.pub", "root.pub")) != CLI_OK || (code = copy_ca(r)) != CLI_OK ||
        (rings_by_web(r) && (code = put_push(r)) != CLI_OK) ||
        (r->ntfy && (code = put_ntfy(r)) != CLI_OK))
        return code;
    sodium_memzero(line, sizeof line);
    return relay_put(r, "install.sh", template_relay_install, strlen(template_relay_install), 0755);
}

/* --- one that is there ----------------------------------------------------------------------- */

static int relay_line_of(const char *text, const char *key, char *out, size_t size)
{
    const char *found = strstr(text, key);
    return found && (found == text || found[-1] == '\n') &&
                   snprintf(out, size, "%.*s", (int)strcspn(found + strlen(key), "\n"),
                            found + strlen(key)) < (int)size
               ? 0
               : -1;
}

/* The folder of a relay that another kiosk of the venue made. */
static int take_again(struct relay *r)
{
    char path[PATH_LEN], id[64];
    size_t len;
    char *text = file_read(at(r, "relay.conf", path), FILES_READ_MAX, &len);
    config_complain *say = config_complain_stderr;

    snprintf(id, sizeof id, "id = %s\n", r->config.venue.id);
    bool good = text && conf_text_set(&r->conf, text, len) == 0 && strstr(text, id) &&
                relay_line_of(text, "account = ", r->account, sizeof r->account) == 0 &&
                topic_is_id(r->account);
    free(text);
    if (!good) {
        log_error(
            "The kiosk was not added: %s is not the relay.conf of a relay of this venue. Name "
            "another folder.",
            path);
        return CLI_FAILED;
    }
    if (secret_read_file(at(r, "credentials/relay.key", path), true, r->secrets->seed, KEYSET_SEED,
                         say, NULL) < 0)
        return CLI_FAILED;
    text = file_read(at(r, "credentials/relay-broker", path), FILES_READ_MAX, &len);
    if (!text || len < 2 || len > sizeof r->secrets->password)
        return relay_complain(path);
    memcpy(r->secrets->password, text, len - 1);
    r->secrets->password[len - 1] = '\0';
    sodium_memzero(text, len);
    free(text);
    return CLI_OK;
}

static int add_kiosk(struct relay *r)
{
    char name[40], section[24];
    snprintf(name, sizeof name, "kiosk-%s.pub", r->config.kiosk.id);
    snprintf(section, sizeof section, "kiosk k%.8s", r->config.kiosk.id);
    if (conf_set(&r->conf, section, "id", r->config.kiosk.id) < 0) {
        log_error("The kiosk was not added: relay.conf would be too long.");
        return CLI_FAILED;
    }
    int code = copy_key(r, "kiosk.pub", name);
    return code == CLI_OK ? relay_put(r, "relay.conf", r->conf.text, r->conf.len, 0644) : code;
}

/* --- at the kiosk ---------------------------------------------------------------------------- */

/* A broker that is not there yet starts with the relay's account. */
static int enter_beforehand(const struct relay *r)
{
    size_t len;
    char *old = file_read(r->accounts, FILES_READ_MAX, &len), *text = NULL;
    cJSON *all = old ? accounts_read(old) : NULL;
    int code = CLI_FAILED;
    if (all &&
        accounts_put(all, ROLE_RELAY, r->config.venue.id, r->config.kiosk.id, r->account,
                     r->secrets->password) == 0 &&
        (text = cJSON_Print(all)) && file_replace(r->accounts, text, strlen(text), 0600) == 0)
        code = CLI_OK;
    else
        relay_complain(r->accounts);
    cJSON_free(text);
    cJSON_Delete(all);
    free(old);
    return code;
}

/* Without an account where it listens, a relay would be deaf. Deletes the reply. */
static int judge(const struct relay *r, cJSON *reply)
{
    const char *why = r->broker->registrar ? admin_client_why_not(reply, r->broker->name) : NULL;
    if (why)
        log_error("The relay was not made, as it needs an account at broker %s: %s. Fix that, then "
                  "run the same command again. For a server that is not set up yet, porchlight "
                  "outside makes a relay too.",
                  r->broker->name, why);
    cJSON_Delete(reply);
    return why ? CLI_FAILED : CLI_OK;
}

/* Before anything is made. */
static int ask_beforehand(const struct relay *r)
{
    cJSON *reply;
    int code = r->accounts ? CLI_OK : admin_client_await_broker(r->cli);
    if (code != CLI_OK || r->accounts)
        return code;
    code = admin_client_ask(r->cli, &reply, "phones");
    return code == CLI_OK ? judge(r, reply) : code;
}

static int enter(const struct relay *r)
{
    char hex[2 * ENVELOPE_PUBLIC + 1], grant[2 * CERT_SIGNATURE + 1];
    uint8_t signature[CERT_SIGNATURE];
    cJSON *reply;
    if (root_grant(r->root, r->config.venue.id, REGISTRATION_CREATE, REGISTRATION_RELAY, r->account,
                   r->secrets->password, signature) != 0)
        return CLI_FAILED;
    sodium_bin2hex(grant, sizeof grant, signature, sizeof signature);
    crypto_sign_seed_keypair(r->secrets->public, r->secrets->secret, r->secrets->seed);
    sodium_bin2hex(hex, sizeof hex, r->secrets->public, sizeof r->secrets->public);
    int code = admin_client_ask(r->cli, &reply, "relay %s %s %s %s", r->account,
                                r->secrets->password, hex, grant);
    if (code != CLI_OK)
        return code;
    cJSON_Delete(reply);
    if (r->accounts)
        return enter_beforehand(r);
    code = admin_client_settle(r->cli, r->account, SETTLE_MS, &reply);
    return code == CLI_OK ? judge(r, reply) : code;
}

static void relay_say(const struct relay *r)
{
    const struct relay_report report = {.folder = r->out,
                                        .account = r->account,
                                        .ntfy = r->ntfy,
                                        .config = &r->config,
                                        .broker = r->broker,
                                        .again = r->again};
    if (r->cli->json)
        printf("{\"ok\":true,\"account\":\"%s\"}\n", r->account);
    else
        relay_report_print(&report);
}

static int relay_make(struct relay *r)
{
    char path[PATH_LEN];
    int code;
    r->again = access(at(r, "relay.conf", path), F_OK) == 0;
    if (!r->again && output_place_check(r->out, "relay", "The relay was not made") < 0)
        return CLI_FAILED;
    /* Read first, before anything is made. */
    if (!(r->root = root_open(r->cli->prefix, r->root_file)))
        return CLI_FAILED;
    if ((code = ask_beforehand(r)) != CLI_OK)
        return code;
    if ((code = r->again ? take_again(r) : make_new(r)) == CLI_OK &&
        (code = add_kiosk(r)) == CLI_OK)
        code = enter(r);
    if (code != CLI_OK && !r->again)
        files_remove(r->out);
    return code;
}

/* --- asked ----------------------------------------------------------------------------------- */

/* The broker at which the relay will listen: the named one, or the first outside. */
static int find_broker(struct relay *r)
{
    for (size_t i = 0; i < r->config.brokers_count; i++) {
        const struct config_broker *b = &r->config.brokers[i];
        if (r->broker_name ? strcmp(b->name, r->broker_name) == 0 : b->outside && b->phones[0])
            r->broker = b;
        if (r->broker && r->broker->tls)
            return 0;
        r->broker = NULL;
    }
    log_error(
        r->broker_name
            ? "The relay was not made: porchlight.conf has no broker \"%s\" with TLS. To see its "
              "brokers: porchlight status"
            : "The relay was not made: there is no broker outside the venue that phones use, "
              "and a relay beside the kiosk would be carried off with it. To add one: sudo "
              "porchlight setup. To use another broker all the same: --broker NAME%s",
        r->broker_name ? r->broker_name : "");
    return -1;
}

static int prepare(struct relay *r)
{
    if (kiosk_config_load(r->cli->prefix, &r->config, "The relay was not made") != 0)
        return -1;
    if (r->config.kiosk.plain) {
        log_error("The relay was not made: a plain venue has no keys. Any program that reads its "
                  "messages can be its relay.");
        return -1;
    }
    if (!r->ntfy && !rings_by_web(r)) {
        log_error("The relay was not made: push services need an address to write to. Add: "
                  "--contact mailto:ADDRESS");
        return -1;
    }
    return find_broker(r);
}

/* As relay.conf takes them; there, the relay would complain on another machine. */
static bool begins_with(const char *url, const char *const *starts)
{
    for (; *starts; starts++)
        if (strncmp(url, *starts, strlen(*starts)) == 0 && url[strlen(*starts)] != '\0')
            return strlen(url) < CONFIG_TEXT_MAX;
    return false;
}

static int relay_check_options(const struct relay *r)
{
    static const char *const web[] = {"https://", "http://localhost:", "http://127.0.0.1:", NULL};
    static const char *const contact[] = {"mailto:", "https://", NULL};
    if (r->ntfy && !begins_with(r->ntfy, web))
        return cli_misuse(&cli_relay, "--ntfy takes a topic's whole address, such as "
                                      "https://push.example.org/q8Zt3vLw");
    if (r->contact && !begins_with(r->contact, contact))
        return cli_misuse(&cli_relay,
                          "--contact takes an address such as mailto:you@example.org, or a page's, "
                          "with https://");
    if (strlen(r->out) > PATH_LEN - 64)
        return cli_misuse(&cli_relay, "the folder's name is too long");
    if (!r->root_file)
        return cli_misuse(&cli_relay,
                          "--root FILE is missing: only the root key lets a relay in at "
                          "the brokers");
    return root_check(&cli_relay, r->root_file);
}

static int cmd_relay_run(const struct cli *cli, void *own, char **words)
{
    struct relay *r = own;
    int code = CLI_FAILED;
    r->cli = cli;
    r->out = words[0];
    output_place_trim(words[0]);
    r->secrets = locked_memory(sizeof *r->secrets);
    if (r->secrets)
        code = relay_check_options(r);
    if (code == CLI_OK)
        code = prepare(r) == 0 ? relay_make(r) : CLI_FAILED;
    if (code == CLI_OK && !r->accounts)
        relay_say(r);
    root_close(r->root);
    sodium_free(r->secrets);
    return code;
}

int relay_folder_make(const struct cli *cli, const struct relay_folder *f)
{
    struct relay *r = calloc(1, sizeof *r);
    char folder[PATH_LEN], *words[] = {folder, NULL};
    if (!r)
        return CLI_FAILED;
    snprintf(folder, sizeof folder, "%s", f->folder);
    r->root_file = f->root_file;
    r->ntfy = f->ntfy;
    r->contact = f->contact;
    r->broker_name = f->broker;
    r->accounts = f->accounts;
    int code = cmd_relay_run(cli, r, words);
    snprintf(f->account, KEYSET_ID_TEXT, "%s", r->account);
    free(r);
    return code;
}

static const struct cli_option relay_options[] = {
    OPTION_WORD("FOLDER", "a new folder; one that another kiosk of this venue made is extended by "
                          "this kiosk"),
    OPTION(
        "root", "FILE", struct relay, root_file,
        "the root key's file, or - to type the key in from its paper: only it lets a relay in at "
        "the brokers"),
    OPTION("ntfy", "URL", struct relay, ntfy, "the address of an ntfy topic that the relay rings"),
    OPTION("contact", "URL", struct relay, contact,
           "where push services can reach you: mailto:ADDRESS or https://PAGE; the page's address "
           "unless given"),
    OPTION("broker", "NAME", struct relay, broker_name,
           "the broker it listens at, by its name in porchlight.conf; the first one outside unless "
           "given"),
    {0},
};

const struct cli_command cli_relay = {
    .name = "relay",
    .arguments = "--root FILE [OPTIONS] FOLDER",
    .summary = "make a relay, which rings locked phones, in a folder to carry outside",
    .options = relay_options,
    .size = sizeof(struct relay),
    .words_min = 1,
    .words_max = 1,
    .json = true,
    .run = cmd_relay_run,
};
