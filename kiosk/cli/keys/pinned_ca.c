#include "kiosk/cli/keys/pinned_ca.h"

#include "kiosk/common/file.h"
#include "kiosk/mqtt/dial.h"
#include "kiosk/mqtt/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STEP (4 * INT64_C(1000000000))

enum { STORE_MOST = 4 << 20 };

static const char store[] = "/etc/ssl/certs/ca-certificates.crt";

static int pem_keep(const char *pem, size_t len, char path[PATH_LEN])
{
    int fd = memfd_create("ca", MFD_CLOEXEC);
    if (fd >= 0 && file_write_all(fd, pem, len) < 0) {
        close(fd);
        return -1;
    }
    snprintf(path, PATH_LEN, "/proc/self/fd/%d", fd);
    return fd;
}

/* The certificate with that pin among all in a file. */
static int look_in(const char *file, const uint8_t pin[CA_PIN], char path[PATH_LEN])
{
    uint8_t got[CA_PIN];
    size_t len;
    int fd = -1;
    char *all = file_read(file, STORE_MOST, &len);
    const char *at = all, *end;
    while (all && fd < 0 && ca_pin_of(at, got, &end) == 0) {
        const char *from = strstr(at, "-----BEGIN CERTIFICATE-----");
        if (memcmp(got, pin, CA_PIN) == 0)
            fd = pem_keep(from, (size_t)(end - from), path);
        at = end;
    }
    free(all);
    return fd;
}

static int look_at(X509 *shown, const uint8_t pin[CA_PIN], char path[PATH_LEN])
{
    uint8_t got[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int fd = -1;
    char *pem = NULL;
    long pem_len;
    if (X509_digest(shown, EVP_sha256(), got, &len) != 1 || len != CA_PIN ||
        memcmp(got, pin, CA_PIN) != 0)
        return -1;
    BIO *b = BIO_new(BIO_s_mem());
    if (b && PEM_write_bio_X509(b, shown) == 1 && (pem_len = BIO_get_mem_data(b, &pem)) > 0)
        fd = pem_keep(pem, (size_t)pem_len, path);
    BIO_free(b);
    return fd;
}

/* What the broker shows is not judged here. */
static int look_shown(int fd, const char *host, const uint8_t pin[CA_PIN], char path[PATH_LEN])
{
    int found = -1;
    const char *unused;
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    SSL *ssl = tls ? SSL_new(tls) : NULL;
    if (ssl) {
        SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
        SSL_set_tlsext_host_name(ssl, host);
        mqtt_tls_shake(ssl, fd, STEP, &unused);
        STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
        for (int i = 0; chain && found < 0 && i < sk_X509_num(chain); i++)
            found = look_at(sk_X509_value(chain, i), pin, path);
    }
    SSL_free(ssl);
    SSL_CTX_free(tls);
    ERR_clear_error();
    return found;
}

int pinned_ca_find(const char *host, int port, const uint8_t pin[CA_PIN], const char *file,
                   char path[PATH_LEN], char *why, size_t size)
{
    struct mqtt_dialled d;
    int found = file ? look_in(file, pin, path) : -1;
    if (found < 0)
        found = look_in(store, pin, path);
    if (found >= 0)
        return found;
    int fd = mqtt_dial(host, port, "", STEP, &d);
    if (fd < 0) {
        snprintf(why, size, "it cannot be reached (%s)", mqtt_dial_why(&d));
        return -1;
    }
    found = look_shown(fd, host, pin, path);
    close(fd);
    if (found < 0)
        snprintf(why, size,
                 "it does not show the authority that is on the paper. Put that authority's "
                 "certificate into a file, and name it: --ca FILE");
    return found;
}
