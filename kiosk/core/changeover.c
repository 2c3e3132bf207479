#include "kiosk/core/changeover.h"

#include "kiosk/core/ns.h"

/* The four positions of two contacts. */
enum { NEITHER = 0, NC_ALONE = 1, NO_ALONE = 2, BOTH = 3, NONE = -1 };

static int contacts(const struct changeover *c)
{
    return (c->no ? NO_ALONE : NEITHER) | (c->nc ? NC_ALONE : NEITHER);
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

void changeover_start(struct changeover *c, int64_t throw_time, bool no, bool nc, int64_t now)
{
    *c = (struct changeover){
        .throw_time = throw_time, .no = no, .nc = nc, .rest = NONE, .since = now, .unsound = now};
    c->pressed = contacts(c) == NO_ALONE;
    c->known = !is_plain_fault(contacts(c));
}

/* The plunger had its time: the position of the contacts is a fault now, perhaps another one. */
size_t changeover_time(struct changeover *c, int64_t now,
                       struct changeover_event out[CHANGEOVER_MAX])
{
    size_t n = 0;
    int64_t at = changeover_deadline(c);
    if (now < at)
        return 0;
    enum changeover_event_kind kind =
        c->fault ? CHANGEOVER_TAMPER : changeover_fault_of(contacts(c));
    if (c->pressed)
        n = changeover_say(out, n, CHANGEOVER_RELEASED, at);
    if (!c->fault || c->named != kind)
        n = changeover_say(out, n, kind, at);
    c->pressed = false;
    c->fault = true;
    c->named = kind;
    c->known = true;
    c->rest = NONE;
    return n;
}

static size_t enter_rest(struct changeover *c, int64_t at, struct changeover_event *out, size_t n)
{
    if (c->pressed)
        n = changeover_say(out, n, CHANGEOVER_RELEASED, at);
    if (c->fault)
        n = changeover_say(out, n, CHANGEOVER_REPAIRED, at);
    c->pressed = c->fault = false;
    c->known = true;
    c->rest = NONE;
    return n;
}

/* Pressed or released, judged without the nc contact where the switch is worn. */
static size_t enter_press(struct changeover *c, bool pressed, int64_t at,
                          struct changeover_event *out, size_t n)
{
    if (c->pressed != pressed)
        n = changeover_say(out, n, pressed ? CHANGEOVER_PRESSED : CHANGEOVER_RELEASED, at);
    c->pressed = pressed;
    c->known = true;
    return n;
}

size_t changeover_levels(struct changeover *c, bool no, bool nc, int64_t at,
                         struct changeover_event out[CHANGEOVER_MAX])
{
    size_t n = changeover_time(c, at, out);
    if (no == c->no && nc == c->nc)
        return n;
    int left = contacts(c);
    if (c->fault && c->known && is_plain_fault(left) && at - c->since >= CHANGEOVER_WORN)
        c->rest = left;
    if (c->known)
        c->unsound = at;
    c->no = no;
    c->nc = nc;
    c->since = at;

    int position = contacts(c);
    if (position == NC_ALONE)
        return enter_rest(c, at, out, n);
    if (position == NO_ALONE && (!c->fault || c->rest != NONE))
        return enter_press(c, true, at, out, n);
    if (position == c->rest)
        return enter_press(c, false, at, out, n);
    /* Back in the same fault; any other position has throw_time to become a sound one. */
    c->known = c->fault && is_plain_fault(position) && c->named == changeover_fault_of(position);
    return n;
}

int64_t changeover_deadline(const struct changeover *c)
{
    return c->known ? NS_NEVER : c->unsound + c->throw_time;
}

const char *changeover_event_name(enum changeover_event_kind k)
{
    static const char *const names[] = {
        [CHANGEOVER_PRESSED] = "pressed", [CHANGEOVER_RELEASED] = "released",
        [CHANGEOVER_CUT] = "cut",         [CHANGEOVER_SHORT] = "short",
        [CHANGEOVER_TAMPER] = "tamper",   [CHANGEOVER_REPAIRED] = "repaired",
    };
    return names[k];
}
