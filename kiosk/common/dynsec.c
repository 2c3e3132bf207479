#include "kiosk/common/dynsec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Text that grows in the caller's room; `len` goes on counting when it is full. */
struct text {
    char *out;
    size_t size, len;
};

static void dynsec_put(struct text *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void dynsec_put(struct text *t, const char *format, ...)
{
    size_t room = t->len < t->size ? t->size - t->len : 0;
    va_list args;

    va_start(args, format);
    int n = vsnprintf(room ? t->out + t->len : NULL, room, format, args);
    va_end(args);
    t->len += n > 0 ? (size_t)n : 0;
}

static int dynsec_finish(const struct text *t)
{
    if (t->len < t->size)
        return (int)t->len;
    errno = EMSGSIZE;
    return -1;
}

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
    case ROLE_STEWARD:
        return "steward";
    }
    return NULL;
}

static bool account_is_plain(const char *account)
{
    return strlen(account) == TOPIC_ID_LEN && strspn(account, "0123456789abcdef") == TOPIC_ID_LEN;
}

static bool password_is_plain(const char *password)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t len = strlen(password);
    return len >= DYNSEC_PASSWORD_MIN && len <= DYNSEC_PASSWORD_MAX &&
           strspn(password, plain) == len;
}

static void put_acl(struct text *t, const char *type, const char *topic)
{
    dynsec_put(t, "%s{\"acltype\":\"%s\",\"topic\":\"%s\",\"allow\":true}",
               t->out[t->len < t->size ? t->len - 1 : 0] == '[' ? "" : ",", type, topic);
}

int dynsec_defaults(char *out, size_t size)
{
    struct text t = {.out = out, .size = size};

    dynsec_put(&t, "{\"commands\":[{\"command\":\"setDefaultACLAccess\",\"acls\":["
                   "{\"acltype\":\"publishClientSend\",\"allow\":false},"
                   "{\"acltype\":\"publishClientReceive\",\"allow\":false},"
                   "{\"acltype\":\"subscribe\",\"allow\":false},"
                   "{\"acltype\":\"unsubscribe\",\"allow\":true}]}]}");
    return dynsec_finish(&t);
}

int dynsec_role(enum topic_role who, const char *venue, const char *kiosk, const char *account,
                char *out, size_t size)
{
    struct text t = {.out = out, .size = size};
    const char *role = dynsec_role_name(who);

    if (!role || !account_is_plain(account)) {
        errno = EINVAL;
        return -1;
    }
    dynsec_put(&t, "{\"commands\":[{\"command\":\"createRole\",\"rolename\":\"%s-%s\",\"acls\":[",
               role, account);
    for (enum topic i = 0; i < TOPIC_COUNT; i++) {
        const struct topic_rule *rule = &topic_table[i];
        char name[TOPIC_NAME_MAX];
        bool all = who == ROLE_KIOSK || (who == ROLE_RELAY && i == TOPIC_WAKE);
        const char *whose = !rule->per_account ? NULL : all ? "+" : account;

        if (topic_name(i, venue, kiosk, whose, name) < 0)
            return -1;
        if (rule->writes & who)
            put_acl(&t, "publishClientSend", name);
        if (rule->reads & who) {
            put_acl(&t, "publishClientReceive", name);
            put_acl(&t, kiosk[0] == '+' ? "subscribePattern" : "subscribeLiteral", name);
        }
    }
    if (who == ROLE_STEWARD) {
        put_acl(&t, "publishClientSend", DYNSEC_REQUEST);
        put_acl(&t, "publishClientReceive", DYNSEC_RESPONSE);
        put_acl(&t, "subscribeLiteral", DYNSEC_RESPONSE);
    }
    dynsec_put(&t, "]}]}");
    return dynsec_finish(&t);
}

/* The role's name; NULL with errno EINVAL: no such account can be made. */
static const char *role_of_account(enum topic_role who, const char *account, const char *password)
{
    const char *role = dynsec_role_name(who);
    if (role && account_is_plain(account) && password_is_plain(password))
        return role;
    errno = EINVAL;
    return NULL;
}

int dynsec_account(enum topic_role who, const char *account, const char *password, char *out,
                   size_t size)
{
    struct text t = {.out = out, .size = size};
    const char *role = role_of_account(who, account, password);

    if (!role)
        return -1;
    dynsec_put(
        &t,
        "{\"commands\":[{\"command\":\"createClient\",\"username\":\"%s\",\"password\":\"%s\","
        "\"clientid\":\"%s\",\"roles\":[{\"rolename\":\"%s-%s\"}",
        account, password, account, role, account);
    if (who == ROLE_KIOSK)
        dynsec_put(&t, ",{\"rolename\":\"steward-%s\"}", account);
    dynsec_put(&t, "]}]}");
    return dynsec_finish(&t);
}

int dynsec_promote(enum topic_role who, const char *account, const char *password, char *out,
                   size_t size)
{
    struct text t = {.out = out, .size = size};
    const char *role = role_of_account(who, account, password);

    if (!role)
        return -1;
    dynsec_put(
        &t,
        "{\"commands\":[{\"command\":\"modifyClient\",\"username\":\"%s\",\"password\":\"%s\","
        "\"roles\":[{\"rolename\":\"%s-%s\"}]},"
        "{\"command\":\"deleteRole\",\"rolename\":\"newcomer-%s\"}]}",
        account, password, role, account, account);
    return dynsec_finish(&t);
}

int dynsec_password(const char *account, const char *password, char *out, size_t size)
{
    struct text t = {.out = out, .size = size};

    if (!account_is_plain(account) || !password_is_plain(password)) {
        errno = EINVAL;
        return -1;
    }
    dynsec_put(
        &t,
        "{\"commands\":[{\"command\":\"modifyClient\",\"username\":\"%s\",\"password\":\"%s\"}]}",
        account, password);
    return dynsec_finish(&t);
}

int dynsec_remove(enum topic_role who, const char *account, char *out, size_t size)
{
    struct text t = {.out = out, .size = size};
    const char *role = dynsec_role_name(who);

    if (!role || !account_is_plain(account)) {
        errno = EINVAL;
        return -1;
    }
    dynsec_put(&t,
               "{\"commands\":[{\"command\":\"deleteClient\",\"username\":\"%s\"},"
               "{\"command\":\"deleteRole\",\"rolename\":\"%s-%s\"}]}",
               account, role, account);
    return dynsec_finish(&t);
}
