#ifndef PORCHLIGHT_CLI_DOCTOR_TLS_H
#define PORCHLIGHT_CLI_DOCTOR_TLS_H

#include <stdbool.h>

/* Authorities that browsers trust, as Debian installs them. */
#define DOCTOR_TLS_PUBLIC "/etc/ssl/certs/ca-certificates.crt"

/* Whether a broker can be reached as porchlightd would: name, address, TLS with the pinned CA. It
 * does not log in, and sends nothing beyond the handshake. */
struct doctor_tls {
    char said[256];                 /* what was found, without a period at its end */
    const char *fix;                /* as doctor_say takes it */
    bool dates;                     /* only the certificate's dates are wrong, or this clock */
    bool has_expiry, ca_has_expiry; /* the certificate, and the pinned CA's, could be read */
    long days, ca_days;             /* until they end; below zero: since then */
};

/* `interface`: the only one to go by; "": any. `ca`: a PEM file, or NULL for a broker without TLS.
 * Each address may take 4 s. 0, or -1 where it cannot be used as it is. */
int doctor_tls_look(const char *host, int port, const char *interface, const char *ca,
                    struct doctor_tls *t);

#endif
