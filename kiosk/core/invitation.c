#include "kiosk/core/invitation.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(INVITATION_MAC == crypto_generichash_BYTES, "BLAKE2b-256");

/* --- MACs ------------------------------------------------------------------------------------ */

struct invitation_parties invitation_between(const uint8_t venue[ENVELOPE_ID],
                                             const uint8_t kiosk[ENVELOPE_ID], const char *account,
                                             const uint8_t phone[ENVELOPE_PUBLIC])
{
    struct invitation_parties p;
    memcpy(p.venue, venue, sizeof p.venue);
    memcpy(p.kiosk, kiosk, sizeof p.kiosk);
    sodium_hex2bin(p.account, sizeof p.account, account, 2 * sizeof p.account, NULL, NULL, NULL);
    memcpy(p.phone, phone, sizeof p.phone);
    return p;
}

typedef crypto_generichash_state hash;

static void hash_begin(hash *h, const uint8_t secret[INVITATION_SECRET], const char *purpose)
{
    crypto_generichash_init(h, secret, INVITATION_SECRET, INVITATION_MAC);
    crypto_generichash_update(h, (const uint8_t *)purpose, strlen(purpose) + 1);
}

static void hash_parties(hash *h, const struct invitation_parties *p)
{
    crypto_generichash_update(h, p->venue, sizeof p->venue);
    crypto_generichash_update(h, p->kiosk, sizeof p->kiosk);
    crypto_generichash_update(h, p->account, sizeof p->account);
    crypto_generichash_update(h, p->phone, sizeof p->phone);
}

void invitation_letter_mac(const uint8_t secret[INVITATION_SECRET],
                           const struct invitation_parties *p, bool staff, const char *password,
                           uint8_t mac[INVITATION_MAC])
{
    hash h;
    uint8_t role = staff ? 1 : 0, password_hash[INVITATION_MAC];
    crypto_generichash(password_hash, sizeof password_hash, (const uint8_t *)password,
                       strlen(password), NULL, 0);
    hash_begin(&h, secret, "porchlight-letter");
    hash_parties(&h, p);
    crypto_generichash_update(&h, &role, 1);
    crypto_generichash_update(&h, password_hash, sizeof password_hash);
    crypto_generichash_final(&h, mac, INVITATION_MAC);
    sodium_memzero(&h, sizeof h);
}

void invitation_welcome_mac(const uint8_t secret[INVITATION_SECRET],
                            const struct invitation_parties *p,
                            const uint8_t members_key[ENVELOPE_KEY],
                            const uint8_t kiosk_public[ENVELOPE_PUBLIC],
                            const uint8_t root_public[ENVELOPE_PUBLIC], uint8_t mac[INVITATION_MAC])
{
    hash h;
    hash_begin(&h, secret, "porchlight-welcome");
    hash_parties(&h, p);
    crypto_generichash_update(&h, members_key, ENVELOPE_KEY);
    crypto_generichash_update(&h, kiosk_public, ENVELOPE_PUBLIC);
    crypto_generichash_update(&h, root_public, ENVELOPE_PUBLIC);
    crypto_generichash_final(&h, mac, INVITATION_MAC);
    sodium_memzero(&h, sizeof h);
}

void invitation_digits(const uint8_t secret[INVITATION_SECRET],
                       const uint8_t phone[ENVELOPE_PUBLIC], const uint8_t nonce[INVITATION_NONCE],
                       char digits[INVITATION_DIGITS + 1])
{
    hash h;
    uint8_t all[INVITATION_MAC];
    uint64_t number = 0;
    hash_begin(&h, secret, "porchlight-digits");
    crypto_generichash_update(&h, phone, ENVELOPE_PUBLIC);
    crypto_generichash_update(&h, nonce, INVITATION_NONCE);
    crypto_generichash_final(&h, all, sizeof all);
    for (size_t i = 0; i < sizeof number; i++)
        number = number << 8 | all[i];
    snprintf(digits, INVITATION_DIGITS + 1, "%06u", (unsigned)(number % 1000000));
    sodium_memzero(&h, sizeof h);
}

/* --- the link -------------------------------------------------------------------------------- */

/* The bytes of the link, as far as they fit. */
struct bytes {
    uint8_t all[INVITATION_LINK_MAX];
    size_t len;
    bool full;
};

static void put(struct bytes *b, const void *what, size_t len)
{
    b->full = b->full || len > sizeof b->all - b->len;
    if (b->full)
        return;
    memcpy(b->all + b->len, what, len);
    b->len += len;
}

static void put_number(struct bytes *b, uint64_t number, size_t len)
{
    while (len-- > 0) {
        uint8_t byte = (uint8_t)(number >> 8 * len);
        put(b, &byte, 1);
    }
}

/* A length and so many bytes. */
static void put_counted(struct bytes *b, const void *what, size_t len)
{
    b->full = b->full || len > UINT8_MAX;
    put_number(b, len, 1);
    put(b, what, len);
}

static void put_text(struct bytes *b, const char *text)
{
    put_counted(b, text, strlen(text));
}

static void invitation_write(struct bytes *b, const struct invitation *i)
{
    put_number(b, ENVELOPE_VERSION, 1);
    put_number(b, (uint64_t)i->staff | (uint64_t)i->spare << 1, 1);
    put(b, i->account, sizeof i->account);
    put(b, i->venue, sizeof i->venue);
    put(b, i->kiosk, sizeof i->kiosk);
    put_number(b, (uint64_t)i->expires, 4);
    put(b, i->kiosk_public, ENVELOPE_PUBLIC);
    put(b, i->root_public, ENVELOPE_PUBLIC);
    put(b, i->secret, INVITATION_SECRET);
    put_text(b, i->password);
    put_number(b, i->brokers_count, 1);
    for (size_t n = 0; n < i->brokers_count; n++) {
        put_text(b, i->brokers[n]);
        put_counted(b, i->pins[n] ? i->pins[n] : b->all, i->pins[n] ? INVITATION_PIN : 0);
    }
    put_text(b, i->push ? i->push : "");
}

int invitation_link(const struct invitation *i, char out[INVITATION_LINK_MAX])
{
    enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    struct bytes b = {.len = 0};
    int len = -1;
    invitation_write(&b, i);
    size_t start = strlen(i->page) + 3;
    if (!b.full && start + sodium_base64_encoded_len(b.len, VARIANT) <= INVITATION_LINK_MAX) {
        snprintf(out, INVITATION_LINK_MAX, "%s#i=", i->page);
        sodium_bin2base64(out + start, INVITATION_LINK_MAX - start, b.all, b.len, VARIANT);
        len = (int)strlen(out);
    }
    sodium_memzero(&b, sizeof b);
    return len;
}
