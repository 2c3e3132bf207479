#include "kiosk/cli/cli.h"

#include "kiosk/common/dynsec.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The role that a word names; 0: none. */
static unsigned role_of(const char *word)
{
    for (unsigned bit = ROLE_KIOSK; bit <= ROLE_ROOT; bit <<= 1)
        if (bit != ROLE_REGISTRAR && strcmp(word, dynsec_role_name((enum topic_role)bit)) == 0)
            return bit;
    return 0;
}

static int rights_run(const struct cli *cli, void *own, char **words)
{
    char request[DYNSEC_MAX];
    int len;
    (void)cli;
    (void)own;
    if (!words[1] && strcmp(words[0], "defaults") == 0) {
        len = dynsec_write(dynsec_defaults(), NULL, request, sizeof request);
    } else if (!words[1] && strcmp(words[0], "registrar") == 0) {
        len = dynsec_write(dynsec_registrar_role(), NULL, request, sizeof request);
    } else {
        unsigned role = words[1] && words[2] && words[3] ? role_of(words[0]) : 0;
        if (!role)
            return cli_misuse(&cli_rights, "expected a role, a venue, a kiosk and an account");
        len = dynsec_write(dynsec_role((enum topic_role)role, words[1], words[2], words[3]), NULL,
                           request, sizeof request);
    }
    if (len < 0)
        return cli_misuse(&cli_rights,
                          "venue, kiosk and account are 16 lower-case hex digits each");
    puts(request);
    return CLI_OK;
}

static const struct cli_option rights_options[] = {
    OPTION_WORD("defaults", "the request that refuses whatever no role allows"),
    OPTION_WORD("registrar", "the request that makes the role " DYNSEC_REGISTRAR),
    OPTION_WORD("ROLE",
                "kiosk, member, staff, newcomer, relay or root: the request that makes the role "
                "ROLE-ACCOUNT; publish it on " DYNSEC_REQUEST),
    {0},
};

const struct cli_command cli_rights = {
    .name = "rights",
    .arguments = "defaults | registrar | ROLE VENUE KIOSK ACCOUNT",
    .summary = "print what an account may do at a broker, for mosquitto's dynamic security",
    .options = rights_options,
    .words_min = 1,
    .words_max = 4,
    .run = rights_run,
};
