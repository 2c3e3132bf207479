#include "tests/nights/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct event {
    int64_t at;
    uint64_t order;
    world_fn *fn;
    void *context;
    uint64_t number;
};

enum { EVENTS = 1 << 16, TEXTS = 4096 };
#define NIGHT_MEMORY ((size_t)512 << 20)

static struct {
    uint64_t seed, hash, orders, happened;
    int64_t now;
    struct event heap[EVENTS];
    size_t count;
    uint8_t *memory;
    size_t used;
    const char *texts[TEXTS];
    size_t texts_count;
} world;

int64_t world_now(void)
{
    return world.now;
}

uint64_t world_seed(void)
{
    return world.seed;
}

static void give_up(const char *why)
{
    fprintf(stderr, "nights: seed %llu: %s\n", (unsigned long long)world.seed, why);
    abort();
}

void world_begin(uint64_t seed)
{
    if (!world.memory) {
        world.memory = mmap(NULL, NIGHT_MEMORY, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (world.memory == MAP_FAILED)
            give_up("no memory for a night");
    }
    memset(world.memory, 0, world.used);
    memset(world.texts, 0, sizeof world.texts);
    world.texts_count = 0;
    world.used = 0;
    world.seed = seed;
    world.hash = seed;
    world.now = 0;
    world.count = 0;
    world.orders = 0;
    world.happened = 0;
}

/* --- chance ---------------------------------------------------------------------------------- */

static uint64_t splitmix(uint64_t *x)
{
    uint64_t z = (*x += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct chance chance_of(uint64_t seed, uint64_t stream)
{
    struct chance c;
    uint64_t x = seed * UINT64_C(0xd1342543de82ef95) + stream;
    for (int i = 0; i < 4; i++)
        c.s[i] = splitmix(&x);
    return c;
}

static uint64_t rotate(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

/* xoshiro256**, by Blackman and Vigna. */
uint64_t chance_next(struct chance *c)
{
    uint64_t *s = c->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

uint64_t chance_below(struct chance *c, uint64_t end)
{
    return end == 0 ? 0 : (uint64_t)(((unsigned __int128)chance_next(c) * end) >> 64);
}

int64_t chance_between(struct chance *c, int64_t from, int64_t to)
{
    return to <= from ? from : from + (int64_t)chance_below(c, (uint64_t)(to - from));
}

bool chance_percent(struct chance *c, unsigned percent)
{
    return chance_below(c, 100) < percent;
}

/* --- events ---------------------------------------------------------------------------------- */

static bool sooner(const struct event *a, const struct event *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

void world_at(int64_t at, world_fn *fn, void *context, uint64_t number)
{
    if (world.count == EVENTS)
        give_up("too many events wait");
    struct event e = {.at = at > world.now ? at : world.now,
                      .order = world.orders++,
                      .fn = fn,
                      .context = context,
                      .number = number};
    size_t i = world.count++;
    for (; i > 0 && sooner(&e, &world.heap[(i - 1) / 2]); i = (i - 1) / 2)
        world.heap[i] = world.heap[(i - 1) / 2];
    world.heap[i] = e;
}

static struct event take_first(void)
{
    struct event first = world.heap[0], last = world.heap[--world.count];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < world.count; i = child) {
        if (child + 1 < world.count && sooner(&world.heap[child + 1], &world.heap[child]))
            child++;
        if (!sooner(&world.heap[child], &last))
            break;
        world.heap[i] = world.heap[child];
    }
    world.heap[i] = last;
    return first;
}

void world_run(int64_t until, void (*after)(void))
{
    while (world.count > 0 && world.heap[0].at <= until) {
        struct event e = take_first();
        world.now = e.at;
        world.happened++;
        world_mix((uint64_t)e.at);
        e.fn(e.context, e.number);
        after();
    }
    world.now = until;
}

uint64_t world_hash(void)
{
    return world.hash;
}

void world_mix(uint64_t value)
{
    world.hash = (world.hash ^ value) * UINT64_C(0x9fb21c651e98df25);
    world.hash ^= world.hash >> 29;
}

uint64_t world_events(void)
{
    return world.happened;
}

/* --- memory ---------------------------------------------------------------------------------- */

void *world_memory(size_t size)
{
    size_t rounded = (size + 15) & ~(size_t)15;
    if (world.used + rounded > NIGHT_MEMORY)
        give_up("a night took more memory than there is for one");
    void *p = world.memory + world.used;
    world.used += rounded;
    return p;
}

struct blob *blob_of(const void *bytes, size_t len)
{
    struct blob *b = world_memory(sizeof *b + len);
    b->made_at = world.now;
    b->len = len;
    if (len > 0)
        memcpy(b->bytes, bytes, len);
    return b;
}

const char *world_text(const char *text)
{
    uint64_t h = 1469598103934665603u;
    for (const char *p = text; *p != '\0'; p++)
        h = (h ^ (uint8_t)*p) * 1099511628211u;
    size_t i = h % TEXTS;
    while (world.texts[i] && strcmp(world.texts[i], text) != 0)
        i = (i + 1) % TEXTS;
    if (world.texts[i])
        return world.texts[i];
    if (++world.texts_count == TEXTS)
        give_up("no room for a text");
    size_t len = strlen(text) + 1;
    return world.texts[i] = memcpy(world_memory(len), text, len);
}
