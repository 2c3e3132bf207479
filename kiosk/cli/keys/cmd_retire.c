#include "kiosk/cli/keys/root_command.h"

struct retire {
    struct root_command_options options;
};

static int retire_run(const struct cli *cli, void *own, char **words)
{
    const struct retire *r = own;
    (void)words;
    return root_command_run(cli, &cli_retire, &r->options, ROOT_RETIRE, NULL);
}

static const struct cli_option retire_options[] = {
    ROOT_COMMAND_OPTIONS(struct retire),
    {0},
};

const struct cli_command cli_retire = {
    .name = "retire",
    .arguments = "--root FILE [--paper FILE]",
    .summary = "permanently disown a kiosk that was seized or given away",
    .options = retire_options,
    .size = sizeof(struct retire),
    .json = true,
    .run = retire_run,
};
