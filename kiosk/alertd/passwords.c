#include "kiosk/alertd/passwords.h"

#include "config/secret.h"

#include <sodium.h>
#include <string.h>

char *passwords_read_one(const char *prefix, const char *name, config_complain *complain,
                         void *context)
{
    char *password = sodium_malloc(SECRET_FILE_MAX);
    if (!password)
        complain(context, "no locked memory for a broker's password; raise LimitMEMLOCK");
    else if (secret_read_line(prefix, name, password, SECRET_FILE_MAX, complain, context) == 0)
        return password;
    sodium_free(password);
    return NULL;
}

void passwords_read(const char *prefix, const struct config *c, char *passwords[CONFIG_BROKERS_MAX],
                    config_complain *complain, void *context)
{
    for (size_t i = 0; i < c->brokers_count; i++) {
        if (c->brokers[i].password[0] != '\0')
            passwords[i] = passwords_read_one(prefix, c->brokers[i].password, complain, context);
    }
}

void passwords_free(char *passwords[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++) {
        sodium_free(passwords[i]);
        passwords[i] = NULL;
    }
}

bool passwords_equal(char *const a[CONFIG_BROKERS_MAX], char *const b[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++)
        if ((!a[i]) != (!b[i]) || (a[i] && strcmp(a[i], b[i]) != 0))
            return false;
    return true;
}
