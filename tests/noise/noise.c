#include "tests/noise/noise.h"

#define US INT64_C(1000)
#define MS INT64_C(1000000)

const char *noise_kind_name(enum noise_kind k)
{
    static const char *const names[] = {"bounce",    "ringing", "EMI",       "pick-up",
                                        "corrosion", "wear",    "all or any"};
    return names[k];
}

/* splitmix64: any seed will do, neighbouring ones too. */
static uint64_t next(uint64_t *random)
{
    uint64_t z = *random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

int64_t noise_between(uint64_t *random, int64_t from, int64_t to)
{
    return from + (int64_t)(next(random) % (uint64_t)(to - from + 1));
}

static bool chance(uint64_t *random, double p)
{
    return (double)(next(random) >> 11) < p * 9007199254740992.0;
}

/* --- pulses --- */

void noise_init(struct noise *n, enum noise_kind kind, uint64_t seed, int64_t shorter_than)
{
    *n = (struct noise){
        .kind = kind, .random = seed * 8 + (uint64_t)kind, .shorter_than = shorter_than};
}

/* A knock or a transient: a group of short pulses, then a longer pause. */
static struct noise_pulse grouped(struct noise *n, int most, int64_t width, int64_t gap)
{
    bool fresh = n->left-- <= 0;
    if (fresh)
        n->left = (int)noise_between(&n->random, 2, most);
    return (struct noise_pulse){
        fresh ? noise_between(&n->random, 20 * MS, 3000 * MS) : noise_between(&n->random, 1, gap),
        noise_between(&n->random, 1, width),
    };
}

static struct noise_pulse emi(struct noise *n)
{
    struct noise_pulse p = {
        .gap = noise_between(&n->random, 1, 5 * MS),
        .width = noise_between(&n->random, 1, 25 * MS),
    };
    n->spent += p.gap + p.width;
    if (n->spent <= n->burst)
        return p;
    p.gap = noise_between(&n->random, 300 * MS, 2000 * MS);
    n->burst = noise_between(&n->random, 1 * MS, 50 * MS);
    p.width = noise_between(&n->random, 1, n->burst);
    n->spent = p.width;
    return p;
}

static struct noise_pulse pickup(struct noise *n)
{
    int64_t period = n->random & 1 ? 20 * MS : 16666 * US;
    int64_t width = noise_between(&n->random, period / 100, period * 48 / 100);
    return (struct noise_pulse){.gap = period - width, .width = width};
}

struct noise_pulse noise_pulse(struct noise *n)
{
    struct noise_pulse p = {0, 0};
    switch (n->kind) {
    case NOISE_BOUNCE:
        p = grouped(n, 12, 3 * MS, 3 * MS);
        break;
    case NOISE_RINGING:
        p = grouped(n, 40, 1 * MS, 1 * MS);
        break;
    case NOISE_EMI:
        p = emi(n);
        break;
    case NOISE_PICKUP:
        p = pickup(n);
        break;
    case NOISE_CORROSION:
    case NOISE_WEAR:
        p.gap = noise_between(&n->random, 1, 30 * MS);
        p.width = noise_between(&n->random, 50 * US, 5 * MS);
        break;
    default:
        p.gap = noise_between(&n->random, 1, 40 * MS);
        p.width = noise_between(&n->random, 1, n->shorter_than - 1);
        break;
    }
    if (p.width >= n->shorter_than)
        p.width = n->shorter_than - 1;
    return p;
}

/* --- traces --- */

struct wire {
    enum noise_kind kind;
    uint64_t random;
    int64_t t;
    bool contact; /* what the hand does */
    bool low;     /* what the input reads: closed */

    int64_t chatter_until, chatter_piece;
    bool chatter;

    double ring, ring_step, ring_decay; /* volts, a phase in steps, a factor a step */
    double ring_sin, ring_cos;

    int64_t emi_next, emi_until, emi_piece;
    bool emi;

    double mains, mains_sin, mains_cos, mains_step;

    double breaks; /* a second, and leaks likewise */
    int64_t flaw_until;
};

static bool has(const struct wire *w, enum noise_kind k)
{
    return w->kind == k || (w->kind == NOISE_ALL && k < NOISE_CORROSION);
}

/* A rotation by a small angle, without the math library's last bits. */
static void turn(double *s, double *c, double angle)
{
    double s1 = *s + *c * angle;
    *c -= s1 * angle;
    *s = s1;
}

static void start_wire(struct wire *w, enum noise_kind kind, uint64_t seed)
{
    *w = (struct wire){.kind = kind, .random = seed * 8 + (uint64_t)kind};
    double hertz = next(&w->random) & 1 ? 50.0 : 60.0;
    w->mains = (double)noise_between(&w->random, 20, 200) / 10.0;
    w->mains_sin = 0.0;
    w->mains_cos = 1.0;
    w->mains_step = 2.0 * 3.14159265358979 * hertz * (double)NOISE_STEP / 1e9;
    for (int64_t phase = noise_between(&w->random, 0, 400); phase > 0; phase--)
        turn(&w->mains_sin, &w->mains_cos, w->mains_step);
    w->emi_next = noise_between(&w->random, 0, 500 * MS);
    w->breaks = (double)noise_between(&w->random, 1, 80);
}

static void move_contact(struct wire *w, bool closed)
{
    w->contact = closed;
    w->chatter_until = w->t + noise_between(&w->random, 500 * US, 10 * MS);
    w->chatter_piece = w->t;
    w->ring = 6.0;
    w->ring_sin = 0.0;
    w->ring_cos = 1.0;
    w->ring_step = (double)noise_between(&w->random, 15, 100) / 100.0;
    w->ring_decay = 1.0 - (double)noise_between(&w->random, 2, 10) / 100.0;
}

/* What the contact itself does: chatter, breaks and leaks. */
static bool contact_now(struct wire *w)
{
    if (has(w, NOISE_BOUNCE) && w->t < w->chatter_until) {
        if (w->t >= w->chatter_piece) {
            w->chatter = !w->chatter;
            w->chatter_piece = w->t + noise_between(&w->random, 50 * US, 3 * MS);
        }
        return w->chatter;
    }
    if (w->kind != NOISE_CORROSION && w->kind != NOISE_WEAR)
        return w->contact;
    int64_t holds = w->kind == NOISE_WEAR ? 0 : NOISE_HOLDS;
    if (w->t >= w->flaw_until + holds && chance(&w->random, w->breaks * (double)NOISE_STEP / 1e9)) {
        /* most breaks are short: the smaller of two */
        int64_t a = noise_between(&w->random, 50 * US, 5 * MS);
        int64_t b = noise_between(&w->random, 50 * US, 5 * MS);
        w->flaw_until = w->t + (a < b ? a : b);
    }
    return w->t < w->flaw_until ? !w->contact : w->contact;
}

static double volts(struct wire *w, bool closed)
{
    double v = closed ? 0.0 : 3.3;
    if (has(w, NOISE_PICKUP)) {
        turn(&w->mains_sin, &w->mains_cos, w->mains_step);
        v += closed ? 0.0 : w->mains * w->mains_sin;
    }
    if (has(w, NOISE_RINGING)) {
        turn(&w->ring_sin, &w->ring_cos, w->ring_step);
        w->ring *= w->ring_decay;
        v += w->ring * w->ring_sin;
    }
    return v;
}

static bool in_burst(struct wire *w)
{
    if (!has(w, NOISE_EMI))
        return false;
    if (w->t >= w->emi_next) {
        w->emi_until = w->t + noise_between(&w->random, 1 * MS, 50 * MS);
        w->emi_next = w->emi_until + noise_between(&w->random, 300 * MS, 800 * MS);
        w->emi_piece = w->t;
    }
    if (w->t < w->emi_until && w->t >= w->emi_piece) {
        w->emi = !w->emi;
        w->emi_piece = w->t + noise_between(&w->random, 50 * US, 5 * MS);
    }
    return w->t < w->emi_until;
}

static void sample(struct wire *w)
{
    double v = volts(w, contact_now(w));
    if (in_burst(w))
        v = w->emi ? 0.0 : 3.3;
    if (v < 0.8)
        w->low = true;
    else if (v > 1.6)
        w->low = false;
}

size_t noise_trace(enum noise_kind kind, uint64_t seed, const struct noise_press *presses,
                   size_t count, int64_t until, struct noise_edge *edges, size_t max)
{
    struct wire w;
    size_t n = 0, i = 0;
    bool seen = false;
    start_wire(&w, kind, seed);
    for (; w.t < until && n < max; w.t += NOISE_STEP) {
        bool down = i < count && w.t >= presses[i].down && w.t < presses[i].up;
        if (down != w.contact)
            move_contact(&w, down);
        if (i < count && w.t >= presses[i].up)
            i++;
        sample(&w);
        if (w.low != seen) {
            seen = w.low;
            edges[n++] = (struct noise_edge){.at = w.t, .closed = seen};
        }
    }
    return n;
}
