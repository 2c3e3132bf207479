#include "kiosk/mqtt/host.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* idn2.h: int idn2_to_ascii_8z(const char *input, char **output, int flags). Loaded only for a name
 * that needs it, since it brings 2 MB of Unicode tables; libc does the same. */
typedef int to_ascii_fn(const char *input, char **output, int flags);
enum { IDN2_NFC_INPUT = 1, IDN2_NONTRANSITIONAL = 8 };

static bool host_is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text >= 0x80)
            return false;
    return true;
}

static bool host_to_ascii(const char *text, char out[MQTT_HOST_MAX], const char **why)
{
    char *made = NULL;
    void *library = dlopen("libidn2.so.0", RTLD_NOW | RTLD_LOCAL);
    to_ascii_fn *to_ascii =
        library ? (to_ascii_fn *)(uintptr_t)dlsym(library, "idn2_to_ascii_8z") : NULL;
    *why = to_ascii ? "this is no name that DNS can have"
                    : "names beyond ASCII need the package libidn2-0; or write it as xn--...";
    /* A letter that is not seen, as a soft hyphen, becomes nothing at all. */
    bool ok = to_ascii && to_ascii(text, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == 0 &&
              made[0] != '\0' && strlen(made) < MQTT_HOST_MAX;
    if (ok)
        strcpy(out, made);
    free(made);
    if (library)
        dlclose(library);
    return ok;
}

/* A zone means something for a link-local address alone. */
static bool host_is_address(const char *text, bool *zoned)
{
    struct in6_addr ip;
    if (inet_pton(AF_INET6, text, &ip) != 1)
        return inet_pton(AF_INET, text, &ip) == 1;
    *zoned = IN6_IS_ADDR_LINKLOCAL(&ip);
    return true;
}

/* A name may end with the root's dot, which no certificate has. */
static void host_end_dot(char *name)
{
    size_t len = strlen(name);
    if (len > 1 && name[len - 1] == '.')
        name[len - 1] = '\0';
}

static bool host_is_local(const char *name)
{
    static const char local[] = ".local";
    size_t len = strlen(name), end = strlen(local);
    return strcasecmp(name, "localhost") == 0 ||
           (len > end && strcasecmp(name + len - end, local) == 0);
}

bool mqtt_host_read(const char *text, struct mqtt_host *h, const char **why)
{
    bool bracketed = text[0] == '[';
    size_t len = strlen(text);
    *h = (struct mqtt_host){0};
    *why = "an address in brackets has them at both ends";
    if (bracketed != (len > 0 && text[len - 1] == ']'))
        return false;
    *why = "it is empty or too long";
    if (len - 2 * bracketed == 0 || len >= MQTT_HOST_MAX)
        return false;
    snprintf(h->dialled, sizeof h->dialled, "%.*s", (int)(len - 2 * bracketed), text + bracketed);
    if (!host_is_ascii(h->dialled) && !host_to_ascii(text, h->dialled, why))
        return false;
    memcpy(h->certified, h->dialled, sizeof h->certified);
    h->certified[strcspn(h->certified, "%")] = '\0';
    bool zoned = false;
    h->numeric = host_is_address(h->certified, &zoned);
    *why = "only an address can be in brackets or have a zone";
    if (!h->numeric && (bracketed || strchr(h->dialled, '%')))
        return false;
    if (h->numeric && !zoned)
        memcpy(h->dialled, h->certified, sizeof h->dialled);
    if (!h->numeric) {
        host_end_dot(h->certified);
        h->local = host_is_local(h->certified);
    }
    return true;
}
