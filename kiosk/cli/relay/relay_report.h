#ifndef PORCHLIGHT_CLI_RELAY_RELAY_REPORT_H
#define PORCHLIGHT_CLI_RELAY_RELAY_REPORT_H

#include "config/config.h"

#include <stdbool.h>

/* What `porchlight relay` made, and what a host does next with it. */
struct relay_report {
    const char *folder, *account;
    const char *ntfy; /* the topic that it rings; NULL: none */
    const struct config *config;
    const struct config_broker *broker;
    bool again; /* the folder was a relay's already */
};

void relay_report_print(const struct relay_report *r);

#endif
