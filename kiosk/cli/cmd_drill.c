#include "kiosk/cli/control_client.h"

#include <string.h>

static int drill_run(const struct cli *cli, int argc, char **argv)
{
    if (argc == 1)
        return control_client_do(
            cli, "drill",
            "The drill has begun: phones ring, marked as a drill. The venue's code at "
            "the switch,\nor porchlight all-clear, ends it.");
    if (argc == 2 && strcmp(argv[1], "wipe") == 0)
        return control_client_do(
            cli, "drill wipe",
            "The drill has begun: phones ring, marked as a drill, and the wipe is "
            "rehearsed on decoys.\nThe venue's code at the switch, or porchlight "
            "all-clear, ends it.");
    return cli_misuse(&cli_drill, "\"%s\" is neither nothing nor the word wipe", argv[argc - 1]);
}

const struct cli_command cli_drill = {
    .name = "drill",
    .arguments = "[wipe]",
    .summary = "rehearse an alert; with wipe, the wipe too, on decoys",
    .help = "  wipe             rehearse the wipe too: the same code, on decoys\n",
    .json = true,
    .run = drill_run,
};
