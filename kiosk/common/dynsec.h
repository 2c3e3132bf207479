#ifndef PORCHLIGHT_COMMON_DYNSEC_H
#define PORCHLIGHT_COMMON_DYNSEC_H

#include "kiosk/common/topics.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Accounts and rights at a mosquitto broker, as the commands of its dynamic security plugin. The
 * rights are topic_table's, nothing else. Every account has a role of its own, because "%u" is
 * literal in a role, and is bound to a client id of the same name, because a second client with
 * the same id would throw the first off. An account's name is 16 lower-case hex digits.
 *
 * Each of the first functions makes one request, {"commands":[...]}, for dynsec_write. NULL with
 * errno: EINVAL for a name or password that is not plain, ENOMEM. A password is 16 to 64 characters
 * out of A-Z a-z 0-9 - _. */

#define DYNSEC_REQUEST  "$CONTROL/dynamic-security/v1"
#define DYNSEC_RESPONSE "$CONTROL/dynamic-security/v1/response"

enum { DYNSEC_MAX = 4096, DYNSEC_PASSWORD_MIN = 16, DYNSEC_PASSWORD_MAX = 64 };

/* What is not allowed is refused: sending, receiving and subscribing alike. Once, at set-up. */
cJSON *dynsec_defaults(void);

/* Makes the role "<role>-<account>" with what `who` may do (exactly one enum topic_role). `kiosk`
 * "+": at every kiosk of the venue, as a relay's account has it. */
cJSON *dynsec_role(enum topic_role who, const char *venue, const char *kiosk, const char *account);

/* What the registrar at a broker may do, as the role DYNSEC_REGISTRAR: everything that the plugin
 * can do, and every venue's requests. And what gives that role to an account that may do so itself.
 */
#define DYNSEC_REGISTRAR "porchlight-registrar"
cJSON *dynsec_registrar_role(void);
cJSON *dynsec_give_role(const char *user, const char *role);

/* Makes an account that holds that role (made before). Its description says whose it is, for
 * dynsec_look. */
cJSON *dynsec_account(enum topic_role who, const char *venue, const char *kiosk,
                      const char *account, const char *password);

/* Writes and reads an account's description. The second: 0, or -1 for one that is not ours;
 * *current: it was written by this version. */
enum { DYNSEC_DESCRIPTION_MAX = 64 };
void dynsec_description(const char *venue, const char *kiosk, char out[DYNSEC_DESCRIPTION_MAX]);
int dynsec_description_read(const char *text, char venue[TOPIC_ID_LEN + 1],
                            char kiosk[TOPIC_ID_LEN + 1], bool *current);

/* Asks what an account is; shuts it out without deleting it, or lets it in again. */
cJSON *dynsec_look(const char *user);
cJSON *dynsec_suspend(const char *account, bool suspended);

/* An account of an older version: its role is made as dynsec_role has it, and it holds no other. In
 * two requests: dynsec_renew_role removes the old role. */
cJSON *dynsec_renew_role(enum topic_role who, const char *account);
cJSON *dynsec_renew(enum topic_role who, const char *venue, const char *kiosk, const char *account);

/* A newcomer becomes a member or staff phone: it gets its new password and its new role (made
 * before), and its old role is removed. The broker closes the connection, and the one-time password
 * is no longer valid. */
cJSON *dynsec_promote(enum topic_role who, const char *account, const char *password);

/* Sets another password for any account; an open connection is closed at once. */
cJSON *dynsec_password(const char *account, const char *password);

/* Removes account and role; an open connection is closed at once. */
cJSON *dynsec_remove(enum topic_role who, const char *account);

/* The request as text, to be published on DYNSEC_REQUEST; the broker answers on DYNSEC_RESPONSE.
 * With a `tag` (may be NULL) every command carries it as its correlation data, and so does its
 * answer. Takes the request, NULL too, and clears the passwords in it. The length; or -1 with
 * errno: that of the NULL, or EMSGSIZE (DYNSEC_MAX is enough for each of the above). */
int dynsec_write(cJSON *request, const char *tag, char *out, size_t size);

/* "kiosk", "member", "staff", "newcomer", "relay", "registrar", "root". Static storage; NULL for
 * none of these. */
const char *dynsec_role_name(enum topic_role who);

#endif
