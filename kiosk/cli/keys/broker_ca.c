#include "kiosk/cli/keys/broker_ca.h"

#include "kiosk/common/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool exists_under(const char *prefix, const char *path, char out[PATH_LEN])
{
    return path_under(prefix, path, out) == 0 && access(out, F_OK) == 0;
}

void broker_ca_path(const char *prefix, const char *ca, char out[PATH_LEN])
{
    const char *own = strstr(ca, PATH_ETC "/");
    if (exists_under(prefix, ca, out) || exists_under("", ca, out) ||
        (prefix[0] && own && exists_under(prefix, own, out)))
        return;
    snprintf(out, PATH_LEN, "%s", ca);
}

int broker_ca_check(const char *where, const char *path)
{
    FILE *f = fopen(path, "re");
    bool holds = f && getc(f) != EOF;
    const char *why = holds             ? NULL
                      : f && !ferror(f) ? "the file is empty"
                      : errno == ENOENT ? "there is no such file"
                                        : strerror(errno);
    if (f)
        fclose(f);
    if (why)
        log_error("%s: %s: %s. Expected the PEM file of the broker's CA.", where, path, why);
    return why ? -1 : 0;
}

int broker_ca_find(const char *prefix, const struct config_broker *b, char out[PATH_LEN])
{
    char where[CONFIG_NAME_MAX + 16];
    snprintf(where, sizeof where, "[broker %s] ca", b->name);
    broker_ca_path(prefix, b->ca, out);
    return broker_ca_check(where, out);
}

int broker_ca_set(const char *prefix, struct config_broker *b)
{
    char found[PATH_LEN];
    if (broker_ca_find(prefix, b, found) < 0)
        return -1;
    if ((size_t)snprintf(b->ca, sizeof b->ca, "%s", found) < sizeof b->ca)
        return 0;
    log_error("[broker %s] ca: the path %s is too long; expected at most %zu characters", b->name,
              found, sizeof b->ca - 1);
    return -1;
}
