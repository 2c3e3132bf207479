#include "kiosk/alertd/passwords.h"

#include "config/secret.h"

#include <sodium.h>
#include <string.h>

void passwords_read(const char *prefix, const struct config *c, char *passwords[CONFIG_BROKERS_MAX],
                    config_complain *complain, void *context)
{
    for (size_t i = 0; i < c->brokers_count; i++) {
        if (c->brokers[i].password[0] == '\0')
            continue;
        passwords[i] = sodium_malloc(SECRET_FILE_MAX);
        if (!passwords[i]) {
            complain(context, "no locked memory for a broker's password; raise LimitMEMLOCK");
        } else if (secret_read_line(prefix, c->brokers[i].password, passwords[i], SECRET_FILE_MAX,
                                    complain, context) != 0) {
            sodium_free(passwords[i]);
            passwords[i] = NULL;
        }
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
