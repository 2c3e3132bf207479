#include "kiosk/cli/control_client.h"

static int all_clear_run(const struct cli *cli, void *own, char **words)
{
    (void)own;
    (void)words;
    return control_client_do(
        cli, "code",
        "Done, as if the venue's code had been pressed at the switch. Phones show a lockdown as "
        "\"pressed at the door, not confirmed\" until a staff phone ends it.");
}

const struct cli_command cli_all_clear = {
    .name = "all-clear",
    .arguments = "",
    .summary = "do what the venue's code at the switch does: end a drill, take back a caution",
    .json = true,
    .run = all_clear_run,
};
