#ifndef PORCHLIGHT_CLI_DOCTOR_TLS_H
#define PORCHLIGHT_CLI_DOCTOR_TLS_H

#include <stdbool.h>

/* One look at a broker's door, as porchlightd sees it: name, address, TLS by the pinned CA. It logs
 * in nowhere, and sends nothing beyond the handshake. */
struct doctor_tls {
    char said[256]; /* what was found, one clause */
    const char *mend;
    bool has_expiry, ca_has_expiry; /* the certificate, and the pinned CA's, could be read */
    long days, ca_days;             /* until they end; below zero: since then */
};

/* `ca`: a PEM file, or NULL for a broker without TLS. Each address may take 4 s. 0, or -1 where it
 * cannot be used as it is. */
int doctor_tls_look(const char *host, int port, const char *ca, struct doctor_tls *t);

#endif
