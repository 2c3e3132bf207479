#ifndef PORCHLIGHT_COMMON_DYNSEC_H
#define PORCHLIGHT_COMMON_DYNSEC_H

#include "kiosk/common/topics.h"

#include <stddef.h>

/* Accounts and rights at a mosquitto broker, as the commands of its dynamic security plugin. The
 * rights are topic_table's, nothing else. Every account has a role of its own, because "%u" is
 * literal in a role, and is bound to a client id of the same name, because a second client with
 * the same id would throw the first off. An account's name is 16 lower-case hex digits.
 *
 * Each function writes one request, {"commands":[...]}, to be published on DYNSEC_REQUEST; the
 * broker answers on DYNSEC_RESPONSE. They return the length, or -1 with errno EINVAL (a name or
 * password that is not plain) or EMSGSIZE (`size`; DYNSEC_MAX is enough). A password is 16 to 64
 * characters out of A-Z a-z 0-9 - _, so that nothing has to be escaped. */

#define DYNSEC_REQUEST  "$CONTROL/dynamic-security/v1"
#define DYNSEC_RESPONSE "$CONTROL/dynamic-security/v1/response"

enum { DYNSEC_MAX = 2048, DYNSEC_PASSWORD_MIN = 16, DYNSEC_PASSWORD_MAX = 64 };

/* What is not allowed is refused: sending, receiving and subscribing alike. Once, at set-up. */
int dynsec_defaults(char *out, size_t size);

/* Makes the role "<role>-<account>" with what `who` may do (exactly one enum topic_role). `kiosk`
 * "+": at every kiosk of the venue, as a relay's account has it. */
int dynsec_role(enum topic_role who, const char *venue, const char *kiosk, const char *account,
                char *out, size_t size);

/* Makes an account that holds that role (made before). A kiosk's holds its steward's too, by which
 * it makes and removes the accounts of phones: two roles, since both in one request would not fit
 * a packet. */
int dynsec_account(enum topic_role who, const char *account, const char *password, char *out,
                   size_t size);

/* A newcomer becomes a member or staff phone: its new password, its new role (made before), the
 * old one gone. The broker throws the connection off; the one-time password is dead. */
int dynsec_promote(enum topic_role who, const char *account, const char *password, char *out,
                   size_t size);

/* Another password for any account; an open connection is closed at once. */
int dynsec_password(const char *account, const char *password, char *out, size_t size);

/* Account and role are gone; an open connection is closed at once. */
int dynsec_remove(enum topic_role who, const char *account, char *out, size_t size);

/* "kiosk", "member", "staff", "newcomer", "relay", "steward". Static storage; NULL for none of
 * these. */
const char *dynsec_role_name(enum topic_role who);

#endif
