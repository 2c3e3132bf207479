#include "kiosk/common/duration.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)
#define S  (1000 * MS)

static void parses(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"0", 0},
        {"0s", 0},
        {"20ms", 20 * MS},
        {"1.5s", 1500 * MS},
        {"90s", 90 * S},
        {"5min", 300 * S},
        {"2h", 7200 * S},
        {"7d", 7 * 86400 * S},
        {"366d", INT64_C(366) * 86400 * S},
        {"0.000000001s", 1},
        {"1.000000000000000000000000s", S},
        {"250us", 250000},
        {"3ns", 3},
        {"0.5min", 30 * S},
        {"0.05h", 180 * S},
        {"007s", 7 * S},
    };
    (void)state;
    EACH_ROW (i, cases, cases[i].text) {
        int64_t ns = -1;
        if (duration_parse(cases[i].text, &ns) != 0 || ns != cases[i].ns)
            fail_msg("\"%s\" gave %lld", cases[i].text, (long long)ns);
    }
}

static void refuses(void **state)
{
    static const struct {
        const char *text;
        int error;
    } cases[] = {
        {"", EINVAL},
        {"5", EINVAL},
        {"s", EINVAL},
        {"-1s", EINVAL},
        {"+1s", EINVAL},
        {" 1s", EINVAL},
        {"1s ", EINVAL},
        {"1 s", EINVAL},
        {"1.s", EINVAL},
        {".5s", EINVAL},
        {"1..5s", EINVAL},
        {"1.5.5s", EINVAL},
        {"1e3s", EINVAL},
        {"0x10s", EINVAL},
        {"1sec", EINVAL},
        {"1S", EINVAL},
        {"1m", EINVAL},
        {"0.5ns", EINVAL},
        {"1.0000005ms", EINVAL},
        {"00", EINVAL},
        {"nan", EINVAL},
        {"infs", EINVAL},
        {"367d", ERANGE},
        {"366.0001d", ERANGE},
        {"99999999999999999999999999s", ERANGE},
    };
    (void)state;
    EACH_ROW (i, cases, cases[i].text) {
        int64_t ns = 77;
        errno = 0;
        if (duration_parse(cases[i].text, &ns) != -1 || errno != cases[i].error || ns != 77)
            fail_msg("\"%s\" gave %lld, errno %d", cases[i].text, (long long)ns, errno);
    }
}

static void formats_shortest(void **state)
{
    static const struct {
        int64_t ns;
        const char *text;
    } cases[] = {
        {0, "0"},
        {20 * MS, "20ms"},
        {1500 * MS, "1.5s"},
        {90 * S, "90s"},
        {300 * S, "5min"},
        {7200 * S, "2h"},
        {86400 * S, "1d"},
        {1, "1ns"},
        {500 * MS, "500ms"},
        {60 * S, "60s"},
        {-1500 * MS, "-1.5s"},
        {S + 1, "1.000000001s"},
        {-61 * S, "-61s"},
    };
    (void)state;
    EACH_ROW (i, cases, cases[i].text) {
        char text[32];
        duration_format(cases[i].ns, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
    char extreme[32];
    duration_format(INT64_MIN, extreme, sizeof extreme);
    assert_string_equal(extreme, "-9223372036.854775808s");
    char tiny[3];
    duration_format(1500 * MS, tiny, sizeof tiny);
    assert_string_equal(tiny, "1.");
}

/* What is written reads back as itself, over every magnitude. */
static void round_trip(void **state)
{
    (void)state;
    for (int64_t ns = 1; ns < INT64_C(366) * 86400 * S / 7; ns = ns * 7 + 3) {
        char text[32];
        int64_t back;
        duration_format(ns, text, sizeof text);
        assert_int_equal(duration_parse(text, &back), 0);
        assert_true(back == ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses),
        cmocka_unit_test(refuses),
        cmocka_unit_test(formats_shortest),
        cmocka_unit_test(round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
