#ifndef PORCHLIGHT_CONFIG_RULES_PARTS_H
#define PORCHLIGHT_CONFIG_RULES_PARTS_H

#include "config/config.h"

#include <stdbool.h>

/* What rules_check (rules.h) asks of rules_wires.c and rules_brokers.c. Each complains of what it
 * finds, and leaves out or resets what cannot be used. */

struct instance;
struct reader;

/* Lines: none is used twice, no input device by two switches, and either all are simulated or none
 * is. */
void rules_check_wires(struct reader *r);

/* Fills in what follows from the lines that are in use: whether they are simulated, and what the
 * second contact of a switch takes over from the first. Call it last. */
void rules_derive_wires(struct reader *r);

/* Whether a line's address is a UPS's, which is no wire. */
bool rules_is_ups(const char *address);

/* What holds for every broker, that of the buttons too: TLS, a CA, and a user with a password.
 * Whether nothing was wrong. */
bool rules_check_access(struct reader *r, const struct instance *in, const struct config_broker *b);

/* Two sections for one broker are two ways to it, by interfaces and accounts of their own. */
void rules_check_same_brokers(struct reader *r, struct instance *in);

/* Buttons by radio: their broker, and what they must not be able to do. */
void rules_check_buttons(struct reader *r);

#endif
