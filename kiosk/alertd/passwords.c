#include "kiosk/alertd/passwords.h"

#include "config/secret.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static void passwords_complain(void *context, const char *sentence)
{
    (void)context;
    log_error("%s", sentence);
}

int passwords_read(const char *prefix, const struct config *c, char *passwords[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < c->brokers_count; i++) {
        if (c->brokers[i].password[0] == '\0')
            continue;
        passwords[i] = sodium_malloc(SECRET_FILE_MAX);
        if (!passwords[i]) {
            log_error("no locked memory for the brokers' passwords (%s); raise LimitMEMLOCK",
                      strerror(errno));
            return -1;
        }
        if (secret_read_line(prefix, c->brokers[i].password, passwords[i], SECRET_FILE_MAX,
                             passwords_complain, NULL) != 0)
            return -1;
    }
    return 0;
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
