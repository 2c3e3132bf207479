/* What phones and kiosks say about who belongs, buttons by radio, and the kiosk's own record. */

#include "tests/fuzz/fuzz.h"

#include "config/host_words.h"
#include "kiosk/alertd/button_payload.h"
#include "kiosk/core/enrol.h"
#include "kiosk/core/invitation.h"
#include "kiosk/core/ns.h"
#include "kiosk/core/push_offer.h"
#include "kiosk/core/record.h"
#include "kiosk/core/ups.h"
#include "kiosk/core/words_piece.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- enrolment: one letter a line, to a kiosk with a member's and a staff phone's invitation -- */

#define STAFF_ACCOUNT "fedcba9876543210"

static const uint8_t secret[INVITATION_SECRET] = {9};

/* The MAC that the invitation's secret makes: a letter that claims all f has the right one. */
static void letter_prove(const struct enrol_list *l, struct enrol_letter *e)
{
    uint8_t claimed[INVITATION_MAC];
    memset(claimed, 0xff, sizeof claimed);
    if (memcmp(e->mac, claimed, sizeof claimed) != 0)
        return;
    struct invitation_parties p = invitation_between(l->venue, l->kiosk, e->account, e->public);
    invitation_letter_mac(secret, &p, e->staff, e->password, e->mac);
}

static void letter_send(struct enrol_list *l, const char *line, size_t len, int64_t now)
{
    struct envelope_place at = fuzz_place("porchlight/v/k/enrol/a");
    struct enrol_letter e;
    struct enrol_again again;
    uint8_t wire[ENVELOPE_SIZE];
    FUZZ_MUST(enrol_again_read(line, len, &again) != 0 || enrol_is_account(again.account));
    if (enrol_read(line, len, &e) != 0)
        return;
    FUZZ_MUST(enrol_is_account(e.account));
    letter_prove(l, &e);
    struct enrol_arrival a = {
        .letter = &e, .topic_account = e.account, .signed_by_key = true, .now = now};
    struct enrol_judgement j = enrol_receive(l, &a);
    if (j.verdict == ENROL_CONFIRM) {
        char digits[INVITATION_DIGITS + 1];
        FUZZ_MUST(enrol_ask_digits(j.one, &at, fuzz_kiosk.secret, wire) == ENVELOPE_OK ||
                  crypto_core_ed25519_is_valid_point(j.one->public) == 0);
        invitation_digits(secret, j.one->public, j.one->nonce, digits);
        enrol_confirm(l, e.account, digits, now);
    }
    if (j.verdict == ENROL_WELCOME)
        enrol_welcome(j.one, &at, fuzz_kiosk.secret, fuzz_root.public, fuzz_venue_key, wire);
    if (j.verdict == ENROL_REFUSED)
        enrol_refuse(e.account, j.reason, e.public, &at, fuzz_kiosk.secret, wire);
    if (j.verdict == ENROL_PROMOTED)
        enrol_joined(l, e.account);
}

static void enrol_one(const uint8_t *bytes, size_t len)
{
    struct envelope_place at = fuzz_place("");
    static struct enrol_list l;
    int64_t now = NS_PER_S;
    enrol_begin(&l, at.venue, at.kiosk);
    enrol_invite(&l, FUZZ_ACCOUNT, false, secret, now);
    enrol_invite(&l, STAFF_ACCOUNT, true, secret, now);
    while (len > 0) {
        const uint8_t *end = memchr(bytes, '\n', len);
        size_t line = end ? (size_t)(end - bytes) : len;
        letter_send(&l, (const char *)bytes, line, now);
        bytes += line + (end ? 1 : 0);
        len -= line + (end ? 1 : 0);
        now += 60 * NS_PER_S;
    }
}

static void enrol_seeds(void)
{
    char key[2 * ENVELOPE_PUBLIC + 1], text[4096];
    sodium_bin2hex(key, sizeof key, fuzz_phone.public, sizeof fuzz_phone.public);
    static const char proved[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
    for (int staff = 0; staff < 2; staff++) {
        const char *account = staff ? STAFF_ACCOUNT : FUZZ_ACCOUNT;
        snprintf(text, sizeof text,
                 "{\"v\":2,\"kind\":\"enrol\",\"account\":\"%s\",\"public\":\"%s\",\"password\":"
                 "\"abcdefghijklmnop\",\"staff\":%s,\"mac\":\"%s\"}\n"
                 "{\"v\":2,\"kind\":\"enrolled\",\"account\":\"%s\"}\n",
                 account, key, staff ? "true" : "false", proved, account);
        fuzz_seed_text(text);
    }
    snprintf(text, sizeof text,
             "{\"v\":3,\"kind\":\"enrol\",\"account\":\"%s\",\"public\":\"%s\"}\n"
             "{\"v\":2,\"kind\":\"again\",\"account\":\"%s\",\"password\":\"abcdefghijklmnop\","
             "\"broker\":\"wss://broker.example.org/mqtt\"}",
             FUZZ_ACCOUNT, key, FUZZ_ACCOUNT);
    fuzz_seed_text(text);
}

/* --- invitations: how long their parts may be ------------------------------------------------- */

static void invitation_one(const uint8_t *bytes, size_t len)
{
    char text[6][600], link[INVITATION_LINK_MAX];
    uint8_t head[8], pin[INVITATION_PIN] = {1};
    size_t lens[6];
    struct envelope_place at = fuzz_place("");
    struct invitation i = {.kiosk_public = fuzz_kiosk.public,
                           .root_public = fuzz_root.public,
                           .secret = secret,
                           .expires = 1800000000};
    memcpy(i.venue, at.venue, sizeof i.venue);
    fuzz_take(&bytes, &len, head, sizeof head);
    for (size_t k = 0; k < 6; k++) {
        lens[k] = (size_t)head[k] * 2;
        fuzz_take(&bytes, &len, text[k], lens[k]);
        for (size_t c = 0; c < lens[k]; c++)
            text[k][c] = text[k][c] ? text[k][c] : 'a';
        text[k][lens[k]] = '\0';
    }
    i.page = text[0];
    i.password = text[1];
    i.push = lens[2] ? text[2] : NULL;
    i.brokers_count = head[6] % INVITATION_BROKERS_MAX + 1;
    for (size_t k = 0; k < i.brokers_count; k++) {
        i.brokers[k] = text[3 + k % 3];
        i.pins[k] = head[7] & 1 << k ? pin : NULL;
    }
    i.staff = head[7] & 16;
    i.spare = head[7] & 32;
    int n = invitation_link(&i, link);
    FUZZ_MUST(n < 0 || (n < INVITATION_LINK_MAX && link[n] == '\0' && strlen(link) == (size_t)n));
}

static void invitation_seeds(void)
{
    uint8_t seed[512];
    static const uint8_t heads[][8] = {{12, 8, 0, 14, 0, 0, 0, 1}, {60, 32, 20, 60, 60, 60, 3, 15}};
    for (size_t i = 0; i < 2; i++) {
        memset(seed, 'x', sizeof seed);
        memcpy(seed, heads[i], 8);
        fuzz_seed(seed, sizeof seed);
    }
}

/* --- the host's lines, in pieces and as a file --- */

static void words_one(const uint8_t *bytes, size_t len)
{
    struct words_piece p, same;
    const char *why = NULL;
    char text[ENVELOPE_TEXT_MAX + 1];
    if (words_piece_read(&p, (const char *)bytes, len, &why) != 0) {
        FUZZ_MUST(why && why[0]);
        return;
    }
    FUZZ_MUST(p.count <= WORDS_PIECE_LINES && p.piece < p.pieces && p.pieces <= WORDS_PIECES_MAX);
    if (p.piece != 0)
        return;
    struct words_set set = {.revision = p.revision, .link = p.link};
    int n = words_piece_write(&set, 0, p.epoch, p.seq, text, sizeof text);
    FUZZ_MUST(n < 0 || (words_piece_read(&same, text, (size_t)n, &why) == 0 &&
                        strcmp(same.link, p.link) == 0 && same.revision == p.revision));
}

static void words_seeds(void)
{
    static const struct words_line lines[] = {{"az", "contact", "V\xc9\x99kil \"1\""},
                                              {"az", "lockdown-way",
                                               "Geri qay\xc4\xb1"
                                               "d\xc4\xb1n."}};
    struct words_set set = {
        .revision = 1764000000, .link = "tel:+994501234567", .lines = lines, .count = 2};
    char text[ENVELOPE_TEXT_MAX + 1];
    for (size_t i = 0; i < words_pieces(&set); i++) {
        int n = words_piece_write(&set, i, 7, 12, text, sizeof text);
        FUZZ_MUST(n > 0);
        fuzz_seed(text, (size_t)n);
    }
}

static void host_words_one(const uint8_t *bytes, size_t len)
{
    static struct host_words w, again;
    char *text = NULL;
    size_t size = 0;
    if (host_words_parse("f", (const char *)bytes, len, &w, fuzz_complain, NULL) != 0)
        return;
    FILE *out = open_memstream(&text, &size);
    FUZZ_MUST(out);
    host_words_write(out, &w, NULL);
    fclose(out);
    FUZZ_MUST(host_words_parse("f", text, size, &again, fuzz_complain, NULL) == 0);
    FUZZ_MUST(memcmp(w.languages, again.languages, sizeof w.languages) == 0);
    free(text);
}

static void host_words_seeds(void)
{
    fuzz_seed_file("config/what-to-do.conf");
    fuzz_seed_text("[words]\nlink = tel:+994501234567\n[az]\ncontact = V\xc9\x99kil\n"
                   "lockdown-way = Geri\n");
}

/* --- buttons by radio, and a UPS --- */

static void button_one(const uint8_t *bytes, size_t len)
{
    struct button_report r = {.battery = -1, .battery_low = -1, .tamper = -1, .online = -1};
    uint8_t how;
    fuzz_take(&bytes, &len, &how, 1);
    if (how % 2)
        button_payload_availability(bytes, len, &r);
    else
        button_payload_read(bytes, len, &r);
    FUZZ_MUST(memchr(r.action, '\0', sizeof r.action) && r.battery >= -1 && r.battery <= 100);
    FUZZ_MUST(r.battery_low >= -1 && r.battery_low <= 1 && r.tamper >= -1 && r.tamper <= 1);
    FUZZ_MUST(r.online >= -1 && r.online <= 1);
    struct button_action a = button_action_read(r.action);
    FUZZ_MUST(a.act != BUTTON_PRESSES || (a.presses >= 1 && a.presses <= BUTTON_PRESSES_MAX));
}

static void button_seeds(void)
{
    fuzz_seed("\0{\"action\":\"1_double\",\"battery\":55,\"battery_low\":false,\"tamper\":true}",
              69);
    fuzz_seed("\0{\"Button\":{\"Action\":\"hold\",\"Battery\":7}}", 42);
    fuzz_seed("\0single", 7);
    fuzz_seed("\1{\"state\":\"online\"}", 19);
    fuzz_seed("\1offline", 8);
}

static void ups_one(const uint8_t *bytes, size_t len)
{
    struct ups u;
    char *rest = fuzz_text(bytes, len), *line;
    ups_begin(&u);
    while ((line = strsep(&rest, "\n")))
        ups_take(&u, line);
    FUZZ_MUST(u.charge >= -1 && u.charge <= 100 && u.seconds >= -1);
}

static void ups_seeds(void)
{
    fuzz_seed_text(
        "BEGIN LIST VAR pi\nVAR pi battery.charge \"87\"\nVAR pi battery.runtime \"1200\"\n"
        "VAR pi ups.status \"OB LB RB\"\nEND LIST VAR pi");
    fuzz_seed_text("ERR UNKNOWN-UPS");
}

/* --- how phones ask to be rung --- */

static void push_offer_one(const uint8_t *bytes, size_t len)
{
    struct push_offer_letter l;
    uint8_t hash[PUSH_OFFER_GONE_HASH];
    if (push_offer_read((const char *)bytes, len, &l) == 0 && l.ask == PUSH_OFFER_SUBSCRIBE) {
        FUZZ_MUST(strncmp(l.endpoint, "https://", 8) == 0);
        FUZZ_MUST(memchr(l.endpoint, '\0', sizeof l.endpoint));
        push_offer_gone_hash(l.endpoint, hash);
    }
}

static void push_offer_seeds(void)
{
    enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };
    uint8_t point[PUSH_OFFER_POINT] = {4}, auth[PUSH_OFFER_AUTH] = {1}, cert[CERT_SIGNATURE] = {2};
    char p[128], a[64], c[128], key[64], text[1024], longest[PUSH_OFFER_ENDPOINT_MAX - 8] = "";
    sodium_bin2base64(p, sizeof p, point, sizeof point, VARIANT);
    sodium_bin2base64(a, sizeof a, auth, sizeof auth, VARIANT);
    sodium_bin2base64(c, sizeof c, cert, sizeof cert, VARIANT);
    sodium_bin2base64(key, sizeof key, fuzz_phone.public, ENVELOPE_PUBLIC, VARIANT);
    snprintf(text, sizeof text,
             "{\"v\":2,\"kind\":\"subscribe\",\"account\":\"" FUZZ_ACCOUNT
             "\",\"endpoint\":\"https://push.example.net/a/b\",\"p256dh\":\"%s\",\"auth\":\"%s\"}",
             p, a);
    fuzz_seed_text(text);
    memset(longest, 'x', sizeof longest - 1);
    snprintf(text, sizeof text,
             "{\"v\":2,\"kind\":\"subscribe\",\"account\":\"" FUZZ_ACCOUNT
             "\",\"endpoint\":\"https://%s\",\"p256dh\":\"%s\",\"auth\":\"%s\"}",
             longest, p, a);
    fuzz_seed_text(text);
    snprintf(text, sizeof text,
             "{\"v\":2,\"kind\":\"unsubscribe\",\"account\":\"" FUZZ_ACCOUNT "\",\"auth\":\"%s\"}",
             a);
    fuzz_seed_text(text);
    snprintf(text, sizeof text,
             "{\"v\":2,\"kind\":\"staff\",\"account\":\"" FUZZ_ACCOUNT
             "\",\"public\":\"%s\",\"certificate\":\"%s\"}",
             key, c);
    fuzz_seed_text(text);
}

/* --- the record: its sum is made right; then the two slots of a file and of a cell ------------ */

static void record_sum(uint8_t *bytes, bool boxed)
{
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof hash);
    crypto_generichash_update(&state, bytes, 42);
    if (boxed)
        crypto_generichash_update(&state, bytes + RECORD_SIZE, STAFF_BOX_SIZE);
    crypto_generichash_final(&state, hash, sizeof hash);
    memcpy(bytes + 42, hash, 8);
}

static void record_one(const uint8_t *bytes, size_t len)
{
    static uint8_t file[RECORD_FILE];
    struct record r, newest;
    uint8_t first[RECORD_MOST], second[RECORD_MOST], again[RECORD_MOST], how;
    uint32_t serial, found;
    fuzz_take(&bytes, &len, &how, 1);
    size_t size = how & 1 ? RECORD_MOST : RECORD_SIZE;
    fuzz_take(&bytes, &len, first, size);
    fuzz_take(&bytes, &len, second, size);
    if (how & 2) {
        record_sum(first, size == RECORD_MOST && first[13] & 64);
        record_sum(second, size == RECORD_MOST && second[13] & 64);
    }
    if (record_decode(&r, &serial, first, size) == 0 && first[3] == '2') {
        FUZZ_MUST(record_encode(&r, serial, again) == (r.boxed ? RECORD_MOST : RECORD_SIZE));
        FUZZ_MUST(memcmp(again, first, r.boxed ? RECORD_MOST : RECORD_SIZE) == 0);
    }
    memset(file, 0, sizeof file);
    memcpy(file, first, size);
    memcpy(file + RECORD_SLOT, second, size);
    record_newest(file, RECORD_READ, false, &newest, &found);
    uint8_t *cell = malloc(2 * RECORD_SIZE);
    FUZZ_MUST(cell);
    memcpy(cell, first, RECORD_SIZE);
    memcpy(cell + RECORD_SIZE, second, RECORD_SIZE);
    record_newest(cell, how & 4 ? 2 * RECORD_SIZE : RECORD_SIZE + how % 50, true, &newest, &found);
    free(cell);
}

static void record_seeds(void)
{
    for (int i = 0; i < 8; i++) {
        struct record r = {.epoch = 4, .began = 1800000000, .boxed = i & 1};
        uint8_t seed[1 + 2 * RECORD_MOST] = {(uint8_t)(2 | (i & 1) | (i & 2) << 1)};
        r.standing.state = ALERT_LOCKDOWN;
        r.standing.pressed = i & 4;
        r.standing.id.bytes[0] = 0xa1;
        size_t n = record_encode(&r, 7, seed + 1);
        n += record_encode(&r, 8, seed + 1 + n);
        fuzz_seed(seed, 1 + n);
    }
}

const struct fuzz_target fuzz_venue[] = {
    {"enrol", enrol_one, enrol_seeds, 2048},
    {"invitation", invitation_one, invitation_seeds, 3100},
    {"words", words_one, words_seeds, 1024},
    {"host-words", host_words_one, host_words_seeds, 8192},
    {"button", button_one, button_seeds, 1024},
    {"ups", ups_one, ups_seeds, 1024},
    {"push-offer", push_offer_one, push_offer_seeds, 1024},
    {"record", record_one, record_seeds, 1500},
    {.name = NULL},
};
