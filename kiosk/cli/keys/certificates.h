#ifndef PORCHLIGHT_CLI_KEYS_CERTIFICATES_H
#define PORCHLIGHT_CLI_KEYS_CERTIFICATES_H

#include "kiosk/cli/cli.h"
#include "kiosk/cli/keys/pki.h"

#include <stdbool.h>

/* Brokers' certificates: key and certificate in one PEM file, so that one rename changes both. */

/* Its text in locked memory, the caller's to sodium_free; NULL: see pki_server. */
char *certificate_make(const struct pki_pair *ca, char names[][PKI_NAME_MAX], size_t count);

/* It comes from that authority, names that host, and has more than PKI_RENEW_DAYS left. */
bool certificate_is_good(const struct pki_pair *ca, const char *pem, const char *host);

/* porchlight keys renew: what has PKI_RENEW_DAYS or less left is made anew for the same names.
 * `due`: only whether there is any (CLI_OK), or none (CLI_FAILED). An enum cli_exit. */
int certificates_renew(const struct cli *cli, bool due);

#endif
