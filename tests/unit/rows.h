#ifndef PORCHLIGHT_TESTS_UNIT_ROWS_H
#define PORCHLIGHT_TESTS_UNIT_ROWS_H

#include <stddef.h>
#include <stdio.h>

/* Loops over a test's table that name the row in which a check failed:
 *
 *     EACH_ROW (i, rows, rows[i].line) {
 *         assert_int_equal(parse(rows[i].line), rows[i].value);
 *     }
 *
 * `name`: a string of that row, or NULL where its number (from 1) has to do. A failed check of
 * cmocka's leaves the loop at once, so a row that is still open at the program's end is one that
 * failed. Leave such a loop in no other way (break, return). */
#define EACH_ROW(i, table, name)                                                                   \
    for (size_t i = 0; rows_next(__func__, #table, i, sizeof(table) / sizeof *(table),             \
                                 i < sizeof(table) / sizeof *(table) ? (name) : NULL);             \
         i++)

enum { ROWS_OPEN_MAX = 16 };

static struct {
    const char *function, *table, *name;
    size_t index;
} rows_open[ROWS_OPEN_MAX];

static size_t rows_open_count;

static inline void rows_report(void)
{
    const char *name = rows_open[--rows_open_count].name;
    fprintf(stderr, "%s: row %zu of %s failed%s%s\n", rows_open[rows_open_count].function,
            rows_open[rows_open_count].index + 1, rows_open[rows_open_count].table,
            name ? ": " : "", name ? name : "");
}

__attribute__((destructor, used)) static void rows_report_all(void)
{
    while (rows_open_count > 0)
        rows_report();
}

static inline int rows_next(const char *function, const char *table, size_t index, size_t count,
                            const char *name)
{
    if (index > 0)
        rows_open_count--;
    if (index == count)
        return 0;
    if (rows_open_count == ROWS_OPEN_MAX)
        rows_report();
    rows_open[rows_open_count].function = function;
    rows_open[rows_open_count].table = table;
    rows_open[rows_open_count].name = name;
    rows_open[rows_open_count++].index = index;
    return 1;
}

#endif
