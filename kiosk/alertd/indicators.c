#include "kiosk/alertd/indicators.h"

#include "kiosk/alertd/input_line.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"
#include "kiosk/core/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A line that is missing is tried again this often, and one that rests is looked at. */
#define RETRY (5 * NS_PER_S)

/* How long an all-clear is one. */
#define ALL_CLEAR_FOR (60 * NS_PER_S)

struct indicator {
    struct config_output output;
    struct input_line line;
    struct pattern_player player;
    uint32_t had[CONFIG_CONDITIONS]; /* of each condition, when it was last looked at */
    bool active;
};

struct indicators {
    struct sim_bus *bus;
    struct indicator each[CONFIG_OUTPUTS_MAX + 1];
    size_t count;
    int64_t retry_at;
};

struct indicators_facts indicators_facts(const struct kiosk_state *s, int64_t now)
{
    const struct cue c = cue_of(&s->facts, now);
    const struct cue_facts shown = cue_facts_on_site(&s->facts);
    return (struct indicators_facts){
        .of = {[CONFIG_SENSED] = c.signs & CUE_SENSED ? s->sensed : 0,
               [CONFIG_ACCEPTED] = (c.signs & CUE_ACCEPTED) != 0,
               [CONFIG_SEEN] = cue_share(c.seen, c.members),
               [CONFIG_SAFE] = cue_share(c.safe, c.members),
               [CONFIG_HELP] = shown.calm ? 0 : shown.help,
               [CONFIG_NO_PATH] = (c.signs & CUE_NO_PATH) != 0,
               [CONFIG_TROUBLE] = (c.signs & CUE_FAULT) != 0,
               [CONFIG_LOCKDOWN] = alert_on_site(&s->alert) == ALERT_LOCKDOWN,
               [CONFIG_ALL_CLEAR] =
                   ns_within(s->all_clear_at, ALL_CLEAR_FOR, now) ? s->all_clears : 0}};
}

struct indicators *indicators_new(const struct config *config, bool whole, struct sim_bus *bus)
{
    struct indicators *in = calloc(1, sizeof *in);
    int missing = 0;
    if (!in)
        return NULL;
    in->bus = bus;
    for (size_t i = 0; i < config->outputs_count; i++) {
        struct indicator *o = &in->each[in->count++];
        o->output = config->outputs[i];
        pattern_init(&o->player);
        input_line_init(&o->line, "output", o->output.name, &o->output.line, LINE_OUTPUT, 0);
        missing += input_line_open(&o->line, bus) != 0;
    }
    if (missing == 0 || !whole)
        return in;
    indicators_free(in);
    return NULL;
}

static void indicator_drive(struct indicator *o, bool active)
{
    if (!o->line.line || o->active == active)
        return;
    o->active = active;
    if (line_set(o->line.line, active) == 0)
        return;
    o->active = false;
    input_line_lost(&o->line);
}

void indicators_free(struct indicators *in)
{
    if (!in)
        return;
    for (size_t i = 0; i < in->count; i++) {
        indicator_drive(&in->each[i], false);
        input_line_close(&in->each[i].line);
    }
    free(in);
}

static struct pattern pattern_of(enum config_pattern p, int64_t tick)
{
    static const int pulses[] = {
        [CONFIG_ONE_SHORT] = 1, [CONFIG_TWO_SHORT] = 2, [CONFIG_THREE_SHORT] = 3,
        [CONFIG_ONE_LONG] = 1,  [CONFIG_TWO_LONG] = 2,  [CONFIG_THREE_LONG] = 3};
    switch (p) {
    case CONFIG_ONE_SHORT:
    case CONFIG_TWO_SHORT:
    case CONFIG_THREE_SHORT:
        return (struct pattern){.pulses = pulses[p], .on = tick, .off = tick};
    case CONFIG_ONE_LONG:
    case CONFIG_TWO_LONG:
    case CONFIG_THREE_LONG:
        return (struct pattern){.pulses = pulses[p], .on = 4 * tick, .off = 2 * tick};
    case CONFIG_SLOW:
        return (struct pattern){.on = NS_PER_S, .off = NS_PER_S};
    case CONFIG_FAST: /* two in a second: three may set off a seizure (WCAG 2.3.1) */
        return (struct pattern){.on = 250 * NS_PER_MS, .off = 250 * NS_PER_MS};
    case CONFIG_STEADY:
        break;
    }
    return (struct pattern){.on = 0};
}

static void indicator_show(struct indicator *o, const struct indicators_facts *f, int64_t now)
{
    const struct pattern *lasting = NULL;
    struct pattern rhythm;
    for (size_t i = 0; i < o->output.uses_count; i++) {
        const struct config_use *u = &o->output.uses[i];
        struct pattern p = pattern_of(u->pattern, o->output.tick);
        uint32_t has = f->of[u->condition], had = o->had[u->condition];
        o->had[u->condition] = has;
        if (p.pulses > 0 && has > had)
            pattern_once(&o->player, &p);
        if (p.pulses == 0 && has > 0 && !lasting) {
            rhythm = p;
            lasting = &rhythm;
        }
    }
    pattern_last(&o->player, lasting);
    indicator_drive(o, pattern_level(&o->player, now));
}

/* An output tells by itself neither that its chip went nor that it came back. */
static void indicator_check(struct indicator *o, struct sim_bus *bus)
{
    if (o->line.line && line_get(o->line.line) < 0) {
        o->active = false;
        input_line_lost(&o->line);
    } else if (input_line_is_missing(&o->line) && input_line_open(&o->line, bus) == 0) {
        log_info("%s: its line is there", o->line.who);
    }
}

void indicators_show(struct indicators *in, const struct indicators_facts *f, int64_t now)
{
    bool retry = now >= in->retry_at;
    if (retry)
        in->retry_at = now + RETRY;
    for (size_t i = 0; i < in->count; i++) {
        struct indicator *o = &in->each[i];
        if (retry)
            indicator_check(o, in->bus);
        indicator_show(o, f, now);
    }
}

int64_t indicators_deadline(const struct indicators *in)
{
    int64_t first = indicators_at_fault(in) ? in->retry_at : NS_NEVER;
    for (size_t i = 0; i < in->count; i++) {
        int64_t due = pattern_deadline(&in->each[i].player);
        first = due < first ? due : first;
    }
    return first;
}

size_t indicators_view(const struct indicators *in,
                       struct indicators_view out[CONFIG_OUTPUTS_MAX + 1])
{
    for (size_t i = 0; i < in->count; i++)
        out[i] = (struct indicators_view){.output = &in->each[i].output,
                                          .active = in->each[i].active,
                                          .why = input_line_why(&in->each[i].line)};
    return in->count;
}

bool indicators_at_fault(const struct indicators *in)
{
    for (size_t i = 0; i < in->count; i++)
        if (input_line_is_missing(&in->each[i].line))
            return true;
    return false;
}
