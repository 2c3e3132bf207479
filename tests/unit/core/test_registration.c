#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kiosk/core/registration.h"
#include "tests/unit/rows.h"

#include <sodium.h>
#include <string.h>

#define VENUE   "1111111111111111"
#define KIOSK   "2222222222222222"
#define SIBLING "3333333333333333"
#define WHO     "07827bce7ac774db"
#define WORD    "0123456789abcdef"
#define DAY     86400

static uint8_t root_public[32], root_secret[64];
static const uint8_t venue[ENVELOPE_ID] = {0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11};
static const uint8_t kiosk[ENVELOPE_ID] = {0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22, 0x22};

static int set_up(void **state)
{
    uint8_t seed[32] = {1};
    (void)state;
    if (sodium_init() < 0)
        return -1;
    crypto_sign_seed_keypair(root_public, root_secret, seed);
    return 0;
}

static struct registration_request make(enum registration_kind kind, enum registration_role role)
{
    struct registration_request r = {
        .kind = kind, .role = role, .number = 17, .account = WHO, .public = {7}};
    if (kind == REGISTRATION_CREATE || kind == REGISTRATION_PROMOTE ||
        kind == REGISTRATION_PASSWORD)
        strcpy(r.password, WORD);
    if (kind == REGISTRATION_DISOWN)
        strcpy(r.kiosk, SIBLING);
    return r;
}

/* --- bytes ----------------------------------------------------------------------------------- */

static void what_is_written_is_read(void **state)
{
    (void)state;
    for (enum registration_kind kind = 0; kind < REGISTRATION_KINDS; kind++) {
        bool has_role = kind == REGISTRATION_CREATE || kind == REGISTRATION_PROMOTE;
        struct registration_request r = make(kind, has_role ? REGISTRATION_STAFF : 0), back;
        char text[ENVELOPE_LETTER_MAX + 1];
        size_t len;
        memset(r.certificate, 3, sizeof r.certificate);
        r.has_staff = r.has_grant = true;
        memset(r.staff, 4, sizeof r.staff);
        memset(r.grant, 5, sizeof r.grant);
        r.number = (UINT64_C(1) << 48) - 1;
        if (r.password[0])
            memset(r.password, 'a', REGISTRATION_PASSWORD_MAX);
        assert_int_equal(registration_write(&r, text, &len), 0);
        assert_int_equal(registration_read(text, len, &back), 0);
        assert_int_equal(back.kind, kind);
        assert_int_equal(back.role, r.role);
        assert_true(back.number == r.number && back.has_staff && back.has_grant);
        assert_string_equal(back.account, WHO);
        assert_string_equal(back.password, r.password);
        assert_string_equal(back.kiosk, r.kiosk);
        assert_memory_equal(back.certificate, r.certificate, sizeof r.certificate);
        assert_memory_equal(back.staff, r.staff, sizeof r.staff);
        assert_memory_equal(back.grant, r.grant, sizeof r.grant);
    }
}

#define KEY "\"public\":\"BwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""

static const char *const bad_texts[] = {
    "",
    "{}",
    "[]",
    "{\"v\":1,\"kind\":\"suspend\",\"n\":1,\"account\":\"" WHO "\"," KEY "}",
    "{\"v\":2,\"kind\":\"delete\",\"n\":1,\"account\":\"" WHO "\"," KEY "}",
    "{\"v\":2,\"kind\":\"suspend\",\"n\":1,\"account\":\"admin\"," KEY "}",
    "{\"v\":2,\"kind\":\"suspend\",\"n\":1,\"account\":\"" WHO "\"}",
    "{\"v\":2,\"kind\":\"suspend\",\"n\":-1,\"account\":\"" WHO "\"," KEY "}",
    "{\"v\":2,\"kind\":\"suspend\",\"n\":1.5,\"account\":\"" WHO "\"," KEY "}",
    "{\"v\":2,\"kind\":\"suspend\",\"n\":281474976710656,\"account\":\"" WHO "\"," KEY "}",
    "{\"v\":2,\"kind\":\"suspend\",\"n\":1,\"role\":\"staff\",\"account\":\"" WHO "\"," KEY "}",
    "{\"v\":2,\"kind\":\"create\",\"n\":1,\"role\":\"admin\",\"account\":\"" WHO
    "\",\"password\":\"" WORD "\"," KEY "}",
    "{\"v\":2,\"kind\":\"create\",\"n\":1,\"role\":\"newcomer\",\"account\":\"" WHO
    "\",\"password\":\"short\"," KEY "}",
    "{\"v\":2,\"kind\":\"create\",\"n\":1,\"role\":\"newcomer\",\"account\":\"" WHO
    "\",\"password\":\"a\\\"b\\\"cdefghijklmnop\"," KEY "}",
    "{\"v\":2,\"kind\":\"disown\",\"n\":1,\"account\":\"" WHO "\"," KEY "}",
    "{\"v\":2,\"kind\":\"suspend\",\"n\":1,\"account\":\"" WHO "\",\"password\":\"a\"," KEY "}",
};

static void anything_else_is_refused(void **state)
{
    struct registration_request r;
    const char *good = "{\"v\":2,\"kind\":\"suspend\",\"n\":1,\"account\":\"" WHO "\"," KEY "}";
    (void)state;
    assert_int_equal(registration_read(good, strlen(good), &r), 0);
    EACH_ROW (i, bad_texts, bad_texts[i])
        assert_int_equal(registration_read(bad_texts[i], strlen(bad_texts[i]), &r), -1);
}

static void a_password_has_16_to_64_characters(void **state)
{
    static const struct {
        int len, result;
    } rows[] = {
        {15, -1}, {16, 0}, {REGISTRATION_PASSWORD_MAX, 0}, {REGISTRATION_PASSWORD_MAX + 1, -1}};
    char word[REGISTRATION_PASSWORD_MAX + 2] = "", text[ENVELOPE_LETTER_MAX];
    struct registration_request r;
    (void)state;
    memset(word, 'a', sizeof word - 1);
    EACH_ROW (i, rows, NULL) {
        int len = snprintf(text, sizeof text,
                           "{\"v\":2,\"kind\":\"create\",\"n\":1,\"role\":\"newcomer\","
                           "\"account\":\"" WHO "\",\"password\":\"%.*s\"," KEY "}",
                           rows[i].len, word);
        assert_int_equal(registration_read(text, (size_t)len, &r), rows[i].result);
    }
}

static void an_announcement_is_bound_to_its_asker(void **state)
{
    uint8_t seed[32] = {9}, secret[64], wire[ENVELOPE_SIZE];
    struct registration_announcement a = {.last = 77, .standing = REGISTRATION_DISOWNED}, back;
    struct envelope_place at = {.topic = ""};
    (void)state;
    crypto_sign_seed_keypair(a.public, secret, seed);
    memcpy(at.venue, venue, sizeof venue);
    memcpy(at.kiosk, kiosk, sizeof kiosk);
    registration_announce(&a, &at, secret, wire);
    assert_int_equal(registration_announcement_read(wire, sizeof wire, &at, &back), 0);
    assert_true(back.last == 77 && back.standing == REGISTRATION_DISOWNED);
    for (size_t i = 0; i < sizeof wire; i++) {
        wire[i] ^= 1;
        assert_int_equal(registration_announcement_read(wire, sizeof wire, &at, &back), -1);
        wire[i] ^= 1;
    }
    at.kiosk[0] ^= 1;
    assert_int_equal(registration_announcement_read(wire, sizeof wire, &at, &back), -1);
}

static void an_answer_is_read_as_it_was_written(void **state)
{
    char text[ENVELOPE_LETTER_MAX + 1];
    size_t len;
    (void)state;
    for (enum registration_outcome o = REGISTRATION_DONE; o <= REGISTRATION_OLD; o++) {
        struct registration_answer a = {.outcome = o, .number = 3, .last = 4, .after_s = 5}, back;
        memset(a.why, '"', sizeof a.why - 1); /* the longest, and each byte takes two */
        assert_int_equal(registration_answer_write(&a, text, &len), 0);
        assert_int_equal(registration_answer_read(text, len, &back), 0);
        assert_true(back.outcome == o && back.number == 3 && back.last == 4 && back.after_s == 5);
        assert_string_equal(back.why, a.why);
    }
}

static void an_answer_that_is_not_whole_is_refused(void **state)
{
    static const char *const bad[] = {
        "{\"v\":\"2\",\"kind\":\"done\",\"n\":3,\"last\":4,\"after\":5,\"why\":\"\"}",
        "{\"v\":1,\"kind\":\"done\",\"n\":3,\"last\":4,\"after\":5,\"why\":\"\"}",
        "{\"v\":2,\"kind\":\"perhaps\",\"n\":3,\"last\":4,\"after\":5,\"why\":\"\"}",
        "{\"v\":2,\"kind\":\"done\",\"last\":4,\"after\":5,\"why\":\"\"}",
        "{\"v\":2,\"kind\":\"done\",\"n\":3,\"after\":5,\"why\":\"\"}",
        "{\"v\":2,\"kind\":\"done\",\"n\":3,\"last\":4,\"after\":86401,\"why\":\"\"}",
        "{\"v\":2,\"kind\":\"done\",\"n\":3,\"last\":4,\"why\":\"\"}",
    };
    static const char good[] =
        "{\"v\":2,\"kind\":\"done\",\"n\":3,\"last\":4,\"after\":86400,\"why\":\"\"}";
    struct registration_answer a;
    (void)state;
    assert_int_equal(registration_answer_read(good, strlen(good), &a), 0);
    EACH_ROW (i, bad, bad[i])
        assert_int_equal(registration_answer_read(bad[i], strlen(bad[i]), &a), -1);
}

/* --- who ------------------------------------------------------------------------------------- */

static void a_grant_is_for_one_act_alone(void **state)
{
    struct registration_request r = make(REGISTRATION_CREATE, REGISTRATION_RELAY), other;
    uint8_t elsewhere[ENVELOPE_ID] = {1};
    (void)state;
    assert_false(registration_is_granted(&r, venue, root_public));
    r.has_grant = true;
    registration_grant(&r, venue, root_secret, r.grant);
    assert_true(registration_is_granted(&r, venue, root_public));
    assert_false(registration_is_granted(&r, elsewhere, root_public));
    other = r;
    other.role = REGISTRATION_STAFF;
    assert_false(registration_is_granted(&other, venue, root_public));
    other = r;
    other.account[0] = 'f';
    assert_false(registration_is_granted(&other, venue, root_public));
    other = r;
    other.password[0] = 'f';
    assert_false(registration_is_granted(&other, venue, root_public));
    other = r;
    other.kind = REGISTRATION_PROMOTE;
    assert_false(registration_is_granted(&other, venue, root_public));
}

/* What a seized kiosk has seen, it can send again. */
static void what_harms_when_repeated_cannot_be_granted(void **state)
{
    static const enum registration_kind kinds[] = {REGISTRATION_RESTORE, REGISTRATION_PASSWORD,
                                                   REGISTRATION_DISOWN, REGISTRATION_PROMOTE};
    (void)state;
    EACH_ROW (i, kinds, registration_kind_name(kinds[i])) {
        struct registration_request r = make(kinds[i], REGISTRATION_NOBODY);
        r.has_grant = true;
        registration_grant(&r, venue, root_secret, r.grant);
        assert_false(registration_is_granted(&r, venue, root_public));
        memcpy(r.public, root_public, sizeof r.public);
        assert_true(registration_is_granted(&r, venue, root_public));
    }
}

static void a_staff_phones_certificate_grants_its_promotion(void **state)
{
    struct registration_request r = make(REGISTRATION_PROMOTE, REGISTRATION_STAFF);
    struct cert_staff c = {.public = {8}};
    (void)state;
    memcpy(c.venue, venue, sizeof venue);
    sodium_hex2bin(c.account, sizeof c.account, WHO, 16, NULL, NULL, NULL);
    r.has_staff = true;
    memcpy(r.staff, c.public, sizeof c.public);
    cert_staff_sign(&c, root_secret, r.staff + sizeof c.public);
    assert_true(registration_is_granted(&r, venue, root_public));
    r.account[0] = 'f';
    assert_false(registration_is_granted(&r, venue, root_public));
    strcpy(r.account, WHO);
    r.kind = REGISTRATION_CREATE;
    assert_false(registration_is_granted(&r, venue, root_public));
}

static void only_a_certified_key_may_ask(void **state)
{
    struct registration_hello h = {.public = {6}};
    struct cert_kiosk c = {.public = {6}};
    uint8_t other[ENVELOPE_ID] = {1};
    (void)state;
    memcpy(c.venue, venue, sizeof venue);
    memcpy(c.kiosk, kiosk, sizeof kiosk);
    assert_false(registration_is_certified(&h, venue, kiosk, root_public));
    cert_kiosk_sign(&c, root_secret, h.certificate);
    assert_true(registration_is_certified(&h, venue, kiosk, root_public));
    assert_false(registration_is_certified(&h, venue, other, root_public));
    assert_false(registration_is_certified(&h, other, kiosk, root_public));
    memcpy(h.public, root_public, sizeof h.public);
    assert_true(registration_is_certified(&h, venue, other, root_public));
}

/* --- once each ------------------------------------------------------------------------------- */

static void a_number_counts_once(void **state)
{
    struct registration_slot s = {.last = 0};
    struct registration_request r = make(REGISTRATION_SUSPEND, REGISTRATION_NOBODY);
    uint8_t digest[REGISTRATION_DIGEST] = {1}, other[REGISTRATION_DIGEST] = {2};
    (void)state;
    assert_int_equal(registration_admit(&s, &r, digest), REGISTRATION_TAKE);
    registration_begin(&s, &r, digest, REGISTRATION_ACT, false, DAY);
    assert_int_equal(registration_admit(&s, &r, digest), REGISTRATION_AGAIN);
    assert_int_equal(registration_admit(&s, &r, other), REGISTRATION_STALE);
    registration_end(&s, REGISTRATION_DONE);
    assert_int_equal(registration_admit(&s, &r, digest), REGISTRATION_REPEAT);
    assert_int_equal(registration_admit(&s, &r, other), REGISTRATION_STALE);
    r.number--;
    assert_int_equal(registration_admit(&s, &r, digest), REGISTRATION_STALE);
    r.number += 2;
    assert_int_equal(registration_admit(&s, &r, digest), REGISTRATION_TAKE);
    s.disowned = true;
    assert_int_equal(registration_admit(&s, &r, digest), REGISTRATION_BARRED);
}

static void use_up(struct registration_slot *s, enum registration_kind kind, int count, int64_t at)
{
    const char *why;
    struct registration_request r =
        make(kind, kind == REGISTRATION_CREATE ? REGISTRATION_NEWCOMER : REGISTRATION_NOBODY);
    uint8_t digest[REGISTRATION_DIGEST] = {0};
    for (int i = 0; i < count; i++) {
        assert_int_equal(registration_wait(s, &r, REGISTRATION_ACT, false, at, &why), 0);
        registration_begin(s, &r, digest, REGISTRATION_ACT, false, at);
        registration_end(s, REGISTRATION_DONE);
    }
}

static void five_are_suspended_a_day(void **state)
{
    const char *why = "";
    const int64_t noon = 20000 * (int64_t)DAY + DAY / 2;
    struct registration_slot s = {.last = 0};
    struct registration_request r = make(REGISTRATION_SUSPEND, REGISTRATION_NOBODY);
    (void)state;
    use_up(&s, REGISTRATION_SUSPEND, REGISTRATION_SUSPENSIONS, noon);
    assert_int_equal(registration_wait(&s, &r, REGISTRATION_ACT, false, noon, &why), DAY / 2);
    assert_non_null(strstr(why, "--root"));
    assert_int_equal(registration_wait(&s, &r, REGISTRATION_ACT, true, noon, &why), 0);
    assert_int_equal(registration_wait(&s, &r, REGISTRATION_ACT_REMOVE, false, noon, &why), 0);
    /* A clock that is put back opens no new day. */
    assert_true(registration_wait(&s, &r, REGISTRATION_ACT, false, noon - 2 * DAY, &why) > 0);
    assert_int_equal(registration_wait(&s, &r, REGISTRATION_ACT, false, noon + DAY, &why), 0);
    use_up(&s, REGISTRATION_SUSPEND, REGISTRATION_SUSPENSIONS, noon + DAY);
}

static void accounts_are_made_at_a_rate(void **state)
{
    const char *why = "";
    const int64_t midnight = 20000 * (int64_t)DAY;
    struct registration_slot s = {.last = 0};
    struct registration_request r = make(REGISTRATION_CREATE, REGISTRATION_NEWCOMER);
    int hours = REGISTRATION_CREATIONS_DAY / REGISTRATION_CREATIONS_HOUR;
    (void)state;
    for (int hour = 0; hour < hours; hour++) {
        int64_t at = midnight + hour * 3600;
        use_up(&s, REGISTRATION_CREATE, REGISTRATION_CREATIONS_HOUR, at);
        long wait = registration_wait(&s, &r, REGISTRATION_ACT, false, at, &why);
        assert_int_equal(wait, hour + 1 < hours ? 3600 : DAY - hour * 3600);
    }
    assert_int_equal(registration_wait(&s, &r, REGISTRATION_ACT_NOT, false, midnight, &why), 0);
    assert_true(registration_wait(&s, &r, REGISTRATION_ACT, false, midnight + 36000, &why) > 0);
}

/* --- verdicts -------------------------------------------------------------------------------- */

enum whose { NOT_THERE, OWN, OF_SIBLING, FOREIGN, UNNAMED };

static const struct {
    const char *name;
    enum registration_kind kind;
    enum registration_role role; /* asked for */
    enum whose whose;
    enum registration_role found;
    bool suspended;
    enum registration_act kiosk, root; /* the verdict on a kiosk's request, and on a granted one */
} verdicts[] = {
#define NO      REGISTRATION_ACT_REFUSE
#define YES     REGISTRATION_ACT
#define SO      REGISTRATION_ACT_NOT
#define OUT     REGISTRATION_ACT_REMOVE
#define R(role) REGISTRATION_##role
    {"a new invitation", R(CREATE), R(NEWCOMER), NOT_THERE, 0, false, YES, YES},
    {"a member at once", R(CREATE), R(MEMBER), NOT_THERE, 0, false, NO, YES},
    {"a staff account", R(CREATE), R(STAFF), NOT_THERE, 0, false, NO, YES},
    {"a relay", R(CREATE), R(RELAY), NOT_THERE, 0, false, NO, YES},
    {"a kiosk", R(CREATE), R(KIOSK), NOT_THERE, 0, false, NO, YES},
    {"a root account", R(CREATE), R(ROOT), NOT_THERE, 0, false, NO, YES},
    {"the same invitation", R(CREATE), R(NEWCOMER), OWN, R(NEWCOMER), false, SO, SO},
    {"over a member", R(CREATE), R(NEWCOMER), OWN, R(MEMBER), false, SO, SO},
    {"over itself", R(CREATE), R(NEWCOMER), OWN, R(KIOSK), false, NO, NO},
    {"over a relay", R(CREATE), R(NEWCOMER), OWN, R(RELAY), false, NO, NO},
    {"the same relay", R(CREATE), R(RELAY), OWN, R(RELAY), false, NO, SO},
    {"over another venue's", R(CREATE), R(NEWCOMER), FOREIGN, R(NEWCOMER), false, NO, NO},
    {"over the administrator", R(CREATE), R(NEWCOMER), UNNAMED, 0, false, NO, NO},
    {"a phone in", R(PROMOTE), R(MEMBER), OWN, R(NEWCOMER), false, YES, YES},
    {"a phone in again", R(PROMOTE), R(MEMBER), OWN, R(MEMBER), false, SO, SO},
    {"a phone that is not there", R(PROMOTE), R(MEMBER), NOT_THERE, 0, false, NO, NO},
    {"a sibling's phone", R(PROMOTE), R(MEMBER), OF_SIBLING, R(NEWCOMER), false, NO, NO},
    {"a staff phone", R(PROMOTE), R(STAFF), OWN, R(NEWCOMER), false, NO, YES},
    {"a member to staff", R(PROMOTE), R(STAFF), OWN, R(MEMBER), false, NO, NO},
    {"staff to member", R(PROMOTE), R(MEMBER), OWN, R(STAFF), false, NO, NO},
    {"a relay to member", R(PROMOTE), R(MEMBER), OWN, R(RELAY), false, NO, NO},
    {"a suspended one", R(PROMOTE), R(MEMBER), OWN, R(MEMBER), true, NO, NO},
    {"to a kiosk", R(PROMOTE), R(KIOSK), OWN, R(NEWCOMER), false, NO, NO},
    {"a member out", R(SUSPEND), 0, OWN, R(MEMBER), false, YES, YES},
    {"a member out again", R(SUSPEND), 0, OWN, R(MEMBER), true, SO, SO},
    {"an invitation back", R(SUSPEND), 0, OWN, R(NEWCOMER), false, OUT, OUT},
    {"nobody out", R(SUSPEND), 0, NOT_THERE, 0, false, SO, SO},
    {"staff out", R(SUSPEND), 0, OWN, R(STAFF), false, NO, YES},
    {"a relay out", R(SUSPEND), 0, OWN, R(RELAY), false, NO, YES},
    {"itself out", R(SUSPEND), 0, OWN, R(KIOSK), false, NO, YES},
    {"a sibling's member out", R(SUSPEND), 0, OF_SIBLING, R(MEMBER), false, NO, YES},
    {"another venue's out", R(SUSPEND), 0, FOREIGN, R(MEMBER), false, NO, NO},
    {"the administrator out", R(SUSPEND), 0, UNNAMED, 0, false, NO, NO},
    {"restored", R(RESTORE), 0, OWN, R(MEMBER), true, NO, YES},
    {"restored elsewhere", R(RESTORE), 0, FOREIGN, R(MEMBER), true, NO, NO},
    {"a password", R(PASSWORD), 0, OWN, R(MEMBER), false, NO, YES},
    {"removed", R(REMOVE), 0, OWN, R(MEMBER), false, NO, YES},
    {"removed before", R(REMOVE), 0, NOT_THERE, 0, false, NO, SO},
    {"removed elsewhere", R(REMOVE), 0, FOREIGN, R(STAFF), false, NO, NO},
    {"disowned", R(DISOWN), 0, OF_SIBLING, R(KIOSK), false, NO, YES},
    {"disowned by a phone's name", R(DISOWN), 0, OF_SIBLING, R(MEMBER), false, NO, NO},
    {"disowned by another's name", R(DISOWN), 0, OWN, R(KIOSK), false, NO, NO},
    {"disowned with no account", R(DISOWN), 0, NOT_THERE, 0, false, NO, YES},
};

static void verdicts_are_the_table(void **state)
{
    static const char *const venues[] = {"", VENUE, VENUE, SIBLING, ""};
    static const char *const kiosks[] = {"", KIOSK, SIBLING, KIOSK, ""};
    (void)state;
    EACH_ROW (i, verdicts, verdicts[i].name) {
        struct registration_request r = make(verdicts[i].kind, verdicts[i].role);
        enum whose whose = verdicts[i].whose;
        struct registration_account found = {.there = whose != NOT_THERE,
                                             .suspended = verdicts[i].suspended,
                                             .role = verdicts[i].found};
        strcpy(found.venue, venues[whose]);
        strcpy(found.kiosk, kiosks[whose]);
        for (int granted = 0; granted < 2; granted++) {
            const char *why = "";
            enum registration_act act = registration_judge(&r, &found, VENUE, KIOSK, granted, &why);
            assert_int_equal(act, granted ? verdicts[i].root : verdicts[i].kiosk);
            assert_int_equal(act == REGISTRATION_ACT_REFUSE, why[0] != '\0');
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(anything_else_is_refused),
        cmocka_unit_test(a_password_has_16_to_64_characters),
        cmocka_unit_test(an_announcement_is_bound_to_its_asker),
        cmocka_unit_test(an_answer_is_read_as_it_was_written),
        cmocka_unit_test(an_answer_that_is_not_whole_is_refused),
        cmocka_unit_test(a_grant_is_for_one_act_alone),
        cmocka_unit_test(what_harms_when_repeated_cannot_be_granted),
        cmocka_unit_test(a_staff_phones_certificate_grants_its_promotion),
        cmocka_unit_test(only_a_certified_key_may_ask),
        cmocka_unit_test(a_number_counts_once),
        cmocka_unit_test(five_are_suspended_a_day),
        cmocka_unit_test(accounts_are_made_at_a_rate),
        cmocka_unit_test(verdicts_are_the_table),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
