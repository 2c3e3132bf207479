#include "config/ca_pin.h"

#include "kiosk/common/file.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 1 << 20, DER_MOST = 8192 };

static const char begin_line[] = "-----BEGIN CERTIFICATE-----",
                  end_line[] = "-----END CERTIFICATE-----";

int ca_pin_of(const char *pem, uint8_t pin[CA_PIN], const char **end)
{
    uint8_t der[DER_MOST];
    size_t len;
    const char *from = strstr(pem, begin_line), *to = from ? strstr(from, end_line) : NULL;
    if (!to)
        return -1;
    from += sizeof begin_line - 1;
    if (sodium_base642bin(der, sizeof der, from, (size_t)(to - from), " \t\r\n", &len, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        len == 0)
        return -1;
    crypto_hash_sha256(pin, der, len);
    *end = to + sizeof end_line - 1;
    return 0;
}

int ca_pin_of_file(const char *path, uint8_t pin[CA_PIN])
{
    uint8_t other[CA_PIN];
    size_t len;
    const char *rest;
    char *pem = file_read(path, FILE_MOST, &len);
    if (!pem)
        return -1;
    int rc = ca_pin_of(pem, pin, &rest);
    if (rc != 0)
        errno = EBADMSG;
    else if (strstr(rest, begin_line) && ca_pin_of(rest, other, &rest) == 0) {
        errno = EINVAL;
        rc = -1;
    }
    int saved = errno;
    free(pem);
    errno = saved;
    return rc;
}
