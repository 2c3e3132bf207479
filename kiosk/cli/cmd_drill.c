#include "kiosk/cli/control_client.h"

#include <string.h>

static int drill_run(const struct cli *cli, void *own, char **words)
{
    (void)own;
    if (!words[0])
        return control_client_do(
            cli, "drill",
            "The drill has begun: phones ring and show that it is a drill. To end it, press the "
            "venue's code at the switch, or type: porchlight all-clear");
    if (strcmp(words[0], "wipe") == 0)
        return control_client_do(
            cli, "drill wipe",
            "The drill has begun: phones ring and show that it is a drill, and the wipe is "
            "rehearsed on decoys. To end it, press the venue's code at the switch, or type: "
            "porchlight all-clear");
    return cli_misuse(&cli_drill, "\"%s\": expected nothing, or the word wipe", words[0]);
}

static const struct cli_option drill_options[] = {
    OPTION_WORD("wipe", "rehearse the wipe too: the same code, on decoys"),
    {0},
};

const struct cli_command cli_drill = {
    .name = "drill",
    .arguments = "[wipe]",
    .summary = "rehearse an alert; with wipe, rehearse the wipe too, on decoys",
    .options = drill_options,
    .words_max = 1,
    .json = true,
    .run = drill_run,
};
