#include "kiosk/cli/keys/keyset.h"

#include "kiosk/cli/locked_memory.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct keyset *keyset_new(void)
{
    return locked_memory(sizeof(struct keyset));
}

void keyset_free(struct keyset *k)
{
    sodium_free(k);
}

void keyset_make(struct keyset *k)
{
    randombytes_buf(k->root_seed, sizeof k->root_seed);
    randombytes_buf(k->venue_key, sizeof k->venue_key);
    keyset_root(k);
}

void keyset_root(struct keyset *k)
{
    crypto_sign_seed_keypair(k->root_public, k->root_secret, k->root_seed);
}

void keyset_kiosk(struct keyset *k, const char *venue, const char *kiosk)
{
    struct cert_kiosk cert;

    randombytes_buf(k->kiosk_seed, sizeof k->kiosk_seed);
    crypto_sign_seed_keypair(k->kiosk_public, k->kiosk_secret, k->kiosk_seed);
    memcpy(cert.public, k->kiosk_public, sizeof cert.public);
    keyset_id_bytes(venue, cert.venue);
    keyset_id_bytes(kiosk, cert.kiosk);
    cert_kiosk_sign(&cert, k->root_secret, k->certificate);
}

void keyset_id_random(char out[KEYSET_ID_TEXT])
{
    uint8_t bytes[ENVELOPE_ID];
    randombytes_buf(bytes, sizeof bytes);
    sodium_bin2hex(out, KEYSET_ID_TEXT, bytes, sizeof bytes);
}

static void keyset_draw(const uint8_t seed[KEYSET_SEED], const char *word, int number,
                        uint8_t out[24])
{
    char purpose[64];
    size_t len = (size_t)snprintf(purpose, sizeof purpose, "porchlight-%s-%d", word, number);
    crypto_generichash(out, 24, (const uint8_t *)purpose, len, seed, KEYSET_SEED);
}

static void keyset_id_of(const uint8_t seed[KEYSET_SEED], const char *word, int number,
                         char out[KEYSET_ID_TEXT])
{
    uint8_t drawn[24];
    keyset_draw(seed, word, number, drawn);
    sodium_bin2hex(out, KEYSET_ID_TEXT, drawn, ENVELOPE_ID);
    sodium_memzero(drawn, sizeof drawn);
}

static void keyset_password_of(const uint8_t seed[KEYSET_SEED], const char *word, int number,
                               char out[KEYSET_PASSWORD])
{
    uint8_t drawn[24];
    keyset_draw(seed, word, number, drawn);
    sodium_bin2base64(out, (size_t)KEYSET_PASSWORD, drawn, sizeof drawn,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(drawn, sizeof drawn);
}

void keyset_id(const struct keyset *k, const char *word, int number, char out[KEYSET_ID_TEXT])
{
    keyset_id_of(k->root_seed, word, number, out);
}

void keyset_password(const struct keyset *k, const char *word, int number,
                     char out[KEYSET_PASSWORD])
{
    keyset_password_of(k->root_seed, word, number, out);
}

void keyset_root_account(const uint8_t seed[KEYSET_SEED], const char *broker,
                         char account[KEYSET_ID_TEXT], char password[KEYSET_PASSWORD])
{
    char word[48];
    snprintf(word, sizeof word, "root-%.32s", strcmp(broker, "first") == 0 ? "here" : broker);
    keyset_id_of(seed, "root", 1, account);
    keyset_password_of(seed, word, 1, password);
}

void keyset_id_bytes(const char *id, uint8_t out[ENVELOPE_ID])
{
    sodium_hex2bin(out, ENVELOPE_ID, id, strlen(id), NULL, NULL, NULL);
}
