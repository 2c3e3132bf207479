#include "kiosk/wipe/luks_facts.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

enum { MIB = 1 << 20, FRONT = 16 * MIB, SIZE = 64 * MIB };
#define ALL UINT64_MAX

/* LUKS2's metadata, as far as it is judged. */
#define JSON(slots, segments, needs)                                                               \
    "{\"keyslots\":{\"0\":{\"type\":\"luks2\"}" slots "},\"segments\":{" segments                  \
    "},\"config\":{\"requirements\":{\"mandatory\":[" needs "]}}}"
#define SLOT(mode) ",\"1\":{\"type\":\"reencrypt\",\"mode\":\"" mode "\"}"
#define SEG(n, type, at, size)                                                                     \
    "\"" n "\":{\"type\":\"" type "\",\"offset\":\"" at "\",\"size\":\"" size "\""
#define CRYPT(n, at, size) SEG(n, "crypt", at, size) ",\"encryption\":\"aes-xts-plain64\"}"
#define HOT(n, at, size)                                                                           \
    SEG(n, "crypt", at, size)                                                                      \
    ",\"encryption\":\"aes-xts-plain64\",\"flags\":[\"in-"                                         \
    "reencryption\"]}"
#define NOTHING(n, at, size) SEG(n, "crypt", at, size) ",\"encryption\":\"cipher_null-ecb\"}"
#define LINEAR(n, at, size)  SEG(n, "linear", at, size) "}"
#define BACKUP(n, type, what)                                                                      \
    SEG(n, type, "0", "dynamic")                                                                   \
    ",\"encryption\":\"aes-xts-plain64\",\"flags\":[\"backup-" what "\"]}"
#define MOVED(n, at, size) SEG(n, "linear", at, size) ",\"flags\":[\"backup-moved-segment\"]}"
#define ONLINE             "\"online-reencrypt-v2\""
#define M16                "16777216"
#define M32                "33554432"
#define M48                "50331648"

static const struct {
    const char *name, *json;
    bool apart;
    enum luks_remark remark;
    uint64_t clear_from, clear_to;
} rows[] = {
    {"whole", JSON("", CRYPT("0", M16, "dynamic"), ""), false, LUKS_SOUND, 0, 0},
    {"detached, with its data", JSON("", CRYPT("0", "0", "dynamic"), ""), true, LUKS_SOUND, 0, 0},
    {"detached, alone", JSON("", CRYPT("0", "0", "dynamic"), ""), false, LUKS_HEADER_ALONE, 0, 0},
    {"the copy of a header", JSON("", CRYPT("0", "67108864", "dynamic"), ""), false,
     LUKS_HEADER_ALONE, 0, 0},
    {"encryption only announced",
     JSON(SLOT("encrypt"),
          LINEAR("0", M16, M16) "," MOVED("1", M48, M16) "," BACKUP("2", "crypt", "final"), ONLINE),
     false, LUKS_ENCRYPTING, FRONT, SIZE},
    {"encryption half way",
     JSON(SLOT("encrypt"), CRYPT("0", M16, M16) "," LINEAR("1", M32, "dynamic"), ONLINE), false,
     LUKS_ENCRYPTING, 32 * MIB, ALL},
    {"encryption, the piece at work",
     JSON(SLOT("encrypt"), CRYPT("0", M16, M16) "," HOT("1", M32, "dynamic"), ONLINE), false,
     LUKS_ENCRYPTING, 32 * MIB, ALL},
    {"encryption of data elsewhere",
     JSON(SLOT("encrypt"), LINEAR("0", "0", "dynamic") "," BACKUP("1", "crypt", "final"), ONLINE),
     true, LUKS_ENCRYPTING, 0, ALL},
    {"encryption through, its slot still there",
     JSON(SLOT("encrypt"), CRYPT("0", M16, "dynamic"), ONLINE), false, LUKS_ENCRYPTING, 0, 0},
    {"decryption announced", JSON(SLOT("decrypt"), CRYPT("0", M16, "dynamic"), ONLINE), false,
     LUKS_DECRYPTING, 0, 0},
    {"decryption half way",
     JSON(SLOT("decrypt"), LINEAR("0", M16, M16) "," CRYPT("1", M32, "dynamic"), ONLINE), false,
     LUKS_DECRYPTING, FRONT, 32 * MIB},
    {"reencryption",
     JSON(SLOT("reencrypt"),
          HOT("0", M16, M16) "," CRYPT("1", M32, "dynamic") "," BACKUP("2", "crypt", "previous"),
          ONLINE),
     false, LUKS_REENCRYPTING, 0, 0},
    {"reencryption of what was not encrypted",
     JSON(SLOT("reencrypt"), CRYPT("0", M16, M16) "," NOTHING("1", M32, "dynamic"), ONLINE), false,
     LUKS_NULL_CIPHER, 32 * MIB, ALL},
    {"the null cipher", JSON("", NOTHING("0", M16, "dynamic"), ""), false, LUKS_NULL_CIPHER, FRONT,
     ALL},
    {"linear, and nothing says why", JSON("", LINEAR("0", M16, "dynamic"), ""), false,
     LUKS_ENCRYPTING, FRONT, ALL},
    {"a part of the device", JSON("", CRYPT("0", M16, M16), ""), false, LUKS_PARTLY, 32 * MIB,
     SIZE},
    {"all of the device, by number", JSON("", CRYPT("0", M16, M48), ""), false, LUKS_SOUND, 0, 0},
    {"the drive's own encryption", JSON("", SEG("0", "hw-opal", M16, "dynamic") "}", "\"opal\""),
     false, LUKS_UNKNOWN_FEATURE, 0, 0},
    {"a requirement of a later version", JSON("", CRYPT("0", M16, "dynamic"), "\"later\""), false,
     LUKS_UNKNOWN_FEATURE, 0, 0},
    {"a key slot of a later version",
     JSON(",\"1\":{\"type\":\"later\"}", CRYPT("0", M16, "dynamic"), ""), false,
     LUKS_UNKNOWN_FEATURE, 0, 0},
    {"no segments", JSON("", "", ""), true, LUKS_UNKNOWN_FEATURE, 0, 0},
    {"not JSON", "LUKS", true, LUKS_UNKNOWN_FEATURE, 0, 0},
    {"odd JSON", "{\"segments\":{\"0\":7},\"keyslots\":[],\"config\":\"x\"}", true,
     LUKS_UNKNOWN_FEATURE, 0, 0},
    {"sizes that overflow",
     JSON("", LINEAR("0", "18446744073709551000", "18446744073709551000"), ""), true,
     LUKS_ENCRYPTING, 18446744073709551000u, ALL},
};

static void test_luks2(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        struct luks_facts f = {.form = LUKS_2, .header = 16384, .front = FRONT};
        luks_facts_of_json(&f, rows[i].json);
        enum luks_remark remark = luks_judge(&f, SIZE, rows[i].apart);
        if (remark != rows[i].remark || f.clear_from != rows[i].clear_from ||
            f.clear_to != rows[i].clear_to)
            fail_msg("%s: remark %d, clear %llu to %llu", rows[i].name, remark,
                     (unsigned long long)f.clear_from, (unsigned long long)f.clear_to);
    }
}

static void test_luks1(void **state)
{
    static const struct {
        const char *name, *cipher;
        uint64_t data;
        bool apart;
        enum luks_remark remark;
    } ones[] = {
        {"whole", "aes", 2 * MIB, false, LUKS_SOUND},
        {"detached, with its data", "aes", 0, true, LUKS_SOUND},
        {"detached, alone", "aes", 0, false, LUKS_HEADER_ALONE},
        {"data behind the end", "aes", SIZE, false, LUKS_HEADER_ALONE},
        {"the null cipher", "cipher_null", 2 * MIB, false, LUKS_NULL_CIPHER},
        {"no cipher", "", 2 * MIB, false, LUKS_NULL_CIPHER},
    };

    (void)state;
    EACH_ROW (i, ones, ones[i].name) {
        struct luks_facts f = {.form = LUKS_1, .header = 4096, .front = MIB};
        luks_facts_of_luks1(&f, ones[i].cipher, ones[i].data);
        if (luks_judge(&f, SIZE, ones[i].apart) != ones[i].remark)
            fail_msg("%s: remark %d", ones[i].name, luks_judge(&f, SIZE, ones[i].apart));
    }
}

static void test_no_header_that_loads(void **state)
{
    static const struct {
        enum luks_form form;
        enum luks_remark remark;
    } forms[] = {{LUKS_NO_HEADER, LUKS_WITHOUT_HEADER},
                 {LUKS_UNREADABLE, LUKS_NOT_LOADED},
                 {LUKS_1_REWRITTEN, LUKS_1_INTERRUPTED}};

    (void)state;
    EACH_ROW (i, forms, luks_saying(forms[i].remark)->before) {
        struct luks_facts f = {.form = forms[i].form};
        assert_int_equal(luks_judge(&f, SIZE, false), forms[i].remark);
    }
}

/* What is in clear is never called destroyed; what is not whole is named in the plan. */
static void test_sayings(void **state)
{
    (void)state;
    for (int remark = 0; remark < LUKS_REMARKS; remark++) {
        const struct luks_saying *s = luks_saying((enum luks_remark)remark);
        bool sound = remark == LUKS_SOUND || remark == LUKS_REENCRYPTING;
        assert_int_equal(s->best, sound ? WIPE_DESTROYED : WIPE_UNVERIFIED);
        assert_int_equal(s->before == NULL, remark == LUKS_SOUND);
        assert_int_equal(strlen(s->after) == 0, sound);
        assert_true(strlen(s->after) < 160);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_luks2),
        cmocka_unit_test(test_luks1),
        cmocka_unit_test(test_no_header_that_loads),
        cmocka_unit_test(test_sayings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
