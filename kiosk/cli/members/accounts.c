#include "kiosk/cli/members/accounts.h"

#include "kiosk/common/dynsec.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* What the plugin itself uses, from 2.0 on: PBKDF2 over SHA-512. Passwords have 192 random bits, so
 * more iterations would add nothing. */
enum { HASH = 64, SALT = 12, ITERATIONS = 101, BASE64_MAX = 96 };

#define STEWARD "steward-" /* the role with which kiosks of 0.1.0 administered their broker */

cJSON *accounts_new(void)
{
    cJSON *all = cJSON_CreateObject();
    cJSON *access = cJSON_AddObjectToObject(all, "defaultACLAccess");
    cJSON_AddBoolToObject(access, "publishClientSend", 0);
    cJSON_AddBoolToObject(access, "publishClientReceive", 0);
    cJSON_AddBoolToObject(access, "subscribe", 0);
    cJSON_AddBoolToObject(access, "unsubscribe", 1);
    cJSON_AddArrayToObject(all, "clients");
    cJSON_AddArrayToObject(all, "groups");
    cJSON_AddArrayToObject(all, "roles");
    return all;
}

cJSON *accounts_read(const char *text)
{
    cJSON *all = cJSON_Parse(text);
    if (all && cJSON_IsArray(cJSON_GetObjectItem(all, "clients")) &&
        cJSON_IsArray(cJSON_GetObjectItem(all, "roles")))
        return all;
    cJSON_Delete(all);
    return NULL;
}

/* The index in `list` of the item whose `key` is `name`; -1: there is none. */
static int accounts_find(const cJSON *list, const char *key, const char *name)
{
    int i = 0;
    const cJSON *one;
    cJSON_ArrayForEach(one, list)
    {
        const cJSON *value = cJSON_GetObjectItem(one, key);
        if (cJSON_IsString(value) && strcmp(value->valuestring, name) == 0)
            return i;
        i++;
    }
    return -1;
}

static void accounts_replace(cJSON *list, const char *key, cJSON *item)
{
    int at = accounts_find(list, key, cJSON_GetObjectItem(item, key)->valuestring);
    if (at >= 0)
        cJSON_ReplaceItemInArray(list, at, item);
    else
        cJSON_AddItemToArray(list, item);
}

static void add_acl(cJSON *acls, const char *type, const char *topic)
{
    cJSON *acl = cJSON_CreateObject();
    cJSON_AddStringToObject(acl, "acltype", type);
    cJSON_AddStringToObject(acl, "topic", topic);
    cJSON_AddBoolToObject(acl, "allow", 1);
    cJSON_AddItemToArray(acls, acl);
}

/* The role that a request to the running plugin would make, in the form in which it is stored. */
static int put_role(cJSON *all, cJSON *request)
{
    cJSON *role = cJSON_DetachItemFromArray(cJSON_GetObjectItem(request, "commands"), 0);
    cJSON_Delete(request);
    if (!role)
        return -1;
    cJSON_DeleteItemFromObject(role, "command");
    accounts_replace(cJSON_GetObjectItem(all, "roles"), "rolename", role);
    return 0;
}

static void add_base64(cJSON *o, const char *key, const uint8_t *bytes, size_t len)
{
    char text[BASE64_MAX];
    sodium_bin2base64(text, sizeof text, bytes, len, sodium_base64_VARIANT_ORIGINAL);
    cJSON_AddStringToObject(o, key, text);
}

static int put_client(cJSON *all, const char *account, const char *password,
                      const char *description, const char *const *roles, size_t count)
{
    uint8_t salt[SALT], hash[HASH];
    cJSON *client = cJSON_CreateObject();
    randombytes_buf(salt, sizeof salt);
    if (PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, sizeof salt, ITERATIONS,
                          EVP_sha512(), sizeof hash, hash) != 1) {
        cJSON_Delete(client);
        return -1;
    }
    cJSON_AddStringToObject(client, "username", account);
    cJSON_AddStringToObject(client, "clientid", account);
    cJSON_AddStringToObject(client, "textdescription", description);
    add_base64(client, "password", hash, sizeof hash);
    add_base64(client, "salt", salt, sizeof salt);
    cJSON_AddNumberToObject(client, "iterations", ITERATIONS);
    cJSON *held = cJSON_AddArrayToObject(client, "roles");
    for (size_t i = 0; i < count; i++) {
        cJSON *one = cJSON_CreateObject();
        cJSON_AddStringToObject(one, "rolename", roles[i]);
        cJSON_AddItemToArray(held, one);
    }
    accounts_replace(cJSON_GetObjectItem(all, "clients"), "username", client);
    return 0;
}

int accounts_put(cJSON *all, enum topic_role who, const char *venue, const char *kiosk,
                 const char *account, const char *password)
{
    char role[64], description[DYNSEC_DESCRIPTION_MAX];
    const char *const roles[] = {role};
    if (put_role(all, dynsec_role(who, venue, kiosk, account)) < 0)
        return -1;
    snprintf(role, sizeof role, "%s-%s", dynsec_role_name(who), account);
    dynsec_description(venue, kiosk, description);
    return put_client(all, account, password, description, roles, 1);
}

bool accounts_have_role(const cJSON *all, enum topic_role who)
{
    const char *role = dynsec_role_name(who);
    const cJSON *client, *one;
    cJSON_ArrayForEach(client, cJSON_GetObjectItem(all, "clients"))
    {
        cJSON_ArrayForEach(one, cJSON_GetObjectItem(client, "roles"))
        {
            const cJSON *name = cJSON_GetObjectItem(one, "rolename");
            if (cJSON_IsString(name) && strncmp(name->valuestring, role, strlen(role)) == 0 &&
                name->valuestring[strlen(role)] == '-')
                return true;
        }
    }
    return false;
}

/* Removes the items of a list whose "rolename" begins with "steward-". */
static void drop_stewards(cJSON *list)
{
    for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--) {
        const cJSON *name = cJSON_GetObjectItem(cJSON_GetArrayItem(list, i), "rolename");
        if (cJSON_IsString(name) && strncmp(name->valuestring, STEWARD, strlen(STEWARD)) == 0)
            cJSON_DeleteItemFromArray(list, i);
    }
}

void accounts_take_stewards(cJSON *all, const char *venue)
{
    cJSON *client;
    cJSON_ArrayForEach(client, cJSON_GetObjectItem(all, "clients"))
    {
        char role[64], description[DYNSEC_DESCRIPTION_MAX];
        cJSON *roles = cJSON_GetObjectItem(client, "roles");
        const cJSON *name = cJSON_GetObjectItem(client, "username");
        drop_stewards(roles);
        if (!cJSON_IsString(name) || cJSON_HasObjectItem(client, "textdescription"))
            continue;
        snprintf(role, sizeof role, "%s-%s", dynsec_role_name(ROLE_KIOSK), name->valuestring);
        if (accounts_find(roles, "rolename", role) < 0)
            continue;
        dynsec_description(venue, name->valuestring, description);
        cJSON_AddStringToObject(client, "textdescription", description);
        put_role(all, dynsec_role(ROLE_KIOSK, venue, name->valuestring, name->valuestring));
    }
    drop_stewards(cJSON_GetObjectItem(all, "roles"));
}

int accounts_put_registrar(cJSON *all, const char *user, const char *password)
{
    static const char *const roles[] = {DYNSEC_REGISTRAR};
    return put_role(all, dynsec_registrar_role()) < 0
               ? -1
               : put_client(all, user, password, "", roles, 1);
}

/* Passes on what phones write to a kiosk, and nothing in the other direction. */
static int add_bridged(cJSON *acls, const char *venue, const char *kiosk)
{
    char name[TOPIC_NAME_MAX];
    for (enum topic t = 0; t < TOPIC_COUNT; t++) {
        if (!topic_table[t].per_account || !(topic_table[t].writes & TOPIC_PHONES))
            continue;
        if (topic_name(t, venue, kiosk, "+", name) < 0)
            return -1;
        add_acl(acls, "publishClientSend", name);
    }
    return 0;
}

int accounts_put_bridge(cJSON *all, const char *venue, char kiosks[][TOPIC_ID_LEN + 1],
                        size_t count, const char *account, const char *password)
{
    char rolename[64];
    const char *const roles[] = {rolename};
    cJSON *role = cJSON_CreateObject();
    int result = 0;
    snprintf(rolename, sizeof rolename, "bridge-%s", account);
    cJSON_AddStringToObject(role, "rolename", rolename);
    cJSON *acls = cJSON_AddArrayToObject(role, "acls");
    for (size_t i = 0; i < count && result == 0; i++)
        result = add_bridged(acls, venue, kiosks[i]);
    accounts_replace(cJSON_GetObjectItem(all, "roles"), "rolename", role);
    return result < 0 ? -1 : put_client(all, account, password, "", roles, 1);
}

bool accounts_have(const cJSON *all, const char *account)
{
    return accounts_find(cJSON_GetObjectItem(all, "clients"), "username", account) >= 0;
}
