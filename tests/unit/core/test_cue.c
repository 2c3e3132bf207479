#include "kiosk/core/cue.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

#define AT(s) ((s)*NS_PER_S)

static const struct {
    const char *what;
    struct cue_facts facts;
    uint32_t signs, seen;
} rows[] = {
    {"at rest", {.path = true, .sensed_at = NS_NEVER, .alert_at = NS_NEVER}, 0, 0},
    {"no path", {.sensed_at = NS_NEVER, .alert_at = NS_NEVER}, CUE_NO_PATH, 0},
    {"felt", {.path = true, .sensed_at = AT(990), .alert_at = NS_NEVER}, CUE_SENSED, 0},
    {"felt long ago", {.path = true, .sensed_at = AT(980), .alert_at = NS_NEVER}, 0, 0},
    {"fault",
     {.path = true, .fault = true, .sensed_at = NS_NEVER, .alert_at = NS_NEVER},
     CUE_FAULT,
     0},
    {"accepted",
     {.path = true, .handed_over = true, .sensed_at = NS_NEVER, .alert_at = AT(990)},
     CUE_ACCEPTED,
     0},
    {"accepted here and outside",
     {.path = true,
      .handed_over = true,
      .delivered_lan = true,
      .sensed_at = NS_NEVER,
      .alert_at = AT(990)},
     CUE_ACCEPTED,
     0},
    {"on this network alone",
     {.path = true, .delivered_lan = true, .sensed_at = NS_NEVER, .alert_at = AT(990)},
     CUE_LAN_ONLY,
     0},
    {"seen by two",
     {.path = true, .handed_over = true, .sensed_at = NS_NEVER, .alert_at = AT(900), .seen = 2},
     CUE_ACCEPTED | CUE_SEEN,
     2},
    {"nobody after a minute",
     {.path = true,
      .handed_over = true,
      .sensed_at = NS_NEVER,
      .alert_at = AT(940),
      .relay_at = NS_NEVER},
     CUE_ACCEPTED | CUE_NOBODY,
     0},
    {"a live relay is somebody",
     {.path = true,
      .handed_over = true,
      .sensed_at = NS_NEVER,
      .alert_at = AT(900),
      .relay_configured = true,
      .relay_at = AT(950)},
     CUE_ACCEPTED,
     0},
    {"a dead relay",
     {.path = true,
      .sensed_at = NS_NEVER,
      .alert_at = NS_NEVER,
      .relay_configured = true,
      .relay_at = AT(940)},
     CUE_RELAY_DEAD,
     0},
    {"drill",
     {.path = true, .drill = true, .sensed_at = NS_NEVER, .alert_at = AT(999)},
     CUE_DRILL,
     0},
    {"calm again after the code",
     {.path = true,
      .calm = true,
      .handed_over = true,
      .sensed_at = NS_NEVER,
      .alert_at = AT(900),
      .seen = 3},
     0,
     0},
};

static void test_rows(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].what) {
        struct cue c = cue_of(&rows[i].facts, AT(1000));
        assert_int_equal(c.signs, rows[i].signs);
        assert_int_equal(c.seen, rows[i].seen);
    }
}

/* While an alert is hidden on site, the picture shows what it would if there were none. */
static void test_a_feigned_calm_shows_no_answers_and_no_faults_of_delivery(void **state)
{
    struct cue_facts f = {.feigned = true,
                          .path = true,
                          .outside_configured = true,
                          .seen = 3,
                          .safe = 2,
                          .help = 1,
                          .no_subscriber = true,
                          .unproved = true,
                          .denied = true};
    (void)state;
    for (int i = 0; i < 4; i++) {
        f.path = i & 1;
        f.outside_configured = i & 2;
        struct cue_facts shown = cue_facts_on_site(&f);
        assert_int_equal(shown.seen + shown.safe + shown.help, 0);
        assert_false(shown.no_subscriber || shown.unproved || shown.denied);
        assert_int_equal(shown.handed_over, i == 3);
        assert_int_equal(shown.delivered_lan, i == 1);
    }
    f.feigned = false;
    assert_int_equal(cue_facts_on_site(&f).seen, 3);
}

static void test_nothing_changes_before_the_deadline(void **state)
{
    (void)state;
    EACH_ROW (i, rows, rows[i].what) {
        int64_t now = AT(1000);
        struct cue c = cue_of(&rows[i].facts, now);
        int64_t next = cue_deadline(&rows[i].facts, now);
        int64_t last = next == NS_NEVER ? AT(100000) : next - 1;
        struct cue later = cue_of(&rows[i].facts, last);
        assert_memory_equal(&c, &later, sizeof c);
    }
}

static void test_share(void **state)
{
    (void)state;
    static const struct {
        uint32_t count, members;
        enum cue_share share;
    } shares[] = {{0, 0, CUE_NONE}, {0, 9, CUE_NONE}, {1, 0, CUE_ONE},   {1, 1, CUE_ONE},
                  {2, 0, CUE_SOME}, {4, 0, CUE_SOME}, {5, 0, CUE_MOST},  {2, 3, CUE_MOST},
                  {2, 4, CUE_SOME}, {3, 4, CUE_MOST}, {9, 20, CUE_SOME}, {11, 20, CUE_MOST}};
    EACH_ROW (k, shares, NULL)
        assert_int_equal(cue_share(shares[k].count, shares[k].members), shares[k].share);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_share),
        cmocka_unit_test(test_a_feigned_calm_shows_no_answers_and_no_faults_of_delivery),
        cmocka_unit_test(test_nothing_changes_before_the_deadline),
    };
    return cmocka_run_group_tests_name("cue", tests, NULL, NULL);
}
