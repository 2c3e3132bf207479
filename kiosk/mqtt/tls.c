#include "kiosk/mqtt/tls.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/utf8.h"
#include "kiosk/mqtt/dial.h"
#include "kiosk/mqtt/host.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#define LINGER (1 * INT64_C(1000000000))
#define STEPS  4 /* a handshake has two, and the rest is for what comes in pieces */

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

X509 *mqtt_tls_next_pem(FILE *f)
{
    X509 *one;
    do {
        ERR_clear_error();
        one = PEM_read_X509_AUX(f, NULL, NULL, NULL);
    } while (!one && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE);
    ERR_clear_error();
    return one;
}

/* NULL, or what is wrong with the file. */
static const char *trust_all_of(SSL_CTX *tls, const char *path)
{
    int found = 0;
    FILE *f = mqtt_tls_open_pem(path);
    if (!f)
        return errno == ENOENT ? "does not exist" : "cannot be opened";
    for (X509 *one; (one = mqtt_tls_next_pem(f)); X509_free(one))
        found += X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), one);
    rewind(f);
    bool is_der = found == 0 && getc(f) == 0x30;
    fclose(f);
    return found > 0 ? NULL
           : is_der
               ? "is in DER form, not PEM (openssl x509 -inform DER -in FILE turns it into PEM)"
               : "cannot be read as PEM certificates";
}

void mqtt_tls_library_init(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL);
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
    if ((*why = trust_all_of(tls, ca))) {
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

/* --- the handshake -----------------------------------------------------------------------------
 */

/* Whether the server asks for a certificate: only then does it name its kinds of signature. */
static bool tls_is_asked(SSL *ssl)
{
    return SSL_get_sigalgs(ssl, -1, NULL, NULL, NULL, NULL, NULL) > 0;
}

/* A server that speaks no TLS sends neither an alert nor the first message of its handshake. */
static bool tls_is_spoken(const SSL *ssl, int reason)
{
    OSSL_HANDSHAKE_STATE at = SSL_get_state(ssl);
    return reason >= SSL_AD_REASON_OFFSET || (at != TLS_ST_BEFORE && at != TLS_ST_CW_CLNT_HELLO);
}

/* Why it refuses: `reason` is OpenSSL's own, or an alert's number above the offset. */
static const char *tls_refusal(SSL *ssl, unsigned long error)
{
    if (tls_is_asked(ssl))
        return "it wants a certificate of the kiosk itself (a client certificate), and Porchlight "
               "has none";
    switch (ERR_GET_REASON(error)) {
    case SSL_AD_REASON_OFFSET + SSL_AD_PROTOCOL_VERSION:
    case SSL_R_UNSUPPORTED_PROTOCOL:
        return "it speaks neither TLS 1.2 nor 1.3";
    case SSL_AD_REASON_OFFSET + SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_REASON_OFFSET + SSL_AD_INSUFFICIENT_SECURITY:
        return "it has no cipher that Porchlight accepts";
    case SSL_AD_REASON_OFFSET + SSL_AD_UNRECOGNIZED_NAME:
        return "it does not serve this host name";
    case 0:
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return "it hangs up in the middle of the handshake";
    default:
        return ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_reason_error_string(error)
                                                 : "the handshake fails";
    }
}

static enum mqtt_fault tls_judge(SSL *ssl, int error, const char **why)
{
    unsigned long told = ERR_peek_last_error();
    long verdict = SSL_get_verify_result(ssl);
    if (verdict != X509_V_OK) {
        *why = X509_verify_cert_error_string(verdict);
        return MQTT_FAULT_TLS;
    }
    if (tls_is_spoken(ssl, ERR_GET_REASON(told))) {
        *why = tls_refusal(ssl, told);
        return MQTT_FAULT_TLS;
    }
    if (error == SSL_ERROR_SYSCALL || ERR_GET_REASON(told) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        *why = "it hangs up where TLS begins";
    return MQTT_FAULT_PORTAL;
}

/* Whether it can go on, after SSL_connect or SSL_read returned with that error. */
static bool tls_wait(int fd, int error, int64_t timeout)
{
    struct pollfd p = {.fd = fd, .events = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};
    return poll(&p, 1, (int)(timeout / 1000000)) == 1;
}

enum mqtt_fault mqtt_tls_shake(SSL *ssl, int fd, int64_t timeout, const char **why)
{
    *why = "";
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to who has hung up */
    if (SSL_set_fd(ssl, fd) != 1)
        return MQTT_FAULT_ROUTE;
    for (int64_t end = clock_now() + STEPS * timeout;;) {
        ERR_clear_error();
        int rc = SSL_connect(ssl);
        int error = SSL_get_error(ssl, rc);
        if (rc == 1)
            return MQTT_FAULT_FINE;
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            return tls_judge(ssl, error, why);
        if (!tls_wait(fd, error, timeout) || clock_now() > end) {
            *why = tls_is_spoken(ssl, 0) ? "it is too slow"
                                         : "it takes the connection, and then says nothing";
            return MQTT_FAULT_ROUTE;
        }
    }
}

/* By TLS 1.3 a client is done before the server has looked at the certificate that it wants. */
enum mqtt_fault mqtt_tls_linger(SSL *ssl, int fd, const char **why)
{
    char byte;
    for (int error = SSL_ERROR_WANT_READ; tls_is_asked(ssl) && tls_wait(fd, error, LINGER);) {
        ERR_clear_error();
        int rc = SSL_read(ssl, &byte, 1);
        error = SSL_get_error(ssl, rc);
        if (rc <= 0 && error == SSL_ERROR_SSL)
            return tls_judge(ssl, error, why);
        if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
            break;
    }
    return MQTT_FAULT_FINE;
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
    enum mqtt_fault fault = ssl ? mqtt_tls_shake(ssl, fd, timeout, why) : MQTT_FAULT_ROUTE;
    if (fault == MQTT_FAULT_FINE)
        fault = mqtt_tls_linger(ssl, fd, why);
    SSL_free(ssl);
    close(fd);
    return fault;
}
