#include "kiosk/core/record.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <string.h>
/* cmocka.h needs those above first */
#include <cmocka.h>

static const struct record sample = {
    .epoch = 0x0102030405060708,
    .began = 1795375672,
    .standing = {.state = ALERT_LOCKDOWN,
                 .duress = true,
                 .calm = true,
                 .wipe_pending = true,
                 .id = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}}},
};

static void test_every_flag_and_state_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < 3 * 64; i++) {
        struct record r = {.epoch = (uint64_t)i}, back;
        struct alert_standing *s = &r.standing;
        uint32_t serial;
        uint8_t bytes[RECORD_SIZE];
        s->state = (enum alert_state)(i / 64);
        s->drill = i & 1;
        s->duress = i & 2;
        s->unclear = i & 4;
        s->unconfirmed = i & 8;
        s->calm = i & 16;
        s->wipe_pending = i & 32;
        record_encode(&r, (uint32_t)i * 7, bytes);
        assert_int_equal(record_decode(&back, &serial, bytes, sizeof bytes), 0);
        assert_int_equal(serial, i * 7);
        assert_memory_equal(&back, &r, sizeof r);
    }
}

static void test_no_torn_or_changed_record_is_believed(void **state)
{
    (void)state;
    struct record r;
    uint32_t serial;
    uint8_t bytes[RECORD_SIZE];
    record_encode(&sample, 1, bytes);
    for (size_t len = 0; len < RECORD_SIZE; len++)
        assert_int_equal(record_decode(&r, &serial, bytes, len), -1);
    for (size_t bit = 0; bit < 8 * RECORD_SIZE; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(record_decode(&r, &serial, bytes, sizeof bytes), -1);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(record_decode(&r, &serial, bytes, sizeof bytes), 0);
}

/* What a file or cell may begin with: two slots, each with a serial, or with something else. */
enum held { EMPTY, GOOD, TORN };

static void put_slot(uint8_t *bytes, enum held held, uint32_t serial)
{
    struct record r = {.epoch = serial};
    if (held == EMPTY)
        return;
    record_encode(&r, serial, bytes);
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

static void test_a_cell_may_be_unfit(void **state)
{
    (void)state;
    uint8_t bytes[RECORD_READ_CELL] = {0};
    uint32_t serial;
    struct record r;
    record_encode(&sample, 1, bytes);
    assert_int_equal(record_newest(bytes, RECORD_SIZE, true, &r, &serial), 0);
    assert_int_equal(record_newest(bytes, RECORD_SIZE - 1, true, &r, &serial), -1);
    assert_int_equal(errno, ENOSPC);
    static const uint8_t key_mark[4] = {'P', 'L', 'c', '1'};
    memcpy(bytes, key_mark, sizeof key_mark);
    assert_int_equal(record_newest(bytes, sizeof bytes, true, &r, &serial), -1);
    assert_int_equal(errno, EBUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_flag_and_state_comes_back),
        cmocka_unit_test(test_no_torn_or_changed_record_is_believed),
        cmocka_unit_test(test_the_newest_that_is_whole_counts),
        cmocka_unit_test(test_a_cell_may_be_unfit),
    };
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
