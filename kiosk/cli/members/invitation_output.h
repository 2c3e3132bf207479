#ifndef PORCHLIGHT_CLI_MEMBERS_INVITATION_OUTPUT_H
#define PORCHLIGHT_CLI_MEMBERS_INVITATION_OUTPUT_H

#include "kiosk/cli/cli.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* How an invitation is shown: as a code in the terminal unless one of these is set. */
struct invitation_output {
    const char *png; /* the file for a picture; NULL: none */
    bool on_screen, link;
};

/* Shows the invitation that porchlightd made (its reply to "invite"). CLI_OK, or CLI_FAILED after
 * log_error: the caller then withdraws it. */
int invitation_output_show(const struct invitation_output *o, const struct cli *cli,
                           const cJSON *reply, bool staff);

#endif
