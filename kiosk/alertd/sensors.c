#include "kiosk/alertd/sensors.h"

#include "kiosk/alertd/input_line.h"
#include "kiosk/alertd/ups_client.h"
#include "kiosk/common/clock.h"
#include "kiosk/core/battery_level.h"
#include "kiosk/core/debounce.h"
#include "kiosk/core/ns.h"

#include <stdlib.h>
#include <string.h>

/* Levels are read again, and missing lines tried again, this often. */
#define REREAD (5 * NS_PER_S)

enum { LASTS_LOW = 5 * 60 /* seconds */ };

struct sensor {
    struct loop *loop;
    char name[CONFIG_NAME_MAX];
    enum config_input_kind kind;
    struct ups_client *ups; /* NULL: a line */
    struct input_line line;
    struct debounce debounce;
    int64_t settle;
    bool closed_level;
};

struct sensors {
    struct sim_bus *bus;
    struct sensor each[CONFIG_INPUTS_MAX];
    size_t count;
    int64_t reread_at;
};

static const enum trouble troubles[] = {
    [CONFIG_INPUT_MAINS] = TROUBLE_MAINS,
    [CONFIG_INPUT_LID] = TROUBLE_LID,
    [CONFIG_INPUT_TILT] = TROUBLE_TILT,
    [CONFIG_INPUT_TAMPER] = TROUBLE_TAMPER,
};

/* --- one line -------------------------------------------------------------------------------- */

static void sensor_level(void *context, bool active, int64_t at)
{
    struct sensor *s = context;
    int64_t since;
    debounce_settle(&s->debounce, at, &since);
    debounce_level(&s->debounce, active, at);
}

static void sensor_lost(struct sensor *s)
{
    loop_remove(s->loop, line_fd(s->line.line));
    input_line_lost(&s->line);
}

static void sensor_read(struct sensor *s)
{
    if (input_line_read(&s->line, sensor_level, s) != 0)
        sensor_lost(s);
}

static void sensor_on_edges(void *context, int fd, short revents)
{
    (void)fd;
    (void)revents;
    sensor_read(context);
}

/* The level found counts at once: a box that is open at start is open. */
static void sensor_open(struct sensor *s, struct sim_bus *bus)
{
    if (s->line.line || input_line_watch(&s->line, bus, s->loop, sensor_on_edges, s) != 0)
        return;
    debounce_start(&s->debounce, s->settle, line_get(s->line.line) == 1, clock_now());
    debounce_closed_is(&s->debounce, s->closed_level);
}

static void sensor_close(struct sensor *s)
{
    ups_client_free(s->ups);
    if (!s->line.line)
        return;
    loop_remove(s->loop, line_fd(s->line.line));
    input_line_close(&s->line);
}

/* --- all of them ----------------------------------------------------------------------------- */

static int sensor_begin(struct sensors *all, struct sensor *s, const struct config_input *c)
{
    memcpy(s->name, c->name, sizeof s->name);
    s->kind = c->kind;
    if (strncmp(c->line.address, "ups:", 4) == 0)
        return (s->ups = ups_client_new(c->line.address, s->loop)) ? 0 : -1;
    s->settle = c->debounce;
    s->closed_level = input_line_closed_level(&c->line);
    input_line_init(&s->line, "input", s->name, &c->line, LINE_INPUT, c->debounce);
    sensor_open(s, all->bus);
    return 0;
}

struct sensors *sensors_new(const struct config *config, struct sim_bus *bus, struct loop *loop)
{
    struct sensors *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->bus = bus;
    s->reread_at = clock_now() + REREAD;
    for (; s->count < config->inputs_count; s->count++) {
        s->each[s->count].loop = loop;
        if (sensor_begin(s, &s->each[s->count], &config->inputs[s->count]) == 0)
            continue;
        sensors_free(s);
        return NULL;
    }
    return s;
}

void sensors_free(struct sensors *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++)
        sensor_close(&s->each[i]);
    free(s);
}

static void sensor_time(struct sensors *all, struct sensor *s, bool reread, int64_t now)
{
    int64_t since;
    if (s->ups) {
        ups_client_time(s->ups, now);
        return;
    }
    sensor_read(s);
    if (reread) {
        sensor_open(s, all->bus);
        input_line_reread(&s->line, sensor_level, s);
    }
    if (s->line.line)
        debounce_settle(&s->debounce, now, &since);
}

void sensors_time(struct sensors *s, int64_t now)
{
    bool reread = now >= s->reread_at;
    for (size_t i = 0; i < s->count; i++)
        sensor_time(s, &s->each[i], reread, now);
    if (reread)
        s->reread_at = now + REREAD;
}

int64_t sensors_deadline(const struct sensors *s)
{
    int64_t first = s->count > 0 ? s->reread_at : NS_NEVER;
    for (size_t i = 0; i < s->count; i++) {
        const struct sensor *one = &s->each[i];
        int64_t at = one->ups         ? ups_client_deadline(one->ups)
                     : one->line.line ? debounce_deadline(&one->debounce)
                                      : NS_NEVER;
        first = at < first ? at : first;
    }
    return first;
}

/* --- what they say --------------------------------------------------------------------------- */

static bool is_almost_empty(const struct ups *u)
{
    return u->low || (u->on_battery && (battery_level_is_low(u->charge, false) ||
                                        (u->seconds >= 0 && u->seconds < LASTS_LOW)));
}

static trouble_set ups_look(const struct ups_client *c, int64_t now, trouble_set *found)
{
    const struct ups *u = ups_client_state(c);
    if (ups_client_is_silent(c, now)) {
        *found |= TROUBLE_BIT(TROUBLE_UPS_SILENT);
        return TROUBLE_BIT(TROUBLE_UPS_SILENT);
    }
    if (!u->known)
        return 0;
    if (u->on_battery)
        *found |= TROUBLE_BIT(TROUBLE_MAINS);
    if (is_almost_empty(u))
        *found |= TROUBLE_BIT(TROUBLE_UPS_LOW);
    if (u->replace)
        *found |= TROUBLE_BIT(TROUBLE_UPS_WORN);
    return TROUBLE_BIT(TROUBLE_UPS_SILENT) | TROUBLE_BIT(TROUBLE_MAINS) |
           TROUBLE_BIT(TROUBLE_UPS_LOW) | TROUBLE_BIT(TROUBLE_UPS_WORN);
}

trouble_set sensors_look(const struct sensors *s, int64_t now, trouble_set *found)
{
    trouble_set judged = 0;
    for (size_t i = 0; i < s->count; i++) {
        const struct sensor *one = &s->each[i];
        if (one->ups)
            judged |= ups_look(one->ups, now, found);
        if (!one->line.line)
            continue;
        judged |= TROUBLE_BIT(troubles[one->kind]);
        if (one->debounce.level)
            *found |= TROUBLE_BIT(troubles[one->kind]);
    }
    return judged;
}

bool sensors_at_fault(const struct sensors *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (input_line_is_missing(&s->each[i].line))
            return true;
    return false;
}

size_t sensors_view(const struct sensors *s, int64_t now, struct sensor_view out[CONFIG_INPUTS_MAX])
{
    for (size_t i = 0; i < s->count; i++) {
        const struct sensor *one = &s->each[i];
        const struct ups *u = one->ups ? ups_client_state(one->ups) : NULL;
        bool hidden = trouble_kind(troubles[one->kind])->flags & TROUBLE_HIDDEN;
        bool active = u ? u->on_battery : one->line.line && one->debounce.level;
        out[i] = (struct sensor_view){.name = one->name,
                                      .kind = one->kind,
                                      .hidden = hidden,
                                      .active = active && !hidden,
                                      .missing = u ? ups_client_is_silent(one->ups, now)
                                                   : input_line_is_missing(&one->line),
                                      .why = input_line_why(&one->line),
                                      .ups = u && u->known ? u : NULL};
    }
    return s->count;
}
