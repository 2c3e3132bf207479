#include "kiosk/core/switch.h"

#include "kiosk/core/ns.h"

struct said {
    struct switch_event *out;
    size_t n;
};

static void say_gestures(struct said *t, const enum gesture *g, size_t n)
{
    for (size_t i = 0; i < n; i++)
        t->out[t->n++] = (struct switch_event){.gesture = g[i]};
}

static void press(struct said *t, struct switch_state *s, const struct switch_rules *r,
                  bool pressed, int64_t at)
{
    enum gesture g[GESTURE_MAX];
    say_gestures(t, g, gesture_level(&s->gesture, &r->gesture, pressed, at, g));
}

static void say_changeover(struct said *t, struct switch_state *s, const struct switch_rules *r,
                           const struct changeover_event *e, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (e[i].kind == CHANGEOVER_PRESSED || e[i].kind == CHANGEOVER_RELEASED)
            press(t, s, r, e[i].kind == CHANGEOVER_PRESSED, e[i].at);
        else
            t->out[t->n++] = (struct switch_event){.wires = true, .fault = e[i].kind};
    }
}

/* A contact has settled: what that means for the press. */
static void contact_moved(struct said *t, struct switch_state *s, const struct switch_rules *r,
                          int64_t at)
{
    struct changeover_event e[CHANGEOVER_MAX];
    if (!r->supervised)
        press(t, s, r, s->contact[SWITCH_NO].level, at);
    else
        say_changeover(t, s, r, e,
                       changeover_levels(&s->changeover, s->contact[SWITCH_NO].level,
                                         s->contact[SWITCH_NC].level, at, e));
}

/* Settles what is due, the contact that moved first going first. */
static void switch_settle(struct said *t, struct switch_state *s, const struct switch_rules *r,
                          int64_t now)
{
    struct debounce *no = &s->contact[SWITCH_NO], *nc = &s->contact[SWITCH_NC];
    for (;;) {
        struct debounce *first = debounce_deadline(no) <= debounce_deadline(nc) ? no : nc;
        int64_t at;
        if (!debounce_settle(first, now, &at))
            return;
        contact_moved(t, s, r, at);
    }
}

static int64_t horizon(const struct switch_state *s, int64_t now)
{
    return debounce_horizon(&s->contact[SWITCH_NC], debounce_horizon(&s->contact[SWITCH_NO], now));
}

size_t switch_start(struct switch_state *s, const struct switch_rules *r, bool no, bool nc,
                    int64_t now, struct switch_event out[SWITCH_MAX])
{
    struct said t = {.out = out};
    enum gesture g[GESTURE_MAX];
    bool pressed = no;
    *s = (struct switch_state){0};
    debounce_start(&s->contact[SWITCH_NO], r->debounce, no, now);
    debounce_start(&s->contact[SWITCH_NC], r->debounce, r->supervised && nc, now);
    if (r->supervised) {
        changeover_start(&s->changeover, r->throw_time, no, nc, now);
        pressed = s->changeover.pressed;
    }
    say_gestures(&t, g, gesture_start(&s->gesture, pressed, now, g));
    return t.n;
}

size_t switch_time(struct switch_state *s, const struct switch_rules *r, int64_t now,
                   struct switch_event out[SWITCH_MAX])
{
    struct said t = {.out = out};
    struct changeover_event e[CHANGEOVER_MAX];
    enum gesture g[GESTURE_MAX];
    switch_settle(&t, s, r, now);
    int64_t certain = horizon(s, now);
    if (r->supervised)
        say_changeover(&t, s, r, e, changeover_time(&s->changeover, certain, e));
    say_gestures(&t, g, gesture_time(&s->gesture, &r->gesture, certain, g));
    return t.n;
}

/* How long a contact must be still at this level to count: making and breaking differ. */
static int64_t settle_of(const struct switch_state *s, const struct switch_rules *r,
                         enum switch_contact c, bool closed, int64_t at)
{
    const struct gesture_state *g = &s->gesture;
    int64_t settle = r->debounce;
    if (closed || c != SWITCH_NO)
        return settle;
    if (settle < r->release)
        settle = r->release;
    bool held = g->pressed && !g->fault && at - g->since > r->gesture.press_max;
    return held && !r->supervised && settle < r->dropout ? r->dropout : settle;
}

size_t switch_level(struct switch_state *s, const struct switch_rules *r, enum switch_contact c,
                    bool closed, int64_t at, struct switch_event out[SWITCH_MAX])
{
    size_t n = switch_time(s, r, at, out);
    if (c == SWITCH_NC && !r->supervised)
        return n;
    if (closed != s->contact[c].raw)
        s->contact[c].settle = settle_of(s, r, c, closed, at);
    debounce_level(&s->contact[c], closed, at);
    struct said t = {.out = out, .n = n};
    switch_settle(&t, s, r, at);
    return t.n;
}

size_t switch_lost(struct switch_state *s, const struct switch_rules *r, int64_t now,
                   struct switch_event out[SWITCH_MAX])
{
    struct said t = {.out = out, .n = switch_time(s, r, now, out)};
    enum gesture g[GESTURE_MAX];
    debounce_start(&s->contact[SWITCH_NO], r->debounce, false, now);
    say_gestures(&t, g, gesture_lost(&s->gesture, &r->gesture, now, g));
    return t.n;
}

int64_t switch_deadline(const struct switch_state *s, const struct switch_rules *r)
{
    int64_t due[4] = {debounce_deadline(&s->contact[SWITCH_NO]),
                      debounce_deadline(&s->contact[SWITCH_NC]), NS_NEVER, NS_NEVER};
    bool certain = due[0] == NS_NEVER && due[1] == NS_NEVER;
    if (certain) {
        due[2] = gesture_deadline(&s->gesture, &r->gesture);
        due[3] = r->supervised ? changeover_deadline(&s->changeover) : NS_NEVER;
    }
    int64_t first = NS_NEVER;
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        first = due[i] < first ? due[i] : first;
    return first;
}

bool switch_at_fault(const struct switch_state *s)
{
    return s->gesture.fault || s->changeover.fault;
}
