#include "kiosk/core/record.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const struct record sample = {
    .epoch = 0x0102030405060708,
    .began = 1795375672,
    .standing = {.state = ALERT_LOCKDOWN,
                 .pressed = true,
                 .calm = true,
                 .wipe_pending = true,
                 .id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}},
};

static void test_every_flag_and_state_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < 6 * 64; i++) {
        struct record r = {.epoch = (uint64_t)i}, back;
        struct alert_standing *s = &r.standing;
        uint32_t serial;
        uint8_t bytes[RECORD_MOST];
        s->state = (enum alert_state)(i / 64 % 3);
        r.boxed = i >= 3 * 64;
        memset(r.box, r.boxed ? i : 0, sizeof r.box);
        s->drill = i & 1;
        s->pressed = i & 2;
        s->unclear = i & 4;
        s->unconfirmed = i & 8;
        s->calm = i & 16;
        s->wipe_pending = i & 32;
        size_t len = record_encode(&r, (uint32_t)i * 7, bytes);
        assert_int_equal(len, r.boxed ? RECORD_MOST : RECORD_SIZE);
        assert_int_equal(record_decode(&back, &serial, bytes, len), 0);
        assert_int_equal(serial, i * 7);
        assert_memory_equal(&back, &r, sizeof r);
    }
}

static void test_no_torn_or_changed_record_is_believed(void **state)
{
    (void)state;
    struct record r;
    uint32_t serial;
    uint8_t bytes[RECORD_MOST];
    for (int boxed = 0; boxed < 2; boxed++) {
        struct record one = sample;
        one.boxed = boxed;
        size_t whole = record_encode(&one, 1, bytes);
        for (size_t len = 0; len < whole; len++)
            assert_int_equal(record_decode(&r, &serial, bytes, len), -1);
        for (size_t bit = 0; bit < 8 * whole; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_int_equal(record_decode(&r, &serial, bytes, sizeof bytes), -1);
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        assert_int_equal(record_decode(&r, &serial, bytes, sizeof bytes), 0);
    }
}

/* Whoever has the card sees what was pressed by its box alone, which he cannot open. */
static void test_code_and_duress_are_the_same_bytes_but_for_the_box(void **state)
{
    (void)state;
    uint8_t code[RECORD_MOST], duress[RECORD_MOST];
    struct record r = sample;
    r.boxed = true;
    record_encode(&r, 5, code);
    memset(r.box, 0xa5, sizeof r.box);
    r.was_duress = true; /* is never written */
    record_encode(&r, 5, duress);
    assert_memory_equal(code, duress, RECORD_SIZE - 8); /* but for the sum over the box */
}

/* As 0.1.0 wrote it, in a lockdown with duress and a wipe pending. */
static void test_a_record_of_0_1_0_is_still_read(void **state)
{
    (void)state;
    static const char hex[] = "504c52310102030405060708023201020304050607080910111213141516"
                              "000000006b02ddf800000007c6bb9bb0dc6a4036";
    uint8_t bytes[RECORD_SIZE], sum[16];
    uint32_t serial;
    struct record r;
    for (size_t i = 0; i < sizeof bytes; i++) {
        unsigned byte;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        bytes[i] = (uint8_t)byte;
    }
    crypto_generichash(sum, sizeof sum, bytes, RECORD_SIZE - 8, NULL, 0);
    assert_memory_equal(bytes + RECORD_SIZE - 8, sum, 8);
    assert_int_equal(record_decode(&r, &serial, bytes, sizeof bytes), 0);
    assert_int_equal(serial, 7);
    assert_true(r.epoch == 0x0102030405060708 && r.began == 0x6b02ddf8);
    assert_int_equal(r.standing.state, ALERT_LOCKDOWN);
    assert_true(r.standing.pressed && r.was_duress && r.standing.calm && r.standing.wipe_pending);
    assert_false(r.standing.drill || r.standing.unconfirmed || r.boxed);
    bytes[13] = 0x30;
    crypto_generichash(sum, sizeof sum, bytes, RECORD_SIZE - 8, NULL, 0);
    memcpy(bytes + RECORD_SIZE - 8, sum, 8);
    assert_int_equal(record_decode(&r, &serial, bytes, sizeof bytes), 0);
    assert_false(r.standing.pressed || r.was_duress);
}

/* What a file or cell may begin with: two slots, each with a serial, or with something else. */
enum held { EMPTY, GOOD, TORN };

static void put_slot(uint8_t *bytes, enum held held, uint32_t serial)
{
    struct record r = {.epoch = serial};
    uint8_t all[RECORD_MOST];
    if (held == EMPTY)
        return;
    memcpy(bytes, all, record_encode(&r, serial, all));
    if (held == TORN)
        bytes[RECORD_SIZE - 1] ^= 1;
}

static void test_the_newest_that_is_whole_counts(void **state)
{
    (void)state;
    static const struct {
        enum held held[2];
        uint32_t serials[2];
        int slot; /* -1: none */
    } rows[] = {
        {{EMPTY, EMPTY}, {0, 0}, -1},       {{GOOD, EMPTY}, {1, 0}, 0},
        {{EMPTY, GOOD}, {0, 1}, 1},         {{GOOD, GOOD}, {7, 8}, 1},
        {{GOOD, GOOD}, {9, 8}, 0},          {{GOOD, TORN}, {7, 8}, 0},
        {{TORN, GOOD}, {9, 8}, 1},          {{TORN, TORN}, {1, 2}, -1},
        {{GOOD, GOOD}, {UINT32_MAX, 0}, 1},
    };
    EACH_ROW (i, rows, NULL) {
        for (int cell = 0; cell < 2; cell++) {
            uint8_t bytes[RECORD_READ] = {0};
            uint32_t serial = 0;
            struct record r;
            for (int slot = 0; slot < 2; slot++)
                put_slot(bytes + slot * record_slots(cell, RECORD_READ_CELL).apart,
                         rows[i].held[slot], rows[i].serials[slot]);
            assert_int_equal(
                record_newest(bytes, cell ? RECORD_READ_CELL : RECORD_READ, cell, &r, &serial),
                rows[i].slot);
            if (rows[i].slot >= 0)
                assert_int_equal(serial, rows[i].serials[rows[i].slot]);
            else
                assert_int_equal(errno, EBADMSG);
        }
    }
}

static void test_a_small_cell_has_one_slot(void **state)
{
    static const struct {
        bool cell;
        size_t size;
        struct record_slots slots;
    } rows[] = {
        {false, 0, {2, RECORD_SLOT}},
        {true, 2 * RECORD_SIZE - 1, {1, RECORD_SIZE}},
        {true, 2 * RECORD_SIZE, {2, RECORD_SIZE}},
    };
    (void)state;
    EACH_ROW (i, rows, NULL) {
        struct record_slots s = record_slots(rows[i].cell, rows[i].size);
        assert_int_equal(s.count, rows[i].slots.count);
        assert_int_equal(s.apart, rows[i].slots.apart);
    }
}

static void test_a_cell_may_be_unfit(void **state)
{
    (void)state;
    uint8_t bytes[RECORD_MOST] = {0};
    uint32_t serial;
    struct record r;
    record_encode(&sample, 1, bytes);
    assert_int_equal(record_newest(bytes, RECORD_SIZE, true, &r, &serial), 0);
    assert_int_equal(record_newest(bytes, RECORD_SIZE - 1, true, &r, &serial), -1);
    assert_int_equal(errno, ENOSPC);
    static const uint8_t key_mark[4] = {'P', 'L', 'c', '1'};
    memcpy(bytes, key_mark, sizeof key_mark);
    assert_int_equal(record_newest(bytes, RECORD_READ_CELL, true, &r, &serial), -1);
    assert_int_equal(errno, EBUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_flag_and_state_comes_back),
        cmocka_unit_test(test_no_torn_or_changed_record_is_believed),
        cmocka_unit_test(test_code_and_duress_are_the_same_bytes_but_for_the_box),
        cmocka_unit_test(test_a_record_of_0_1_0_is_still_read),
        cmocka_unit_test(test_the_newest_that_is_whole_counts),
        cmocka_unit_test(test_a_small_cell_has_one_slot),
        cmocka_unit_test(test_a_cell_may_be_unfit),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
