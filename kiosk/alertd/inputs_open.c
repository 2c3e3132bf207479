#include "kiosk/alertd/inputs.h"
#include "kiosk/alertd/inputs_parts.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bridged in a hold; porchlight.conf explains it at `release`. */
#define HOLD_DROPOUT (150 * NS_PER_MS)

static void contact_find(struct contact *c)
{
    c->found = c->line.line && line_get(c->line.line) == 1;
}

static int contact_open(struct contact *c)
{
    int rc = input_line_watch(&c->line, c->home->bus, c->home->loop, inputs_on_edges, c);
    contact_find(c);
    return rc;
}

/* The level found is no edge: the switch starts again whenever one of its lines was opened. */
static void switch_begin(struct inputs *in, size_t i, int64_t at, int64_t now)
{
    struct switch_event e[SWITCH_MAX];
    struct switch_input *s = &in->switches[i];
    if (s->radio) {
        button_start(&s->button, now);
        return;
    }
    bool no = s->contacts[SWITCH_NO].found, nc = s->contacts[SWITCH_NC].found;
    inputs_report_switch(in, s, e, switch_start(&s->state, &s->rules, no, nc, at, e), now);
}

static void door_begin(struct door_input *d, int64_t at)
{
    bool open = d->contact.found;
    debounce_start(&d->debounce, d->settle, open, at);
    debounce_closed_is(&d->debounce, d->closed_level);
    door_start(&d->state, open, d->mask, at);
}

/* A button that sleeps comes back because somebody presses it: that press counts from here on,
 * unless it was pressed when it went. */
static void key_begin(struct contact *c, int64_t now)
{
    struct switch_event e[SWITCH_MAX];
    struct switch_input *s = &c->home->switches[c->owner];
    inputs_report_switch(c->home, s, e, switch_start(&s->state, &s->rules, false, false, now, e),
                         now);
    inputs_contact_reread(c);
}

void inputs_contact_retry(struct contact *c)
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
    if (c->key && !c->held) {
        key_begin(c, now);
    } else {
        for (size_t k = 0; k < SWITCH_CONTACTS; k++)
            contact_find(&in->switches[c->owner].contacts[k]);
        switch_begin(in, c->owner, now, now);
    }
    c->held = false;
    if (!inputs_switch_is_missing(&in->switches[c->owner]))
        inputs_report_missing(c, false, now);
}

static void on_arrivals(void *context, int fd, short revents)
{
    struct inputs *in = context;
    (void)revents;
    line_arrivals_take(fd, in->prefix);
    for (size_t i = 0; i < in->switches_count; i++)
        if (in->switches[i].contacts[SWITCH_NO].key)
            inputs_contact_retry(&in->switches[i].contacts[SWITCH_NO]);
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
    in->reread_at = inputs_reread_after(clock_now(), INPUTS_REREAD_REST);
    in->switches_count = config->switches_count;
    in->doors_count = config->doors_count;
    for (size_t i = 0; i < in->switches_count; i++)
        missing += switch_open(in, i, &config->switches[i], config->wipe.enabled);
    for (size_t i = 0; i < in->doors_count; i++)
        missing += door_open(in, i, &config->doors[i]);
    arrivals_begin(in);
    in->opened_at = clock_now();
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
    inputs_each_contact(in, contact_free);
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
        switch_begin(in, i, in->opened_at, now);
        if (inputs_switch_is_missing(s))
            inputs_report_missing(&s->contacts[SWITCH_NO], true, now);
    }
    for (size_t i = 0; i < in->doors_count; i++)
        door_begin(&in->doors[i], in->opened_at);
}
