#include "kiosk/alertd/inputs.h"

#include "kiosk/alertd/input_line.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/battery_level.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Levels are read again this often, so that an edge lost unnoticed does no lasting harm. */
#define REREAD_REST    (5 * NS_PER_S)
#define REREAD_PRESSED (500 * NS_PER_MS)

/* Bridged in a hold; porchlight.conf explains it at `release`. */
#define HOLD_DROPOUT (150 * NS_PER_MS)

enum { EDGES = 16 };

struct contact {
    struct inputs *home;
    struct input_line line;
    size_t owner; /* index of its switch or door */
    enum switch_contact which;
    bool door;
    bool key;  /* of an input device */
    bool held; /* it was pressed when its device went */
};

struct switch_input {
    char name[CONFIG_NAME_MAX];
    struct switch_rules rules;
    struct switch_state state;
    struct contact contacts[SWITCH_CONTACTS];
    bool radio;           /* it has no wires; `button` is its state, and only the rules are used */
    struct button button; /* of one that is a key of an input device, its faults alone */
    unsigned reported;    /* faults of the button */
    int battery;          /* as line_battery gives it */
};

struct door_input {
    char name[CONFIG_NAME_MAX];
    struct door_hours hours[CONFIG_HOURS_MAX];
    struct door_rules rules;
    int64_t settle, mask; /* ns, as configured */
    bool closed_level;    /* input_line_closed_level */
    struct debounce debounce;
    struct door state;
    struct contact contact;
};

struct inputs {
    struct loop *loop;
    struct sim_bus *bus;
    struct inputs_listener listener;
    struct switch_input switches[CONFIG_SWITCHES_MAX];
    size_t switches_count;
    struct door_input doors[CONFIG_DOORS_MAX];
    size_t doors_count;
    const char *prefix;
    int arrivals; /* line_arrivals_open; -1: no button, or nothing to watch */
    int64_t reread_at;
    int64_t silence; /* of buttons by radio */
};

/* --- reporting ------------------------------------------------------------------------------- */

static void report_switch(struct inputs *in, struct switch_input *s, const struct switch_event *e,
                          size_t n, int64_t now)
{
    for (size_t i = 0; i < n; i++) {
        if (e[i].wires)
            in->listener.wires(in->listener.context, s->name, e[i].fault, now);
        else
            in->listener.gesture(in->listener.context, s->name, e[i].gesture, now);
    }
}

static void report_door(struct inputs *in, struct door_input *d, const enum door_notice *n,
                        size_t count, int64_t now)
{
    for (size_t i = 0; i < count; i++)
        in->listener.door(in->listener.context, d->name, n[i], now);
}

/* --- buttons by radio --------------------------------------------------------------------------
 */

static void report_button(struct inputs *in, struct switch_input *s, const enum gesture *g,
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

void inputs_button(struct inputs *in, size_t i, const struct button_report *report, int64_t now)
{
    enum gesture g[BUTTON_GESTURES_MAX];
    struct switch_input *s = &in->switches[i];
    if (i >= in->switches_count || !s->radio)
        return;
    report_button(in, s, g, button_report(&s->button, &s->rules.gesture, report, now, g), now);
}

void inputs_buttons_link(struct inputs *in, bool up, int64_t now)
{
    for (size_t i = 0; i < in->switches_count; i++) {
        struct switch_input *s = &in->switches[i];
        if (!s->radio)
            continue;
        button_link(&s->button, up, now);
        report_button(in, s, NULL, 0, now);
    }
}

/* --- levels ---------------------------------------------------------------------------------- */

static void door_settle(struct inputs *in, struct door_input *d, int64_t now)
{
    enum door_notice n[DOOR_MAX];
    int64_t since;
    if (!debounce_settle(&d->debounce, now, &since))
        return;
    bool lockdown = in->listener.lockdown(in->listener.context);
    report_door(in, d, n,
                door_level(&d->state, &d->rules, d->debounce.level, lockdown, clock_week_minute(),
                           since, n),
                now);
}

static void contact_level(struct contact *c, bool active, int64_t at)
{
    struct inputs *in = c->home;
    if (c->door) {
        struct door_input *d = &in->doors[c->owner];
        door_settle(in, d, at);
        debounce_level(&d->debounce, active, at);
    } else {
        struct switch_event e[SWITCH_MAX];
        struct switch_input *s = &in->switches[c->owner];
        report_switch(in, s, e, switch_level(&s->state, &s->rules, c->which, active, at, e), at);
    }
}

/* A fault of a button that is a key of an input device begins or is over. */
static void key_fault(struct inputs *in, struct switch_input *s, enum button_fault f, bool on,
                      int64_t now)
{
    unsigned bit = (unsigned)f;
    s->button.faults = on ? s->button.faults | bit : s->button.faults & ~bit;
    report_button(in, s, NULL, 0, now);
}

static void report_missing(struct contact *c, bool missing, int64_t now)
{
    struct inputs *in = c->home;
    struct switch_input *s = &in->switches[c->owner];
    if (c->key)
        key_fault(in, s, BUTTON_FAULT_GONE, missing, now);
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
        report_switch(in, s, e, switch_lost(&s->state, &s->rules, now, e), now);
    }
    report_missing(c, true, now);
}

static void contact_reread(struct contact *c)
{
    int level = c->line.line ? line_get(c->line.line) : -1;
    if (level >= 0)
        contact_level(c, level == 1, clock_now());
}

static void contact_read(struct contact *c)
{
    struct line_edge edges[EDGES];
    ssize_t n;
    while (c->line.line && (n = line_read(c->line.line, edges, EDGES)) != 0) {
        if (n < 0) {
            contact_lost(c);
            return;
        }
        bool lost = false;
        for (ssize_t i = 0; i < n; i++) {
            contact_level(c, edges[i].active, edges[i].at);
            lost = lost || edges[i].lost;
        }
        if (lost)
            contact_reread(c);
    }
}

static void on_edges(void *context, int fd, short revents)
{
    (void)fd;
    (void)revents;
    contact_read(context);
}

static void each_contact(struct inputs *in, void (*visit)(struct contact *c))
{
    for (size_t i = 0; i < in->switches_count; i++)
        for (size_t k = 0; k < SWITCH_CONTACTS; k++)
            visit(&in->switches[i].contacts[k]);
    for (size_t i = 0; i < in->doors_count; i++)
        visit(&in->doors[i].contact);
}

/* --- opening --------------------------------------------------------------------------------- */

/* The level of a contact; one without a line is open. */
static bool contact_now(const struct contact *c)
{
    return c->line.line && line_get(c->line.line) == 1;
}

static int contact_open(struct contact *c)
{
    if (input_line_open(&c->line, c->home->bus) != 0)
        return -1;
    if (!c->line.line || loop_add(c->home->loop, line_fd(c->line.line), POLLIN, on_edges, c) == 0)
        return 0;
    log_error("%s: its line cannot be watched: %s", c->line.who, strerror(errno));
    input_line_close(&c->line);
    return -1;
}

/* The level found is no edge: the switch starts again whenever one of its lines was opened. */
static void switch_begin(struct inputs *in, size_t i, int64_t now)
{
    struct switch_event e[SWITCH_MAX];
    struct switch_input *s = &in->switches[i];
    if (s->radio) {
        button_start(&s->button, now);
        return;
    }
    bool no = contact_now(&s->contacts[SWITCH_NO]), nc = contact_now(&s->contacts[SWITCH_NC]);
    report_switch(in, s, e, switch_start(&s->state, &s->rules, no, nc, now, e), now);
}

static void door_begin(struct door_input *d, int64_t now)
{
    bool open = contact_now(&d->contact);
    debounce_start(&d->debounce, d->settle, open, now);
    debounce_closed_is(&d->debounce, d->closed_level);
    door_start(&d->state, open, d->mask, now);
}

static bool switch_is_missing(const struct switch_input *s)
{
    return input_line_is_missing(&s->contacts[SWITCH_NO].line) ||
           input_line_is_missing(&s->contacts[SWITCH_NC].line);
}

/* A button that sleeps comes back because somebody presses it: that press counts from here on,
 * unless it was pressed when it went. */
static void key_begin(struct contact *c, int64_t now)
{
    struct switch_event e[SWITCH_MAX];
    struct switch_input *s = &c->home->switches[c->owner];
    report_switch(c->home, s, e, switch_start(&s->state, &s->rules, false, false, now, e), now);
    contact_reread(c);
}

static void contact_retry(struct contact *c)
{
    struct inputs *in = c->home;
    int64_t now = clock_now();
    if (!input_line_is_missing(&c->line) || contact_open(c) != 0)
        return;
    log_info("%s: its line is there", c->line.who);
    if (c->door) {
        door_begin(&in->doors[c->owner], now);
        return;
    }
    if (c->key && !c->held)
        key_begin(c, now);
    else
        switch_begin(in, c->owner, now);
    c->held = false;
    if (!switch_is_missing(&in->switches[c->owner]))
        report_missing(c, false, now);
}

static void on_arrivals(void *context, int fd, short revents)
{
    struct inputs *in = context;
    (void)revents;
    line_arrivals_take(fd, in->prefix);
    for (size_t i = 0; i < in->switches_count; i++)
        if (in->switches[i].contacts[SWITCH_NO].key)
            contact_retry(&in->switches[i].contacts[SWITCH_NO]);
}

/* 0, or how many of its lines are missing. */
static int switch_open(struct inputs *in, size_t i, const struct config_switch *c, bool wipe)
{
    struct switch_input *s = &in->switches[i];
    const struct config_line *lines[] = {[SWITCH_NO] = &c->line, [SWITCH_NC] = &c->other};
    int missing = 0;
    memcpy(s->name, c->name, sizeof s->name);
    s->radio = config_button_topic(&c->line);
    s->battery = -1;
    /* The contact of such a button has been debounced in it: however brief, it is true. */
    s->rules = (struct switch_rules){.debounce = line_is_button(c->line.address) ? 0 : c->debounce,
                                     .release = c->release,
                                     .dropout = HOLD_DROPOUT,
                                     .throw_time = c->throw_time,
                                     .supervised = c->other.address[0] != '\0',
                                     .gesture = {.press_max = c->press_max,
                                                 .gap = c->gap,
                                                 .hold = c->hold,
                                                 .wipe_hold = wipe ? c->wipe_hold : 0,
                                                 .stuck = c->stuck,
                                                 .code = c->code}};
    for (size_t k = 0; k < SWITCH_CONTACTS; k++) {
        struct contact *one = &s->contacts[k];
        *one = (struct contact){.home = in, .owner = i, .which = (enum switch_contact)k};
        if (s->radio)
            continue;
        input_line_init(&one->line, "switch", s->name, lines[k], LINE_INPUT, c->debounce);
        one->key = line_is_button(lines[k]->address);
        one->line.spec.root = in->prefix;
        missing += contact_open(one) != 0;
    }
    return missing;
}

/* The mask ends c->mask after power-up, where CLOCK_MONOTONIC has its zero. */
static int door_open(struct inputs *in, size_t i, const struct config_door *c)
{
    struct door_input *d = &in->doors[i];
    memcpy(d->name, c->name, sizeof d->name);
    for (size_t k = 0; k < c->hours_count; k++)
        d->hours[k] = (struct door_hours){c->hours[k].from, c->hours[k].to};
    d->rules = (struct door_rules){
        .hours = d->hours, .hours_count = c->hours_count, .held_open = c->held_open};
    d->settle = c->debounce;
    d->mask = c->mask;
    d->closed_level = input_line_closed_level(&c->line);
    d->contact = (struct contact){.home = in, .owner = i, .door = true};
    input_line_init(&d->contact.line, "door", d->name, &c->line, LINE_INPUT, c->debounce);
    return contact_open(&d->contact) != 0;
}

/* Without a watch, buttons are found again every 5 s only. */
static void arrivals_begin(struct inputs *in)
{
    for (size_t i = 0; i < in->switches_count && in->arrivals < 0; i++)
        if (in->switches[i].contacts[SWITCH_NO].key)
            in->arrivals = line_arrivals_open(in->prefix);
    if (in->arrivals < 0 || loop_add(in->loop, in->arrivals, POLLIN, on_arrivals, in) == 0)
        return;
    close(in->arrivals);
    in->arrivals = -1;
}

struct inputs *inputs_new(const struct config *config, const char *prefix, bool whole,
                          struct sim_bus *bus, struct loop *loop,
                          const struct inputs_listener *listener)
{
    struct inputs *in = calloc(1, sizeof *in);
    int missing = 0;
    if (!in)
        return NULL;
    in->loop = loop;
    in->bus = bus;
    in->listener = *listener;
    in->prefix = prefix;
    in->arrivals = -1;
    in->silence = config->buttons.silence;
    in->reread_at = clock_now() + REREAD_REST;
    in->switches_count = config->switches_count;
    in->doors_count = config->doors_count;
    for (size_t i = 0; i < in->switches_count; i++)
        missing += switch_open(in, i, &config->switches[i], config->wipe.enabled);
    for (size_t i = 0; i < in->doors_count; i++)
        missing += door_open(in, i, &config->doors[i]);
    arrivals_begin(in);
    if (missing == 0 || !whole)
        return in;
    inputs_free(in);
    return NULL;
}

static void contact_free(struct contact *c)
{
    if (!c->line.line)
        return;
    loop_remove(c->home->loop, line_fd(c->line.line));
    input_line_close(&c->line);
}

void inputs_free(struct inputs *in)
{
    if (!in)
        return;
    each_contact(in, contact_free);
    if (in->arrivals >= 0) {
        loop_remove(in->loop, in->arrivals);
        close(in->arrivals);
    }
    free(in);
}

void inputs_begin(struct inputs *in, int64_t now)
{
    for (size_t i = 0; i < in->switches_count; i++) {
        struct switch_input *s = &in->switches[i];
        switch_begin(in, i, now);
        if (switch_is_missing(s))
            report_missing(&s->contacts[SWITCH_NO], true, now);
    }
    for (size_t i = 0; i < in->doors_count; i++)
        door_begin(&in->doors[i], now);
}

/* --- time ------------------------------------------------------------------------------------ */

static void battery_check(struct inputs *in, struct switch_input *s, int64_t now)
{
    struct line *l = s->contacts[SWITCH_NO].line.line;
    bool was = s->button.faults & BUTTON_FAULT_BATTERY;
    if (!l || !s->contacts[SWITCH_NO].key)
        return;
    s->battery = line_battery(l);
    key_fault(in, s, BUTTON_FAULT_BATTERY, battery_level_is_low(s->battery, was), now);
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
    each_contact(in, contact_read);
    if (now >= in->reread_at) {
        each_contact(in, contact_reread);
        each_contact(in, contact_retry);
        for (size_t i = 0; i < in->switches_count; i++)
            battery_check(in, &in->switches[i], now);
        in->reread_at = now + (any_pressed(in) ? REREAD_PRESSED : REREAD_REST);
    }
    for (size_t i = 0; i < in->switches_count; i++) {
        struct switch_input *s = &in->switches[i];
        if (s->radio)
            report_button(in, s, g, button_time(&s->button, &s->rules.gesture, in->silence, now, g),
                          now);
        else
            report_switch(in, s, e, switch_time(&s->state, &s->rules, now, e), now);
    }
    for (size_t i = 0; i < in->doors_count; i++) {
        struct door_input *d = &in->doors[i];
        door_settle(in, d, now);
        report_door(in, d, n, door_time(&d->state, &d->rules, clock_week_minute(), now, n), now);
    }
    if (any_pressed(in) && in->reread_at > now + REREAD_PRESSED)
        in->reread_at = now + REREAD_PRESSED;
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
        if (switch_at_fault(&in->switches[i].state) || switch_is_missing(&in->switches[i]) ||
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

size_t inputs_view(const struct inputs *in, struct inputs_view out[INPUTS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < in->switches_count; i++)
        out[n++] = (struct inputs_view){.name = in->switches[i].name,
                                        .active = in->switches[i].state.gesture.pressed,
                                        .fault = switch_at_fault(&in->switches[i].state),
                                        .missing = switch_is_missing(&in->switches[i]),
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
                                 .missing = input_line_is_missing(&in->doors[i].contact.line)};
    return n;
}
