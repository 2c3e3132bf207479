#ifndef PORCHLIGHT_MQTT_TLS_H
#define PORCHLIGHT_MQTT_TLS_H

#include "kiosk/mqtt/fault.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* TLS to a broker whose CA is pinned. */

/* Once, before anything else of OpenSSL: keeps the texts of libcrypto's errors, which nobody reads,
 * out of memory (45 kB). */
void mqtt_tls_library_init(void);

/* A context that trusts `ca` alone, and wants `host` (in any spelling, host.h) in the certificate;
 * sends host as SNI whatever address is dialled. `ca` is a PEM file of one certificate or more: a
 * root, an intermediate, or the server's own, each of which is an anchor. Dates are checked only if
 * check_time: an alarm must not fall silent because a clock is wrong, or a renewal was late, so
 * only doctor looks at them. The caller frees it (SSL_CTX_free) after its last connection. NULL,
 * and in *why what is wrong with the CA or the host, a clause in static storage. */
SSL_CTX *mqtt_tls_new(const char *ca, const char *host, bool check_time, const char **why);

/* Opens a PEM file behind the byte order mark that some editors write. NULL with errno. */
FILE *mqtt_tls_open_pem(const char *path);

/* The next certificate in a PEM file, behind whatever is none or is damaged; NULL: no more. The
 * caller frees it. */
X509 *mqtt_tls_next_pem(FILE *f);

/* Shakes hands on a connected, non-blocking socket; waits `timeout` ns for each answer, four times
 * that in all. From then on the process ignores SIGPIPE. MQTT_FAULT_FINE; MQTT_FAULT_TLS: the
 * certificate is not the right one (SSL_get_verify_result), or it refuses TLS as we speak it;
 * MQTT_FAULT_PORTAL: what answers speaks no TLS; MQTT_FAULT_ROUTE: nothing answers. *why (static
 * storage) says more, or "". */
enum mqtt_fault mqtt_tls_shake(SSL *ssl, int fd, int64_t timeout, const char **why);

/* After a handshake with a server that asked for a certificate: whether it takes us without one.
 * Waits up to a second for its refusal, else returns at once. MQTT_FAULT_FINE, or MQTT_FAULT_TLS
 * with *why. */
enum mqtt_fault mqtt_tls_linger(SSL *ssl, int fd, const char **why);

/* Dials `address`, by `interface` alone unless that is "", and shakes hands once, to learn why a
 * connection failed: what mqtt_tls_shake and mqtt_tls_linger say. Blocks for up to `timeout` ns a
 * step. */
enum mqtt_fault mqtt_tls_probe(SSL_CTX *tls, const char *address, int port, const char *interface,
                               int64_t timeout, const char **why);

#endif
