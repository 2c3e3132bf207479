#include "kiosk/alertd/inputs.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Levels are read again this often, so that a lost edge is healed even if nothing told of it. */
#define REREAD_REST    (5 * NS_PER_S)
#define REREAD_PRESSED (500 * NS_PER_MS)

enum { EDGES = 16 };

struct contact {
    struct inputs *home;
    struct line *line; /* NULL: not wired, or its chip is gone */
    size_t owner;      /* index of its switch or door */
    enum switch_contact which;
    bool door;
};

struct switch_input {
    char name[CONFIG_NAME_MAX];
    struct switch_rules rules;
    struct switch_state state;
    struct contact contacts[SWITCH_CONTACTS];
};

struct door_input {
    char name[CONFIG_NAME_MAX];
    struct door_hours hours[CONFIG_HOURS_MAX];
    struct door_rules rules;
    struct debounce debounce;
    struct door state;
    struct contact contact;
};

struct inputs {
    struct loop *loop;
    struct inputs_listener listener;
    struct switch_input switches[CONFIG_SWITCHES_MAX];
    size_t switches_count;
    struct door_input doors[CONFIG_DOORS_MAX];
    size_t doors_count;
    struct line *feel;
    int64_t tick, pulse_at;
    int pulses_left; /* halves: on, off, on, off */
    int64_t reread_at;
    struct switch_event found[CONFIG_SWITCHES_MAX][SWITCH_MAX];
    size_t found_count[CONFIG_SWITCHES_MAX];
};

/* --- telling -----------------------------------------------------------------------------------
 */

static void tell_switch(struct inputs *in, struct switch_input *s, const struct switch_event *e,
                        size_t n, int64_t now)
{
    for (size_t i = 0; i < n; i++) {
        if (e[i].wires)
            in->listener.wires(in->listener.context, s->name, e[i].fault, now);
        else
            in->listener.gesture(in->listener.context, s->name, e[i].gesture, now);
    }
}

static void tell_door(struct inputs *in, struct door_input *d, const enum door_notice *n,
                      size_t count, int64_t now)
{
    for (size_t i = 0; i < count; i++)
        in->listener.door(in->listener.context, d->name, n[i], now);
}

/* --- levels ------------------------------------------------------------------------------------
 */

static void door_settle(struct inputs *in, struct door_input *d, int64_t now)
{
    enum door_notice n[DOOR_MAX];
    int64_t since;
    if (!debounce_settle(&d->debounce, now, &since))
        return;
    bool lockdown = in->listener.lockdown(in->listener.context);
    tell_door(in, d, n,
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
        tell_switch(in, s, e, switch_level(&s->state, &s->rules, c->which, active, at, e), at);
    }
}

static void contact_lost(struct contact *c)
{
    const char *name = c->door ? c->home->doors[c->owner].name : c->home->switches[c->owner].name;
    log_error("%s %s: its line is gone (%s); check the wire and the chip, then restart",
              c->door ? "door" : "switch", name, strerror(errno));
    loop_remove(c->home->loop, line_fd(c->line));
    line_free(c->line);
    c->line = NULL;
    if (c->door)
        return;
    /* A press that nobody can end any more would grow into a hold. */
    contact_level(c, false, clock_now());
    c->home->listener.wires(c->home->listener.context, name, PAIR_CUT, clock_now());
}

static void contact_reread(struct contact *c)
{
    int level = c->line != NULL ? line_get(c->line) : -1;
    if (level >= 0)
        contact_level(c, level == 1, clock_now());
}

static void contact_read(struct contact *c)
{
    struct line_edge edges[EDGES];
    ssize_t n;
    while (c->line != NULL && (n = line_read(c->line, edges, EDGES)) != 0) {
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

/* --- opening -----------------------------------------------------------------------------------
 */

static struct line *open_line(struct line_bus *bus, const char *kind, const char *name,
                              const struct config_line *c, int64_t debounce, bool output)
{
    static const enum line_bias bias[] = {[CONFIG_BIAS_AS_IS] = LINE_BIAS_AS_IS,
                                          [CONFIG_BIAS_PULL_UP] = LINE_BIAS_PULL_UP,
                                          [CONFIG_BIAS_PULL_DOWN] = LINE_BIAS_PULL_DOWN,
                                          [CONFIG_BIAS_NONE] = LINE_BIAS_DISABLED};
    struct line_spec spec = {.direction = output ? LINE_OUTPUT : LINE_INPUT,
                             .bias = bias[c->bias],
                             .active_low = c->active_low,
                             .debounce = debounce / 4};
    struct line_error error;
    char who[CONFIG_NAME_MAX + 16];
    snprintf(who, sizeof who, "%s %s", kind, name);
    snprintf(spec.address, sizeof spec.address, "%s", c->address);
    struct line *l = line_open(who, &spec, bus, &error);
    if (l == NULL)
        log_error("%s", error.text);
    return l;
}

static int contact_open(struct inputs *in, struct contact *c, struct line_bus *bus,
                        const char *name, const struct config_line *config, int64_t debounce,
                        bool *level)
{
    *level = false;
    if (config->address[0] == '\0')
        return 0;
    c->line = open_line(bus, c->door ? "door" : "switch", name, config, debounce, false);
    if (c->line == NULL)
        return -1;
    int now = line_get(c->line);
    *level = now == 1;
    if (now >= 0 && loop_add(in->loop, line_fd(c->line), POLLIN, on_edges, c) == 0)
        return 0;
    log_error("%s: cannot be watched: %s", name, strerror(errno));
    return -1;
}

static int switch_open(struct inputs *in, size_t i, const struct config_switch *c,
                       struct line_bus *bus, bool wipe)
{
    struct switch_input *s = &in->switches[i];
    bool closed[SWITCH_CONTACTS];
    const struct config_line *lines[] = {[SWITCH_NO] = &c->line, [SWITCH_NC] = &c->other};
    memcpy(s->name, c->name, sizeof s->name);
    s->rules = (struct switch_rules){.debounce = c->debounce,
                                     .throw_time = c->throw_time,
                                     .supervised = c->other.address[0] != '\0',
                                     .gesture = {.press_max = c->press_max,
                                                 .gap = c->gap,
                                                 .hold = c->hold,
                                                 .wipe_hold = wipe ? c->wipe_hold : 0,
                                                 .stuck = c->stuck,
                                                 .code = c->code}};
    for (size_t k = 0; k < SWITCH_CONTACTS; k++) {
        s->contacts[k] = (struct contact){.home = in, .owner = i, .which = (enum switch_contact)k};
        if (contact_open(in, &s->contacts[k], bus, s->name, lines[k], c->debounce, &closed[k]) != 0)
            return -1;
    }
    in->found_count[i] = switch_start(&s->state, &s->rules, closed[SWITCH_NO], closed[SWITCH_NC],
                                      clock_now(), in->found[i]);
    return 0;
}

/* What a closed contact reads as: it leads to ground, and to the supply where the line is pulled
 * down. A door's is most often closed while the door is shut. */
static bool contact_closed_level(const struct config_line *c)
{
    return c->active_low != (c->bias == CONFIG_BIAS_PULL_DOWN);
}

/* The mask ends c->mask after power-up, where CLOCK_MONOTONIC has its zero. */
static int door_open(struct inputs *in, size_t i, const struct config_door *c, struct line_bus *bus)
{
    struct door_input *d = &in->doors[i];
    int64_t now = clock_now();
    bool open;
    memcpy(d->name, c->name, sizeof d->name);
    for (size_t k = 0; k < c->hours_count; k++)
        d->hours[k] = (struct door_hours){c->hours[k].from, c->hours[k].to};
    d->rules = (struct door_rules){
        .hours = d->hours, .hours_count = c->hours_count, .held_open = c->held_open};
    d->contact = (struct contact){.home = in, .owner = i, .door = true};
    if (contact_open(in, &d->contact, bus, d->name, &c->line, c->debounce, &open) != 0)
        return -1;
    debounce_start(&d->debounce, c->debounce, open, now);
    debounce_closed_is(&d->debounce, contact_closed_level(&c->line));
    door_start(&d->state, open, c->mask, now);
    return 0;
}

struct inputs *inputs_new(const struct config *config, struct line_bus *bus, struct loop *loop,
                          const struct inputs_listener *listener)
{
    struct inputs *in = calloc(1, sizeof *in);
    if (in == NULL)
        return NULL;
    in->loop = loop;
    in->listener = *listener;
    in->tick = config->feel.tick;
    in->pulse_at = NS_NEVER;
    in->reread_at = clock_now() + REREAD_REST;
    for (size_t i = 0; i < config->switches_count; i++, in->switches_count = i)
        if (switch_open(in, i, &config->switches[i], bus, config->wipe.enabled) != 0)
            goto free_inputs;
    for (size_t i = 0; i < config->doors_count; i++, in->doors_count = i)
        if (door_open(in, i, &config->doors[i], bus) != 0)
            goto free_inputs;
    if (config->feel.line.address[0] != '\0') {
        in->feel = open_line(bus, "feel", "line", &config->feel.line, 0, true);
        if (in->feel == NULL)
            goto free_inputs;
    }
    return in;
free_inputs:
    inputs_free(in);
    return NULL;
}

static void contact_free(struct contact *c)
{
    if (c->line == NULL)
        return;
    loop_remove(c->home->loop, line_fd(c->line));
    line_free(c->line);
    c->line = NULL;
}

void inputs_free(struct inputs *in)
{
    if (in == NULL)
        return;
    in->switches_count = CONFIG_SWITCHES_MAX;
    in->doors_count = CONFIG_DOORS_MAX;
    each_contact(in, contact_free);
    line_free(in->feel);
    free(in);
}

void inputs_begin(struct inputs *in, int64_t now)
{
    for (size_t i = 0; i < in->switches_count; i++)
        tell_switch(in, &in->switches[i], in->found[i], in->found_count[i], now);
}

/* --- time --------------------------------------------------------------------------------------
 */

static void pulse(struct inputs *in, int64_t now)
{
    if (now < in->pulse_at)
        return;
    in->pulses_left--;
    line_set(in->feel, in->pulses_left % 2 == 1);
    in->pulse_at = in->pulses_left > 0 ? now + in->tick : NS_NEVER;
}

void inputs_tick(struct inputs *in, int pulses, int64_t now)
{
    if (in->feel == NULL)
        return;
    bool idle = in->pulses_left == 0;
    in->pulses_left += 2 * pulses;
    if (idle)
        in->pulse_at = now;
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
    each_contact(in, contact_read);
    if (now >= in->reread_at) {
        each_contact(in, contact_reread);
        in->reread_at = now + (any_pressed(in) ? REREAD_PRESSED : REREAD_REST);
    }
    for (size_t i = 0; i < in->switches_count; i++) {
        struct switch_input *s = &in->switches[i];
        tell_switch(in, s, e, switch_time(&s->state, &s->rules, now, e), now);
    }
    for (size_t i = 0; i < in->doors_count; i++) {
        struct door_input *d = &in->doors[i];
        door_settle(in, d, now);
        tell_door(in, d, n, door_time(&d->state, &d->rules, clock_week_minute(), now, n), now);
    }
    if (any_pressed(in) && in->reread_at > now + REREAD_PRESSED)
        in->reread_at = now + REREAD_PRESSED;
    pulse(in, now);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t inputs_deadline(const struct inputs *in)
{
    int64_t at = sooner(in->reread_at, in->pulse_at);
    for (size_t i = 0; i < in->switches_count; i++)
        at = sooner(at, switch_deadline(&in->switches[i].state, &in->switches[i].rules));
    for (size_t i = 0; i < in->doors_count; i++) {
        const struct door_input *d = &in->doors[i];
        at = sooner(at,
                    sooner(debounce_deadline(&d->debounce), door_deadline(&d->state, &d->rules)));
    }
    return at;
}

bool inputs_at_fault(const struct inputs *in)
{
    for (size_t i = 0; i < in->switches_count; i++)
        if (switch_at_fault(&in->switches[i].state) ||
            in->switches[i].contacts[SWITCH_NO].line == NULL)
            return true;
    return false;
}

size_t inputs_view(const struct inputs *in, struct inputs_view out[INPUTS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < in->switches_count; i++)
        out[n++] = (struct inputs_view){.name = in->switches[i].name,
                                        .active = in->switches[i].state.gesture.pressed,
                                        .fault = switch_at_fault(&in->switches[i].state)};
    for (size_t i = 0; i < in->doors_count; i++)
        out[n++] = (struct inputs_view){.name = in->doors[i].name,
                                        .door = true,
                                        .active = in->doors[i].state.open,
                                        .fault = in->doors[i].contact.line == NULL};
    return n;
}
