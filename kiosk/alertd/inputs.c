#include "kiosk/alertd/inputs.h"

#include "kiosk/alertd/inputs_parts.h"
#include "kiosk/common/clock.h"
#include "kiosk/core/battery_level.h"

void inputs_each_contact(struct inputs *in, void (*visit)(struct contact *c))
{
    for (size_t i = 0; i < in->switches_count; i++)
        for (size_t k = 0; k < SWITCH_CONTACTS; k++)
            visit(&in->switches[i].contacts[k]);
    for (size_t i = 0; i < in->doors_count; i++)
        visit(&in->doors[i].contact);
}

bool inputs_switch_is_missing(const struct switch_input *s)
{
    return input_line_is_missing(&s->contacts[SWITCH_NO].line) ||
           input_line_is_missing(&s->contacts[SWITCH_NC].line);
}

static void battery_check(struct inputs *in, struct switch_input *s, int64_t now)
{
    struct line *l = s->contacts[SWITCH_NO].line.line;
    bool was = s->button.faults & BUTTON_FAULT_BATTERY;
    if (!l || !s->contacts[SWITCH_NO].key)
        return;
    s->battery = line_battery(l);
    inputs_key_fault(in, s, BUTTON_FAULT_BATTERY, battery_level_is_low(s->battery, was), now);
}

static bool any_pressed(const struct inputs *in)
{
    for (size_t i = 0; i < in->switches_count; i++)
        if (in->switches[i].state.gesture.pressed)
            return true;
    return false;
}

void inputs_time(struct inputs *in, int64_t now)
{
    struct switch_event e[SWITCH_MAX];
    enum door_notice n[DOOR_MAX];
    enum gesture g[BUTTON_GESTURES_MAX];
    inputs_each_contact(in, inputs_contact_read);
    if (now >= in->reread_at) {
        inputs_each_contact(in, inputs_contact_reread);
        inputs_each_contact(in, inputs_contact_retry);
        for (size_t i = 0; i < in->switches_count; i++)
            battery_check(in, &in->switches[i], now);
        in->reread_at = inputs_reread_after(now, INPUTS_REREAD_REST);
    }
    for (size_t i = 0; i < in->switches_count; i++) {
        struct switch_input *s = &in->switches[i];
        if (s->radio)
            inputs_report_button(
                in, s, g, button_time(&s->button, &s->rules.gesture, in->silence, now, g), now);
        else
            inputs_report_switch(in, s, e, switch_time(&s->state, &s->rules, now, e), now);
    }
    for (size_t i = 0; i < in->doors_count; i++) {
        struct door_input *d = &in->doors[i];
        inputs_door_settle(in, d, now);
        inputs_report_door(in, d, n, door_time(&d->state, &d->rules, clock_week_minute(), now, n),
                           now);
    }
    int64_t pressed_at = inputs_reread_after(now, INPUTS_REREAD_PRESSED);
    if (any_pressed(in) && pressed_at < in->reread_at)
        in->reread_at = pressed_at;
}

static int64_t inputs_sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t inputs_deadline(const struct inputs *in)
{
    int64_t at = in->reread_at;
    for (size_t i = 0; i < in->switches_count; i++) {
        const struct switch_input *s = &in->switches[i];
        at =
            inputs_sooner(at, s->radio ? button_deadline(&s->button, &s->rules.gesture, in->silence)
                                       : switch_deadline(&s->state, &s->rules));
    }
    for (size_t i = 0; i < in->doors_count; i++) {
        const struct door_input *d = &in->doors[i];
        at = inputs_sooner(at, inputs_sooner(debounce_deadline(&d->debounce),
                                             door_deadline(&d->state, &d->rules)));
    }
    return at;
}

bool inputs_at_fault(const struct inputs *in)
{
    if (in->switches_count == 0)
        return true;
    for (size_t i = 0; i < in->switches_count; i++)
        if (switch_at_fault(&in->switches[i].state) || inputs_switch_is_missing(&in->switches[i]) ||
            in->switches[i].button.faults != 0)
            return true;
    for (size_t i = 0; i < in->doors_count; i++)
        if (input_line_is_missing(&in->doors[i].contact.line))
            return true;
    return false;
}

/* Whether an opening would go unreported now. */
static bool door_is_silent(const struct door_input *d)
{
    int minute = clock_week_minute();
    return clock_now() < d->state.masked_until || minute < 0 || d->rules.hours_count == 0 ||
           door_within_hours(&d->rules, minute);
}

static const char *switch_why(const struct switch_input *s)
{
    const char *no = input_line_why(&s->contacts[SWITCH_NO].line);
    return no ? no : input_line_why(&s->contacts[SWITCH_NC].line);
}

size_t inputs_view(const struct inputs *in, struct inputs_view out[INPUTS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < in->switches_count; i++)
        out[n++] = (struct inputs_view){.name = in->switches[i].name,
                                        .active = in->switches[i].state.gesture.pressed,
                                        .fault = switch_at_fault(&in->switches[i].state),
                                        .why = switch_why(&in->switches[i]),
                                        .button = in->switches[i].button.faults,
                                        .battery = in->switches[i].battery};
    for (size_t i = 0; i < in->doors_count; i++)
        out[n++] =
            (struct inputs_view){.name = in->doors[i].name,
                                 .door = true,
                                 .battery = -1,
                                 .active = in->doors[i].state.open,
                                 .said = in->doors[i].state.open && in->doors[i].state.spoken,
                                 .silent = door_is_silent(&in->doors[i]),
                                 .why = input_line_why(&in->doors[i].contact.line)};
    return n;
}
