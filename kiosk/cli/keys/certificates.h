#ifndef PORCHLIGHT_CLI_KEYS_CERTIFICATES_H
#define PORCHLIGHT_CLI_KEYS_CERTIFICATES_H

#include "kiosk/cli/cli.h"
#include "kiosk/cli/keys/pki.h"

#include <stdbool.h>

/* Brokers' certificates: key, certificate and the authority's certificate in one PEM file, so that
 * one rename changes all. A server shows the authority's too, for a machine that knows only its
 * pin, from paper (pinned_ca.h). */

/* A new one, in locked memory, which you sodium_free. NULL: see pki_server. */
char *certificate_make(const struct pki_pair *ca, char names[][PKI_NAME_MAX], size_t count);

/* Whether that authority signed it, it names that host, and more than PKI_RENEW_DAYS are left. */
bool certificate_is_good(const struct pki_pair *ca, const char *pem, const char *host);

/* porchlight keys renew: makes new certificates, for the same names, where PKI_RENEW_DAYS or less
 * are left. With `due`, only says by its exit code whether there are any: CLI_OK, or CLI_FAILED. An
 * enum cli_exit. */
int certificates_renew(const struct cli *cli, bool due);

#endif
