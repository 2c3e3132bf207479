#include "kiosk/core/cert.h"

#include "kiosk/core/big_endian.h"

#include <sodium.h>
#include <string.h>

enum {
    SIGNED_MAX = 96,
    PROOF_EPOCH = 16,
    PROOF_SEQ = 24,
    PROOF_ACCOUNT = 32,
    PROOF_STAFF = 40,
    PROOF_SIGNATURE = 136,
};

/* The bytes that a signature covers, laid one field after another. */
struct covered {
    uint8_t bytes[SIGNED_MAX];
    size_t len;
};

static void cert_cover(struct covered *c, const void *field, size_t len)
{
    memcpy(c->bytes + c->len, field, len);
    c->len += len;
}

static struct covered cover_three(const char *word, const uint8_t venue[ENVELOPE_ID],
                                  const uint8_t id[ENVELOPE_ID],
                                  const uint8_t public[ENVELOPE_PUBLIC])
{
    struct covered c = {.len = 0};
    cert_cover(&c, word, strlen(word) + 1);
    cert_cover(&c, venue, ENVELOPE_ID);
    cert_cover(&c, id, ENVELOPE_ID);
    cert_cover(&c, public, ENVELOPE_PUBLIC);
    return c;
}

static void cert_sign(const struct covered *c, const uint8_t *secret, uint8_t *signature)
{
    crypto_sign_detached(signature, NULL, c->bytes, c->len, secret);
}

static bool cert_check(const struct covered *c, const uint8_t *public, const uint8_t *signature)
{
    return crypto_sign_verify_detached(signature, c->bytes, c->len, public) == 0;
}

void cert_kiosk_sign(const struct cert_kiosk *c, const uint8_t root_secret[ENVELOPE_SECRET],
                     uint8_t signature[CERT_SIGNATURE])
{
    struct covered s = cover_three("porchlight-cert", c->venue, c->kiosk, c->public);
    cert_sign(&s, root_secret, signature);
}

bool cert_kiosk_check(const struct cert_kiosk *c, const uint8_t root_public[ENVELOPE_PUBLIC],
                      const uint8_t signature[CERT_SIGNATURE])
{
    struct covered s = cover_three("porchlight-cert", c->venue, c->kiosk, c->public);
    return cert_check(&s, root_public, signature);
}

void cert_staff_sign(const struct cert_staff *c, const uint8_t root_secret[ENVELOPE_SECRET],
                     uint8_t signature[CERT_SIGNATURE])
{
    struct covered s = cover_three("porchlight-staff", c->venue, c->account, c->public);
    cert_sign(&s, root_secret, signature);
}

bool cert_staff_check(const struct cert_staff *c, const uint8_t root_public[ENVELOPE_PUBLIC],
                      const uint8_t signature[CERT_SIGNATURE])
{
    struct covered s = cover_three("porchlight-staff", c->venue, c->account, c->public);
    return cert_check(&s, root_public, signature);
}

static struct covered cover_clear(const struct cert_clear *c, const uint8_t venue[ENVELOPE_ID],
                                  const uint8_t kiosk[ENVELOPE_ID])
{
    static const char word[] = "porchlight-all-clear";
    struct covered s = {.len = 0};
    uint8_t number[8];
    cert_cover(&s, word, sizeof word);
    cert_cover(&s, venue, ENVELOPE_ID);
    cert_cover(&s, kiosk, ENVELOPE_ID);
    cert_cover(&s, c->id.bytes, sizeof c->id.bytes);
    big_endian_put(number, 8, c->epoch);
    cert_cover(&s, number, sizeof number);
    big_endian_put(number, 8, c->seq);
    cert_cover(&s, number, sizeof number);
    cert_cover(&s, c->account, ENVELOPE_ID);
    return s;
}

void cert_clear_sign(const struct cert_clear *c, const uint8_t venue[ENVELOPE_ID],
                     const uint8_t kiosk[ENVELOPE_ID], const uint8_t staff_secret[ENVELOPE_SECRET],
                     uint8_t signature[CERT_SIGNATURE])
{
    struct covered s = cover_clear(c, venue, kiosk);
    cert_sign(&s, staff_secret, signature);
}

static bool cert_clear_check(const struct cert_clear *c, const uint8_t venue[ENVELOPE_ID],
                             const uint8_t kiosk[ENVELOPE_ID],
                             const uint8_t staff_public[ENVELOPE_PUBLIC],
                             const uint8_t signature[CERT_SIGNATURE])
{
    struct covered s = cover_clear(c, venue, kiosk);
    return cert_check(&s, staff_public, signature);
}

void cert_proof_write(const struct cert_clear *c, const uint8_t staff[CERT_STAFF],
                      const uint8_t signature[CERT_SIGNATURE], uint8_t proof[CERT_PROOF])
{
    memcpy(proof, c->id.bytes, sizeof c->id.bytes);
    big_endian_put(proof + PROOF_EPOCH, 8, c->epoch);
    big_endian_put(proof + PROOF_SEQ, 8, c->seq);
    memcpy(proof + PROOF_ACCOUNT, c->account, ENVELOPE_ID);
    memcpy(proof + PROOF_STAFF, staff, CERT_STAFF);
    memcpy(proof + PROOF_SIGNATURE, signature, CERT_SIGNATURE);
}

bool cert_proof_read(struct cert_clear *c, const uint8_t venue[ENVELOPE_ID],
                     const uint8_t kiosk[ENVELOPE_ID], const uint8_t root_public[ENVELOPE_PUBLIC],
                     const uint8_t *proof, size_t len)
{
    if (len != CERT_PROOF)
        return false;
    struct cert_clear said = {.epoch = big_endian_get(proof + PROOF_EPOCH, 8),
                              .seq = big_endian_get(proof + PROOF_SEQ, 8)};
    struct cert_staff staff;
    memcpy(said.id.bytes, proof, sizeof said.id.bytes);
    memcpy(said.account, proof + PROOF_ACCOUNT, ENVELOPE_ID);
    memcpy(staff.venue, venue, ENVELOPE_ID);
    memcpy(staff.account, said.account, ENVELOPE_ID);
    memcpy(staff.public, proof + PROOF_STAFF, ENVELOPE_PUBLIC);
    if (!cert_staff_check(&staff, root_public, proof + PROOF_STAFF + ENVELOPE_PUBLIC) ||
        !cert_clear_check(&said, venue, kiosk, staff.public, proof + PROOF_SIGNATURE))
        return false;
    *c = said;
    return true;
}
