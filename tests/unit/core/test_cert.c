#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/cert.h"
#include "kiosk/core/message.h"

#include <sodium.h>
#include <string.h>

struct keys {
    uint8_t root_public[32], root_secret[64];
    uint8_t other_public[32], other_secret[64];
    struct cert_kiosk kiosk;
    uint8_t staff_secret[64];
    struct cert_staff staff;
};

static void pair(uint8_t label, uint8_t public[32], uint8_t secret[64])
{
    uint8_t seed[32];
    memset(seed, label, sizeof seed);
    crypto_sign_seed_keypair(public, secret, seed);
}

static int set_up(void **state)
{
    static struct keys k;
    uint8_t secret[64];
    if (sodium_init() < 0)
        return -1;
    pair(1, k.root_public, k.root_secret);
    pair(2, k.other_public, k.other_secret);
    pair(3, k.kiosk.public, secret);
    pair(4, k.staff.public, k.staff_secret);
    memset(k.kiosk.venue, 0x11, sizeof k.kiosk.venue);
    memset(k.kiosk.kiosk, 0x22, sizeof k.kiosk.kiosk);
    memset(k.staff.venue, 0x11, sizeof k.staff.venue);
    memset(k.staff.account, 0x22, sizeof k.staff.account); /* the same bytes as the kiosk's id */
    *state = &k;
    return 0;
}

static void test_a_kiosk_is_vouched_for_by_its_root_alone(void **state)
{
    const struct keys *k = *state;
    uint8_t signature[64];
    cert_kiosk_sign(&k->kiosk, k->root_secret, signature);
    assert_true(cert_kiosk_check(&k->kiosk, k->root_public, signature));
    assert_false(cert_kiosk_check(&k->kiosk, k->other_public, signature));
    struct cert_kiosk other = k->kiosk;
    other.venue[7] ^= 1;
    assert_false(cert_kiosk_check(&other, k->root_public, signature));
    other = k->kiosk;
    other.kiosk[0] ^= 1;
    assert_false(cert_kiosk_check(&other, k->root_public, signature));
    memcpy(other.kiosk, k->kiosk.kiosk, sizeof other.kiosk);
    memcpy(other.public, k->other_public, sizeof other.public);
    assert_false(cert_kiosk_check(&other, k->root_public, signature));
}

static void test_a_signature_serves_one_purpose(void **state)
{
    const struct keys *k = *state;
    uint8_t kiosk[64], staff[64];
    struct cert_staff same = k->staff; /* field for field the kiosk's certificate */
    memcpy(same.public, k->kiosk.public, sizeof same.public);
    cert_kiosk_sign(&k->kiosk, k->root_secret, kiosk);
    cert_staff_sign(&same, k->root_secret, staff);
    assert_true(cert_staff_check(&same, k->root_public, staff));
    assert_false(cert_staff_check(&same, k->root_public, kiosk));
    assert_false(cert_kiosk_check(&k->kiosk, k->root_public, staff));
}

static void test_an_end_is_proved_by_staff_alone(void **state)
{
    const struct keys *k = *state;
    struct cert_clear clear = {.epoch = 3, .seq = 41}, read;
    uint8_t staff[CERT_STAFF], signature[64], proof[CERT_PROOF];
    memset(clear.id.bytes, 0x77, sizeof clear.id.bytes);
    memcpy(clear.account, k->staff.account, sizeof clear.account);
    memcpy(staff, k->staff.public, 32);
    cert_staff_sign(&k->staff, k->root_secret, staff + 32);
    cert_clear_sign(&clear, k->kiosk.venue, k->kiosk.kiosk, k->staff_secret, signature);
    cert_proof_write(&clear, staff, signature, proof);
    assert_true(cert_proof_read(&read, k->kiosk.venue, k->kiosk.kiosk, k->root_public, proof,
                                sizeof proof));
    assert_memory_equal(&read.id, &clear.id, sizeof read.id);
    assert_memory_equal(read.account, clear.account, sizeof read.account);
    assert_int_equal(read.epoch, 3);
    assert_int_equal(read.seq, 41);

    assert_false(cert_proof_read(&read, k->kiosk.venue, k->kiosk.kiosk, k->root_public, proof,
                                 sizeof proof - 1));
    uint8_t elsewhere[ENVELOPE_ID] = {9};
    assert_false(
        cert_proof_read(&read, k->kiosk.venue, elsewhere, k->root_public, proof, sizeof proof));
    assert_false(
        cert_proof_read(&read, elsewhere, k->kiosk.kiosk, k->root_public, proof, sizeof proof));
    for (size_t bit = 0; bit < 8 * sizeof proof; bit++) {
        proof[bit / 8] = (uint8_t)(proof[bit / 8] ^ (1u << bit % 8));
        assert_false(cert_proof_read(&read, k->kiosk.venue, k->kiosk.kiosk, k->root_public, proof,
                                     sizeof proof));
        proof[bit / 8] = (uint8_t)(proof[bit / 8] ^ (1u << bit % 8));
    }
    /* The seized kiosk signs with a key of its own, or vouches for one itself. */
    cert_clear_sign(&clear, k->kiosk.venue, k->kiosk.kiosk, k->other_secret, signature);
    cert_proof_write(&clear, staff, signature, proof);
    assert_false(cert_proof_read(&read, k->kiosk.venue, k->kiosk.kiosk, k->root_public, proof,
                                 sizeof proof));
    struct cert_staff self = k->staff;
    memcpy(self.public, k->other_public, 32);
    memcpy(staff, self.public, 32);
    cert_staff_sign(&self, k->other_secret, staff + 32);
    cert_proof_write(&clear, staff, signature, proof);
    assert_false(cert_proof_read(&read, k->kiosk.venue, k->kiosk.kiosk, k->root_public, proof,
                                 sizeof proof));
}

static void test_a_proof_fits_its_message(void **state)
{
    (void)state;
    assert_int_equal(CERT_PROOF, MESSAGE_PROOF_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_kiosk_is_vouched_for_by_its_root_alone),
        cmocka_unit_test(test_a_signature_serves_one_purpose),
        cmocka_unit_test(test_an_end_is_proved_by_staff_alone),
        cmocka_unit_test(test_a_proof_fits_its_message),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
