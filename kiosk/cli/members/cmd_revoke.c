#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/kiosk_config.h"
#include "kiosk/cli/members/admin_client.h"
#include "kiosk/cli/members/new_key.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/log.h"
#include "kiosk/common/topics.h"

#include <sodium.h>

enum { SETTLE_MS = 6000 };

struct revoke {
    const char *root_file;
};

/* The root key's grant in hex: with it staff phones and relays are shut out too. */
static int revoke_grant(const struct cli *cli, const char *file, const char *account,
                        char hex[2 * CERT_SIGNATURE + 1])
{
    uint8_t grant[CERT_SIGNATURE];
    struct config c;
    struct root *root = NULL;
    int rc = -1;
    if (kiosk_config_load(cli->prefix, &c, "Nothing was revoked") == 0 &&
        (root = root_open(cli->prefix, file)))
        rc = root_grant(root, c.venue.id, REGISTRATION_SUSPEND, REGISTRATION_NOBODY, account, "",
                        grant);
    if (rc == 0)
        sodium_bin2hex(hex, 2 * CERT_SIGNATURE + 1, grant, sizeof grant);
    root_close(root);
    return rc;
}

static void revoke_print_json(cJSON *reply, bool new_key)
{
    cJSON_AddBoolToObject(reply, "new_key", new_key);
    print_json(reply);
}

static void revoke_say(const char *account, bool everywhere, bool new_key)
{
    print_say(everywhere
                  ? "%s is shut out."
                  : "%s is off this kiosk's list, but can still connect to the brokers named "
                    "above: see there why.",
              account);
    print_say(new_key
                  ? "All others have a new key. Those that are asleep get it when they wake."
                  : "It can still read what the kiosk sends. To give all others a new key, as soon "
                    "as a broker is connected: sudo porchlight rotate");
}

/* Where no registrar runs, only the broker's operator can shut it out. Returns whether there is one
 * to ask. */
static bool operators_ask(const cJSON *reply, const char *account)
{
    const cJSON *b;
    bool asked = false;
    cJSON_ArrayForEach(b, cJSON_GetObjectItemCaseSensitive(reply, "brokers"))
    {
        if (cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(b, "registrar")))
            log_warning("Broker %s has no registrar: ask its operator to delete the account %s. "
                        "Until then that phone can connect there, but reads nothing new.",
                        admin_client_text(b, "name"), account);
        asked = asked || cJSON_IsFalse(cJSON_GetObjectItemCaseSensitive(b, "registrar"));
    }
    return asked;
}

static int revoke_report(const struct cli *cli, cJSON *reply, const char *account)
{
    struct admin_client_brokers n = admin_client_brokers(reply);
    admin_client_warn(reply);
    int code = new_key_give(cli, false);
    bool everywhere = !operators_ask(reply, account) && n.done == n.all;
    if (cli->json)
        revoke_print_json(reply, code == CLI_OK);
    else
        revoke_say(account, everywhere, code == CLI_OK);
    return code == CLI_OK && n.done < n.all ? CLI_FAILED : code;
}

static int revoke_run(const struct cli *cli, void *own, char **words)
{
    const struct revoke *r = own;
    char grant[2 * CERT_SIGNATURE + 1] = "";
    cJSON *reply;
    if (!topic_is_id(words[0]))
        return cli_misuse(&cli_revoke,
                          "\"%s\" is not an account: expected the 16 hex digits that porchlight "
                          "invite printed",
                          words[0]);
    if (r->root_file && root_check(&cli_revoke, r->root_file) != CLI_OK)
        return CLI_USAGE;
    if (r->root_file && revoke_grant(cli, r->root_file, words[0], grant) != 0)
        return CLI_FAILED;
    int code = admin_client_ask(cli, &reply, "revoke %s%s%s", words[0], grant[0] ? " " : "", grant);
    if (code != CLI_OK)
        return code;
    cJSON_Delete(reply);
    code = admin_client_settle(cli, words[0], SETTLE_MS, &reply);
    if (code != CLI_OK)
        return code;
    code = revoke_report(cli, reply, words[0]);
    cJSON_Delete(reply);
    return code;
}

static const struct cli_option revoke_options[] = {
    OPTION_WORD("ACCOUNT",
                "the account of a phone, as porchlight invite printed it, or of a relay"),
    OPTION(
        "root", "FILE", struct revoke, root_file,
        "the root key, which a staff phone's or relay's account needs, and more than five phones "
        "a day; - to type it in from its paper"),
    {0},
};

const struct cli_command cli_revoke = {
    .name = "revoke",
    .arguments = "[--root FILE] ACCOUNT",
    .summary = "shut one phone out, at once and permanently, and give all others a new key",
    .options = revoke_options,
    .size = sizeof(struct revoke),
    .words_min = 1,
    .words_max = 1,
    .json = true,
    .run = revoke_run,
};
