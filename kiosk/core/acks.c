#include "kiosk/core/acks.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

_Static_assert(ACKS_KEY == crypto_shorthash_KEYBYTES, "the key of SipHash-2-4");
#define SAID UINT64_C(7)

_Static_assert(ACKS_ACCOUNTS < ACKS_SLOTS, "a free slot ends every search");

void acks_forget(struct acks *a)
{
    /* Without an answer the slots are as they were: their 128 kB are left untouched. */
    sodium_memzero(a, a->accounts > 0 ? sizeof *a : offsetof(struct acks, slots));
}

void acks_begin(struct acks *a, const struct alert_id *id, const uint8_t key[ACKS_KEY])
{
    acks_forget(a);
    a->id = *id;
    memcpy(a->key, key, ACKS_KEY);
}

/* Never 0: that is a free slot. The lowest three bits are what the account said. */
static uint64_t hash_of(const struct acks *a, const char *account)
{
    uint8_t bytes[crypto_shorthash_BYTES];
    uint64_t hash;
    crypto_shorthash(bytes, (const uint8_t *)account, strlen(account), a->key);
    memcpy(&hash, bytes, sizeof hash);
    hash &= ~SAID;
    return hash != 0 ? hash : SAID + 1;
}

enum acks_result acks_take(struct acks *a, const struct alert_id *id, const char *account,
                           enum acks_answer answer)
{
    uint64_t said = answer == ACKS_SAFE ? ACKS_SEEN | ACKS_SAFE : answer;
    if (alert_id_is_none(&a->id) || !alert_id_equal(id, &a->id))
        return ACKS_STALE;
    uint64_t hash = hash_of(a, account);
    size_t i = (size_t)(hash >> 3) % ACKS_SLOTS;
    while (a->slots[i] != 0 && (a->slots[i] & ~SAID) != hash)
        i = (i + 1) % ACKS_SLOTS;
    bool known = a->slots[i] != 0;
    uint64_t news = said & ~a->slots[i];
    if (!known && a->accounts == ACKS_ACCOUNTS)
        return ACKS_FULL;
    if (news == 0)
        return ACKS_AGAIN;
    a->slots[i] |= hash | said;
    a->accounts += known ? 0 : 1;
    a->seen += news & ACKS_SEEN ? 1 : 0;
    a->safe += news & ACKS_SAFE ? 1 : 0;
    a->rang += news & ACKS_RANG ? 1 : 0;
    return ACKS_NEWS;
}
