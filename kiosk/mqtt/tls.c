#include "kiosk/mqtt/tls.h"

#include "kiosk/common/utf8.h"
#include "kiosk/mqtt/dial.h"
#include "kiosk/mqtt/host.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <unistd.h>

/* libmosquitto sends the dialled address as SNI; the broker's name belongs there. */
static void name_server(const SSL *ssl, int where, int ret)
{
    (void)ret;
    if ((where & SSL_CB_HANDSHAKE_START) == 0)
        return;
    const char *host = X509_VERIFY_PARAM_get0_host(SSL_CTX_get0_param(SSL_get_SSL_CTX(ssl)), 0);
    if (host)
        SSL_set_tlsext_host_name((SSL *)(uintptr_t)ssl, host);
}

FILE *mqtt_tls_open_pem(const char *path)
{
    char start[3];
    FILE *f = fopen(path, "re");
    if (f && utf8_mark(start, fread(start, 1, sizeof start, f)) == 0)
        rewind(f);
    return f;
}

static int trust_all_of(SSL_CTX *tls, const char *path)
{
    int found = 0;
    X509 *one;
    FILE *f = mqtt_tls_open_pem(path);
    while (f && (one = PEM_read_X509_AUX(f, NULL, NULL, NULL))) {
        found += X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), one);
        X509_free(one);
    }
    if (f)
        fclose(f);
    ERR_clear_error(); /* the end of the file is one */
    return found;
}

SSL_CTX *mqtt_tls_new(const char *ca, const char *host, bool check_time, const char **why)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    if (!tls) {
        *why = "OpenSSL gives no context";
        return NULL;
    }
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(tls);
    SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN);
    if (trust_all_of(tls, ca) == 0) {
        *why = "cannot be read as PEM certificates";
        SSL_CTX_free(tls);
        return NULL;
    }
    struct mqtt_host h;
    const char *unused;
    if (!mqtt_host_read(host, &h, &unused) ||
        (h.numeric ? X509_VERIFY_PARAM_set1_ip_asc(param, h.certified)
                   : X509_VERIFY_PARAM_set1_host(param, h.certified, 0)) != 1) {
        *why = "is used with a host that is neither a name nor an address";
        SSL_CTX_free(tls);
        return NULL;
    }
    if (!check_time)
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_NO_CHECK_TIME);
    if (!h.numeric)
        SSL_CTX_set_info_callback(tls, name_server);
    return tls;
}

enum mqtt_fault mqtt_tls_shake(SSL *ssl, int fd, int64_t timeout)
{
    if (SSL_set_fd(ssl, fd) != 1)
        return MQTT_FAULT_ROUTE;
    for (;;) {
        ERR_clear_error();
        int rc = SSL_connect(ssl);
        int error = SSL_get_error(ssl, rc);
        if (rc == 1)
            return MQTT_FAULT_FINE;
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return SSL_get_verify_result(ssl) != X509_V_OK ? MQTT_FAULT_TLS : MQTT_FAULT_PORTAL;
        struct pollfd p = {.fd = fd, .events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};
        if (poll(&p, 1, (int)(timeout / 1000000)) != 1)
            return MQTT_FAULT_PORTAL;
    }
}

enum mqtt_fault mqtt_tls_probe(SSL_CTX *tls, const char *address, int port, const char *interface,
                               int64_t timeout, const char **why)
{
    struct mqtt_dialled d;
    int fd = mqtt_dial(address, port, interface, timeout, &d);
    *why = "";
    if (fd < 0)
        return MQTT_FAULT_ROUTE;
    SSL *ssl = SSL_new(tls);
    enum mqtt_fault fault = ssl ? mqtt_tls_shake(ssl, fd, timeout) : MQTT_FAULT_ROUTE;
    if (fault == MQTT_FAULT_TLS)
        *why = X509_verify_cert_error_string(SSL_get_verify_result(ssl));
    SSL_free(ssl);
    close(fd);
    return fault;
}
