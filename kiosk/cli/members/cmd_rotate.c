#include "kiosk/cli/members/new_key.h"
#include "kiosk/cli/print.h"

#include <stdio.h>

static int rotate_run(const struct cli *cli, void *own, char **words)
{
    (void)own;
    (void)words;
    int code = new_key_give(cli, true);
    if (code != CLI_OK)
        return code;
    if (cli->json)
        puts("{\"ok\":true}");
    else
        print_say("All phones have a new key. Those that are asleep get it when they wake.");
    return CLI_OK;
}

const struct cli_command cli_rotate = {
    .name = "rotate",
    .arguments = "",
    .summary = "give every phone that remains a new key",
    .json = true,
    .run = rotate_run,
};
