/* What comes from a broker: messages, and the envelopes around them. */

#include "tests/fuzz/fuzz.h"

#include "kiosk/core/acks.h"
#include "kiosk/core/big_endian.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/command.h"
#include "kiosk/core/enrol.h"
#include "kiosk/core/message.h"
#include "kiosk/core/push_offer.h"
#include "kiosk/core/registration.h"
#include "kiosk/core/root_word.h"
#include "kiosk/core/staff_box.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const char topic[] = "porchlight/1111111111111111/2222222222222222/command/" FUZZ_ACCOUNT;

/* --- messages --------------------------------------------------------------------------------- */

static void message_one(const uint8_t *bytes, size_t len)
{
    struct message m, again;
    const char *why = NULL;
    char text[ENVELOPE_TEXT_MAX + 1], second[ENVELOPE_TEXT_MAX + 1];
    if (message_read(&m, (const char *)bytes, len, &why) != 0) {
        FUZZ_MUST(why && why[0]);
        return;
    }
    int n = message_write(&m, text, sizeof text);
    FUZZ_MUST(n > 0 && text[n] == '\0');
    FUZZ_MUST(message_read(&again, text, (size_t)n, &why) == 0);
    FUZZ_MUST(message_write(&again, second, sizeof second) == n && strcmp(text, second) == 0);
}

/* A message of each kind, with everything in it that a kind may have. */
static int message_of(enum message_kind kind, char *text, size_t size)
{
    struct message m = {.kind = kind,
                        .id = {{0xa1, 7}},
                        .epoch = 4,
                        .seq = 99,
                        .at = "2026-11-22T18:33:04Z",
                        .age_ms = 1234,
                        .detail = "held-open",
                        .state = ALERT_LOCKDOWN,
                        .seen = 2,
                        .safe = 1,
                        .rang = 3,
                        .connection = 5,
                        .up_ms = 60000,
                        .synced = true,
                        .newest = {98, 97, 96},
                        .echo_count = kind == MSG_BEAT || kind == MSG_PING,
                        .on = true,
                        .account = FUZZ_ACCOUNT};
    if (kind == MSG_STATE || kind == MSG_ALL_CLEAR)
        m.proof_len = CERT_PROOF;
    if (kind == MSG_CMD_ALL_CLEAR)
        m.proof_len = CERT_SIGNATURE;
    return message_write(&m, text, size);
}

static void message_seeds(void)
{
    for (enum message_kind kind = 0; kind < MSG_KINDS; kind++) {
        char text[ENVELOPE_CLEAR_MAX + 1];
        int n = message_of(kind, text, sizeof text);
        if (n > 0)
            fuzz_seed(text, (size_t)n);
    }
}

/* --- envelopes: the input is what is inside; each form is signed and sealed around it --------- */

enum { INNER_MAX = 64 + 2 + ENVELOPE_CLEAR_MAX, BOUND_MAX = 64 + sizeof topic + ENVELOPE_SIZE };

/* What a signature covers (envelope.h); its length. */
static size_t bound_write(uint8_t out[BOUND_MAX], uint8_t form, const struct envelope_place *at)
{
    uint8_t *p = out;
    memcpy(p, "porchlight", 11);
    p[11] = ENVELOPE_VERSION;
    p[12] = form;
    memcpy(p + 13, at->venue, 8);
    memcpy(p + 21, at->kiosk, 8);
    big_endian_put(p + 29, 8, at->epoch);
    big_endian_put(p + 37, 8, at->seq);
    big_endian_put(p + 45, 2, strlen(at->topic));
    memcpy(p + 47, at->topic, strlen(at->topic));
    return 47 + strlen(at->topic);
}

/* Length and text, as the input has them, behind a signature that is right for them. */
static void inner_write(uint8_t *inner, size_t size, uint8_t form, const struct envelope_place *at,
                        const uint8_t *secret, const uint8_t *bytes, size_t len)
{
    uint8_t bound[BOUND_MAX];
    memset(inner, 0, size);
    if (len > size - 64)
        len = size - 64;
    if (len > 0)
        memcpy(inner + 64, bytes, len);
    size_t head = bound_write(bound, form, at), n = (size_t)big_endian_get(inner + 64, 2);
    if (n > size - 66)
        n = size - 66;
    memcpy(bound + head, inner + 66, n);
    crypto_sign_detached(inner, NULL, bound, head + n, secret);
}

static void text_read(const char *text, size_t len)
{
    struct message m;
    struct enrol_letter letter;
    struct enrol_again again;
    struct push_offer_letter push;
    struct registration_request request;
    struct registration_answer answer;
    const char *why;
    FUZZ_MUST(text[len] == '\0');
    message_read(&m, text, len, &why);
    enrol_read(text, len, &letter);
    enrol_again_read(text, len, &again);
    push_offer_read(text, len, &push);
    registration_read(text, len, &request);
    registration_answer_read(text, len, &answer);
}

static void broadcast_open(struct envelope_place at, const uint8_t *bytes, size_t len)
{
    uint8_t wire[ENVELOPE_SIZE] = {ENVELOPE_VERSION, 1}, bound[BOUND_MAX];
    uint8_t inner[ENVELOPE_SIZE - 42 - 16];
    char text[ENVELOPE_TEXT_MAX + 1];
    size_t n;
    big_endian_put(wire + 2, 8, at.epoch);
    big_endian_put(wire + 10, 8, at.seq);
    inner_write(inner, sizeof inner, 1, &at, fuzz_kiosk.secret, bytes, len);
    size_t head = bound_write(bound, 1, &at);
    crypto_aead_xchacha20poly1305_ietf_encrypt(wire + 42, NULL, inner, sizeof inner, bound, head,
                                               NULL, wire + 18, fuzz_venue_key);
    enum envelope_result r =
        envelope_open(&at, fuzz_venue_key, fuzz_kiosk.public, wire, sizeof wire, text, &n);
    FUZZ_MUST(r == ENVELOPE_OK || r == ENVELOPE_MALFORMED);
    if (r == ENVELOPE_OK)
        text_read(text, n);
}

static void clear_open(struct envelope_place at, const uint8_t *bytes, size_t len)
{
    uint8_t wire[ENVELOPE_SIZE] = {ENVELOPE_VERSION, 6};
    char text[ENVELOPE_CLEAR_MAX + 1];
    size_t n;
    big_endian_put(wire + 2, 8, at.epoch);
    big_endian_put(wire + 10, 8, at.seq);
    inner_write(wire + 18, sizeof wire - 18, 6, &at, fuzz_kiosk.secret, bytes, len);
    enum envelope_result r =
        envelope_clear_open(&at, fuzz_kiosk.public, wire, sizeof wire, text, &n);
    FUZZ_MUST(r == ENVELOPE_OK || r == ENVELOPE_MALFORMED);
    if (r == ENVELOPE_OK)
        text_read(text, n);
}

static void curve_seal(uint8_t *out, const uint8_t *inner, size_t size, const struct fuzz_pair *to)
{
    uint8_t public[crypto_box_PUBLICKEYBYTES];
    FUZZ_MUST(crypto_sign_ed25519_pk_to_curve25519(public, to->public) == 0);
    crypto_box_seal(out, inner, size, public);
}

static void letter_wire(struct envelope_place at, const uint8_t *bytes, size_t len,
                        const struct fuzz_pair *from, uint8_t wire[ENVELOPE_SIZE])
{
    uint8_t inner[ENVELOPE_SIZE - 2 - crypto_box_SEALBYTES];
    at.epoch = at.seq = 0;
    inner_write(inner, sizeof inner, 2, &at, from->secret, bytes, len);
    wire[0] = ENVELOPE_VERSION;
    wire[1] = 2;
    curve_seal(wire + 2, inner, sizeof inner, &fuzz_kiosk);
}

static void letter_open(struct envelope_place at, const uint8_t *bytes, size_t len)
{
    uint8_t wire[ENVELOPE_SIZE], signature[64];
    char text[ENVELOPE_LETTER_MAX + 1];
    size_t n;
    letter_wire(at, bytes, len, &fuzz_phone, wire);
    enum envelope_result r = envelope_letter_open(fuzz_kiosk.public, fuzz_kiosk.secret, wire,
                                                  sizeof wire, text, &n, signature);
    FUZZ_MUST(r == ENVELOPE_OK || r == ENVELOPE_MALFORMED);
    at.epoch = at.seq = 0;
    if (r != ENVELOPE_OK)
        return;
    FUZZ_MUST(envelope_letter_signed(&at, fuzz_phone.public, signature, text, n) == ENVELOPE_OK);
    text_read(text, n);
}

static void welcome_open(struct envelope_place at, const uint8_t *bytes, size_t len)
{
    uint8_t inner[ENVELOPE_SIZE - 2 - crypto_box_SEALBYTES];
    uint8_t wire[ENVELOPE_SIZE] = {ENVELOPE_VERSION, ENVELOPE_FORM_WELCOME};
    char text[ENVELOPE_LETTER_MAX + 1];
    size_t n;
    at.epoch = at.seq = 0;
    inner_write(inner, sizeof inner, ENVELOPE_FORM_WELCOME, &at, fuzz_kiosk.secret, bytes, len);
    curve_seal(wire + 2, inner, sizeof inner, &fuzz_phone);
    enum envelope_result r = envelope_welcome_open(&at, fuzz_phone.public, fuzz_phone.secret,
                                                   fuzz_kiosk.public, wire, sizeof wire, text, &n);
    FUZZ_MUST(r == ENVELOPE_OK || r == ENVELOPE_MALFORMED);
    if (r == ENVELOPE_OK)
        text_read(text, n);
}

/* As it came: another size, another form, nothing signed. */
static void raw_open(struct envelope_place at, const uint8_t *bytes, size_t len)
{
    char text[ENVELOPE_CLEAR_MAX + 1];
    uint8_t signature[64];
    const uint8_t *box;
    size_t n;
    uint64_t time;
    struct registration_hello hello;
    struct registration_announcement announcement;
    FUZZ_MUST(envelope_open(&at, fuzz_venue_key, fuzz_kiosk.public, bytes, len, text, &n) !=
              ENVELOPE_OK);
    FUZZ_MUST(envelope_clear_open(&at, fuzz_kiosk.public, bytes, len, text, &n) != ENVELOPE_OK);
    FUZZ_MUST(envelope_letter_open(fuzz_kiosk.public, fuzz_kiosk.secret, bytes, len, text, &n,
                                   signature) != ENVELOPE_OK);
    FUZZ_MUST(envelope_welcome_open(&at, fuzz_phone.public, fuzz_phone.secret, fuzz_kiosk.public,
                                    bytes, len, text, &n) != ENVELOPE_OK);
    FUZZ_MUST(envelope_staff_check(&at, fuzz_kiosk.public, bytes, len, &time, &box) != ENVELOPE_OK);
    registration_hello_read(bytes, len, &hello);
    registration_announcement_read(bytes, len, &at, &announcement);
}

static void envelope_one(const uint8_t *bytes, size_t len)
{
    static void (*const open[])(struct envelope_place, const uint8_t *, size_t) = {
        broadcast_open, clear_open, letter_open, welcome_open, raw_open};
    struct envelope_place at = fuzz_place(topic);
    uint8_t form;
    fuzz_take(&bytes, &len, &form, 1);
    open[form % (sizeof open / sizeof open[0])](at, bytes, len);
}

/* A form, the length, the text. */
static void envelope_seeds(void)
{
    for (uint8_t form = 0; form < 5; form++)
        for (enum message_kind kind = 0; kind < MSG_KINDS; kind++) {
            char seed[3 + ENVELOPE_CLEAR_MAX + 1] = {(char)form};
            int n = message_of(kind, seed + 3, sizeof seed - 3);
            if (n < 0)
                continue;
            big_endian_put((uint8_t *)seed + 1, 2, (uint64_t)n);
            fuzz_seed(seed, 3 + (size_t)n);
        }
}

/* --- commands: a text that a staff phone signs and seals -------------------------------------- */

static void command_one(const uint8_t *bytes, size_t len)
{
    struct command_staff staff;
    struct command_refused refused;
    struct command c;
    uint8_t wire[ENVELOPE_SIZE];
    struct envelope_place at = fuzz_place(topic);
    struct cert_staff cert;
    struct command_check check = {.kiosk_public = fuzz_kiosk.public,
                                  .kiosk_secret = fuzz_kiosk.secret,
                                  .root_public = fuzz_root.public,
                                  .staff = &staff,
                                  .staff_count = 1,
                                  .epoch = 4,
                                  .seq = 100,
                                  .standing = {{0xa1, 7}},
                                  .refused = &refused};
    memcpy(check.venue, at.venue, sizeof check.venue);
    memcpy(check.kiosk, at.kiosk, sizeof check.kiosk);
    memcpy(cert.venue, at.venue, sizeof cert.venue);
    sodium_hex2bin(cert.account, sizeof cert.account, FUZZ_ACCOUNT, 16, NULL, NULL, NULL);
    memcpy(cert.public, fuzz_phone.public, sizeof cert.public);
    memcpy(staff.account, cert.account, sizeof staff.account);
    memcpy(staff.cert, fuzz_phone.public, sizeof cert.public);
    cert_staff_sign(&cert, fuzz_root.secret, staff.cert + ENVELOPE_PUBLIC);
    letter_wire(at, bytes, len, &fuzz_phone, wire);
    enum command_result r = command_read(&check, topic, FUZZ_ACCOUNT, false, wire, sizeof wire, &c);
    FUZZ_MUST(r != COMMAND_UNKNOWN && r != COMMAND_FOREIGN && command_result_name(r)[0]);
}

static void command_seeds(void)
{
    for (enum message_kind kind = MSG_CMD_LOCKDOWN; kind < MSG_KINDS; kind++) {
        char seed[2 + ENVELOPE_LETTER_MAX + 1];
        int n = message_of(kind, seed + 2, sizeof seed - 2);
        FUZZ_MUST(n > 0);
        big_endian_put((uint8_t *)seed, 2, (uint64_t)n);
        fuzz_seed(seed, 2 + (size_t)n);
    }
}

/* --- root words: bytes 0 to 9 and 74 to 767, signed ------------------------------------------- */

static void root_word_one(const uint8_t *bytes, size_t len)
{
    static const char purpose[] = "porchlight-root";
    uint8_t wire[ENVELOPE_SIZE], again[ENVELOPE_SIZE], covered[sizeof purpose + 16 + 10 + 694];
    struct envelope_place at = fuzz_place("");
    struct root_word w, all = {.made = 0};
    fuzz_take(&bytes, &len, wire, 10);
    fuzz_take(&bytes, &len, wire + 74, sizeof wire - 74);
    memcpy(covered, purpose, sizeof purpose);
    memcpy(covered + sizeof purpose, at.venue, 8);
    memcpy(covered + sizeof purpose + 8, at.kiosk, 8);
    memcpy(covered + sizeof purpose + 16, wire, 10);
    memcpy(covered + sizeof purpose + 26, wire + 74, 694);
    crypto_sign_detached(wire + 10, NULL, covered, sizeof covered, fuzz_root.secret);
    if (!root_word_read(&w, at.venue, at.kiosk, fuzz_root.public, wire, sizeof wire)) {
        FUZZ_MUST(!root_word_parse(&w, wire, sizeof wire));
        return;
    }
    root_word_write(&w, again);
    memcpy(again + 10, wire + 10, CERT_SIGNATURE);
    FUZZ_MUST(memcmp(again, wire, sizeof wire) == 0);
    root_word_join(&all, &w);
    FUZZ_MUST(!root_word_join(&all, &w));
}

static void root_word_seeds(void)
{
    struct root_word w = {.made = 1800000000};
    for (int i = 0; i < 8; i++) {
        uint8_t wire[ENVELOPE_SIZE], account[8] = {(uint8_t)i};
        w.retired = i & 1;
        memset(w.public, w.retired ? 7 : 0, sizeof w.public);
        w.ended = i & 2;
        w.id.bytes[0] = w.ended;
        w.epoch = w.ended ? 4 : 0;
        w.seq = w.ended ? 99 : 0;
        root_word_revoke(&w, account);
        root_word_write(&w, wire);
        memmove(wire + 10, wire + 74, sizeof wire - 74);
        fuzz_seed(wire, sizeof wire - 64);
    }
}

/* --- staff boxes: the text is sealed again, with whatever length the input claims ------------- */

static void staff_box_one(const uint8_t *bytes, size_t len)
{
    enum { AT_NONCE = 416, AT_TEXT = 440, INNER = 222, NAME = 15, BOUND = NAME + 16 + 32 };
    uint8_t seed[STAFF_BOX_SEED] = {5}, chance[64], inner[INNER], bound[BOUND], how;
    uint8_t box[STAFF_BOX_SIZE], wire[ENVELOPE_SIZE];
    const uint8_t *found;
    struct envelope_place at = fuzz_place(topic);
    char text[STAFF_BOX_TEXT_MAX + 1];
    size_t n;
    uint64_t time;
    fuzz_take(&bytes, &len, &how, 1);
    FUZZ_MUST(staff_box_seal(&at, &fuzz_phone.public, 1, seed, "", 0, box) == ENVELOPE_OK);
    if (how == 0) {
        fuzz_take(&bytes, &len, box, sizeof box);
    } else {
        fuzz_take(&bytes, &len, inner, sizeof inner);
        randombytes_buf_deterministic(chance, sizeof chance,
                                      seed); /* ephemeral, then content key */
        memcpy(bound, "porchlight-box", NAME);
        memcpy(bound + NAME, at.venue, 8);
        memcpy(bound + NAME + 8, at.kiosk, 8);
        memcpy(bound + NAME + 16, box, 32);
        crypto_aead_xchacha20poly1305_ietf_encrypt(box + AT_TEXT, NULL, inner, INNER, bound, BOUND,
                                                   NULL, box + AT_NONCE, chance + 32);
    }
    FUZZ_MUST(envelope_staff_sign(&at, fuzz_kiosk.secret, 1800000000, box, wire) == ENVELOPE_OK);
    FUZZ_MUST(envelope_staff_check(&at, fuzz_kiosk.public, wire, sizeof wire, &time, &found) ==
              ENVELOPE_OK);
    enum envelope_result r =
        staff_box_open(&at, fuzz_phone.public, fuzz_phone.secret, found, text, &n);
    FUZZ_MUST(how == 0 || r == ENVELOPE_OK || r == ENVELOPE_MALFORMED);
    if (r == ENVELOPE_OK)
        text_read(text, n);
}

static void staff_box_seeds(void)
{
    for (enum message_kind kind = MSG_DOOR; kind <= MSG_NOTHING; kind++) {
        struct message m = {.kind = kind, .id = {{0xa1, 7}}, .age_ms = 5, .detail = "cut"};
        char seed[3 + STAFF_BOX_TEXT_MAX + 1] = {1};
        int n = message_write_boxed(&m, seed + 3, sizeof seed - 3);
        if (n < 0)
            continue;
        big_endian_put((uint8_t *)seed + 1, 2, (uint64_t)n);
        fuzz_seed(seed, 3 + (size_t)n);
    }
    uint8_t box[1 + STAFF_BOX_SIZE] = {0};
    fuzz_seed(box, sizeof box);
}

/* --- proofs of an all-clear ------------------------------------------------------------------- */

static void proof_one(const uint8_t *bytes, size_t len)
{
    struct envelope_place at = fuzz_place("");
    struct cert_clear c;
    FUZZ_MUST(!cert_proof_read(&c, at.venue, at.kiosk, fuzz_root.public, bytes, len));
}

static void proof_seeds(void)
{
    uint8_t proof[CERT_PROOF] = {0xa1, 7};
    fuzz_seed(proof, sizeof proof);
}

const struct fuzz_target fuzz_protocol[] = {
    {"message", message_one, message_seeds, 1024},
    {"envelope", envelope_one, envelope_seeds, 1024},
    {"command", command_one, command_seeds, 768},
    {"root-word", root_word_one, root_word_seeds, 704},
    {"staff-box", staff_box_one, staff_box_seeds, 704},
    {"proof", proof_one, proof_seeds, 256},
    {.name = NULL},
};
