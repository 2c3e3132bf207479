#include "kiosk/core/root_word.h"

#include "kiosk/core/big_endian.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum {
    MADE = 2,
    SIGNATURE = 10,
    FLAGS = SIGNATURE + CERT_SIGNATURE,
    PUBLIC = 75,
    ID = 107,
    EPOCH = 123,
    SEQ = 131,
    COUNT = 139,
    REVOKED = 140,
    END = REVOKED + ROOT_WORD_REVOKED_MAX * ENVELOPE_ID,
    FLAG_RETIRED = 1,
    FLAG_ENDED = 2,
};

static const char purpose[] = "porchlight-root";
static const uint64_t integer_end = UINT64_C(1) << 53;

/* What the signature covers. */
enum { COVERED = sizeof purpose + 2 * ENVELOPE_ID + SIGNATURE + ENVELOPE_SIZE - FLAGS };

static void root_word_cover(const uint8_t *venue, const uint8_t *kiosk, const uint8_t *wire,
                            uint8_t out[COVERED])
{
    memcpy(out, purpose, sizeof purpose);
    memcpy(out + sizeof purpose, venue, ENVELOPE_ID);
    memcpy(out + sizeof purpose + ENVELOPE_ID, kiosk, ENVELOPE_ID);
    memcpy(out + sizeof purpose + 2 * ENVELOPE_ID, wire, SIGNATURE);
    memcpy(out + sizeof purpose + 2 * ENVELOPE_ID + SIGNATURE, wire + FLAGS, ENVELOPE_SIZE - FLAGS);
}

void root_word_write(const struct root_word *w, uint8_t wire[ENVELOPE_SIZE])
{
    memset(wire, 0, ENVELOPE_SIZE);
    wire[0] = ENVELOPE_VERSION;
    wire[1] = ROOT_WORD_FORM;
    big_endian_put(wire + MADE, 8, w->made);
    wire[FLAGS] = (uint8_t)((w->retired ? FLAG_RETIRED : 0) | (w->ended ? FLAG_ENDED : 0));
    if (w->retired)
        memcpy(wire + PUBLIC, w->public, ENVELOPE_PUBLIC);
    if (w->ended) {
        memcpy(wire + ID, w->id.bytes, sizeof w->id.bytes);
        big_endian_put(wire + EPOCH, 8, w->epoch);
        big_endian_put(wire + SEQ, 8, w->seq);
    }
    wire[COUNT] = (uint8_t)w->revoked_count;
    memcpy(wire + REVOKED, w->revoked, w->revoked_count * ENVELOPE_ID);
}

void root_word_sign(const struct root_word *w, const uint8_t venue[ENVELOPE_ID],
                    const uint8_t kiosk[ENVELOPE_ID], const uint8_t root_secret[ENVELOPE_SECRET],
                    uint8_t wire[ENVELOPE_SIZE])
{
    uint8_t covered[COVERED];
    root_word_write(w, wire);
    root_word_cover(venue, kiosk, wire, covered);
    crypto_sign_detached(wire + SIGNATURE, NULL, covered, sizeof covered, root_secret);
}

/* Signed by the root, and still not as this version writes it: nothing of it is believed. */
static bool root_word_is_sound(const uint8_t *wire)
{
    bool retired = wire[FLAGS] & FLAG_RETIRED, ended = wire[FLAGS] & FLAG_ENDED;
    size_t used = REVOKED + (size_t)wire[COUNT] * ENVELOPE_ID;
    return wire[FLAGS] <= (FLAG_RETIRED | FLAG_ENDED) && wire[COUNT] <= ROOT_WORD_REVOKED_MAX &&
           (retired || sodium_is_zero(wire + PUBLIC, ENVELOPE_PUBLIC)) &&
           (ended || sodium_is_zero(wire + ID, COUNT - ID)) &&
           big_endian_get(wire + EPOCH, 8) < integer_end &&
           big_endian_get(wire + SEQ, 8) < integer_end &&
           sodium_is_zero(wire + used, ENVELOPE_SIZE - used);
}

bool root_word_parse(struct root_word *w, const uint8_t *wire, size_t len)
{
    if (len != ENVELOPE_SIZE || wire[0] != ENVELOPE_VERSION || wire[1] != ROOT_WORD_FORM ||
        !root_word_is_sound(wire))
        return false;
    memset(w, 0, sizeof *w);
    w->made = big_endian_get(wire + MADE, 8);
    w->retired = wire[FLAGS] & FLAG_RETIRED;
    w->ended = wire[FLAGS] & FLAG_ENDED;
    memcpy(w->public, wire + PUBLIC, ENVELOPE_PUBLIC);
    memcpy(w->id.bytes, wire + ID, sizeof w->id.bytes);
    w->epoch = big_endian_get(wire + EPOCH, 8);
    w->seq = big_endian_get(wire + SEQ, 8);
    w->revoked_count = wire[COUNT];
    memcpy(w->revoked, wire + REVOKED, w->revoked_count * ENVELOPE_ID);
    return true;
}

bool root_word_read(struct root_word *w, const uint8_t venue[ENVELOPE_ID],
                    const uint8_t kiosk[ENVELOPE_ID], const uint8_t root_public[ENVELOPE_PUBLIC],
                    const uint8_t *wire, size_t len)
{
    struct root_word said;
    uint8_t covered[COVERED];
    if (!root_word_parse(&said, wire, len))
        return false;
    root_word_cover(venue, kiosk, wire, covered);
    if (crypto_sign_verify_detached(wire + SIGNATURE, covered, sizeof covered, root_public) != 0)
        return false;
    *w = said;
    return true;
}

bool root_word_join(struct root_word *all, const struct root_word *w)
{
    size_t revoked = all->revoked_count;
    bool retired = w->retired && !all->retired;
    bool ended = w->ended && (!all->ended || w->epoch > all->epoch ||
                              (w->epoch == all->epoch && w->seq > all->seq));
    if (retired) {
        all->retired = true;
        memcpy(all->public, w->public, sizeof all->public);
    }
    if (ended) {
        all->ended = true;
        all->id = w->id;
        all->epoch = w->epoch;
        all->seq = w->seq;
    }
    for (size_t i = 0; i < w->revoked_count; i++)
        root_word_revoke(all, w->revoked[i]);
    bool news = retired || ended || all->revoked_count > revoked;
    if (news && w->made > all->made)
        all->made = w->made;
    return news;
}

int root_word_revoke(struct root_word *w, const uint8_t account[ENVELOPE_ID])
{
    if (root_word_revokes(w, account))
        return 0;
    if (w->revoked_count == ROOT_WORD_REVOKED_MAX) {
        errno = ENOSPC;
        return -1;
    }
    memcpy(w->revoked[w->revoked_count++], account, ENVELOPE_ID);
    return 0;
}

bool root_word_revokes(const struct root_word *w, const uint8_t account[ENVELOPE_ID])
{
    for (size_t i = 0; i < w->revoked_count; i++) {
        if (memcmp(w->revoked[i], account, ENVELOPE_ID) == 0)
            return true;
    }
    return false;
}

bool root_word_ends(const struct root_word *w, const struct alert_id *id, uint64_t epoch,
                    uint64_t seq)
{
    if (!w->ended)
        return false;
    bool same = !alert_id_is_none(id) && alert_id_equal(&w->id, id);
    return same || epoch < w->epoch || (epoch == w->epoch && seq <= w->seq);
}

bool root_word_retires(const struct root_word *w, const uint8_t public[ENVELOPE_PUBLIC])
{
    return w->retired && memcmp(w->public, public, ENVELOPE_PUBLIC) == 0;
}
