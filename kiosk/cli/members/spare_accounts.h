#ifndef PORCHLIGHT_CLI_MEMBERS_SPARE_ACCOUNTS_H
#define PORCHLIGHT_CLI_MEMBERS_SPARE_ACCOUNTS_H

#include "kiosk/core/enrol.h"

#include <stdbool.h>

/* Accounts that the operators of brokers without a registrar have made in advance, the same at all
 * of them, in a file on the host's stick, one a line:
 *
 *   member ACCOUNT PASSWORD        16 hex digits; 16 to 64 out of A-Z a-z 0-9 - _
 *   staff ACCOUNT PASSWORD
 *   used ACCOUNT                   was invited already
 *
 * Empty lines and those that begin with # are kept as they are. */

enum { SPARE_PASSWORD_MAX = ENROL_PASSWORD_MAX };

struct spare_account {
    char account[17], password[SPARE_PASSWORD_MAX + 1];
};

/* The first for that role that is left. 0, or -1 after a complaint. */
int spare_account_find(const char *file, bool staff, struct spare_account *out);

/* Marks it as used, and takes its password out of the file. 0, or -1 after a complaint. */
int spare_account_use(const char *file, const struct spare_account *used);

#endif
