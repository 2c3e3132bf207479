#ifndef PORCHLIGHT_CLI_MEMBERS_NEW_KEY_H
#define PORCHLIGHT_CLI_MEMBERS_NEW_KEY_H

#include "kiosk/cli/cli.h"

/* Draws a new members' key, has porchlightd send it to every phone that remains, stores it for the
 * next start, and has porchlightd use it (kiosk/alertd/members/key_rotation.h). `warns`: about each
 * broker that is not reached. An enum cli_exit, after log_error unless CLI_OK. */
int new_key_give(const struct cli *cli, bool warns);

#endif
