#include "kiosk/alertd/inputs.h"
#include "kiosk/alertd/inputs_parts.h"
#include "kiosk/common/clock.h"

void inputs_report_switch(struct inputs *in, struct switch_input *s, const struct switch_event *e,
                          size_t n, int64_t now)
{
    for (size_t i = 0; i < n; i++) {
        if (e[i].wires)
            in->listener.wires(in->listener.context, s->name, e[i].fault, now);
        else
            in->listener.gesture(in->listener.context, s->name, e[i].gesture, now);
    }
}

void inputs_report_door(struct inputs *in, struct door_input *d, const enum door_notice *n,
                        size_t count, int64_t now)
{
    for (size_t i = 0; i < count; i++)
        in->listener.door(in->listener.context, d->name, n[i], now);
}

void inputs_report_button(struct inputs *in, struct switch_input *s, const enum gesture *g,
                          size_t n, int64_t now)
{
    unsigned began = s->button.faults & ~s->reported;
    bool over = s->reported != 0 && s->button.faults == 0;
    s->reported = s->button.faults;
    for (size_t i = 0; i < n; i++)
        in->listener.gesture(in->listener.context, s->name, g[i], now);
    for (unsigned f = 1; f < 1u << BUTTON_FAULTS; f <<= 1)
        if (began & f)
            in->listener.button(in->listener.context, s->name, (enum button_fault)f, now);
    if (over)
        in->listener.button(in->listener.context, s->name, (enum button_fault)0, now);
}

static struct switch_input *inputs_radio(struct inputs *in, size_t i)
{
    return i < in->switches_count && in->switches[i].radio ? &in->switches[i] : NULL;
}

void inputs_button(struct inputs *in, size_t i, const struct button_report *report, int64_t now)
{
    enum gesture g[BUTTON_GESTURES_MAX];
    struct switch_input *s = inputs_radio(in, i);
    if (s)
        inputs_report_button(in, s, g, button_report(&s->button, &s->rules.gesture, report, now, g),
                             now);
}

void inputs_button_link(struct inputs *in, size_t i, bool up, int64_t now)
{
    struct switch_input *s = inputs_radio(in, i);
    if (!s)
        return;
    button_link(&s->button, up, now);
    inputs_report_button(in, s, NULL, 0, now);
}

void inputs_door_settle(struct inputs *in, struct door_input *d, int64_t now)
{
    enum door_notice n[DOOR_MAX];
    int64_t since;
    if (!debounce_settle(&d->debounce, now, &since))
        return;
    bool lockdown = in->listener.lockdown(in->listener.context);
    inputs_report_door(in, d, n,
                       door_level(&d->state, &d->rules, d->debounce.level, lockdown,
                                  clock_week_minute(), since, n),
                       now);
}

static void contact_level(void *context, bool active, int64_t at)
{
    const struct contact *c = context;
    struct inputs *in = c->home;
    if (c->door) {
        struct door_input *d = &in->doors[c->owner];
        inputs_door_settle(in, d, at);
        debounce_level(&d->debounce, active, at);
    } else {
        struct switch_event e[SWITCH_MAX];
        struct switch_input *s = &in->switches[c->owner];
        inputs_report_switch(in, s, e, switch_level(&s->state, &s->rules, c->which, active, at, e),
                             at);
    }
}

void inputs_key_fault(struct inputs *in, struct switch_input *s, enum button_fault f, bool on,
                      int64_t now)
{
    unsigned bit = (unsigned)f;
    s->button.faults = on ? s->button.faults | bit : s->button.faults & ~bit;
    inputs_report_button(in, s, NULL, 0, now);
}

void inputs_report_missing(struct contact *c, bool missing, int64_t now)
{
    struct inputs *in = c->home;
    struct switch_input *s = &in->switches[c->owner];
    if (c->key)
        inputs_key_fault(in, s, BUTTON_FAULT_GONE, missing, now);
    else
        in->listener.wires(in->listener.context, s->name,
                           missing ? CHANGEOVER_CUT : CHANGEOVER_REPAIRED, now);
}

/* A press that nobody can end any more is neither a hold nor a press. */
static void contact_lost(struct contact *c)
{
    struct inputs *in = c->home;
    int64_t now = clock_now();
    loop_remove(in->loop, line_fd(c->line.line));
    input_line_lost(&c->line);
    if (c->door)
        return;
    struct switch_input *s = &in->switches[c->owner];
    struct switch_event e[SWITCH_MAX];
    if (s->rules.supervised) {
        contact_level(c, false, now);
    } else {
        c->held = s->state.gesture.pressed;
        inputs_report_switch(in, s, e, switch_lost(&s->state, &s->rules, now, e), now);
    }
    inputs_report_missing(c, true, now);
}

void inputs_contact_reread(struct contact *c)
{
    input_line_reread(&c->line, contact_level, c);
}

void inputs_contact_read(struct contact *c)
{
    if (input_line_read(&c->line, contact_level, c) != 0)
        contact_lost(c);
}

void inputs_on_edges(void *context, int fd, short revents)
{
    (void)fd;
    (void)revents;
    inputs_contact_read(context);
}
