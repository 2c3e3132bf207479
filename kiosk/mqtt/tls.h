#ifndef PORCHLIGHT_MQTT_TLS_H
#define PORCHLIGHT_MQTT_TLS_H

#include "kiosk/mqtt/fault.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/* TLS to a broker whose CA is pinned. */

/* A context that trusts `ca` alone (a PEM file) and wants `host` (in any spelling, host.h) in the
 * certificate; sends host as SNI whatever address is dialled. Dates are checked while check_time.
 * The caller frees it (SSL_CTX_free) after its last connection. NULL, and in *why what is wrong
 * with the CA or the host, a clause in static storage. */
SSL_CTX *mqtt_tls_new(const char *ca, const char *host, bool check_time, const char **why);

/* Shakes hands on a connected, non-blocking socket; waits `timeout` ns for each answer.
 * MQTT_FAULT_FINE; MQTT_FAULT_TLS: the certificate is not the right one (SSL_get_verify_result);
 * MQTT_FAULT_PORTAL: what answers speaks no TLS. */
enum mqtt_fault mqtt_tls_shake(SSL *ssl, int fd, int64_t timeout);

/* Dials `address` and shakes hands once, to learn why a connection failed; *why (static storage)
 * says what is wrong with the certificate, or "". Blocks for up to `timeout` ns a step. */
enum mqtt_fault mqtt_tls_probe(SSL_CTX *tls, const char *address, int port, int64_t timeout,
                               const char **why);

#endif
