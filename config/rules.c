#include "config/rules.h"

#include "config/city.h"
#include "config/reader.h"
#include "config/rules_parts.h"
#include "config/uses.h"
#include "kiosk/common/duration.h"

#include <errno.h>
#include <string.h>

static const struct order {
    const char *section, *lesser, *greater;
    bool equal; /* they may be equal */
    const char *why;
} orders[] = {
    {"switch", "debounce", "press_max", false, "a press must last longer than the bounce"},
    {"switch", "debounce", "gap", false, "a pause must last longer than the bounce"},
    {"switch", "release", "gap", false, "a pause must last longer than a drop-out"},
    {"switch", "press_max", "hold", false, "a press must end before a hold is one"},
    {"switch", "hold", "wipe_hold", false, "the wipe has the longer hold"},
    {"switch", "hold", "stuck", false, "a hold must come before a stuck switch"},
    {"switch", "wipe_hold", "stuck", false, "a hold must come before a stuck switch"},
    {"timing", "backoff", "backoff_max", true, "the pause grows from the first to the second"},
    {"timing", "state_alert", "state", true,
     "during an alert the state must not be sent less often"},
};

static int64_t duration_of(const struct instance *in, const char *key)
{
    int64_t ns;
    memcpy(&ns, (const char *)in->base + table_key(&config_table, in->section, key)->offset,
           sizeof ns);
    return ns;
}

/* 0 means none, and is not compared. */
static bool check_order(struct reader *r, const struct instance *in, const struct order *o)
{
    int64_t lesser = duration_of(in, o->lesser), greater = duration_of(in, o->greater);
    char found[32], other[32];
    if (lesser == 0 || greater == 0 || lesser < greater || (o->equal && lesser == greater))
        return true;
    bool blame_lesser = reader_line(r, in, o->greater) == in->line;
    const char *blamed = blame_lesser ? o->lesser : o->greater;
    duration_format(blame_lesser ? lesser : greater, found, sizeof found);
    duration_format(blame_lesser ? greater : lesser, other, sizeof other);
    reader_complain(r, in, reader_line(r, in, blamed), blamed,
                    "found %s, expected %s than %s, which is %s: %s", found,
                    blame_lesser ? "less" : "more", blame_lesser ? o->greater : o->lesser, other,
                    o->why);
    return false;
}

/* Where two contradict, nobody knows which is right: all durations of the section then have their
 * defaults, and rules_check_wipe sees to it that such a switch starts no wipe. */
static void check_orders(struct reader *r, struct instance *in)
{
    bool good = true;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++)
        if (strcmp(orders[i].section, in->section->name) == 0)
            good &= check_order(r, in, &orders[i]);
    for (size_t i = 0; !good && i < sizeof orders / sizeof orders[0]; i++) {
        if (strcmp(orders[i].section, in->section->name) != 0)
            continue;
        reader_reset(r, in, orders[i].lesser);
        reader_reset(r, in, orders[i].greater);
    }
    if (!good && strcmp(in->section->name, "switch") == 0)
        ((struct config_switch *)in->base)->wipe_hold = 0;
}

/* Whoever watches the room must not learn from it that somebody raised an alarm. */
static void check_output(struct reader *r, struct instance *in)
{
    const struct config_output *o = in->base;
    for (size_t i = 0; i < o->uses_count; i++) {
        char use[CONFIG_USE_MAX];
        if (o->kind == CONFIG_MOTOR || o->visible || !config_use_betrays(o->uses[i].condition))
            continue;
        config_use_write(&o->uses[i], use, sizeof use);
        reader_complain(r, in, reader_line(r, in, "on"), "on",
                        "found \"%s\" for a %s, which everybody in the room can notice, so that it "
                        "would betray the alarm; expected kind = motor for one that only staff "
                        "can feel, or visible = yes if it is where only staff are",
                        use, config_output_kind_name(o->kind));
        reader_leave_out(r, in);
        return;
    }
}

/* [feel] is one more output, by this name. */
static void check_feel(struct reader *r)
{
    struct config *c = r->base;
    struct instance *feel = reader_single(r, "feel");
    for (size_t i = 0; c->feel.line.address[0] && i < c->outputs_count; i++) {
        if (strcmp(c->outputs[i].name, "feel") != 0)
            continue;
        reader_complain(r, feel, feel->line, NULL,
                        "found [feel] beside [output feel]; expected one of them: [feel] is the "
                        "older way to write it");
        reader_reset(r, feel, "line");
        return;
    }
}

static void check_input(struct reader *r, struct instance *in)
{
    const struct config_input *i = in->base;
    if (!rules_is_ups(i->line.address) || i->kind == CONFIG_INPUT_MAINS)
        return;
    reader_complain(r, in, reader_line(r, in, "line"), "line",
                    "found %s, expected a line of the header: a UPS can only report kind = mains",
                    i->line.address);
    reader_leave_out(r, in);
}

/* Nothing that cannot be undone happens by a mistake in the config: where the wipe was complained
 * of, it is off. */
static void rules_check_wipe(struct reader *r, const struct instance *wipe)
{
    struct config *c = r->base;
    bool wiping = false;

    for (size_t i = 0; i < r->count; i++) {
        const struct instance *in = &r->instances[i];
        if (strcmp(in->section->name, "switch") != 0 || in->out)
            continue;
        struct config_switch *s = in->base;
        if (reader_is_bad(r, in, "wipe_hold"))
            s->wipe_hold = 0;
        wiping |= s->wipe_hold > 0;
    }
    if (c->wipe.enabled && !wiping)
        reader_complain(
            r, wipe, reader_line(r, wipe, "enabled"), "enabled",
            "found yes, but every switch has wipe_hold = 0; expected one switch that can "
            "start the wipe, or enabled = no");
    if (!wiping || reader_is_bad(r, wipe, "grace"))
        c->wipe.enabled = false;
}

static void check_kiosk(struct reader *r, struct instance *kiosk)
{
    struct config *c = r->base;

    if (c->kiosk.plain && c->kiosk.cover) {
        reader_complain(
            r, kiosk, reader_line(r, kiosk, "cover"), "cover",
            "found yes beside plain = yes; expected one of them: cover hides among sealed "
            "messages, which plain has none of");
        c->kiosk.cover = false;
    }
    if (reader_is_bad(r, kiosk, "plain")) /* nothing is sent in clear, or sealed, by mistake */
        reader_leave_out(r, kiosk);
    if (strcmp(c->venue.id, c->kiosk.id) != 0)
        return;
    reader_complain(r, kiosk, reader_line(r, kiosk, "id"), "id",
                    "found the venue's own id; expected another: porchlight setup makes one");
    reader_leave_out(r, kiosk);
}

static void check_scene(struct reader *r, struct instance *screen)
{
    const struct config *c = r->base;
    int before = r->complaints;

    if (strcmp(c->screen.scene, "pictures") == 0 && !c->screen.pictures[0])
        reader_complain(r, screen, reader_line(r, screen, "scene"), "scene",
                        "found pictures, expected pictures = FOLDER beside it");
    if (strcmp(c->screen.scene, "programme") == 0 && !c->screen.programme[0])
        reader_complain(r, screen, reader_line(r, screen, "scene"), "scene",
                        "found programme, expected programme = FILE beside it");
    if (r->complaints > before)
        reader_reset(r, screen, "scene");
}

static void complain_city(struct reader *r, const struct instance *in, const char *near)
{
    const struct config *c = r->base;
    int why = errno, line = reader_line(r, in, "city");
    if (why != ESRCH)
        reader_complain(r, in, line, "city",
                        CITY_TABLE ": %s; apt install tzdata, or write latitude and longitude",
                        strerror(why));
    else
        reader_complain(
            r, in, line, "city",
            "found \"%s\", which is not among the cities of time zones; expected %s%s%s, "
            "or latitude and longitude in its place",
            c->screen.city, near[0] ? "perhaps " : "one of " CITY_TABLE, near,
            near[0] ? " (all are in " CITY_TABLE ")" : "");
}

/* What the city gives, unless it is written: coordinates, for the sun, and the clock's zone.
 * Without a city, the zone's own: clock and sky agree. */
static void settle_city(struct reader *r)
{
    const struct instance *screen = reader_single(r, "screen");
    struct config *c = r->base;
    struct city city;
    char near[128];

    if (!c->screen.city[0]) {
        bool placed =
            reader_is_written(r, screen, "latitude") || reader_is_written(r, screen, "longitude");
        if (!placed && c->screen.timezone[0] &&
            city_find(CITY_TABLE, c->screen.timezone, &city, near) == 0) {
            c->screen.latitude = city.latitude;
            c->screen.longitude = city.longitude;
        }
        return;
    }
    if (city_find(CITY_TABLE, c->screen.city, &city, near) != 0) {
        complain_city(r, screen, near);
        return;
    }
    if (!reader_is_written(r, screen, "latitude"))
        c->screen.latitude = city.latitude;
    if (!reader_is_written(r, screen, "longitude"))
        c->screen.longitude = city.longitude;
    if (!c->screen.timezone[0])
        memcpy(c->screen.timezone, city.timezone, sizeof city.timezone);
}

void rules_check(struct reader *r)
{
    for (size_t i = 0; i < r->count; i++) {
        struct instance *in = &r->instances[i];
        if (in->out)
            continue;
        check_orders(r, in);
        if (strcmp(in->section->name, "input") == 0)
            check_input(r, in);
        if (strcmp(in->section->name, "broker") == 0) {
            if (!rules_check_access(r, in, in->base))
                reader_leave_out(r, in);
            rules_check_same_brokers(r, in);
        }
        if (strcmp(in->section->name, "output") == 0)
            check_output(r, in);
    }
    rules_check_buttons(r);
    check_feel(r);
    rules_check_wires(r);
    check_kiosk(r, reader_single(r, "kiosk"));
    check_scene(r, reader_single(r, "screen"));
    rules_check_wipe(r, reader_single(r, "wipe"));
    settle_city(r);
    rules_derive_wires(r);
}
