#include "kiosk/cli/control_client.h"

static int all_clear_run(const struct cli *cli, int argc, char **argv)
{
    if (argc > 1)
        return cli_misuse(&cli_all_clear, "\"%s\" is too much", argv[1]);
    return control_client_do(
        cli, "code",
        "Done, as the venue's code at the switch would have. A lockdown stands on "
        "phones as\n\"pressed at the door, not confirmed\" until a staff phone ends "
        "it.");
}

const struct cli_command cli_all_clear = {
    .name = "all-clear",
    .arguments = "",
    .summary = "what the venue's code at the switch does: end a drill, take a caution back",
    .help = "",
    .json = true,
    .run = all_clear_run,
};
