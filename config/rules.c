#include "config/rules.h"

#include "config/city.h"
#include "config/reader.h"
#include "config/uses.h"
#include "kiosk/common/duration.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- durations that must follow each other -------------------------------------------------- */

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

/* --- lines ---------------------------------------------------------------------------------- */

struct wire {
    struct instance *in;
    const char *key, *address;
};

enum {
    WIRES_MAX =
        2 * CONFIG_SWITCHES_MAX + CONFIG_DOORS_MAX + CONFIG_INPUTS_MAX + CONFIG_OUTPUTS_MAX + 1
};

static bool rules_is_ups(const char *address)
{
    return strncmp(address, "ups:", 4) == 0;
}

static bool may_be_a_wire(const struct key *k)
{
    return k->type == &value_line || k->type == &value_switch_line || k->type == &value_source;
}

static size_t wires_of(struct reader *r, struct wire out[WIRES_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++) {
        struct instance *in = &r->instances[i];
        for (size_t k = 0; k < config_table.keys_count && n < WIRES_MAX && !in->out; k++) {
            if (!may_be_a_wire(&config_table.keys[k]) ||
                strcmp(config_table.keys[k].section, in->section->name) != 0)
                continue;
            const char *address = (const char *)in->base + config_table.keys[k].offset;
            if (address[0] && !rules_is_ups(address))
                out[n++] = (struct wire){in, config_table.keys[k].name, address};
        }
    }
    return n;
}

static bool is_simulated(const struct wire *w)
{
    return strncmp(w->address, "sim:", 4) == 0;
}

/* A button by radio is neither real nor simulated. */
static bool is_wired(const struct wire *w)
{
    return strncmp(w->address, CONFIG_BUTTON, strlen(CONFIG_BUTTON)) != 0;
}

/* The first wire; `n`: there is none. */
static size_t wired_first(const struct wire *w, size_t n)
{
    size_t i = 0;
    while (i < n && !is_wired(&w[i]))
        i++;
    return i;
}

/* A wire that cannot be used takes its switch, door or output with it. */
static void leave_wire_out(struct reader *r, const struct wire *w)
{
    if (w->in->section->max)
        reader_leave_out(r, w->in);
    else
        reader_reset(r, w->in, w->key);
}

static bool wire_is_key(const struct wire *w)
{
    return strncmp(w->address, "key:", 4) == 0;
}

/* How much of a key's address is its device. */
static size_t device_len(const struct wire *w)
{
    return (size_t)(strrchr(w->address, ':') - w->address);
}

/* An input device is grabbed, so that it serves one switch. */
static void check_device(struct reader *r, const struct wire *w, size_t i)
{
    for (size_t j = 0; j < i && wire_is_key(&w[i]); j++) {
        if (!wire_is_key(&w[j]) || device_len(&w[j]) != device_len(&w[i]) ||
            strcmp(w[j].address, w[i].address) == 0 ||
            strncmp(w[j].address, w[i].address, device_len(&w[i])) != 0)
            continue;
        reader_complain(r, w[i].in, reader_line(r, w[i].in, w[i].key), w[i].key,
                        "found %s, whose device line %d already uses; expected one switch for each "
                        "device. For several of its keys write key:DEVICE:KEY_A+KEY_B there",
                        w[i].address, reader_line(r, w[j].in, w[j].key));
        leave_wire_out(r, &w[i]);
        return;
    }
}

static void check_wires(struct reader *r)
{
    struct wire w[WIRES_MAX];
    size_t n = wires_of(r, w), first = wired_first(w, n);
    bool mixed = false;

    for (size_t i = 0; i < n; i++)
        check_device(r, w, i);
    for (size_t i = 1; i < n; i++) {
        if (i > first && is_wired(&w[i]) && is_simulated(&w[i]) != is_simulated(&w[first])) {
            reader_complain(
                r, w[i].in, reader_line(r, w[i].in, w[i].key), w[i].key,
                "found %s beside %s of line %d; expected every line to be simulated, or "
                "none",
                w[i].address, w[first].address, reader_line(r, w[first].in, w[first].key));
            mixed = true;
        }
        for (size_t j = 0; j < i; j++) {
            if (strcmp(w[i].address, w[j].address) != 0)
                continue;
            reader_complain(r, w[i].in, reader_line(r, w[i].in, w[i].key), w[i].key,
                            "found %s, which line %d already uses; expected a line of its own",
                            w[i].address, reader_line(r, w[j].in, w[j].key));
            leave_wire_out(r, &w[i]);
        }
    }
    for (size_t i = 0; mixed && i < n; i++)
        if (is_simulated(&w[i]))
            leave_wire_out(r, &w[i]);
}

/* --- outputs -------------------------------------------------------------------------------- */

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

/* --- inputs --------------------------------------------------------------------------------- */

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

/* --- brokers -------------------------------------------------------------------------------- */

bool rules_is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "localhost.") == 0 ||
           strcmp(host, "::1") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

/* What holds for every broker, that of the buttons too. Returns whether nothing was wrong. */
static bool rules_check_access(struct reader *r, const struct instance *in,
                               const struct config_broker *b)
{
    int before = r->complaints;

    if (!b->tls && !rules_is_loopback(b->host))
        reader_complain(r, in, reader_line(r, in, "tls"), "tls",
                        "found no for %s, expected yes: without TLS anyone on the way reads the "
                        "password; only a broker on this machine (127.0.0.1) may do without",
                        b->host);
    if (b->tls && !b->ca[0])
        reader_complain(r, in, in->line, "ca",
                        "is missing; expected the PEM file of the one CA that the broker's "
                        "certificate must chain to");
    if (b->user[0] && !b->password[0])
        reader_complain(r, in, reader_line(r, in, "user"), "user",
                        "found \"%s\" without a password; expected password = broker-%s and that "
                        "file among the credentials",
                        b->user, b->name);
    if (b->password[0] && !b->user[0])
        reader_complain(r, in, reader_line(r, in, "password"), "password",
                        "found \"%s\" without a user; expected user = NAME beside it", b->password);
    return r->complaints == before;
}

/* Two ways to one broker. `in` is left out where they would get in each other's way. */
static void check_two_ways(struct reader *r, struct instance *in, const struct config_broker *o)
{
    const struct config_broker *b = in->base;
    int before = r->complaints;

    if (!b->interface[0] || !o->interface[0] || strcmp(b->interface, o->interface) == 0)
        reader_complain(
            r, in, reader_line(r, in, "host"), "host",
            "found %s port %d, which is [broker %s]'s; expected another broker, or two different "
            "interface = NAME, one in each section, for two ways to this one",
            b->host, b->port, o->name);
    else if (b->user[0] && strcmp(b->user, o->user) == 0)
        reader_complain(r, in, reader_line(r, in, "user"), "user",
                        "found \"%s\", which [broker %s] uses too; expected an account of its own "
                        "for each way: with one account, two connections close each other",
                        b->user, o->name);
    else if (b->phones[0])
        reader_complain(r, in, reader_line(r, in, "phones"), "phones",
                        "found \"%s\"; expected it in [broker %s] alone, which is the same broker: "
                        "phones would connect to it twice",
                        b->phones, o->name);
    if (r->complaints > before)
        reader_leave_out(r, in);
}

static void check_same_brokers(struct reader *r, struct instance *in)
{
    const struct config_broker *b = in->base;

    for (const struct instance *other = r->instances; other < in && !in->out; other++) {
        const struct config_broker *o = other->base;
        if (other->section == in->section && !other->out && config_is_same_broker(o, b))
            check_two_ways(r, in, o);
    }
}

/* --- buttons by radio ------------------------------------------------------------------------ */

/* What whoever sends by that radio must not be able to do. */
static void check_one_contact(struct reader *r, struct instance *in)
{
    struct config_switch *s = in->base;
    if (s->other.address[0])
        reader_complain(r, in, reader_line(r, in, "other_line"), "other_line",
                        "found %s beside a button without wires, which has no second contact; "
                        "expected no other_line here",
                        s->other.address);
    s->other.address[0] = '\0';
}

static void check_button(struct reader *r, struct instance *in, bool broker)
{
    struct config_switch *s = in->base;
    bool radio = config_button_topic(&s->line);
    if (radio || strncmp(s->line.address, "key:", 4) == 0)
        check_one_contact(r, in);
    if (!radio)
        return;
    if (reader_is_written(r, in, "wipe_hold") && s->wipe_hold > 0)
        reader_complain(r, in, reader_line(r, in, "wipe_hold"), "wipe_hold",
                        "a button by radio never starts the wipe, because whoever is near could "
                        "send the same signal; expected 0, or no wipe_hold here");
    if (reader_is_written(r, in, "code"))
        reader_complain(r, in, reader_line(r, in, "code"), "code",
                        "a button by radio takes no code, because whoever is near could record "
                        "and send it; expected no code here");
    s->wipe_hold = 0;
    if (broker)
        return;
    reader_complain(r, in, reader_line(r, in, "line"), "line",
                    "found a button by radio, but no broker in [buttons] to read it from; expected "
                    "host = 127.0.0.1, or wherever its messages come to, in [buttons]");
    reader_leave_out(r, in);
}

static void check_buttons(struct reader *r)
{
    struct config *c = r->base;
    struct config_broker *b = &c->buttons.broker;
    const struct instance *in = reader_single(r, "buttons");

    strcpy(b->name, "buttons");
    bool good = b->host[0] && rules_check_access(r, in, b);
    if (!good)
        b->host[0] = '\0';
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->instances[i].section->name, "switch") == 0 && !r->instances[i].out)
            check_button(r, &r->instances[i], good);
}

/* --- what contradicts ----------------------------------------------------------------------- */

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

/* --- the venue's place ---------------------------------------------------------------------- */

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

/* What the city gives, unless it is written: coordinates, for the sun, and the clock's zone. */
static void settle_city(struct reader *r)
{
    const struct instance *screen = reader_single(r, "screen");
    struct config *c = r->base;
    struct city city;
    char near[128];

    if (!c->screen.city[0])
        return;
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

/* Only lines that are in use count. */
static void derive(struct reader *r)
{
    struct config *c = r->base;
    struct wire w[WIRES_MAX];
    size_t n = wires_of(r, w);

    for (size_t i = 0; i < c->switches_count; i++) {
        c->switches[i].other.bias = c->switches[i].line.bias;
        c->switches[i].other.active_low = c->switches[i].line.active_low;
    }
    size_t first = wired_first(w, n);
    c->simulated = first < n;
    for (size_t i = first; i < n; i++)
        c->simulated &= !is_wired(&w[i]) || is_simulated(&w[i]);
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
            check_same_brokers(r, in);
        }
        if (strcmp(in->section->name, "output") == 0)
            check_output(r, in);
    }
    check_buttons(r);
    check_feel(r);
    check_wires(r);
    check_kiosk(r, reader_single(r, "kiosk"));
    check_scene(r, reader_single(r, "screen"));
    rules_check_wipe(r, reader_single(r, "wipe"));
    settle_city(r);
    derive(r);
}
