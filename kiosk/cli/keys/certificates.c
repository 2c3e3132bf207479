#include "kiosk/cli/keys/certificates.h"

#include "kiosk/cli/etc_transaction.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

char *certificate_make(const struct pki_pair *ca, char names[][PKI_NAME_MAX], size_t count)
{
    struct pki_pair *pair = locked_memory(sizeof *pair);
    char *both = pair ? locked_memory(sizeof *pair + PKI_TEXT_MAX) : NULL;

    if (both && pki_server(ca, names, count, time(NULL), pair) == 0) {
        snprintf(both, sizeof *pair + PKI_TEXT_MAX, "%s%s%s", pair->key, pair->certificate,
                 ca->certificate);
    } else {
        sodium_free(both);
        both = NULL;
    }
    sodium_free(pair);
    return both;
}

bool certificate_is_good(const struct pki_pair *ca, const char *pem, const char *host)
{
    char names[PKI_NAMES_MAX][PKI_NAME_MAX];
    int count = pki_names(pem, names);
    long days;
    bool named = false;
    for (int i = 0; i < count; i++)
        named |= strcmp(names[i], host) == 0;
    return named && pki_days_left(pem, time(NULL), &days) == 0 && days > PKI_RENEW_DAYS &&
           pki_is_signed_by(pem, ca->certificate);
}

/* --- renewing -------------------------------------------------------------------------------- */

static int read_into(const char *prefix, const char *name, char out[PKI_TEXT_MAX])
{
    char path[PATH_LEN];
    size_t len;
    snprintf(path, sizeof path, "%.300s" PATH_ETC "/%.64s", prefix, name);
    char *text = file_read(path, FILES_READ_MAX, &len);
    int result = text && len < PKI_TEXT_MAX ? 0 : -1;
    if (result == 0)
        memcpy(out, text, len + 1);
    else
        log_error("No certificate was renewed: %s: %s.", path,
                  text ? "the file is too long"
                  : errno == ENOENT
                      ? "there is no such file, so this kiosk has no certificates of its own"
                      : strerror(errno));
    if (text)
        sodium_memzero(text, len);
    free(text);
    return result;
}

/* One server's file. 1: it was due, and has been renewed unless `due`; 0: not due, or no file. */
static int renew_file(const char *prefix, const char *name, const struct pki_pair *ca, bool due)
{
    char path[PATH_LEN], names[PKI_NAMES_MAX][PKI_NAME_MAX];
    char *fresh = NULL;
    long days;
    size_t len;
    int count, result = -1;
    snprintf(path, sizeof path, "%.300s" PATH_ETC "/%.64s", prefix, name);
    char *old = file_read(path, FILES_READ_MAX, &len);
    if (!old)
        return errno == ENOENT ? 0 : -1;
    if (pki_days_left(old, time(NULL), &days) < 0 || (count = pki_names(old, names)) < 1) {
        log_error("%s was not renewed: it holds no certificate. To make a new one: sudo porchlight "
                  "setup",
                  path);
    } else if (days > PKI_RENEW_DAYS || due) {
        result = days <= PKI_RENEW_DAYS;
    } else if (!(fresh = certificate_make(ca, names, (size_t)count))) {
        log_error("%s was not renewed: the authority cannot sign. Check that ca/ca.key belongs to "
                  "broker-ca.pem.",
                  path);
    } else if (file_replace(path, fresh, strlen(fresh), 0600) < 0) {
        log_error("%s was not renewed: %s. The old certificate is valid for %ld more days.", path,
                  strerror(errno), days);
    } else {
        print_say("%s: renewed, %ld days before its end", path, days);
        result = 1;
    }
    sodium_memzero(old, len);
    free(old);
    sodium_free(fresh);
    return result;
}

static int renew_all(const struct cli *cli, bool due, struct pki_pair *ca)
{
    static const char *const names[] = {"broker/server.pem", "outside/server.pem"};
    int changed = 0;
    long days;
    if (read_into(cli->prefix, "broker-ca.pem", ca->certificate) < 0 ||
        read_into(cli->prefix, "ca/ca.key", ca->key) < 0)
        return CLI_FAILED;
    if (pki_days_left(ca->certificate, time(NULL), &days) == 0 && days < 2 * PKI_SERVER_DAYS)
        log_warning(
            "The venue's own certificate authority (broker-ca.pem) ends in %ld days. Plan a "
            "new set-up: every phone has to be invited again.",
            days);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int one = renew_file(cli->prefix, names[i], ca, due);
        if (one < 0)
            return CLI_FAILED;
        changed += one;
    }
    if (due)
        return changed ? CLI_OK : CLI_FAILED;
    if (!changed)
        puts("No certificate has to be renewed yet.");
    return CLI_OK;
}

int certificates_renew(const struct cli *cli, bool due)
{
    if (!clock_is_set()) {
        log_error(
            "Nothing was changed: the clock is wrong (it shows a time before this program was "
            "built), so it is not known which certificates end soon. Set the clock, then try "
            "again.");
        return CLI_FAILED;
    }
    int lock = etc_transaction_lock(cli->prefix);
    if (lock < 0)
        return CLI_FAILED;
    struct pki_pair *ca = locked_memory(sizeof *ca);
    int code = ca ? renew_all(cli, due, ca) : CLI_FAILED;
    sodium_free(ca);
    close(lock);
    return code;
}
