#include "kiosk/cli/members/accounts.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/common/log.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Two ways to the broker outside: the section that every set-up makes, bound to one interface, and
 * one more for the same broker by the other, with an account of its own. */

#define SECOND   SETUP_SECOND_WAY
#define ACCOUNTS "way" /* what account and password of each are derived with */

/* Those of hardware: bridges and tunnels lead out by one of them. */
bool setup_has_two_interfaces(const struct setup *s)
{
    char folder[PATH_LEN], device[PATH_LEN + 300];
    const struct dirent *e;
    int count = 0;
    DIR *d = path_under(s->prefix, "/sys/class/net", folder) == 0 ? opendir(folder) : NULL;
    while (d && (e = readdir(d))) {
        snprintf(device, sizeof device, "%s/%s/device", folder, e->d_name);
        count += e->d_name[0] != '.' && access(device, F_OK) == 0;
    }
    if (d)
        closedir(d);
    return count > 1;
}

static bool has_two_ways(const struct setup *s)
{
    return !answer_is(&s->now, ANSWER_WAYS, "one");
}

static void ways_split(const struct setup *s, char first[ANSWER_MAX], char second[ANSWER_MAX])
{
    const char *all = s->now.value[ANSWER_WAYS];
    size_t len = strcspn(all, ", ");
    snprintf(first, ANSWER_MAX, "%.*s", (int)len, all);
    snprintf(second, ANSWER_MAX, "%s", all + len + strspn(all + len, ", "));
}

int setup_ways_accounts(const struct setup *s, cJSON *all)
{
    char kiosk[KEYSET_ID_TEXT], account[KEYSET_ID_TEXT], password[KEYSET_PASSWORD];
    int result = 0;
    for (int i = 1; i <= SETUP_KIOSKS && has_two_ways(s) && result == 0; i++) {
        keyset_id(s->keys, "kiosk", i, kiosk);
        keyset_id(s->keys, ACCOUNTS, i, account);
        keyset_password(s->keys, ACCOUNTS, i, password);
        if (!accounts_have(all, account))
            result = accounts_put(all, ROLE_KIOSK, s->venue, kiosk, account, password);
    }
    sodium_memzero(password, sizeof password);
    if (result < 0)
        log_error("Nothing was changed: accounts for the second way could not be made (%s).",
                  strerror(errno));
    return result;
}

static int second_password(struct setup *s, int kiosk)
{
    char line[KEYSET_PASSWORD + 1];
    keyset_password(s->keys, ACCOUNTS, kiosk, line);
    line[KEYSET_PASSWORD - 1] = '\n';
    int result =
        etc_transaction_put(s->stage, "credentials/broker-" SECOND, line, KEYSET_PASSWORD, 0600);
    sodium_memzero(line, sizeof line);
    return result;
}

int setup_ways(struct setup *s, const char *host, int port)
{
    char first[ANSWER_MAX], second[ANSWER_MAX], account[KEYSET_ID_TEXT];
    int kiosk = answer_number(&s->now, ANSWER_KIOSK);
    if (!has_two_ways(s))
        return 0;
    ways_split(s, first, second);
    keyset_id(s->keys, ACCOUNTS, kiosk, account);
    return second_password(s, kiosk) < 0 ||
                   conf_set(s->conf, "broker outside", "interface", first) < 0 ||
                   setup_section(s, SECOND, host, port, "broker-ca.pem", account, NULL, true) < 0 ||
                   conf_set(s->conf, "broker " SECOND, "interface", second) < 0
               ? -1
               : 0;
}
