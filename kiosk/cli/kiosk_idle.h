#ifndef PORCHLIGHT_CLI_KIOSK_IDLE_H
#define PORCHLIGHT_CLI_KIOSK_IDLE_H

#include "kiosk/cli/cli.h"

/* Whether the kiosk may be restarted now: porchlightd shows no alert or drill, and no wipe is asked
 * for or under way. An enum cli_exit: CLI_OK, it may; else after a complaint, CLI_NOBODY where
 * porchlightd does not answer. An alert that is hidden on site is not revealed. */
int kiosk_idle(const struct cli *cli);

#endif
