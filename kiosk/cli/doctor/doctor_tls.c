#include "kiosk/cli/doctor/doctor_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { STEP_MS = 4000 };

static int doctor_tls_fail(struct doctor_tls *t, const char *fix, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int doctor_tls_fail(struct doctor_tls *t, const char *fix, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(t->said, sizeof t->said, format, args);
    va_end(args);
    t->fix = fix;
    return -1;
}

/* --- the way there --------------------------------------------------------------------------- */

/* Connected, or -1 with errno. The socket stays non-blocking. */
static int dial_one(const struct addrinfo *a)
{
    int error = 0;
    socklen_t len = sizeof error;
    int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
    if (fd < 0)
        return -1;
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return fd;
    if (errno == EINPROGRESS) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        int ready = poll(&p, 1, STEP_MS);
        if (ready == 1 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0)
            return fd;
        errno = ready == 0 ? ETIMEDOUT : error;
    }
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int doctor_tls_dial(const char *host, int port, struct doctor_tls *t)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *all;
    char service[8];
    int fd = -1;

    snprintf(service, sizeof service, "%d", port);
    int code = getaddrinfo(host, service, &hints, &all);
    if (code != 0)
        return doctor_tls_fail(t,
                               "Check the broker's host in porchlight.conf, and whether this "
                               "network's DNS works:\n"
                               "    getent hosts debian.org",
                               "the name does not resolve to an address (%s)", gai_strerror(code));
    for (const struct addrinfo *a = all; a && fd < 0; a = a->ai_next)
        fd = dial_one(a);
    code = errno;
    freeaddrinfo(all);
    if (fd < 0 && code == ECONNREFUSED)
        return doctor_tls_fail(t,
                               "Check port in porchlight.conf, and start the broker. On this Pi:\n"
                               "    sudo systemctl start porchlight-broker\n"
                               "    systemctl status porchlight-broker",
                               "nothing listens on this port");
    if (fd < 0)
        return doctor_tls_fail(
            t, "Check the cable or the Wi-Fi, and whether the venue's network lets this port out.",
            "it cannot be reached (%s)", strerror(code));
    return fd;
}

/* --- its certificate ------------------------------------------------------------------------- */

static bool days_left(const X509 *certificate, long *days)
{
    int day, second;
    if (!certificate || !ASN1_TIME_diff(&day, &second, NULL, X509_get0_notAfter(certificate)))
        return false;
    *days = second < 0 && day == 0 ? -1 : day;
    return true;
}

static int read_ca(const char *path, struct doctor_tls *t)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return doctor_tls_fail(
            t,
            "Put the broker's CA certificate there, readable for all (mode 644), or correct ca in "
            "porchlight.conf.",
            "its CA file %s cannot be read (%s)", path, strerror(errno));
    X509 *ca = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    if (!ca)
        return doctor_tls_fail(
            t,
            "Put the CA's certificate there. It begins with -----BEGIN CERTIFICATE-----; a file "
            "that begins with a KEY line is the wrong one.",
            "its CA file %s holds no certificate", path);
    t->ca_has_expiry = days_left(ca, &t->ca_days);
    X509_free(ca);
    return 0;
}

/* One step of the handshake may wait for the peer. False on timeout. */
static bool doctor_tls_wait_for(int fd, int what)
{
    struct pollfd p = {.fd = fd, .events = what == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT};

    return poll(&p, 1, STEP_MS) == 1;
}

static bool shake_hands(SSL *ssl, int fd)
{
    int done;
    while ((done = SSL_connect(ssl)) != 1) {
        int what = SSL_get_error(ssl, done);
        if ((what != SSL_ERROR_WANT_READ && what != SSL_ERROR_WANT_WRITE) ||
            !doctor_tls_wait_for(fd, what))
            return false;
    }
    return true;
}

static int doctor_tls_judge(const SSL *ssl, bool shaken, const char *host, struct doctor_tls *t)
{
    long verdict = SSL_get_verify_result(ssl);
    switch (verdict) {
    case X509_V_OK:
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return doctor_tls_fail(
            t, "Set the broker's host in porchlight.conf to exactly the name in its certificate.",
            "its certificate is not made out to %s", host);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return doctor_tls_fail(t,
                               "Renew the certificate where the broker runs, then restart the "
                               "broker there.",
                               "its certificate has expired");
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return doctor_tls_fail(t,
                               "If this shows the wrong time, set the clock:\n"
                               "    timedatectl",
                               "its certificate is not yet valid, or this clock is wrong");
    default:
        return doctor_tls_fail(
            t,
            "If the broker got a new certificate, ask its operator for the CA file and set ca in "
            "porchlight.conf to it. If it did not, something between here and there answers in "
            "the broker's place.",
            "its certificate is not from the CA that this kiosk trusts (%s)",
            X509_verify_cert_error_string(verdict));
    }
    if (!shaken)
        return doctor_tls_fail(
            t,
            "Set port in porchlight.conf to the broker's port with TLS, usually 8883. If that is "
            "right, the network may have a login page (captive portal); log in to it first.",
            "what answers there does not speak TLS");
    snprintf(t->said, sizeof t->said, "reached by %s, with a certificate from the trusted CA",
             SSL_get_version(ssl));
    return 0;
}

/* The certificate is read whatever the verdict on it. */
static int doctor_tls_remember(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct doctor_tls *t = SSL_get_app_data(ssl);

    if (X509_STORE_CTX_get_error_depth(store) == 0)
        t->has_expiry = days_left(X509_STORE_CTX_get_current_cert(store), &t->days);
    return ok;
}

static bool is_address(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

static int look_at_tls(int fd, const char *host, const char *ca, struct doctor_tls *t)
{
    int result = -1;
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = NULL;
    if (!ctx || SSL_CTX_load_verify_file(ctx, ca) != 1 || !(ssl = SSL_new(ctx))) {
        doctor_tls_fail(t,
                        "Put the broker's CA certificate there, or correct ca in "
                        "porchlight.conf.",
                        "its CA file %s cannot be used", ca);
        goto free_ctx;
    }
    SSL_set_app_data(ssl, t);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, doctor_tls_remember);
    if (is_address(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
    } else {
        SSL_set1_host(ssl, host);
        SSL_set_tlsext_host_name(ssl, host);
    }
    SSL_set_fd(ssl, fd);
    bool shaken = shake_hands(ssl, fd);
    result = doctor_tls_judge(ssl, shaken, host, t);
    SSL_free(ssl);
free_ctx:
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return result;
}

int doctor_tls_look(const char *host, int port, const char *ca, struct doctor_tls *t)
{
    *t = (struct doctor_tls){.fix = ""};
    if (ca && read_ca(ca, t) < 0)
        return -1;
    int fd = doctor_tls_dial(host, port, t);
    if (fd < 0)
        return -1;
    int result = 0;
    if (ca)
        result = look_at_tls(fd, host, ca, t);
    else
        snprintf(t->said, sizeof t->said, "reached, without TLS");
    close(fd);
    return result;
}
