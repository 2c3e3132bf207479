#include "kiosk/cli/members/admin_client.h"

#include "kiosk/cli/print.h"

enum { SETTLE_MS = 6000 };

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
    if (cli->json)
        print_json(reply);
    else if (n.done == n.all)
        print_say(
            "That phone is shut out. It still knows the venue's key. To give all others a new "
            "one: sudo porchlight rotate");
    else
        print_say(
            "That phone is shut out, except at the brokers named above: there it will be as soon "
            "as this kiosk reaches them.");
    cJSON_Delete(reply);
    return n.done == n.all ? CLI_OK : CLI_FAILED;
}

static const struct cli_option revoke_options[] = {
    OPTION_WORD("ACCOUNT", "the phone's account, as porchlight invite printed it"),
    {0},
};

const struct cli_command cli_revoke = {
    .name = "revoke",
    .arguments = "ACCOUNT",
    .summary = "shut one phone out, at once and permanently",
    .options = revoke_options,
    .words_min = 1,
    .words_max = 1,
    .json = true,
    .run = revoke_run,
};
