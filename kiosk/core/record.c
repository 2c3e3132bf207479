#include "kiosk/core/record.h"

#include "kiosk/core/big_endian.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

static const uint8_t magic[4] = {'P', 'L', 'R', '2'};
static const uint8_t magic_of_0_1_0[4] = {'P', 'L', 'R', '1'};

enum {
    FLAG_DRILL = 1,
    FLAG_PRESSED = 2,
    FLAG_UNCLEAR = 4,
    FLAG_UNCONFIRMED = 8,
    FLAG_CALM = 16,
    FLAG_WIPE = 32,
    FLAG_BOX = 64,
    FLAGS_ALL = 127
};
enum {
    AT_EPOCH = 4,
    AT_STATE = 12,
    AT_FLAGS = 13,
    AT_ID = 14,
    AT_BEGAN = 30,
    AT_SERIAL = 38,
    AT_SUM = 42
};

/* The first bytes of a cell that holds a vault's key (hw/cell.h). */
static const char key_mark[4] = {'P', 'L', 'c', '1'};

static void sum(const uint8_t *bytes, bool boxed, uint8_t out[8])
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, bytes, AT_SUM);
    if (boxed)
        crypto_generichash_update(&state, bytes + RECORD_SIZE, STAFF_BOX_SIZE);
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(out, hash, 8);
}

size_t record_encode(const struct record *r, uint32_t serial, uint8_t out[RECORD_MOST])
{
    const struct alert_standing *s = &r->standing;
    memcpy(out, magic, sizeof magic);
    big_endian_put(out + AT_EPOCH, 8, r->epoch);
    out[AT_STATE] = (uint8_t)s->state;
    out[AT_FLAGS] = (uint8_t)((s->drill ? FLAG_DRILL : 0) | (s->pressed ? FLAG_PRESSED : 0) |
                              (s->unclear ? FLAG_UNCLEAR : 0) |
                              (s->unconfirmed ? FLAG_UNCONFIRMED : 0) | (s->calm ? FLAG_CALM : 0) |
                              (s->wipe_pending ? FLAG_WIPE : 0) | (r->boxed ? FLAG_BOX : 0));
    memcpy(out + AT_ID, s->id.bytes, sizeof s->id.bytes);
    big_endian_put(out + AT_BEGAN, 8, (uint64_t)r->began);
    big_endian_put(out + AT_SERIAL, 4, serial);
    if (r->boxed)
        memcpy(out + RECORD_SIZE, r->box, sizeof r->box);
    sum(out, r->boxed, out + AT_SUM);
    return r->boxed ? RECORD_MOST : RECORD_SIZE;
}

static bool record_is_whole(const uint8_t *bytes, size_t len, bool *old)
{
    uint8_t expected[8];
    if (len < RECORD_SIZE)
        return false;
    *old = memcmp(bytes, magic_of_0_1_0, sizeof magic) == 0;
    bool boxed = bytes[AT_FLAGS] & FLAG_BOX;
    if ((!*old && memcmp(bytes, magic, sizeof magic) != 0) ||
        (boxed && (*old || len < RECORD_MOST)))
        return false;
    sum(bytes, boxed, expected);
    return memcmp(bytes + AT_SUM, expected, sizeof expected) == 0 &&
           bytes[AT_STATE] <= ALERT_LOCKDOWN && bytes[AT_FLAGS] <= FLAGS_ALL;
}

int record_decode(struct record *r, uint32_t *serial, const uint8_t *bytes, size_t len)
{
    bool old;
    errno = EBADMSG;
    if (!record_is_whole(bytes, len, &old))
        return -1;
    uint8_t f = bytes[AT_FLAGS];
    *serial = (uint32_t)big_endian_get(bytes + AT_SERIAL, 4);
    *r = (struct record){.epoch = big_endian_get(bytes + AT_EPOCH, 8),
                         .began = (int64_t)big_endian_get(bytes + AT_BEGAN, 8),
                         .standing = {.state = (enum alert_state)bytes[AT_STATE],
                                      .drill = f & FLAG_DRILL,
                                      .pressed = f & FLAG_PRESSED,
                                      .unclear = f & FLAG_UNCLEAR,
                                      .unconfirmed = f & FLAG_UNCONFIRMED,
                                      .calm = f & FLAG_CALM,
                                      .wipe_pending = f & FLAG_WIPE},
                         .was_duress = old && f & FLAG_PRESSED,
                         .boxed = f & FLAG_BOX};
    memcpy(r->standing.id.bytes, bytes + AT_ID, sizeof r->standing.id.bytes);
    if (r->boxed)
        memcpy(r->box, bytes + RECORD_SIZE, sizeof r->box);
    return 0;
}

struct record_slots record_slots(bool cell, size_t size)
{
    if (!cell)
        return (struct record_slots){.count = 2, .apart = RECORD_SLOT};
    return (struct record_slots){.count = size < 2 * RECORD_SIZE ? 1 : 2, .apart = RECORD_SIZE};
}

static bool cell_is_fit(const uint8_t *bytes, size_t len)
{
    errno = ENOSPC;
    if (len < RECORD_SIZE)
        return false;
    errno = EBUSY;
    return memcmp(bytes, key_mark, sizeof key_mark) != 0;
}

int record_newest(const uint8_t *bytes, size_t len, bool cell, struct record *r, uint32_t *serial)
{
    struct record_slots s = record_slots(cell, len);
    int found = -1;

    if (cell && !cell_is_fit(bytes, len))
        return -1;
    for (int slot = 0; slot < s.count; slot++) {
        size_t at = (size_t)slot * (size_t)s.apart;
        struct record one;
        uint32_t number;
        if (at >= len || record_decode(&one, &number, bytes + at, len - at) != 0 ||
            (found >= 0 && (int32_t)(number - *serial) <= 0))
            continue;
        *r = one;
        *serial = number;
        found = slot;
    }
    if (found < 0)
        errno = EBADMSG;
    return found;
}
