#ifndef PORCHLIGHT_CLI_CONTROL_CLIENT_H
#define PORCHLIGHT_CLI_CONTROL_CLIENT_H

#include "kiosk/cli/cli.h"

#include <cjson/cJSON.h>

/* Sends porchlightd one request over control.sock (messages.h) and waits up to 5 s. CLI_OK and the
 * reply in *reply (you cJSON_Delete it), or another exit code after a complaint. A reply with "ok":
 * false is CLI_FAILED, and its sentence is printed. */
int control_client_ask(const struct cli *cli, const char *request, cJSON **reply);

/* The same over admin.sock. */
int control_client_ask_admin(const struct cli *cli, const char *request, cJSON **reply);

/* The same for a subcommand that sends one request: prints `done`, or with --json the reply. */
int control_client_do(const struct cli *cli, const char *request, const char *done);

#endif
