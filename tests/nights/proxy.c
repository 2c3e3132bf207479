#include "tests/nights/proxy.h"

#include "tests/nights/story.h"

#include <string.h>

#define LONGEST_DELAY (600 * S)

static const char *const does_names[] = {"passes on", "drops", "delays", "reorders", "repeats"};

static enum topic kind_of(const char *topic)
{
    const char *name = topic;
    for (int slashes = 0; *name != '\0' && slashes < 3; name++)
        slashes += *name == '/';
    size_t len = strcspn(name, "/");
    for (size_t t = 0; t < TOPIC_COUNT; t++)
        if (strlen(topic_table[t].name) == len && strncmp(name, topic_table[t].name, len) == 0)
            return (enum topic)t;
    return TOPIC_COUNT;
}

/* 1 to 600 s: as often from 1 to 2 s as from 256 to 512. */
static int64_t delay_draw(struct chance *c)
{
    int64_t from = S << chance_below(c, 10);
    int64_t delay = chance_between(c, from, 2 * from);
    return delay < LONGEST_DELAY ? delay : LONGEST_DELAY;
}

void proxy_init(struct proxy *x, struct broker *b, struct chance c)
{
    *x = (struct proxy){.broker = b, .chance = c};
}

/* --- passing on ------------------------------------------------------------------------------- */

struct held {
    struct proxy *proxy;
    const struct packet *packet;
    bool keep; /* the broker has not kept it yet */
};

static void held_passes(void *context, uint64_t number)
{
    const struct held *h = context;
    (void)number;
    broker_pass(h->proxy->broker, h->packet, h->keep, false, NULL);
}

static void hold(struct proxy *x, const struct packet *p, bool keep, int64_t later)
{
    struct held *h = world_memory(sizeof *h);
    int64_t at = world_now() + later;
    *h = (struct held){.proxy = x, .packet = p, .keep = keep};
    world_at(at < x->until ? at : x->until, held_passes, h, 0);
}

static const struct packet *record(struct proxy *x, enum topic t, const struct packet *p)
{
    struct packet *copy = world_memory(sizeof *copy);
    size_t n = x->recorded_count[t];
    *copy = *p;
    if (n < PROXY_RECORDED)
        x->recorded_count[t]++;
    else
        n = chance_below(&x->chance, PROXY_RECORDED);
    return x->recorded[t][n] = copy;
}

bool proxy_takes(struct proxy *x, const struct packet *p)
{
    enum topic t = kind_of(p->topic);
    if (t == TOPIC_COUNT || p->payload->len == 0)
        return false;
    const struct packet *copy = record(x, t, p);
    if (!x->acts || x->does[t] == PROXY_PASSES)
        return false;
    if (x->does[t] == PROXY_REPEATS) {
        hold(x, copy, false, delay_draw(&x->chance));
        return false;
    }
    bool keep = p->retain && !x->hides;
    if (keep)
        broker_keeps(x->broker, p);
    if (x->does[t] == PROXY_DELAYS)
        hold(x, copy, p->retain && !keep, x->delay[t]);
    else if (x->does[t] == PROXY_REORDERS)
        hold(x, copy, p->retain && !keep, chance_between(&x->chance, 0, x->delay[t]));
    return true;
}

/* --- playing again ---------------------------------------------------------------------------- */

static const struct packet *any_recorded(struct proxy *x)
{
    for (int i = 0; i < 16; i++) {
        size_t t = chance_below(&x->chance, TOPIC_COUNT);
        if (x->recorded_count[t] > 0)
            return x->recorded[t][chance_below(&x->chance, x->recorded_count[t])];
    }
    return NULL;
}

static void proxy_plays(void *context, uint64_t number)
{
    struct proxy *x = context;
    if (!x->acts || world_now() >= x->until)
        return;
    uint64_t count = 1 + chance_below(&x->chance, chance_percent(&x->chance, 20) ? 40 : 4);
    bool kept = chance_percent(&x->chance, 25), all = chance_percent(&x->chance, 60);
    story("%s's operator plays %llu recorded messages again%s%s", x->broker->name,
          (unsigned long long)count, kept ? ", as kept ones" : "", all ? "" : ", to some");
    for (uint64_t i = 0; i < count; i++) {
        const struct packet *p = any_recorded(x);
        if (p)
            broker_pass(x->broker, p, p->retain && chance_percent(&x->chance, 20), kept,
                        all ? NULL : &x->chance);
    }
    world_at(world_now() + delay_draw(&x->chance) / 8, proxy_plays, x, number);
}

/* --- when he acts ----------------------------------------------------------------------------- */

static enum proxy_does does_draw(struct chance *c)
{
    uint64_t at = chance_below(c, 100);
    return at < 40   ? PROXY_PASSES
           : at < 56 ? PROXY_DROPS
           : at < 76 ? PROXY_DELAYS
           : at < 88 ? PROXY_REORDERS
                     : PROXY_REPEATS;
}

void proxy_begins(struct proxy *x, uint64_t number, int64_t until)
{
    struct chance c = chance_of(number, 18);
    bool alike = chance_percent(&c, 15);
    x->acts = true;
    x->until = until;
    x->hides = chance_percent(&c, 50);
    x->plays = chance_percent(&c, 60);
    for (size_t t = 0; t < TOPIC_COUNT; t++) {
        bool same = alike && t > 0;
        enum proxy_does drawn = does_draw(&c);
        int64_t delay = delay_draw(&c);
        x->does[t] = same ? x->does[0] : drawn;
        x->delay[t] = same ? x->delay[0] : delay;
        if (x->does[t] == PROXY_REORDERS && x->delay[t] > 20 * S)
            x->delay[t] = 20 * S;
        if (x->does[t] != PROXY_PASSES)
            story("%s's operator %s %s (%.1f s)", x->broker->name, does_names[x->does[t]],
                  topic_table[t].name, (double)x->delay[t] / 1e9);
    }
    if (x->plays)
        world_at(world_now() + delay_draw(&x->chance) / 8, proxy_plays, x, 0);
}

void proxy_ends(struct proxy *x)
{
    x->acts = false;
    story("%s's operator is honest again", x->broker->name);
}
