#include "kiosk/screen/ics_replaced.h"

#include <stdlib.h>

void ics_replaced_add(struct ics_replaced *r, uint64_t uid, int64_t day)
{
    size_t n = r->count;
    if ((n & (n - 1)) == 0) {
        void *more = realloc(r->at, (n ? 2 * n : 1) * sizeof *r->at);
        if (!more)
            return;
        r->at = more;
    }
    r->at[r->count++] = (struct ics_occurrence){uid, day};
}

static int compare(const void *one, const void *other)
{
    const struct ics_occurrence *a = one, *b = other;
    if (a->uid != b->uid)
        return a->uid < b->uid ? -1 : 1;
    return (a->day > b->day) - (a->day < b->day);
}

void ics_replaced_sort(struct ics_replaced *r)
{
    if (r->count > 1)
        qsort(r->at, r->count, sizeof *r->at, compare);
}

bool ics_replaced_has(struct ics_replaced *r, uint64_t uid, int64_t day)
{
    const struct ics_occurrence wanted = {uid, day};
    size_t from = 0, to = r->count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        int order = compare(&wanted, &r->at[middle]);
        r->looked++;
        if (order == 0)
            return true;
        if (order < 0)
            to = middle;
        else
            from = middle + 1;
    }
    return false;
}

void ics_replaced_free(struct ics_replaced *r)
{
    free(r->at);
    *r = (struct ics_replaced){0};
}
