#ifndef PORCHLIGHT_MQTT_DIAL_H
#define PORCHLIGHT_MQTT_DIAL_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/* What is wrong with the way to a broker, as `porchlight status` names it. */
enum mqtt_fault {
    MQTT_FAULT_FINE,
    MQTT_FAULT_DNS,    /* the name does not resolve */
    MQTT_FAULT_ROUTE,  /* no address answers */
    MQTT_FAULT_PORTAL, /* something answers that does not speak TLS: a captive portal, a wrong port
                        */
    MQTT_FAULT_TLS, /* its certificate is not of the pinned CA, not for this name, or out of date */
    MQTT_FAULT_CREDENTIALS, /* the broker refuses user or password */
    MQTT_FAULT_BROKER,      /* the broker refuses for another reason, or goes away */
    MQTT_FAULT_BEAT, /* it is connected, and the kiosk's own beat does not come back through it */
};

/* "fine", "dns", "route", "portal", "tls", "credentials", "broker", "beat". Static storage. */
const char *mqtt_fault_name(enum mqtt_fault f);

enum { PROBE_ADDRESS_MAX = 64 };

/* Resolves host and connects to each address in turn, `timeout` ns each, until one answers; that
 * one comes back as text. libmosquitto is then given the address alone: its own connect blocks for
 * over two minutes on a first address that swallows packets. Blocks (getaddrinfo above all). */
enum mqtt_fault probe_address(const char *host, int port, int64_t timeout,
                              char address[PROBE_ADDRESS_MAX]);

/* Why a TLS connection failed: shakes hands once on its own. Blocks up to timeout a step. */
enum mqtt_fault probe_tls(SSL_CTX *tls, const char *address, int port, int64_t timeout);

/* An SSL_CTX that trusts `ca` alone (a PEM file) and wants `host` in the certificate; sends host
 * as SNI whatever address is dialled. Dates are checked while check_time. The caller frees it
 * (SSL_CTX_free) after its last connection; `host` is kept by address and must live as long. NULL
 * and a reason in *why (static storage). */
SSL_CTX *tls_context_new(const char *ca, const char *host, bool check_time, const char **why);

#endif
