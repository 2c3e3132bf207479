#include "kiosk/common/dynsec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { ROLE_NAME_MAX = 64 };

/* An account's description: whose it is, and which version of topic_table its role was made from.
 */
enum { RIGHTS = 4 };
#define DESCRIPTION "porchlight "

const char *dynsec_role_name(enum topic_role who)
{
    switch (who) {
    case ROLE_KIOSK:
        return "kiosk";
    case ROLE_MEMBER:
        return "member";
    case ROLE_STAFF:
        return "staff";
    case ROLE_NEWCOMER:
        return "newcomer";
    case ROLE_RELAY:
        return "relay";
    case ROLE_REGISTRAR:
        return "registrar";
    case ROLE_ROOT:
        return "root";
    }
    return NULL;
}

static bool password_is_plain(const char *password)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = strlen(password);
    return len >= DYNSEC_PASSWORD_MIN && len <= DYNSEC_PASSWORD_MAX &&
           strspn(password, plain) == len;
}

/* --- parts of a request ---------------------------------------------------------------------- */

/* One more command of *request, which is made with its first one. */
static cJSON *add_command(cJSON **request, const char *command)
{
    if (!*request) {
        *request = cJSON_CreateObject();
        cJSON_AddArrayToObject(*request, "commands");
    }
    cJSON *c = cJSON_CreateObject();
    cJSON_AddStringToObject(c, "command", command);
    cJSON_AddItemToArray(cJSON_GetObjectItem(*request, "commands"), c);
    return c;
}

static void add_role_name(cJSON *o, const char *role, const char *account)
{
    char name[ROLE_NAME_MAX];
    snprintf(name, sizeof name, "%s-%s", role, account);
    cJSON_AddStringToObject(o, "rolename", name);
}

static void add_held_role(cJSON *roles, const char *role, const char *account)
{
    cJSON *one = cJSON_CreateObject();
    add_role_name(one, role, account);
    cJSON_AddItemToArray(roles, one);
}

static void add_access(cJSON *acls, const char *type, const char *topic, bool allow)
{
    cJSON *acl = cJSON_CreateObject();
    cJSON_AddStringToObject(acl, "acltype", type);
    if (topic)
        cJSON_AddStringToObject(acl, "topic", topic);
    cJSON_AddBoolToObject(acl, "allow", allow);
    cJSON_AddItemToArray(acls, acl);
}

/* What `who` may do on one topic of topic_table. -1: no such name. */
static int add_topic(cJSON *acls, enum topic t, enum topic_role who, const char *venue,
                     const char *kiosk, const char *account)
{
    const struct topic_rule *rule = &topic_table[t];
    char name[TOPIC_NAME_MAX];
    if (topic_of_role(t, who, venue, kiosk, account, name) < 0)
        return -1;
    if (rule->writes & who)
        add_access(acls, "publishClientSend", name, true);
    if (rule->reads & who) {
        add_access(acls, "publishClientReceive", name, true);
        add_access(acls, strstr(name, "/+/") ? "subscribePattern" : "subscribeLiteral", name, true);
    }
    return 0;
}

/* What the plugin wants of whoever makes accounts. */
static void add_plugin(cJSON *acls)
{
    add_access(acls, "publishClientSend", DYNSEC_REQUEST, true);
    add_access(acls, "publishClientReceive", DYNSEC_RESPONSE, true);
    add_access(acls, "subscribeLiteral", DYNSEC_RESPONSE, true);
}

/* The role's name; NULL with errno EINVAL: no such account can be made. */
static const char *role_of_account(enum topic_role who, const char *account, const char *password)
{
    const char *role = dynsec_role_name(who);
    if (role && topic_is_id(account) && (!password || password_is_plain(password)))
        return role;
    errno = EINVAL;
    return NULL;
}

/* --- requests -------------------------------------------------------------------------------- */

cJSON *dynsec_defaults(void)
{
    cJSON *request = NULL;
    cJSON *acls = cJSON_AddArrayToObject(add_command(&request, "setDefaultACLAccess"), "acls");
    add_access(acls, "publishClientSend", NULL, false);
    add_access(acls, "publishClientReceive", NULL, false);
    add_access(acls, "subscribe", NULL, false);
    add_access(acls, "unsubscribe", NULL, true);
    return request;
}

cJSON *dynsec_role(enum topic_role who, const char *venue, const char *kiosk, const char *account)
{
    const char *role = role_of_account(who, account, NULL);
    cJSON *request = NULL;
    if (!role)
        return NULL;
    cJSON *c = add_command(&request, "createRole");
    add_role_name(c, role, account);
    cJSON *acls = cJSON_AddArrayToObject(c, "acls");
    for (enum topic t = 0; t < TOPIC_COUNT; t++) {
        if (add_topic(acls, t, who, venue, kiosk, account) != 0) {
            cJSON_Delete(request);
            errno = EINVAL;
            return NULL;
        }
    }
    return request;
}

void dynsec_description(const char *venue, const char *kiosk, char out[DYNSEC_DESCRIPTION_MAX])
{
    snprintf(out, DYNSEC_DESCRIPTION_MAX, DESCRIPTION "%.16s %.16s %d", venue, kiosk, RIGHTS);
}

int dynsec_description_read(const char *text, char venue[TOPIC_ID_LEN + 1],
                            char kiosk[TOPIC_ID_LEN + 1], bool *current)
{
    int version = 0;
    bool ours = sscanf(text, DESCRIPTION "%16[0-9a-f] %16[0-9a-f] %d", venue, kiosk, &version) == 3;
    if (!ours || !topic_is_id(venue) || !topic_is_id(kiosk)) {
        venue[0] = kiosk[0] = '\0';
        errno = EINVAL;
        return -1;
    }
    *current = version == RIGHTS;
    return 0;
}

static void add_description(cJSON *o, const char *venue, const char *kiosk)
{
    char text[DYNSEC_DESCRIPTION_MAX];
    dynsec_description(venue, kiosk, text);
    cJSON_AddStringToObject(o, "textdescription", text);
}

cJSON *dynsec_registrar_role(void)
{
    cJSON *request = NULL;
    cJSON *c = add_command(&request, "createRole");
    cJSON_AddStringToObject(c, "rolename", DYNSEC_REGISTRAR);
    cJSON *acls = cJSON_AddArrayToObject(c, "acls");
    for (enum topic t = 0; t < TOPIC_COUNT; t++)
        add_topic(acls, t, ROLE_REGISTRAR, "+", "+", "+");
    add_plugin(acls);
    return request;
}

cJSON *dynsec_give_role(const char *user, const char *role)
{
    cJSON *request = NULL;
    cJSON *c = add_command(&request, "addClientRole");
    cJSON_AddStringToObject(c, "username", user);
    cJSON_AddStringToObject(c, "rolename", role);
    return request;
}

cJSON *dynsec_look(const char *user)
{
    cJSON *request = NULL;
    cJSON_AddStringToObject(add_command(&request, "getClient"), "username", user);
    return request;
}

cJSON *dynsec_suspend(const char *account, bool suspended)
{
    cJSON *request = NULL;
    if (!topic_is_id(account)) {
        errno = EINVAL;
        return NULL;
    }
    cJSON *c = add_command(&request, suspended ? "disableClient" : "enableClient");
    cJSON_AddStringToObject(c, "username", account);
    return request;
}

cJSON *dynsec_renew_role(enum topic_role who, const char *account)
{
    const char *role = role_of_account(who, account, NULL);
    cJSON *request = NULL;
    if (role)
        add_role_name(add_command(&request, "deleteRole"), role, account);
    return request;
}

cJSON *dynsec_renew(enum topic_role who, const char *venue, const char *kiosk, const char *account)
{
    const char *role = role_of_account(who, account, NULL);
    cJSON *request = NULL;
    if (!role)
        return NULL;
    cJSON *c = add_command(&request, "modifyClient");
    cJSON_AddStringToObject(c, "username", account);
    add_description(c, venue, kiosk);
    add_held_role(cJSON_AddArrayToObject(c, "roles"), role, account);
    return request;
}

cJSON *dynsec_account(enum topic_role who, const char *venue, const char *kiosk,
                      const char *account, const char *password)
{
    const char *role = role_of_account(who, account, password);
    cJSON *request = NULL;
    if (!role)
        return NULL;
    cJSON *c = add_command(&request, "createClient");
    cJSON_AddStringToObject(c, "username", account);
    cJSON_AddStringToObject(c, "password", password);
    cJSON_AddStringToObject(c, "clientid", account);
    add_description(c, venue, kiosk);
    cJSON *roles = cJSON_AddArrayToObject(c, "roles");
    add_held_role(roles, role, account);
    return request;
}

cJSON *dynsec_promote(enum topic_role who, const char *account, const char *password)
{
    const char *role = role_of_account(who, account, password);
    cJSON *request = role ? dynsec_password(account, password) : NULL;
    if (!request)
        return NULL;
    cJSON *c = cJSON_GetArrayItem(cJSON_GetObjectItem(request, "commands"), 0);
    add_held_role(cJSON_AddArrayToObject(c, "roles"), role, account);
    add_role_name(add_command(&request, "deleteRole"), dynsec_role_name(ROLE_NEWCOMER), account);
    return request;
}

cJSON *dynsec_password(const char *account, const char *password)
{
    cJSON *request = NULL;
    if (!topic_is_id(account) || !password_is_plain(password)) {
        errno = EINVAL;
        return NULL;
    }
    cJSON *c = add_command(&request, "modifyClient");
    cJSON_AddStringToObject(c, "username", account);
    cJSON_AddStringToObject(c, "password", password);
    return request;
}

cJSON *dynsec_remove(enum topic_role who, const char *account)
{
    const char *role = role_of_account(who, account, NULL);
    cJSON *request = NULL;
    if (!role)
        return NULL;
    cJSON_AddStringToObject(add_command(&request, "deleteClient"), "username", account);
    add_role_name(add_command(&request, "deleteRole"), role, account);
    return request;
}

int dynsec_write(cJSON *request, const char *tag, char *out, size_t size)
{
    cJSON *c;
    if (!request)
        return -1;
    cJSON_ArrayForEach(c, cJSON_GetObjectItem(request, "commands"))
    {
        if (tag)
            cJSON_AddStringToObject(c, "correlationData", tag);
    }
    bool fits = cJSON_PrintPreallocated(request, out, (int)size, 0);
    cJSON_ArrayForEach(c, cJSON_GetObjectItem(request, "commands"))
    {
        cJSON *password = cJSON_GetObjectItem(c, "password");
        if (password)
            explicit_bzero(password->valuestring, strlen(password->valuestring));
    }
    cJSON_Delete(request);
    if (fits)
        return (int)strlen(out);
    errno = EMSGSIZE;
    return -1;
}
