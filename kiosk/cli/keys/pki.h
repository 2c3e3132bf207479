#ifndef PORCHLIGHT_CLI_KEYS_PKI_H
#define PORCHLIGHT_CLI_KEYS_PKI_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* The venue's own certificate authority, for its brokers and its page: EC keys on P-256, X.509 by
 * OpenSSL. Nothing of it appears in public logs. */

enum {
    PKI_TEXT_MAX = 8192,
    PKI_NAMES_MAX = 8,
    PKI_NAME_MAX = 128,
    PKI_CA_DAYS = 7300,    /* as long as a venue's phones may rely on it */
    PKI_SERVER_DAYS = 365, /* below what phones take for a server's (825) */
    PKI_RENEW_DAYS = 180,  /* fewer left than this: renewed */
};

/* PEM of a certificate and of its key. Holds a secret: sodium_memzero it. */
struct pki_pair {
    char certificate[PKI_TEXT_MAX];
    char key[PKI_TEXT_MAX];
};

/* A new authority, valid from a day before `now`. 0, or -1 (no memory). */
int pki_authority(struct pki_pair *out, time_t now);

/* A server's pair for these host names and addresses (at least one), signed by `ca`. 0, or -1 when
 * `ca` is none, or a name is not one. */
int pki_server(const struct pki_pair *ca, char names[][PKI_NAME_MAX], size_t count, time_t now,
               struct pki_pair *out);

/* Whole days for which the first certificate in `pem` is still valid, rounded down: -1 on the day
 * after its end. 0, or -1 if there is none. */
int pki_days_left(const char *pem, time_t now, long *days);

/* Whether the server's certificate in `pem` comes from the authority's in `ca`, at any time. */
bool pki_is_signed_by(const char *pem, const char *ca);

/* The names in the first certificate of `pem`. Their number, or -1. */
int pki_names(const char *pem, char names[PKI_NAMES_MAX][PKI_NAME_MAX]);

#endif
