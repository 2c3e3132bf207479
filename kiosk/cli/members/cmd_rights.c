#include "kiosk/cli/cli.h"

#include "kiosk/common/dynsec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* What the words on the command line mean; 0 for none of them. */
static unsigned role_of(const char *word)
{
    for (unsigned bit = ROLE_KIOSK; bit <= ROLE_STEWARD; bit <<= 1)
        if (strcmp(word, dynsec_role_name((enum topic_role)bit)) == 0)
            return bit;
    return 0;
}

static int rights_run(const struct cli *cli, int argc, char **argv)
{
    char request[DYNSEC_MAX];
    int len;
    (void)cli;
    if (argc == 2 && strcmp(argv[1], "defaults") == 0) {
        len = dynsec_write(dynsec_defaults(), NULL, request, sizeof request);
    } else {
        unsigned role = argc == 5 ? role_of(argv[1]) : 0;

        if (!role)
            return cli_misuse(&cli_rights, "it wants a role, a venue, a kiosk and an account");
        len = dynsec_write(dynsec_role((enum topic_role)role, argv[2], argv[3], argv[4]), NULL,
                           request, sizeof request);
    }
    if (len < 0)
        return cli_misuse(&cli_rights,
                          "venue, kiosk and account are 16 lower-case hex digits each");
    puts(request);
    return CLI_OK;
}

const struct cli_command cli_rights = {
    .name = "rights",
    .arguments = "defaults | ROLE VENUE KIOSK ACCOUNT",
    .summary = "what an account may do at a broker, for mosquitto's dynamic security",
    .help = "  defaults         the request that refuses whatever no role allows\n"
            "  ROLE             kiosk, steward (a kiosk's too: it makes accounts), member,\n"
            "                   staff, newcomer or relay: the request that makes\n"
            "                   the role ROLE-ACCOUNT; publish it on " DYNSEC_REQUEST "\n",
    .json = false,
    .run = rights_run,
};
