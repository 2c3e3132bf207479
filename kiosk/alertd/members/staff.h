#ifndef PORCHLIGHT_ALERTD_MEMBERS_STAFF_H
#define PORCHLIGHT_ALERTD_MEMBERS_STAFF_H

#include "kiosk/alertd/sealer.h"
#include "kiosk/core/command.h"
#include "kiosk/core/root_word.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The staff phones that may command, at most STAFF_MAX, from
 * <prefix>/var/lib/porchlight/staff/ACCOUNT.cert; and the proof with which one of them ended the
 * last lockdown, kept over a restart for phones that slept meanwhile
 * (<prefix>/var/lib/porchlight/all-clear). */
enum { STAFF_MAX = STAFF_BOX_SLOTS };

struct staff {
    struct command_staff phones[STAFF_MAX];
    size_t count;
};

/* Reads the certificates again. One that the root key did not sign is left out with a
 * warning, and so is each above STAFF_MAX, in the order of their accounts. One that the root key
 * has revoked is left out. A plain venue has none. */
void staff_read(struct staff *s, const char *prefix, const struct sealer *sealer,
                const struct root_word *root);

/* An account's certificate, CERT_STAFF bytes; NULL: it has none. */
const uint8_t *staff_certificate(const struct staff *s, const char *account);

/* Changes whenever a certificate was added or removed. */
int64_t staff_stamp(const char *prefix);

/* From now on the sealer seals for these phones. True: they are others than before. */
bool staff_readers(const struct staff *s, struct sealer *sealer);

/* Writes one certificate, or deletes it: 0, or -1 with errno (one that is not there is no error).
 * Either needs staff_read to take effect. */
int staff_certificate_write(const char *prefix, const char *account,
                            const uint8_t certificate[CERT_STAFF]);
int staff_certificate_delete(const char *prefix, const char *account);

/* 0, or -1 with errno. */
int staff_proof_write(const char *prefix, const uint8_t proof[CERT_PROOF]);
int staff_proof_read(const char *prefix, uint8_t proof[CERT_PROOF]);
void staff_proof_delete(const char *prefix);

#endif
