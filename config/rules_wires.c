#include "config/reader.h"
#include "config/rules_parts.h"

#include <string.h>

struct wire {
    struct instance *in;
    const char *key, *address;
};

enum {
    WIRES_MAX =
        2 * CONFIG_SWITCHES_MAX + CONFIG_DOORS_MAX + CONFIG_INPUTS_MAX + CONFIG_OUTPUTS_MAX + 1
};

bool rules_is_ups(const char *address)
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

void rules_check_wires(struct reader *r)
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

/* Only lines that are in use count. */
void rules_derive_wires(struct reader *r)
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
