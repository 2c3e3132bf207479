#include "kiosk/cli/members/admin_client.h"

#include <stdio.h>

enum { SETTLE_MS = 6000 };

static int revoke_run(const struct cli *cli, int argc, char **argv)
{
    cJSON *reply;
    if (argc != 2 || !admin_client_is_account(argv[1]))
        return cli_misuse(&cli_revoke, "expected one account: the 16 hex digits that porchlight "
                                       "invite printed");
    int code = admin_client_ask(cli, &reply, "revoke %s", argv[1]);
    if (code != CLI_OK)
        return code;
    cJSON_Delete(reply);
    code = admin_client_settle(cli, argv[1], SETTLE_MS, &reply);
    if (code != CLI_OK)
        return code;
    struct admin_client_brokers n = admin_client_brokers(reply);
    admin_client_complain(reply, "revoke");
    if (cli->json)
        control_client_print(reply);
    else if (n.done == n.all)
        puts("That phone is out. It still has the venue's key: porchlight rotate gives the others "
             "a new one.");
    else
        puts("That phone is out where it says nothing above; elsewhere as soon as this kiosk "
             "reaches the broker.");
    cJSON_Delete(reply);
    return n.done == n.all ? CLI_OK : CLI_FAILED;
}

const struct cli_command cli_revoke = {
    .name = "revoke",
    .arguments = "ACCOUNT",
    .summary = "shut one phone out, at once and for ever",
    .help = "  ACCOUNT          the phone's, as porchlight invite printed it\n",
    .json = true,
    .run = revoke_run,
};
