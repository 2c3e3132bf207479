#include "kiosk/cli/doctor/doctor_tls.h"

#include "kiosk/mqtt/dial.h"
#include "kiosk/mqtt/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STEP (4 * INT64_C(1000000000))

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

/* A connected socket, or -1 after doctor_tls_fail. */
static int doctor_tls_dial(const char *host, int port, const char *interface, struct doctor_tls *t)
{
    struct mqtt_dialled d;
    int fd = mqtt_dial(host, port, interface, STEP, &d);
    if (fd >= 0)
        return fd;
    if (d.fault == MQTT_FAULT_DNS)
        return doctor_tls_fail(t,
                               "Check the broker's host in porchlight.conf, and whether this "
                               "network's DNS works:\n"
                               "    getent hosts debian.org",
                               "the name does not resolve to an address (%s)", mqtt_dial_why(&d));
    if (d.error == ECONNREFUSED)
        return doctor_tls_fail(t,
                               "Check port in porchlight.conf, and start the broker. On this Pi:\n"
                               "    sudo systemctl start porchlight-broker\n"
                               "    systemctl status porchlight-broker",
                               "nothing listens on this port");
    if (d.error == ENODEV)
        return doctor_tls_fail(t,
                               "Plug it in, or correct interface in porchlight.conf. Those of this "
                               "machine:\n"
                               "    ip link",
                               "there is no network interface %s", interface);
    return doctor_tls_fail(
        t, "Check the cable or the Wi-Fi, and whether the venue's network lets this port out.",
        "it cannot be reached (%s)", mqtt_dial_why(&d));
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
    FILE *f = mqtt_tls_open_pem(path);
    if (!f)
        return doctor_tls_fail(
            t,
            "Put the broker's CA certificate there, readable for all (mode 644), or correct ca in "
            "porchlight.conf.",
            "its CA file %s cannot be read (%s)", path, strerror(errno));
    X509 *ca = mqtt_tls_next_pem(f);
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

static int doctor_tls_judge_certificate(long verdict, const char *host, struct doctor_tls *t)
{
    switch (verdict) {
    case X509_V_OK:
        return 0;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return doctor_tls_fail(
            t, "Set the broker's host in porchlight.conf to exactly the name in its certificate.",
            "its certificate is not made out to %s", host);
    case X509_V_ERR_CERT_HAS_EXPIRED:
        t->dates = true;
        return doctor_tls_fail(t,
                               "Renew the certificate where the broker runs, then restart the "
                               "broker there.",
                               "its certificate has expired");
    case X509_V_ERR_CERT_NOT_YET_VALID:
        t->dates = true;
        return doctor_tls_fail(t,
                               "If this shows the wrong time, set the clock:\n"
                               "    timedatectl",
                               "its certificate is not yet valid, or this clock is wrong");
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return doctor_tls_fail(t,
                               "Ask the broker's operator for a new one, with a key of RSA 2048 or "
                               "EC and signed with SHA-256.",
                               "its certificate is too weak to be trusted (%s)",
                               X509_verify_cert_error_string(verdict));
    default:
        return doctor_tls_fail(
            t,
            "If the broker got a new certificate, ask its operator for the CA file and set ca in "
            "porchlight.conf to it. If it did not, something between here and there answers in "
            "the broker's place.",
            "its certificate is not from the CA that this kiosk trusts (%s)",
            X509_verify_cert_error_string(verdict));
    }
}

static int doctor_tls_judge_handshake(enum mqtt_fault fault, const char *why, struct doctor_tls *t)
{
    switch (fault) {
    case MQTT_FAULT_FINE:
        return 0;
    case MQTT_FAULT_TLS:
        return doctor_tls_fail(t,
                               "Ask the broker's operator to allow TLS 1.2 or 1.3 for this host "
                               "name, without a client certificate.",
                               "it refuses this connection: %s", why);
    case MQTT_FAULT_ROUTE:
        return doctor_tls_fail(t,
                               "Restart the broker, or what passes connections on to it (a proxy, "
                               "a router). On this Pi:\n"
                               "    sudo systemctl restart porchlight-broker",
                               "%s", why);
    default:
        return doctor_tls_fail(
            t,
            "Set port in porchlight.conf to the broker's port with TLS, usually 8883. If that is "
            "right, the network may have a login page (captive portal); log in to it first.",
            "what answers there does not speak TLS%s%s", why[0] ? ": " : "", why);
    }
}

static int doctor_tls_judge(const SSL *ssl, enum mqtt_fault fault, const char *why,
                            const char *host, struct doctor_tls *t)
{
    if (doctor_tls_judge_certificate(SSL_get_verify_result(ssl), host, t) < 0 ||
        doctor_tls_judge_handshake(fault, why, t) < 0)
        return -1;
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

static int look_at_tls(int fd, const char *host, const char *ca, struct doctor_tls *t)
{
    int result = -1;
    const char *why = "";
    SSL_CTX *tls = mqtt_tls_new(ca, host, true, &why);
    SSL *ssl = tls ? SSL_new(tls) : NULL;
    if (ssl) {
        SSL_set_app_data(ssl, t);
        SSL_set_verify(ssl, SSL_VERIFY_PEER, doctor_tls_remember);
        enum mqtt_fault fault = mqtt_tls_shake(ssl, fd, STEP, &why);
        if (fault == MQTT_FAULT_FINE)
            fault = mqtt_tls_linger(ssl, fd, &why);
        result = doctor_tls_judge(ssl, fault, why, host, t);
    } else {
        doctor_tls_fail(t,
                        "Put the broker's CA certificate there, or correct ca in "
                        "porchlight.conf.",
                        "its CA file %s %s", ca, why[0] ? why : "cannot be used");
    }
    SSL_free(ssl);
    SSL_CTX_free(tls);
    ERR_clear_error();
    return result;
}

int doctor_tls_look(const char *host, int port, const char *interface, const char *ca,
                    struct doctor_tls *t)
{
    *t = (struct doctor_tls){.fix = ""};
    if (ca && read_ca(ca, t) < 0)
        return -1;
    int fd = doctor_tls_dial(host, port, interface, t);
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
