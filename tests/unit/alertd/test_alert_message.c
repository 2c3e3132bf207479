/* What is sent for an entry of the outbox: its kind, and how old the gesture is by which clock. */

#include "kiosk/alertd/alert_message.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct row {
    const char *name;
    struct outbox_entry entry;
    int64_t now_s, wall; /* s */
    enum message_kind kind;
    const char *detail;
    int64_t age_ms;
} rows[] = {
    {"a lockdown just pressed",
     {ALERT_PUB_LOCKDOWN, .at = 5 * NS_PER_S},
     5,
     0,
     MSG_LOCKDOWN,
     "",
     0},
    {"a caution, a minute on",
     {ALERT_PUB_CAUTION, .at = 5 * NS_PER_S},
     65,
     0,
     MSG_CAUTION,
     "",
     60000},
    {"an unclear signal", {ALERT_PUB_UNCLEAR, .at = 0}, 1, 0, MSG_CAUTION, "unclear", 1000},
    {"an all-clear", {ALERT_PUB_ALL_CLEAR, .at = 0}, 1, 0, MSG_ALL_CLEAR, "", 1000},
    {"one of the door alone",
     {ALERT_PUB_UNCONFIRMED, .at = 0},
     1,
     0,
     MSG_ALL_CLEAR,
     "unconfirmed",
     1000},
    {"resumed, by the wall clock",
     {ALERT_PUB_LOCKDOWN, .resumed = true, .began = 1000},
     1,
     1090,
     MSG_LOCKDOWN,
     "",
     90000},
    {"resumed, no clock now",
     {ALERT_PUB_LOCKDOWN, .resumed = true, .began = 1000},
     1,
     0,
     MSG_LOCKDOWN,
     "",
     -1},
    {"resumed, no clock then",
     {ALERT_PUB_LOCKDOWN, .resumed = true},
     1,
     1090,
     MSG_LOCKDOWN,
     "",
     -1},
    {"resumed, the clock went back",
     {ALERT_PUB_LOCKDOWN, .resumed = true, .began = 1000},
     1,
     999,
     MSG_LOCKDOWN,
     "",
     -1},
};

static void each_entry_says_what_it_is_and_how_old(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].name) {
        const struct row *r = &rows[i];
        struct message m;
        alert_message_make(&r->entry, r->now_s * NS_PER_S, r->wall, &m);
        assert_int_equal(m.kind, r->kind);
        assert_string_equal(m.detail, r->detail);
        assert_int_equal(m.age_ms, r->age_ms);
        assert_int_equal(m.resumed, r->entry.resumed);
        assert_false(m.drill);
    }
}

static void a_drill_is_marked_as_one(void **state)
{
    struct outbox_entry e = {ALERT_PUB_LOCKDOWN, .drill = true};
    struct message m;
    (void)state;
    memset(e.id.bytes, 7, sizeof e.id.bytes);
    alert_message_make(&e, 0, 0, &m);
    assert_true(m.drill);
    assert_memory_equal(m.id.bytes, e.id.bytes, sizeof e.id.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_entry_says_what_it_is_and_how_old),
        cmocka_unit_test(a_drill_is_marked_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
