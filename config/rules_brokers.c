#include "config/reader.h"
#include "config/rules.h"
#include "config/rules_parts.h"

#include <string.h>

bool rules_is_loopback(const char *host)
{
    return strcmp(host, "localhost") == 0 || strcmp(host, "localhost.") == 0 ||
           strcmp(host, "::1") == 0 || strcmp(host, "[::1]") == 0 ||
           (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

void rules_check_tls(struct reader *r, const struct instance *in, bool tls, const char *host,
                     const char *ca)
{
    if (!tls && !rules_is_loopback(host))
        reader_complain(r, in, reader_line(r, in, "tls"), "tls",
                        "found no for %s, expected yes: without TLS anyone on the way reads the "
                        "password; only a broker on this machine (127.0.0.1) may do without",
                        host);
    if (tls && !ca[0])
        reader_complain(r, in, in->line, "ca",
                        "is missing; expected the PEM file of the one CA that the broker's "
                        "certificate must chain to");
}

bool rules_check_access(struct reader *r, const struct instance *in, const struct config_broker *b)
{
    int before = r->complaints;

    rules_check_tls(r, in, b->tls, b->host, b->ca);
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

void rules_check_same_brokers(struct reader *r, struct instance *in)
{
    const struct config_broker *b = in->base;

    for (const struct instance *other = r->instances; other < in && !in->out; other++) {
        const struct config_broker *o = other->base;
        if (other->section == in->section && !other->out && config_is_same_broker(o, b))
            check_two_ways(r, in, o);
    }
}

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

static bool is_below(const char *topic, const char *base)
{
    size_t len = strlen(base);
    return strncmp(topic, base, len) == 0 && topic[len] == '/';
}

/* With a base that no button is below, whether the gateway runs would be read where nobody says it.
 */
static void check_base(struct reader *r, const struct instance *in)
{
    const struct config *c = r->base;
    const char *base = c->buttons.base;
    size_t others = 0;
    for (size_t i = 0; i < c->switches_count; i++) {
        const char *topic = config_button_topic(&c->switches[i].line);
        if (topic && is_below(topic, base))
            return;
        others += topic ? 1 : 0;
    }
    if (base[0] && others > 0)
        reader_complain(
            r, in, reader_line(r, in, "base"), "base",
            "found %s, but no switch has a line = mqtt:%s/...; expected what zigbee2mqtt "
            "has as its base_topic, or no base here",
            base, base);
}

void rules_check_buttons(struct reader *r)
{
    struct config *c = r->base;
    struct config_broker *b = &c->buttons.broker;
    const struct instance *in = reader_single(r, "buttons");

    strcpy(b->name, "buttons");
    check_base(r, in);
    bool good = b->host[0] && rules_check_access(r, in, b);
    if (!good)
        b->host[0] = '\0';
    for (size_t i = 0; i < r->count; i++)
        if (strcmp(r->instances[i].section->name, "switch") == 0 && !r->instances[i].out)
            check_button(r, &r->instances[i], good);
}
