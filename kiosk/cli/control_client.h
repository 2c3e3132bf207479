#ifndef PORCHLIGHT_CLI_CONTROL_CLIENT_H
#define PORCHLIGHT_CLI_CONTROL_CLIENT_H

#include "kiosk/cli/cli.h"

#include <cjson/cJSON.h>

/* Asks porchlightd one thing over control.sock (messages.h) and waits up to 5 s. CLI_OK and the
 * reply in *reply (the caller's to cJSON_Delete), or another exit code after a sentence on stderr
 * that says what to do. A reply with "ok": false is CLI_FAILED, its sentence printed. */
int control_client_ask(const struct cli *cli, const char *request, cJSON **reply);

/* The same over admin.sock. */
int control_client_ask_admin(const struct cli *cli, const char *request, cJSON **reply);

/* The same for a subcommand that only asks: prints `done`, or the reply where --json is given. */
int control_client_do(const struct cli *cli, const char *request, const char *done);

#endif
