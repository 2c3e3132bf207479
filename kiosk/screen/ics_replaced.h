#ifndef PORCHLIGHT_SCREEN_ICS_REPLACED_H
#define PORCHLIGHT_SCREEN_ICS_REPLACED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Which occurrences of a calendar's events others replace, by RECURRENCE-ID: all are added, then
 * sorted, then asked for. */

struct ics_replaced {
    struct ics_occurrence {
        uint64_t uid;
        int64_t day;
    } * at;
    size_t count;
    size_t looked; /* how many were looked at to answer so far */
};

/* Without memory it is left out, and both are shown. */
void ics_replaced_add(struct ics_replaced *r, uint64_t uid, int64_t day);

void ics_replaced_sort(struct ics_replaced *r);

bool ics_replaced_has(struct ics_replaced *r, uint64_t uid, int64_t day);

void ics_replaced_free(struct ics_replaced *r);

#endif
