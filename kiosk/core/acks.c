#include "kiosk/core/acks.h"

#include <sodium.h>
#include <string.h>

_Static_assert(ACKS_KEY == crypto_shorthash_KEYBYTES, "the key of SipHash-2-4");
_Static_assert(ACKS_ACCOUNTS < ACKS_SLOTS, "a free slot ends every search");

void acks_forget(struct acks *a)
{
    sodium_memzero(a, sizeof *a);
}

void acks_begin(struct acks *a, const struct alert_id *id, const uint8_t key[ACKS_KEY])
{
    acks_forget(a);
    a->id = *id;
    memcpy(a->key, key, ACKS_KEY);
}

/* Never 0, never odd: 0 is a free slot, the lowest bit is the answer. */
static uint64_t hash_of(const struct acks *a, const char *account)
{
    uint8_t bytes[crypto_shorthash_BYTES];
    uint64_t hash;
    crypto_shorthash(bytes, (const uint8_t *)account, strlen(account), a->key);
    memcpy(&hash, bytes, sizeof hash);
    hash &= ~UINT64_C(1);
    return hash != 0 ? hash : 2;
}

enum acks_result acks_take(struct acks *a, const struct alert_id *id, const char *account,
                           bool safe)
{
    if (alert_id_is_none(&a->id) || !alert_id_equal(id, &a->id))
        return ACKS_STALE;
    uint64_t hash = hash_of(a, account);
    size_t i = (size_t)(hash >> 1) % ACKS_SLOTS;
    while (a->slots[i] != 0 && (a->slots[i] & ~UINT64_C(1)) != hash)
        i = (i + 1) % ACKS_SLOTS;
    bool known = a->slots[i] != 0;
    if (!known && a->seen == ACKS_ACCOUNTS)
        return ACKS_FULL;
    if (known && (!safe || a->slots[i] & 1))
        return ACKS_AGAIN;
    a->slots[i] = hash | (safe ? 1 : 0);
    a->seen += known ? 0 : 1;
    a->safe += safe ? 1 : 0;
    return ACKS_NEWS;
}
