#include "kiosk/cli/members/admin_client.h"

#include <getopt.h>
#include <stdio.h>

static void print_drill(const cJSON *reply)
{
    const cJSON *drill = cJSON_GetObjectItemCaseSensitive(reply, "drill");
    if (cJSON_IsObject(drill))
        printf("last drill: %s, rang at %.0f, seen by %.0f, safe: %.0f\n",
               admin_client_text(drill, "at"), admin_client_number(drill, "rang"),
               admin_client_number(drill, "seen"), admin_client_number(drill, "safe"));
    else
        puts("last drill: none since porchlightd was started");
}

static void phones_print_plainly(const cJSON *reply)
{
    const cJSON *one;
    printf("members:    %.0f\nstaff:      %.0f\n", admin_client_number(reply, "members"),
           admin_client_number(reply, "staff"));
    if (admin_client_number(reply, "relays") > 0)
        printf("relays:     %.0f\n", admin_client_number(reply, "relays"));
    if (admin_client_number(reply, "invited") > 0)
        printf("invited:    %.0f\n", admin_client_number(reply, "invited"));
    if (admin_client_number(reply, "going") > 0)
        printf("going:      %.0f, not yet out at every broker\n",
               admin_client_number(reply, "going"));
    print_drill(reply);
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(reply, "accounts"))
    {
        printf("%s %s\n", admin_client_text(one, "account"),
               cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "relay"))   ? "relay"
               : cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(one, "staff")) ? "staff"
                                                                              : "member");
    }
}

static int phones_run(const struct cli *cli, int argc, char **argv)
{
    static const struct option options[] = {{"ids", no_argument, NULL, 'i'}, {0}};
    bool ids = false;
    cJSON *reply;
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (c != 'i')
            return cli_misuse(&cli_phones, "an option is unknown");
        ids = true;
    }
    if (optind < argc)
        return cli_misuse(&cli_phones, "\"%s\" is too much", argv[optind]);
    int code = admin_client_ask(cli, &reply, "phones%s", ids ? " list" : "");
    if (code != CLI_OK)
        return code;
    if (cli->json)
        control_client_print(reply);
    else
        phones_print_plainly(reply);
    admin_client_complain(reply, "phones");
    cJSON_Delete(reply);
    return CLI_OK;
}

const struct cli_command cli_phones = {
    .name = "phones",
    .arguments = "[--ids]",
    .summary = "how many phones belong to this venue, and what the last drill told; no names",
    .help = "  --ids            their accounts too: random digits, to revoke one by\n",
    .json = true,
    .run = phones_run,
};
