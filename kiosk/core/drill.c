#include "kiosk/core/drill.h"

enum { WEEK = 7 * 24 * 60 };

void drill_plan_init(struct drill_plan *p, int from, int to)
{
    *p = (struct drill_plan){.from = from, .to = to, .chosen = -1};
}

/* Minutes from a to b, going forward. */
static int ahead(int a, int b)
{
    return (b - a + WEEK) % WEEK;
}

bool drill_due(struct drill_plan *p, int minute, uint32_t random)
{
    if (p->from < 0 || minute < 0)
        return false;
    int length = ahead(p->from, p->to), passed = ahead(p->from, minute);
    if (passed >= length) {
        p->chosen = -1;
        p->done = false;
        return false;
    }
    if (p->chosen < 0)
        p->chosen = passed + (int)(random % (uint32_t)(length - passed));
    if (p->done || passed < p->chosen)
        return false;
    p->done = true;
    return true;
}
