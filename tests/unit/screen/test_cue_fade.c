#include "kiosk/core/ns.h"
#include "kiosk/screen/cue_client.h"
#include "kiosk/screen/cue_fade.h"
#include "kiosk/screen/options.h"
#include "tests/unit/rows.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int birds(const struct cue_fade *s)
{
    int n = 0;
    for (int k = 0; k < CUE_FADE_FLOCK; k++)
        n += s->birds[k] > 0.99f;
    return n;
}

static int ducks(const struct cue_fade *s)
{
    int n = 0;
    for (int k = 0; k < CUE_FADE_FLOCK; k++)
        n += s->ducks[k] > 0.99f;
    return n;
}

static void test_meanings(void **state)
{
    (void)state;
    static const struct {
        const char *cue;
        const char *shown; /* moored near out window smoke mist ladder kite */
        int birds, ducks;
    } rows[] = {
        {"", "00011000", 0, 0},
        {"sensed", "10011000", 0, 0},
        {"sensed,lan-only", "01011000", 0, 0},
        {"sensed,accepted", "00111000", 0, 0},
        {"accepted,lan-only", "00111000", 0, 0},
        {"accepted,seen=3,safe=1", "00111000", 3, 1},
        {"accepted,seen=40,safe=12", "00111000", 5, 5},
        {"accepted,seen=1,safe=1", "00111000", 1, 1},
        {"accepted,nobody", "00101000", 0, 0},
        {"no-path", "00011100", 0, 0},
        {"relay-dead", "00010000", 0, 0},
        {"fault", "00011010", 0, 0},
        {"drill,accepted", "00111001", 0, 0},
    };
    EACH_ROW (k, rows, rows[k].cue) {
        struct cue c;
        struct cue_fade s;
        assert_int_equal(options_cue(rows[k].cue, &c), 0);
        cue_fade_start(&s, &c, 0);
        for (int part = 0; part < CUE_FADE_PARTS; part++)
            assert_int_equal(s.part[part] > 0.5f, rows[k].shown[part] == '1');
        assert_int_equal(birds(&s), rows[k].birds);
        assert_int_equal(ducks(&s), rows[k].ducks);
    }
}

/* From any cue to any other: nothing moves faster than the fade, all of it is there after it. */
static void test_never_abrupt(void **state)
{
    (void)state;
    for (uint32_t from = 0; from <= CUE_ALL; from += 7) {
        for (uint32_t to = 0; to <= CUE_ALL; to += 11) {
            struct cue a = {from, from % 12, from % 5, 9}, b = {to, to % 12, to % 5, 9};
            struct cue_fade s, before, there;
            cue_fade_start(&s, &a, 0);
            cue_fade_to(&s, &b, 0);
            for (int64_t at = 0; at <= CUE_FADE_TIME; at += NS_PER_S / 4) {
                before = s;
                cue_fade_step(&s, at);
                for (int k = 0; k < CUE_FADE_PARTS; k++)
                    assert_true(fabsf(s.part[k] - before.part[k]) < 0.0251f);
                for (int k = 0; k < CUE_FADE_FLOCK; k++)
                    assert_true(fabsf(s.birds[k] - before.birds[k]) < 0.0251f);
            }
            cue_fade_step(&s, CUE_FADE_TIME + NS_PER_S / 4);
            cue_fade_start(&there, &b, 0);
            assert_false(s.moving);
            for (int k = 0; k < CUE_FADE_PARTS; k++)
                assert_true(fabsf(s.part[k] - there.part[k]) < 0.001f);
        }
    }
}

/* A cue that comes while another is on its way turns it round from where it is. */
static void test_turned_round(void **state)
{
    (void)state;
    struct cue quiet = {0}, out = {.signs = CUE_ACCEPTED};
    struct cue_fade s;
    cue_fade_start(&s, &quiet, 0);
    cue_fade_to(&s, &out, 0);
    cue_fade_to(&s, &quiet, CUE_FADE_TIME / 2);
    float half = s.part[CUE_FADE_BOAT_OUT];
    assert_true(half > 0.49f && half < 0.51f);
    cue_fade_step(&s, CUE_FADE_TIME / 2 + NS_PER_S);
    assert_true(s.part[CUE_FADE_BOAT_OUT] < half && s.part[CUE_FADE_BOAT_OUT] > half - 0.11f);
    cue_fade_step(&s, 0); /* a clock that goes back changes nothing */
    assert_true(s.part[CUE_FADE_BOAT_OUT] > half - 0.11f);
}

static void test_packets(void **state)
{
    (void)state;
    struct screen_cue cue = {SCREEN_MAGIC, SCREEN_CUE, 0xffffffff, 3, 1, 0};
    struct screen_qr qr = {.magic = SCREEN_MAGIC, .kind = SCREEN_QR, .seconds = 60, .length = 4};
    struct cue c;
    struct screen_qr q;
    assert_int_equal(cue_client_read(&cue, sizeof cue, &c, &q), CUE_CLIENT_CUE);
    assert_int_equal(c.signs, CUE_ALL); /* bits that nobody knows yet are dropped */
    assert_int_equal(c.seen, 3);
    assert_int_equal(cue_client_read(&qr, sizeof qr, &c, &q), CUE_CLIENT_QR);
    for (size_t len = 0; len < sizeof qr; len++) {
        if (len != sizeof cue)
            assert_int_equal(cue_client_read(&qr, len, &c, &q), CUE_CLIENT_BAD);
    }
    cue.magic++;
    assert_int_equal(cue_client_read(&cue, sizeof cue, &c, &q), CUE_CLIENT_BAD);
    cue.magic--;
    cue.kind = SCREEN_QR;
    assert_int_equal(cue_client_read(&cue, sizeof cue, &c, &q), CUE_CLIENT_BAD);
    qr.length = SCREEN_QR_TEXT_MAX + 1;
    assert_int_equal(cue_client_read(&qr, sizeof qr, &c, &q), CUE_CLIENT_BAD);
    qr.length = 1;
    qr.seconds = 61;
    assert_int_equal(cue_client_read(&qr, sizeof qr, &c, &q), CUE_CLIENT_BAD);
    qr.seconds = 1;
    qr.kind = SCREEN_CUE;
    assert_int_equal(cue_client_read(&qr, sizeof qr, &c, &q), CUE_CLIENT_BAD);
}

static void test_cue_words(void **state)
{
    (void)state;
    struct cue c;
    assert_int_equal(options_cue("sensed,seen=4,safe=2,fault", &c), 0);
    assert_int_equal(c.signs, CUE_SENSED | CUE_SEEN | CUE_FAULT);
    assert_int_equal(c.safe, 2);
    assert_int_equal(options_cue("boat", &c), -1);
    assert_int_equal(options_cue("sense", &c), -1);
    assert_int_equal(options_cue("seen=x", &c), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meanings), cmocka_unit_test(test_never_abrupt),
        cmocka_unit_test(test_turned_round), cmocka_unit_test(test_packets),
        cmocka_unit_test(test_cue_words)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
