#include "config/secret.h"
#include "kiosk/cli/keys/registrar_venue.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* Makes the file by which the operator of a broker lets this venue have accounts there. */
struct registrar {
    const char *root_file, *broker_name;
    struct config config;
    struct {
        char account[KEYSET_ID_TEXT], root_password[KEYSET_PASSWORD];
        char password[REGISTRATION_PASSWORD_MAX + 1];
        char text[REGISTRAR_VENUE_MAX];
    } * secrets; /* locked memory */
};

static const struct config_broker *broker_named(const struct config *c, const char *name)
{
    const struct config_broker *found = NULL;
    for (size_t i = 0; i < c->brokers_count; i++) {
        const struct config_broker *b = &c->brokers[i];
        if (name ? strcmp(b->name, name) == 0 : b->phones[0] != '\0' && b->outside && !found)
            found = b;
    }
    if (!found)
        log_error("The file was not made: porchlight.conf has no %s%s%s. Name one: --broker NAME",
                  name ? "[broker " : "broker outside that phones use", name ? name : "",
                  name ? "]" : "");
    return found;
}

/* The accounts that are there from the beginning: this kiosk's, and the root key's own. */
static int registrar_text(const struct cli *cli, struct registrar *r, const struct root *root,
                          const struct config_broker *b)
{
    const uint8_t *public = root_secret(root) + ENVELOPE_SECRET - ENVELOPE_PUBLIC;
    const char *kiosk = r->config.kiosk.id;
    size_t len = registrar_venue_begin(r->secrets->text, r->config.venue.id, public);
    root_account_of(root, b->name, r->secrets->account, r->secrets->root_password);
    len = registrar_venue_account(r->secrets->text, len, "root", r->secrets->account,
                                  r->secrets->account, r->secrets->root_password);
    if (!topic_is_id(b->user)) {
        log_warning("The account of this kiosk at broker %s is not 16 hex digits, so the registrar "
                    "cannot look after it, and porchlight retire cannot shut it out there.",
                    b->name);
        return 0;
    }
    if (secret_read_line(cli->prefix, b->password, r->secrets->password,
                         sizeof r->secrets->password, config_complain_stderr, NULL) < 0)
        return -1;
    registrar_venue_account(r->secrets->text, len, "kiosk", b->user, kiosk, r->secrets->password);
    return 0;
}

static int registrar_make(const struct cli *cli, struct registrar *r, const char *out)
{
    char path[PATH_LEN];
    if (path_under(cli->prefix, PATH_CONF, path) < 0 ||
        config_load(path, &r->config, config_complain_stderr, NULL) != 0)
        return CLI_FAILED;
    const struct config_broker *b = broker_named(&r->config, r->broker_name);
    struct root *root = b ? root_open(cli->prefix, r->root_file) : NULL;
    int code = root && registrar_text(cli, r, root, b) == 0 ? CLI_OK : CLI_FAILED;
    if (code == CLI_OK &&
        file_replace(out, r->secrets->text, strlen(r->secrets->text), 0600) != 0) {
        log_error("The file was not made: %s: %s", out, strerror(errno));
        code = CLI_FAILED;
    }
    root_close(root);
    if (code == CLI_OK)
        print_say("%s is for the operator of broker %s. It holds passwords: hand it over in person "
                  "or encrypted, and delete it here. There, beside mosquitto:\n"
                  "    sudo porchlight-registrar --add FILE\n"
                  "    sudo systemctl restart porchlight-registrar",
                  out, b->name);
    return code;
}

static int registrar_command(const struct cli *cli, void *own, char **words)
{
    struct registrar *r = own;
    if (!r->root_file)
        return cli_misuse(&cli_registrar, "--root FILE is missing");
    if (root_check(&cli_registrar, r->root_file) != CLI_OK)
        return CLI_USAGE;
    r->secrets = locked_memory(sizeof *r->secrets);
    int code = r->secrets ? registrar_make(cli, r, words[0]) : CLI_FAILED;
    sodium_free(r->secrets);
    return code;
}

static const struct cli_option registrar_options[] = {
    OPTION_WORD("FILE", "the file to make"),
    OPTION("root", "FILE", struct registrar, root_file,
           "the root key; - to type it in from its paper"),
    OPTION("broker", "NAME", struct registrar, broker_name,
           "which broker of porchlight.conf; the first one outside unless given"),
    {0},
};

const struct cli_command cli_registrar = {
    .name = "registrar",
    .arguments = "--root FILE [--broker NAME] FILE",
    .summary = "make the file by which a broker's operator lets this venue have accounts there",
    .options = registrar_options,
    .size = sizeof(struct registrar),
    .words_min = 1,
    .words_max = 1,
    .run = registrar_command,
};
