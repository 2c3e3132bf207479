#include "kiosk/cli/keys/pki.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum { DAY = 24 * 3600 };

static int pki_put_text(BIO *bio, char out[PKI_TEXT_MAX])
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);
    if (len <= 0 || len >= PKI_TEXT_MAX)
        return -1;
    memcpy(out, data, (size_t)len);
    out[len] = '\0';
    return 0;
}

static int pki_write_pair(X509 *cert, EVP_PKEY *key, struct pki_pair *out)
{
    BIO *c = BIO_new(BIO_s_mem()), *k = BIO_new(BIO_s_secmem());
    int result = c && k && PEM_write_bio_X509(c, cert) == 1 &&
                         PEM_write_bio_PrivateKey(k, key, NULL, NULL, 0, NULL, NULL) == 1
                     ? 0
                     : -1;

    if (result == 0 && (pki_put_text(c, out->certificate) < 0 || pki_put_text(k, out->key) < 0))
        result = -1;
    BIO_free(c);
    BIO_free(k);
    return result;
}

static X509 *read_certificate(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    return cert;
}

static EVP_PKEY *read_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    return key;
}

static int add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    int result = e && X509_add_ext(cert, e, -1) == 1 ? 0 : -1;

    X509_EXTENSION_free(e);
    return result;
}

/* 20 random bytes would do; 16 keep the number positive and short. */
static int set_serial(X509 *cert)
{
    unsigned char bytes[16];
    BIGNUM *number;
    int result = -1;

    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return -1;
    bytes[0] &= 0x7f;
    number = BN_bin2bn(bytes, sizeof bytes, NULL);
    if (number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)))
        result = 0;
    BN_free(number);
    return result;
}

static int set_time(ASN1_TIME *field, time_t at)
{
    return ASN1_TIME_set(field, at) ? 0 : -1;
}

/* A certificate over `key`, not yet signed. NULL on failure. */
static X509 *draft(EVP_PKEY *key, const char *name, time_t now, long days)
{
    X509 *cert = X509_new();
    X509_NAME *subject = cert ? X509_get_subject_name(cert) : NULL;

    if (cert && X509_set_version(cert, 2) == 1 && set_serial(cert) == 0 &&
        set_time(X509_getm_notBefore(cert), now - DAY) == 0 &&
        set_time(X509_getm_notAfter(cert), now + days * DAY) == 0 &&
        X509_set_pubkey(cert, key) == 1 &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
                                   0) == 1)
        return cert;
    X509_free(cert);
    return NULL;
}

int pki_authority(struct pki_pair *out, time_t now)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key ? draft(key, "Porchlight", now, PKI_CA_DAYS) : NULL;
    int result = -1;

    if (cert && X509_set_issuer_name(cert, X509_get_subject_name(cert)) == 1 &&
        add_extension(cert, cert, NID_basic_constraints, "critical,CA:TRUE") == 0 &&
        add_extension(cert, cert, NID_key_usage, "critical,keyCertSign,cRLSign") == 0 &&
        add_extension(cert, cert, NID_subject_key_identifier, "hash") == 0 &&
        X509_sign(cert, key, EVP_sha256()) > 0)
        result = pki_write_pair(cert, key, out);
    X509_free(cert);
    EVP_PKEY_free(key);
    return result;
}

static bool name_is_good(const char *name)
{
    return name[0] && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789.:-_") == strlen(name);
}

static int join_names(char names[][PKI_NAME_MAX], size_t count, char *out, size_t size)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned char address[16];
        bool is_ip = inet_pton(AF_INET, names[i], address) == 1 ||
                     inet_pton(AF_INET6, names[i], address) == 1;
        if (!name_is_good(names[i]) || len >= size)
            return -1;
        len += (size_t)snprintf(out + len, size - len, "%s%s:%s", i ? "," : "",
                                is_ip ? "IP" : "DNS", names[i]);
    }
    return count > 0 && len < size ? 0 : -1;
}

static int add_server_extensions(X509 *cert, X509 *issuer, const char *names)
{
    const struct {
        int nid;
        const char *value;
    } all[] = {
        {NID_basic_constraints, "critical,CA:FALSE"},
        {NID_key_usage, "critical,digitalSignature"},
        {NID_ext_key_usage, "serverAuth"},
        {NID_subject_key_identifier, "hash"},
        {NID_authority_key_identifier, "keyid"},
        {NID_subject_alt_name, names},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (add_extension(cert, issuer, all[i].nid, all[i].value) < 0)
            return -1;
    return 0;
}

int pki_server(const struct pki_pair *ca, char names[][PKI_NAME_MAX], size_t count, time_t now,
               struct pki_pair *out)
{
    char all[PKI_NAMES_MAX * (PKI_NAME_MAX + 5)];
    X509 *issuer = read_certificate(ca->certificate);
    EVP_PKEY *issuer_key = read_key(ca->key), *key = EVP_EC_gen("P-256");
    X509 *cert = key && count > 0 ? draft(key, "kiosk", now, PKI_SERVER_DAYS) : NULL;
    int result = -1;

    if (cert && issuer && issuer_key && join_names(names, count, all, sizeof all) == 0 &&
        X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
        add_server_extensions(cert, issuer, all) == 0 &&
        X509_sign(cert, issuer_key, EVP_sha256()) > 0 &&
        X509_verify(cert, X509_get0_pubkey(issuer)) == 1)
        result = pki_write_pair(cert, key, out);
    X509_free(cert);
    X509_free(issuer);
    EVP_PKEY_free(key);
    EVP_PKEY_free(issuer_key);
    return result;
}

int pki_days_left(const char *pem, time_t now, long *days)
{
    X509 *cert = read_certificate(pem);
    ASN1_TIME *at = ASN1_TIME_set(NULL, now);
    int whole = 0, seconds = 0;
    int result =
        cert && at && ASN1_TIME_diff(&whole, &seconds, at, X509_get0_notAfter(cert)) == 1 ? 0 : -1;

    *days = seconds < 0 ? whole - 1 : whole;
    ASN1_TIME_free(at);
    X509_free(cert);
    return result;
}

bool pki_is_signed_by(const char *pem, const char *ca)
{
    X509 *cert = read_certificate(pem), *issuer = read_certificate(ca);
    EVP_PKEY *key = issuer ? X509_get0_pubkey(issuer) : NULL;
    bool is = cert && key && X509_verify(cert, key) == 1;

    X509_free(cert);
    X509_free(issuer);
    return is;
}

static bool name_text(const GENERAL_NAME *g, char out[PKI_NAME_MAX])
{
    const ASN1_STRING *s = g->type == GEN_DNS ? g->d.dNSName : g->d.iPAddress;
    const unsigned char *data = ASN1_STRING_get0_data(s);
    int len = ASN1_STRING_length(s);

    if (g->type == GEN_IPADD && (len == 4 || len == 16))
        return inet_ntop(len == 4 ? AF_INET : AF_INET6, data, out, PKI_NAME_MAX);
    if (g->type != GEN_DNS || len <= 0 || len >= PKI_NAME_MAX)
        return false;
    memcpy(out, data, (size_t)len);
    out[len] = '\0';
    return true;
}

int pki_names(const char *pem, char names[PKI_NAMES_MAX][PKI_NAME_MAX])
{
    X509 *cert = read_certificate(pem);
    GENERAL_NAMES *all = cert ? X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL) : NULL;
    int count = all ? 0 : -1;

    for (int i = 0; all && i < sk_GENERAL_NAME_num(all) && count < PKI_NAMES_MAX; i++)
        if (name_text(sk_GENERAL_NAME_value(all, i), names[count]))
            count++;
    GENERAL_NAMES_free(all);
    X509_free(cert);
    return count;
}
