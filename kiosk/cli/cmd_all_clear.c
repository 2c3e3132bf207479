#include "kiosk/cli/control_client.h"

struct all_clear_options {
    bool final;
};

static const struct cli_option all_clear_options[] = {
    OPTION("final", NULL, struct all_clear_options, final,
           "end the alert of a plain venue; a sealed venue's is ended by a staff phone"),
    {0},
};

static int all_clear_run(const struct cli *cli, void *own, char **words)
{
    const struct all_clear_options *o = own;
    (void)words;
    if (o->final)
        return control_client_do(cli, "final", "The alert has ended. Every app was sent the end.");
    return control_client_do(
        cli, "code",
        "Done, as if the venue's code had been pressed at the switch. Phones show a lockdown as "
        "\"pressed at the door, not confirmed\" until a staff phone ends it; in a plain venue: "
        "porchlight all-clear --final");
}

const struct cli_command cli_all_clear = {
    .name = "all-clear",
    .arguments = "[--final]",
    .summary = "do what the venue's code at the switch does: end a drill",
    .options = all_clear_options,
    .size = sizeof(struct all_clear_options),
    .json = true,
    .run = all_clear_run,
};
