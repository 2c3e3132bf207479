#include "kiosk/mqtt/dial.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

const char *mqtt_fault_name(enum mqtt_fault f)
{
    static const char *const names[] = {
        [MQTT_FAULT_FINE] = "fine",     [MQTT_FAULT_DNS] = "dns",
        [MQTT_FAULT_ROUTE] = "route",   [MQTT_FAULT_PORTAL] = "portal",
        [MQTT_FAULT_TLS] = "tls",       [MQTT_FAULT_CREDENTIALS] = "credentials",
        [MQTT_FAULT_BROKER] = "broker", [MQTT_FAULT_BEAT] = "beat"};
    return names[f];
}

static int timeout_ms(int64_t timeout)
{
    return (int)(timeout / 1000000);
}

/* A connected, non-blocking socket, or -1. */
static int dial_dial(const struct sockaddr *to, socklen_t len, int64_t timeout)
{
    int fd = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (connect(fd, to, len) == 0)
        return fd;
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    if (errno == EINPROGRESS && poll(&p, 1, timeout_ms(timeout)) == 1 &&
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0)
        return fd;
    close(fd);
    return -1;
}

enum mqtt_fault probe_address(const char *host, int port, int64_t timeout,
                              char address[PROBE_ADDRESS_MAX])
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found;
    char service[8];
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return MQTT_FAULT_DNS;
    enum mqtt_fault fault = MQTT_FAULT_ROUTE;
    for (const struct addrinfo *a = found; a && fault != MQTT_FAULT_FINE; a = a->ai_next) {
        int fd = dial_dial(a->ai_addr, a->ai_addrlen, timeout);
        if (fd < 0)
            continue;
        close(fd);
        if (getnameinfo(a->ai_addr, a->ai_addrlen, address, PROBE_ADDRESS_MAX, NULL, 0,
                        NI_NUMERICHOST) == 0)
            fault = MQTT_FAULT_FINE;
    }
    freeaddrinfo(found);
    return fault;
}

/* libmosquitto sets the dialled address as SNI; the broker's name belongs there. */
static void name_server(const SSL *ssl, int where, int ret)
{
    (void)ret;
    if ((where & SSL_CB_HANDSHAKE_START) == 0)
        return;
    const char *host = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (host)
        SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, host);
}

SSL_CTX *tls_context_new(const char *ca, const char *host, bool check_time, const char **why)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls) {
        *why = "OpenSSL gives no context";
        return NULL;
    }
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(tls);
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    if (SSL_CTX_load_verify_locations(tls, ca, NULL) != 1) {
        *why = "cannot be read as PEM certificates";
        SSL_CTX_free(tls);
        return NULL;
    }
    struct in6_addr ip;
    bool numeric = inet_pton(AF_INET, host, &ip) == 1 || inet_pton(AF_INET6, host, &ip) == 1;
    if ((numeric ? X509_VERIFY_PARAM_set1_ip_asc(param, host)
                 : X509_VERIFY_PARAM_set1_host(param, host, 0)) != 1) {
        *why = "goes with a host that is no name and no address";
        SSL_CTX_free(tls);
        return NULL;
    }
    if (!check_time)
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
    if (!numeric) {
        SSL_CTX_set_app_data(tls, (void *)(uintptr_t)host);
        SSL_CTX_set_info_callback(tls, name_server);
    }
    return tls;
}

/* Shakes hands on a non-blocking socket; waits `timeout` for each answer. */
static enum mqtt_fault shake(SSL *ssl, int fd, int64_t timeout)
{
    for (;;) {
        ERR_clear_error();
        int rc = SSL_connect(ssl);
        int error = SSL_get_error(ssl, rc);
        if (rc == 1)
            return MQTT_FAULT_FINE;
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return SSL_get_verify_result(ssl) != X509_V_OK ? MQTT_FAULT_TLS : MQTT_FAULT_PORTAL;
        struct pollfd p = {.fd = fd, .events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};
        if (poll(&p, 1, timeout_ms(timeout)) != 1)
            return MQTT_FAULT_PORTAL;
    }
}

enum mqtt_fault probe_tls(SSL_CTX *tls, const char *address, int port, int64_t timeout)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST}, *found;
    char service[8];
    snprintf(service, sizeof service, "%d", port);
    if (getaddrinfo(address, service, &hints, &found) != 0)
        return MQTT_FAULT_ROUTE;
    enum mqtt_fault fault = MQTT_FAULT_ROUTE;
    int fd = dial_dial(found->ai_addr, found->ai_addrlen, timeout);
    SSL *ssl = fd >= 0 ? SSL_new(tls) : NULL;
    if (ssl && SSL_set_fd(ssl, fd) == 1)
        fault = shake(ssl, fd, timeout);
    SSL_free(ssl);
    if (fd >= 0)
        close(fd);
    freeaddrinfo(found);
    return fault;
}
