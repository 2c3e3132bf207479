#include "config/secret.h"
#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/keys/root_account.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"

#include <stdio.h>

/* Disowns a kiosk, as the root key's own account at each broker: nothing that the kiosk did with
 * its account can prevent it. The order matters: first the registrar shuts the kiosk's account out;
 * then the notice is published in place of its state, which phones read, where the kiosk cannot
 * write any more, and on its topic root, which relays read. */
struct retire {
    const struct cli *cli;
    const char *root_file;
    struct root *root;
    struct config config;
    uint8_t notice[ENVELOPE_SIZE];
    char topics[2][TOPIC_NAME_MAX];
};

/* The two steps at one broker, both as the root key's own account. */
static int disown_there(struct retire *r, const struct config_broker *b, char why[BROKERS_WHY_MAX])
{
    struct registration_request q = {.kind = REGISTRATION_DISOWN};
    struct root_account *root = root_account_open(r->root, r->config.venue.id, b, why);
    snprintf(q.account, sizeof q.account, "%s", b->user);
    snprintf(q.kiosk, sizeof q.kiosk, "%s", r->config.kiosk.id);
    int rc = root ? root_account_order(root, &q, why) : -1;
    for (size_t i = 0; i < 2 && rc == 0; i++)
        rc = root_account_publish(root, r->topics[i], true, r->notice, sizeof r->notice, why);
    root_account_close(root);
    return rc;
}

static bool disown(struct retire *r, struct config_broker *b)
{
    char why[BROKERS_WHY_MAX] = "";
    if (b->tls && broker_ca_set(r->cli->prefix, b) < 0)
        return false;
    if (disown_there(r, b, why) == 0)
        return true;
    log_error("The kiosk is not disowned at broker %s: %s.", b->name, why);
    return false;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int notice_make(struct retire *r)
{
    const struct config *c = &r->config;
    uint8_t public[ENVELOPE_PUBLIC];
    r->root = root_open(r->cli->prefix, r->root_file);
    int rc = -1;
    if (r->root &&
        secret_read_key(r->cli->prefix, "kiosk.pub", false, public, sizeof public,
                        config_complain_stderr, NULL) == 0 &&
        root_retire_kiosk(r->root, c->venue.id, c->kiosk.id, public, r->notice) == 0)
        rc = topic_name(TOPIC_STATE, c->venue.id, c->kiosk.id, NULL, r->topics[0]) |
             topic_name(TOPIC_ROOT, c->venue.id, c->kiosk.id, NULL, r->topics[1]);
    return rc;
}

static int retire(struct retire *r)
{
    char path[PATH_LEN];
    size_t done = 0;
    if (path_under(r->cli->prefix, PATH_CONF, path) < 0 ||
        config_load(path, &r->config, config_complain_stderr, NULL) != 0)
        return CLI_FAILED;
    if (r->config.kiosk.plain) {
        log_error("Nothing was done: a plain venue has no keys, so its phones would not obey a "
                  "notice. Delete the kiosk's account at the broker instead.");
        return CLI_FAILED;
    }
    if (notice_make(r) != 0)
        return CLI_FAILED;
    for (size_t i = 0; i < r->config.brokers_count; i++)
        done += disown(r, &r->config.brokers[i]);
    if (done < r->config.brokers_count)
        return CLI_FAILED;
    print_say("%s", r->cli->json ? "{\"ok\":true}"
                                 : "Done: every broker shuts that kiosk out, and phones disown it "
                                   "permanently. Accounts that it had revoked can connect again: "
                                   "revoke them at another kiosk.");
    return CLI_OK;
}

static int retire_run(const struct cli *cli, void *own, char **words)
{
    struct retire *r = own;
    (void)words;
    if (!r->root_file)
        return cli_misuse(&cli_retire, "--root FILE is missing");
    if (root_check(&cli_retire, r->root_file) != CLI_OK)
        return CLI_USAGE;
    r->cli = cli;
    int code = retire(r);
    root_close(r->root);
    return code;
}

static const struct cli_option retire_options[] = {
    OPTION("root", "FILE", struct retire, root_file,
           "the root key; - to type it in from its paper"),
    {0},
};

const struct cli_command cli_retire = {
    .name = "retire",
    .arguments = "--root FILE",
    .summary = "permanently disown a kiosk that was seized or given away",
    .options = retire_options,
    .size = sizeof(struct retire),
    .json = true,
    .run = retire_run,
};
