#include "kiosk/cli/members/admin_client.h"
#include "kiosk/cli/print.h"

#include <stdio.h>

static void print_drill(const cJSON *reply)
{
    const cJSON *drill = cJSON_GetObjectItemCaseSensitive(reply, "drill");
    char ended[PRINT_MOMENT_MAX];
    print_moment(admin_client_text(drill, "at"), ended);
    if (cJSON_IsObject(drill))
        print_say("last drill: %s: rang on %.0f phones, seen by %.0f, %.0f of them safe", ended,
                  admin_client_number(drill, "rang"), admin_client_number(drill, "seen"),
                  admin_client_number(drill, "safe"));
    else
        puts("last drill: none since porchlightd started");
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
        printf("revoked:    %.0f, not yet removed at every broker\n",
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

struct phones_options {
    bool ids;
};

static int phones_run(const struct cli *cli, void *own, char **words)
{
    const struct phones_options *o = own;
    cJSON *reply;
    (void)words;
    int code = admin_client_ask(cli, &reply, "phones%s", o->ids ? " list" : "");
    if (code != CLI_OK)
        return code;
    if (cli->json)
        print_json(reply);
    else
        phones_print_plainly(reply);
    admin_client_warn(reply);
    cJSON_Delete(reply);
    return CLI_OK;
}

static const struct cli_option phones_options[] = {
    OPTION("ids", NULL, struct phones_options, ids,
           "list their accounts too: random digits, to revoke one by"),
    {0},
};

const struct cli_command cli_phones = {
    .name = "phones",
    .arguments = "[--ids]",
    .summary = "count the venue's phones, and show the last drill's result; no names",
    .options = phones_options,
    .size = sizeof(struct phones_options),
    .json = true,
    .run = phones_run,
};
