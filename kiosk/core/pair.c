#include "kiosk/core/pair.h"

#include "kiosk/core/ns.h"

/* The four positions of two contacts. */
enum { NEITHER = 0, NC_ALONE = 1, NO_ALONE = 2, BOTH = 3, NONE = -1 };

static int contacts(const struct pair *p)
{
    return (p->no ? NO_ALONE : NEITHER) | (p->nc ? NC_ALONE : NEITHER);
}

static bool is_plain_fault(int position)
{
    return position == NEITHER || position == BOTH;
}

static enum pair_event_kind fault_of(int position)
{
    return position == NEITHER ? PAIR_CUT : PAIR_SHORT;
}

static size_t say(struct pair_event *out, size_t n, enum pair_event_kind kind, int64_t at)
{
    out[n] = (struct pair_event){.kind = kind, .at = at};
    return n + 1;
}

void pair_start(struct pair *p, int64_t throw_time, bool no, bool nc, int64_t now)
{
    *p = (struct pair){
        .throw_time = throw_time, .no = no, .nc = nc, .rest = NONE, .since = now, .unsound = now};
    p->pressed = contacts(p) == NO_ALONE;
    p->known = !is_plain_fault(contacts(p));
}

/* The plunger had its time: where the contacts stand now is a fault, or another one than before. */
size_t pair_time(struct pair *p, int64_t now, struct pair_event out[PAIR_MAX])
{
    size_t n = 0;
    int64_t at = pair_deadline(p);
    if (now < at)
        return 0;
    enum pair_event_kind kind = p->fault ? PAIR_TAMPER : fault_of(contacts(p));
    if (p->pressed)
        n = say(out, n, PAIR_RELEASED, at);
    if (!p->fault || p->named != kind)
        n = say(out, n, kind, at);
    p->pressed = false;
    p->fault = true;
    p->named = kind;
    p->known = true;
    p->rest = NONE;
    return n;
}

static size_t enter_rest(struct pair *p, int64_t at, struct pair_event *out, size_t n)
{
    if (p->pressed)
        n = say(out, n, PAIR_RELEASED, at);
    if (p->fault)
        n = say(out, n, PAIR_MENDED, at);
    p->pressed = p->fault = false;
    p->known = true;
    p->rest = NONE;
    return n;
}

/* Pressed or let go without the help of the nc contact where the switch is worn. */
static size_t enter_press(struct pair *p, bool pressed, int64_t at, struct pair_event *out,
                          size_t n)
{
    if (p->pressed != pressed)
        n = say(out, n, pressed ? PAIR_PRESSED : PAIR_RELEASED, at);
    p->pressed = pressed;
    p->known = true;
    return n;
}

size_t pair_levels(struct pair *p, bool no, bool nc, int64_t at, struct pair_event out[PAIR_MAX])
{
    size_t n = pair_time(p, at, out);
    if (no == p->no && nc == p->nc)
        return n;
    int left = contacts(p);
    if (p->fault && p->known && is_plain_fault(left) && at - p->since >= PAIR_WORN)
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
    p->known = p->fault && is_plain_fault(position) && p->named == fault_of(position);
    return n;
}

int64_t pair_deadline(const struct pair *p)
{
    return p->known ? NS_NEVER : p->unsound + p->throw_time;
}

const char *pair_event_name(enum pair_event_kind k)
{
    static const char *const names[] = {
        [PAIR_PRESSED] = "pressed", [PAIR_RELEASED] = "released", [PAIR_CUT] = "cut",
        [PAIR_SHORT] = "short",     [PAIR_TAMPER] = "tamper",     [PAIR_MENDED] = "mended",
    };
    return names[k];
}
