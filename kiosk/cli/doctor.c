#include "kiosk/cli/cli.h"
#include "kiosk/cli/leftovers.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

static void print_one(void *context, const struct leftover *l)
{
    (void)context;
    if (l->found)
        printf("found  %s: %s\n       leaves %s\n       mend:  %s\n", l->name, l->where, l->leaves,
               l->mend);
    else
        printf("clean  %s\n", l->name);
}

static void list_one(void *context, const struct leftover *l)
{
    cJSON *one = cJSON_CreateObject();

    cJSON_AddStringToObject(one, "name", l->name);
    cJSON_AddBoolToObject(one, "found", l->found);
    cJSON_AddStringToObject(one, "where", l->where);
    cJSON_AddStringToObject(one, "leaves", l->leaves);
    cJSON_AddStringToObject(one, "mend", l->mend);
    cJSON_AddItemToArray(context, one);
}

static int run(const struct cli *cli, int argc, char **argv)
{
    int found;

    if (argc != 1)
        return cli_misuse(&cli_doctor, "\"%s\" is one word too many", argv[1]);
    if (cli->json) {
        cJSON *top = cJSON_CreateObject();
        char *text;
        found = leftovers_check(cli->prefix, list_one, cJSON_AddArrayToObject(top, "leftovers"));
        text = cJSON_Print(top);
        printf("%s\n", text ? text : "{}");
        free(text);
        cJSON_Delete(top);
    } else {
        found = leftovers_check(cli->prefix, print_one, NULL);
        printf("%d left over. What is not root's to see may hide more: run it as root.\n", found);
    }
    return found ? CLI_FAILED : CLI_OK;
}

const struct cli_command cli_doctor = {
    .name = "doctor",
    .arguments = "",
    .summary = "what this system keeps beside what a wipe destroys, and how to mend it",
    .help = "",
    .json = true,
    .run = run,
};
