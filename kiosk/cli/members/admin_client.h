#ifndef PORCHLIGHT_CLI_MEMBERS_ADMIN_CLIENT_H
#define PORCHLIGHT_CLI_MEMBERS_ADMIN_CLIENT_H

#include "kiosk/cli/control_client.h"

/* What invite, revoke, rotate and phones ask porchlightd over admin.sock (messages.h). */

/* As control_client_ask: an enum cli_exit, and the reply in *reply. The request is formatted; it
 * may hold secrets, and is erased. */
int admin_client_ask(const struct cli *cli, cJSON **reply, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A text or number in a reply; "" or 0 if there is none. */
const char *admin_client_text(const cJSON *reply, const char *key);
double admin_client_number(const cJSON *reply, const char *key);

/* How many brokers a reply names, and how many of them have done all that was asked. */
struct admin_client_brokers {
    size_t all, done; /* done: connected, and nothing left there */
};
struct admin_client_brokers admin_client_brokers(const cJSON *reply);

/* Why that broker has not done all that was asked: a sentence in the reply; NULL: it has. */
const char *admin_client_why_not(const cJSON *reply, const char *broker);

/* Warns about each broker where something is left to be done. */
void admin_client_warn(const cJSON *reply);

/* Waits until a broker that phones use is connected, or for 5 s: after a change of keys the kiosk
 * connects to all of them again. CLI_OK in both cases; what is asked next says what is missing. */
int admin_client_await_broker(const struct cli *cli);

/* Asks "joining ACCOUNT" until nothing is left at the brokers, or for at most `ms`. As
 * admin_client_ask; *reply is the last. */
int admin_client_settle(const struct cli *cli, const char *account, int ms, cJSON **reply);

#endif
