#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/registration.h"
#include "tests/unit/core/vectors.h"

#include <sodium.h>

/* tests/vectors/registration.json: made by the implementation in tests/vectors/third. */

struct asker_keys {
    uint8_t public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
};

static struct {
    cJSON *json;
    struct asker_keys root, kiosk, registrar;
    uint8_t venue_id[ENVELOPE_ID], kiosk_id[ENVELOPE_ID];
} v;

static int set_up(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    v.json = vectors_load("tests/vectors/registration.json");
    vectors_pair(v.json, "root", v.root.public, v.root.secret);
    vectors_pair(v.json, "kiosk", v.kiosk.public, v.kiosk.secret);
    vectors_pair(v.json, "registrar", v.registrar.public, v.registrar.secret);
    vectors_hex(vectors_text(v.json, "venue"), v.venue_id, sizeof v.venue_id);
    vectors_hex(vectors_text(v.json, "kiosk"), v.kiosk_id, sizeof v.kiosk_id);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    cJSON_Delete(v.json);
    return 0;
}

enum { TOPIC = 96 };

/* Where a row of the vectors belongs: `kiosk` of its own, or the venue's. */
static struct envelope_place place_at(const cJSON *row, const char *name, char topic[TOPIC])
{
    struct envelope_place at = {.topic = topic};
    char venue[2 * ENVELOPE_ID + 1], kiosk[2 * ENVELOPE_ID + 1];
    memcpy(at.venue, v.venue_id, sizeof at.venue);
    memcpy(at.kiosk, v.kiosk_id, sizeof at.kiosk);
    if (cJSON_HasObjectItem(row, "kiosk"))
        vectors_hex(vectors_text(row, "kiosk"), at.kiosk, sizeof at.kiosk);
    vectors_elsewhere(row, "venue", at.venue, sizeof at.venue);
    vectors_elsewhere(row, "kiosk", at.kiosk, sizeof at.kiosk);
    sodium_bin2hex(venue, sizeof venue, at.venue, sizeof at.venue);
    sodium_bin2hex(kiosk, sizeof kiosk, at.kiosk, sizeof at.kiosk);
    snprintf(topic, TOPIC, "porchlight/%s/%s/%s", venue, kiosk, name);
    return at;
}

static void wire_read(const cJSON *row, uint8_t wire[ENVELOPE_SIZE])
{
    assert_int_equal(vectors_base64(vectors_text(row, "wire"), wire, ENVELOPE_SIZE), ENVELOPE_SIZE);
}

static void test_hellos(void **state)
{
    const cJSON *row, *hellos = cJSON_GetObjectItem(v.json, "hellos");
    (void)state;
    assert_int_equal(cJSON_GetArraySize(hellos), 7);
    cJSON_ArrayForEach(row, hellos)
    {
        struct registration_hello said, read;
        uint8_t wire[ENVELOPE_SIZE], made[ENVELOPE_SIZE];
        char topic[TOPIC];
        struct envelope_place at = place_at(row, "registrar", topic);
        vectors_hex(vectors_text(row, "key"), said.public, sizeof said.public);
        vectors_hex(vectors_text(row, "certificate"), said.certificate, sizeof said.certificate);
        wire_read(row, wire);
        assert_int_equal(registration_hello_read(wire, sizeof wire, &read), 0);
        assert_memory_equal(&read, &said, sizeof read);
        registration_hello_write(&said, made);
        assert_memory_equal(made, wire, sizeof made);
        if (registration_is_certified(&read, at.venue, at.kiosk, v.root.public) !=
            cJSON_IsTrue(cJSON_GetObjectItem(row, "belongs")))
            fail_msg("%s: judged otherwise", vectors_text(row, "name"));
    }
}

static void test_announcements(void **state)
{
    const cJSON *row, *announcements = cJSON_GetObjectItem(v.json, "announcements");
    (void)state;
    assert_int_equal(cJSON_GetArraySize(announcements), 6);
    cJSON_ArrayForEach(row, announcements)
    {
        struct registration_announcement a;
        uint8_t wire[ENVELOPE_SIZE], made[ENVELOPE_SIZE];
        char topic[TOPIC];
        struct envelope_place at = place_at(row, "registered", topic);
        wire_read(row, wire);
        assert_int_equal(registration_announcement_read(wire, sizeof wire, &at, &a), 0);
        assert_memory_equal(a.public, v.registrar.public, sizeof a.public);
        assert_true((double)a.last == vectors_number(row, "last"));
        assert_int_equal(a.standing, (int)vectors_number(row, "standing"));
        registration_announce(&a, &at, v.registrar.secret, made);
        assert_memory_equal(made, wire, sizeof made);
    }
}

/* Whether a registrar takes this letter; then what it asks. */
static bool request_taken(const struct envelope_place *at, const uint8_t *wire, size_t len,
                          char text[ENVELOPE_LETTER_MAX + 1], struct registration_request *r)
{
    uint8_t signature[64];
    struct registration_hello h;
    size_t text_len;
    if (envelope_letter_open(v.registrar.public, v.registrar.secret, wire, len, text, &text_len,
                             signature) != ENVELOPE_OK ||
        registration_read(text, text_len, r) != 0)
        return false;
    memcpy(h.public, r->public, sizeof h.public);
    memcpy(h.certificate, r->certificate, sizeof h.certificate);
    return registration_is_certified(&h, at->venue, at->kiosk, v.root.public) &&
           envelope_letter_signed(at, r->public, signature, text, text_len) == ENVELOPE_OK;
}

static void check_request(const cJSON *row)
{
    const char *name = vectors_text(row, "name");
    struct registration_request r;
    uint8_t wire[ENVELOPE_SIZE], grant[CERT_SIGNATURE];
    char text[ENVELOPE_LETTER_MAX + 1], made[ENVELOPE_LETTER_MAX + 1], topic[TOPIC];
    size_t len;
    struct envelope_place at = place_at(row, "registrar", topic);
    bool granted = cJSON_IsTrue(cJSON_GetObjectItem(row, "granted"));
    wire_read(row, wire);
    if (!request_taken(&at, wire, sizeof wire, text, &r))
        fail_msg("%s: not taken", name);
    assert_string_equal(text, vectors_text(row, "text"));
    if (registration_is_granted(&r, v.venue_id, v.root.public) != granted)
        fail_msg("%s: %sgranted", name, granted ? "not " : "");
    if (r.has_grant && granted) {
        registration_grant(&r, v.venue_id, v.root.secret, grant);
        assert_memory_equal(grant, r.grant, sizeof grant);
    }
    assert_int_equal(registration_write(&r, made, &len), 0);
    cJSON *said = cJSON_Parse(text), *again = cJSON_Parse(made);
    cJSON_DeleteItemFromObject(said, "weather");
    if (!cJSON_Compare(said, again, true))
        fail_msg("%s: written otherwise: %s", name, made);
    cJSON_Delete(said);
    cJSON_Delete(again);
}

static void test_requests(void **state)
{
    const cJSON *row, *requests = cJSON_GetObjectItem(v.json, "requests");
    (void)state;
    assert_true(cJSON_GetArraySize(requests) >= 27);
    cJSON_ArrayForEach(row, requests) check_request(row);
}

static void test_requests_that_no_registrar_reads(void **state)
{
    const cJSON *row, *texts = cJSON_GetObjectItem(v.json, "texts");
    (void)state;
    assert_true(cJSON_GetArraySize(texts) >= 30);
    cJSON_ArrayForEach(row, texts)
    {
        struct registration_request r;
        const char *text = vectors_text(row, "text");
        if (registration_read(text, strlen(text), &r) == 0)
            fail_msg("read: %s", vectors_text(row, "why"));
    }
}

static bool answer_opens(const struct envelope_place *at, const uint8_t *wire, size_t len,
                         char text[ENVELOPE_LETTER_MAX + 1], size_t *text_len)
{
    return envelope_welcome_open(at, v.kiosk.public, v.kiosk.secret, v.registrar.public, wire, len,
                                 text, text_len) == ENVELOPE_OK;
}

static void test_answers(void **state)
{
    const cJSON *row, *answers = cJSON_GetObjectItem(v.json, "answers");
    (void)state;
    assert_int_equal(cJSON_GetArraySize(answers), 6);
    cJSON_ArrayForEach(row, answers)
    {
        struct registration_answer a;
        uint8_t wire[ENVELOPE_SIZE];
        char text[ENVELOPE_LETTER_MAX + 1], made[ENVELOPE_LETTER_MAX + 1], topic[TOPIC];
        size_t len;
        struct envelope_place at = place_at(row, "registered", topic);
        wire_read(row, wire);
        assert_true(answer_opens(&at, wire, sizeof wire, text, &len));
        assert_string_equal(text, vectors_text(row, "text"));
        assert_int_equal(registration_answer_read(text, len, &a), 0);
        assert_true((double)a.number == vectors_number(row, "n"));
        assert_true((double)a.last == vectors_number(row, "last"));
        assert_true((double)a.after_s == vectors_number(row, "after"));
        assert_string_equal(a.why, vectors_text(row, "why"));
        assert_true((double)a.dropped == vectors_number(row, "dropped"));
        assert_int_equal(registration_answer_write(&a, made, &len), 0);
        assert_string_equal(made, text);
    }
}

static void test_answers_that_no_kiosk_reads(void **state)
{
    const cJSON *row, *texts = cJSON_GetObjectItem(v.json, "unread");
    (void)state;
    assert_true(cJSON_GetArraySize(texts) >= 12);
    cJSON_ArrayForEach(row, texts)
    {
        struct registration_answer a;
        const char *text = vectors_text(row, "text");
        if (registration_answer_read(text, strlen(text), &a) == 0)
            fail_msg("read: %s", vectors_text(row, "why"));
    }
}

/* What becomes of it, as the vectors say it. */
static const char *number_came(struct registration_slot *s, uint64_t n, const char *text)
{
    const struct registration_request r = {.kind = REGISTRATION_SUSPEND, .number = n};
    uint8_t digest[REGISTRATION_DIGEST];
    registration_digest(text, strlen(text), digest);
    switch (registration_admit(s, &r, digest)) {
    case REGISTRATION_TAKE:
        registration_begin(s, &r, digest, REGISTRATION_ACT_NOT, false, 0);
        registration_end(s, REGISTRATION_DONE);
        return "taken";
    case REGISTRATION_REPEAT:
        return "repeated";
    case REGISTRATION_STALE:
        return "old";
    case REGISTRATION_BARRED:
        return "refused";
    case REGISTRATION_AGAIN:
        break;
    }
    return "again";
}

static void test_a_number_is_taken_once(void **state)
{
    const cJSON *row, *numbers = cJSON_GetObjectItem(v.json, "numbers");
    struct registration_slot s = {.last = 0};
    (void)state;
    assert_true(cJSON_GetArraySize(numbers) >= 12);
    cJSON_ArrayForEach(row, numbers)
    {
        s.disowned = cJSON_HasObjectItem(row, "disowned");
        assert_string_equal(
            number_came(&s, (uint64_t)vectors_number(row, "n"), vectors_text(row, "text")),
            vectors_text(row, "then"));
    }
}

/* The good message that the rows of `refused` change. */
static const cJSON *good_one(const char *of)
{
    const cJSON *row;
    if (strcmp(of, "request") != 0) {
        char list[16];
        snprintf(list, sizeof list, "%ss", of);
        return cJSON_GetArrayItem(cJSON_GetObjectItem(v.json, list), 0);
    }
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(v.json, "requests"))
    {
        if (strcmp(vectors_text(row, "name"), "suspend a member") == 0)
            return row;
    }
    return NULL;
}

static bool is_taken(const cJSON *row, const char *of, const uint8_t *wire, size_t len)
{
    char topic[TOPIC], text[ENVELOPE_LETTER_MAX + 1];
    struct registration_request r;
    struct registration_hello h;
    struct registration_announcement a;
    bool asks = strcmp(of, "request") == 0;
    struct envelope_place at = place_at(row, asks ? "registrar" : "registered", topic);
    if (asks)
        return request_taken(&at, wire, len, text, &r);
    if (strcmp(of, "hello") == 0)
        return registration_hello_read(wire, len, &h) == 0;
    if (strcmp(of, "announcement") == 0)
        return registration_announcement_read(wire, len, &at, &a) == 0;
    return answer_opens(&at, wire, len, text, &len);
}

static void test_refused(void **state)
{
    const cJSON *row, *refused = cJSON_GetObjectItem(v.json, "refused");
    (void)state;
    assert_true(cJSON_GetArraySize(refused) >= 50);
    cJSON_ArrayForEach(row, refused)
    {
        uint8_t wire[ENVELOPE_SIZE + 1] = {0};
        const char *of = vectors_text(row, "of");
        wire_read(good_one(of), wire);
        assert_true(is_taken(good_one(of), of, wire, ENVELOPE_SIZE));
        size_t len = vectors_twist(row, wire, sizeof wire, ENVELOPE_SIZE);
        if (is_taken(row, of, wire, len))
            fail_msg("%s taken: %s", of, vectors_text(row, "why"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hellos),
        cmocka_unit_test(test_announcements),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_requests_that_no_registrar_reads),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_answers_that_no_kiosk_reads),
        cmocka_unit_test(test_a_number_is_taken_once),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
