#ifndef PORCHLIGHT_CLI_STEWARD_H
#define PORCHLIGHT_CLI_STEWARD_H

#include "kiosk/cli/control.h"

/* What invite, revoke, rotate and phones ask of porchlightd over steward.sock (messages.h). */

/* As control_ask: an enum cli_exit, and the reply in *reply. The request is formatted; it may hold
 * secrets, and is erased. */
int steward_ask(const struct cli *cli, cJSON **reply, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A reply's text, "" where there is none. */
const char *steward_text(const cJSON *reply, const char *key);
double steward_number(const cJSON *reply, const char *key);

/* What is left to be done at the brokers, of a reply. */
struct steward_brokers {
    size_t all, done; /* done: connected, and nothing left there */
};
struct steward_brokers steward_brokers(const cJSON *reply);

/* Tells, on stderr, of each broker where something is left. */
void steward_complain(const cJSON *reply, const char *command);

/* Asks "joining ACCOUNT" until nothing is left at the brokers, or for at most `ms`. As steward_ask;
 * *reply is the last. */
int steward_settle(const struct cli *cli, const char *account, int ms, cJSON **reply);

/* Whether it is an account's id. */
bool steward_is_account(const char *text);

#endif
