#include "kiosk/core/changeover.h"

#include "kiosk/core/ns.h"

/* The four positions of two contacts. */
enum { NEITHER = 0, NC_ALONE = 1, NO_ALONE = 2, BOTH = 3, NONE = -1 };

static int contacts(const struct changeover *p)
{
    return (p->no ? NO_ALONE : NEITHER) | (p->nc ? NC_ALONE : NEITHER);
}

static bool is_plain_fault(int position)
{
    return position == NEITHER || position == BOTH;
}

static enum changeover_event_kind changeover_fault_of(int position)
{
    return position == NEITHER ? CHANGEOVER_CUT : CHANGEOVER_SHORT;
}

static size_t changeover_say(struct changeover_event *out, size_t n,
                             enum changeover_event_kind kind, int64_t at)
{
    out[n] = (struct changeover_event){.kind = kind, .at = at};
    return n + 1;
}

void changeover_start(struct changeover *p, int64_t throw_time, bool no, bool nc, int64_t now)
{
    *p = (struct changeover){
        .throw_time = throw_time, .no = no, .nc = nc, .rest = NONE, .since = now, .unsound = now};
    p->pressed = contacts(p) == NO_ALONE;
    p->known = !is_plain_fault(contacts(p));
}

/* The plunger had its time: where the contacts stand now is a fault, or another one than before. */
size_t changeover_time(struct changeover *p, int64_t now,
                       struct changeover_event out[CHANGEOVER_MAX])
{
    size_t n = 0;
    int64_t at = changeover_deadline(p);
    if (now < at)
        return 0;
    enum changeover_event_kind kind =
        p->fault ? CHANGEOVER_TAMPER : changeover_fault_of(contacts(p));
    if (p->pressed)
        n = changeover_say(out, n, CHANGEOVER_RELEASED, at);
    if (!p->fault || p->named != kind)
        n = changeover_say(out, n, kind, at);
    p->pressed = false;
    p->fault = true;
    p->named = kind;
    p->known = true;
    p->rest = NONE;
    return n;
}

static size_t enter_rest(struct changeover *p, int64_t at, struct changeover_event *out, size_t n)
{
    if (p->pressed)
        n = changeover_say(out, n, CHANGEOVER_RELEASED, at);
    if (p->fault)
        n = changeover_say(out, n, CHANGEOVER_MENDED, at);
    p->pressed = p->fault = false;
    p->known = true;
    p->rest = NONE;
    return n;
}

/* Pressed or let go without the help of the nc contact where the switch is worn. */
static size_t enter_press(struct changeover *p, bool pressed, int64_t at,
                          struct changeover_event *out, size_t n)
{
    if (p->pressed != pressed)
        n = changeover_say(out, n, pressed ? CHANGEOVER_PRESSED : CHANGEOVER_RELEASED, at);
    p->pressed = pressed;
    p->known = true;
    return n;
}

size_t changeover_levels(struct changeover *p, bool no, bool nc, int64_t at,
                         struct changeover_event out[CHANGEOVER_MAX])
{
    size_t n = changeover_time(p, at, out);
    if (no == p->no && nc == p->nc)
        return n;
    int left = contacts(p);
    if (p->fault && p->known && is_plain_fault(left) && at - p->since >= CHANGEOVER_WORN)
        p->rest = left;
    if (p->known)
        p->unsound = at;
    p->no = no;
    p->nc = nc;
    p->since = at;

    int position = contacts(p);
    if (position == NC_ALONE)
        return enter_rest(p, at, out, n);
    if (position == NO_ALONE && (!p->fault || p->rest != NONE))
        return enter_press(p, true, at, out, n);
    if (position == p->rest)
        return enter_press(p, false, at, out, n);
    /* Back in the fault that already stands; anything else has throw_time to make sense. */
    p->known = p->fault && is_plain_fault(position) && p->named == changeover_fault_of(position);
    return n;
}

int64_t changeover_deadline(const struct changeover *p)
{
    return p->known ? NS_NEVER : p->unsound + p->throw_time;
}

const char *changeover_event_name(enum changeover_event_kind k)
{
    static const char *const names[] = {
        [CHANGEOVER_PRESSED] = "pressed", [CHANGEOVER_RELEASED] = "released",
        [CHANGEOVER_CUT] = "cut",         [CHANGEOVER_SHORT] = "short",
        [CHANGEOVER_TAMPER] = "tamper",   [CHANGEOVER_MENDED] = "mended",
    };
    return names[k];
}
