#include "kiosk/cli/members/admin_client.h"
#include "kiosk/cli/members/new_key.h"

#include "kiosk/cli/print.h"

enum { SETTLE_MS = 6000 };

static void revoke_print_json(cJSON *reply, bool new_key)
{
    cJSON_AddBoolToObject(reply, "new_key", new_key);
    print_json(reply);
}

static void revoke_say(bool everywhere, bool new_key)
{
    print_say(everywhere ? "That phone is shut out."
                         : "That phone is shut out, except at the brokers named above: there it "
                           "will be as soon as this kiosk reaches them.");
    print_say(new_key ? "All others have a new key. Those that are asleep get it when they wake."
                      : "It still knows the key with which it reads. To give all others a new one, "
                        "as soon as a broker is connected: sudo porchlight rotate");
}

static int revoke_run(const struct cli *cli, void *own, char **words)
{
    cJSON *reply;
    (void)own;
    if (!admin_client_is_account(words[0]))
        return cli_misuse(&cli_revoke,
                          "\"%s\" is not an account: expected the 16 hex digits that porchlight "
                          "invite printed",
                          words[0]);
    int code = admin_client_ask(cli, &reply, "revoke %s", words[0]);
    if (code != CLI_OK)
        return code;
    cJSON_Delete(reply);
    code = admin_client_settle(cli, words[0], SETTLE_MS, &reply);
    if (code != CLI_OK)
        return code;
    struct admin_client_brokers n = admin_client_brokers(reply);
    admin_client_warn(reply);
    code = new_key_give(cli);
    if (cli->json)
        revoke_print_json(reply, code == CLI_OK);
    else
        revoke_say(n.done == n.all, code == CLI_OK);
    cJSON_Delete(reply);
    return code == CLI_OK && n.done < n.all ? CLI_FAILED : code;
}

static const struct cli_option revoke_options[] = {
    OPTION_WORD("ACCOUNT", "the phone's account, as porchlight invite printed it"),
    {0},
};

const struct cli_command cli_revoke = {
    .name = "revoke",
    .arguments = "ACCOUNT",
    .summary = "shut one phone out, at once and permanently, and give all others a new key",
    .options = revoke_options,
    .words_min = 1,
    .words_max = 1,
    .json = true,
    .run = revoke_run,
};
