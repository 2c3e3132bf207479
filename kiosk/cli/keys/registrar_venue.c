#include "kiosk/cli/keys/registrar_venue.h"

#include <sodium.h>
#include <stdio.h>

size_t registrar_venue_begin(char out[REGISTRAR_VENUE_MAX], const char *venue,
                             const uint8_t root[ENVELOPE_PUBLIC])
{
    char hex[2 * ENVELOPE_PUBLIC + 1];
    sodium_bin2hex(hex, sizeof hex, root, ENVELOPE_PUBLIC);
    return (size_t)snprintf(out, REGISTRAR_VENUE_MAX,
                            "# A venue of Porchlight, for porchlight-registrar --add.\n"
                            "[venue]\nid = %s\nroot = %s\n",
                            venue, hex);
}

size_t registrar_venue_account(char out[REGISTRAR_VENUE_MAX], size_t len, const char *role,
                               const char *account, const char *kiosk, const char *password)
{
    return len + (size_t)snprintf(out + len, REGISTRAR_VENUE_MAX - len,
                                  "\n[account %s]\nrole = %s\nkiosk = %s\npassword = %s\n", account,
                                  role, kiosk, password);
}
