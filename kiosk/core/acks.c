#include "kiosk/core/acks.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

_Static_assert(ACKS_KEY == crypto_shorthash_KEYBYTES, "the key of SipHash-2-4");

/* A slot: the hash, above the number of the last answer, above what was said so far. */
enum { ASKED = 16, SAID = 31, NUMBER_AT = 5, HASH_AT = 13 };
#define BELOW_HASH ((UINT64_C(1) << HASH_AT) - 1)

_Static_assert(ACKS_NUMBER_MAX >> (HASH_AT - NUMBER_AT) == 0, "the number has its own bits");
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

/* Never 0: that is a free slot. */
static uint64_t hash_of(const struct acks *a, const char *account)
{
    uint8_t bytes[crypto_shorthash_BYTES];
    uint64_t hash;
    crypto_shorthash(bytes, (const uint8_t *)account, strlen(account), a->key);
    memcpy(&hash, bytes, sizeof hash);
    hash &= ~BELOW_HASH;
    return hash != 0 ? hash : BELOW_HASH + 1;
}

/* What is below the hash after this answer. */
static unsigned said_after(unsigned before, enum acks_answer answer, uint64_t number)
{
    unsigned last = before >> NUMBER_AT, said = before & SAID;
    unsigned new = number < ACKS_NUMBER_MAX ? (unsigned)number : ACKS_NUMBER_MAX;
    unsigned was = said & (ACKS_SAFE | ACKS_HELP), is = answer & (ACKS_SAFE | ACKS_HELP);
    if (answer == ACKS_RANG)
        return before | ACKS_RANG;
    said |= ACKS_SEEN | (answer == ACKS_HELP ? ASKED : 0);
    if (is != 0 && (new > last || (new == last &&is > was)))
        said = (said & ~was) | is;
    return said | (new > last ? new : last) << NUMBER_AT;
}

static void acks_count(uint32_t *counted, unsigned bit, unsigned before, unsigned after)
{
    *counted += (after & bit ? 1U : 0U) - (before & bit ? 1U : 0U);
}

enum acks_result acks_take(struct acks *a, const struct alert_id *id, const char *account,
                           enum acks_answer answer, uint64_t number)
{
    if (alert_id_is_none(&a->id) || !alert_id_equal(id, &a->id))
        return ACKS_STALE;
    uint64_t hash = hash_of(a, account);
    size_t i = (size_t)(hash >> HASH_AT) % ACKS_SLOTS;
    while (a->slots[i] != 0 && (a->slots[i] & ~BELOW_HASH) != hash)
        i = (i + 1) % ACKS_SLOTS;
    bool known = a->slots[i] != 0;
    if (!known && a->accounts == ACKS_ACCOUNTS)
        return ACKS_FULL;
    unsigned before = (unsigned)(a->slots[i] & BELOW_HASH);
    unsigned after = said_after(before, answer, number);
    a->slots[i] = hash | after;
    a->accounts += known ? 0 : 1;
    acks_count(&a->seen, ACKS_SEEN, before, after);
    acks_count(&a->safe, ACKS_SAFE, before, after);
    acks_count(&a->help, ACKS_HELP, before, after);
    acks_count(&a->rang, ACKS_RANG, before, after);
    acks_count(&a->asked, ASKED, before, after);
    if (answer == ACKS_HELP && (!(before & ASKED) || after >> NUMBER_AT > before >> NUMBER_AT))
        a->asks++;
    return (before & SAID) == (after & SAID) ? ACKS_AGAIN : ACKS_NEWS;
}
