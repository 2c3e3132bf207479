#include "kiosk/alertd/delivery_parts.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

/* The host's own lines, a piece after the other: each waits until the broker has taken the one
 * before, so that a broker which does not want them is asked once, and again after this long: one
 * that was about to hang up may have seemed to refuse them. */
#define WORDS_AGAIN (120 * NS_PER_S)

/* Tokens of pieces; those of rings and alerts are others. */
#define WORDS_TOKEN (UINT64_C(1) << 62)

static size_t pieces_of(const struct delivery *d)
{
    return d->words && !d->sealer->plain ? words_pieces(d->words) : 0;
}

/* A piece that an earlier, longer set had is removed. */
static int piece_publish(struct delivery *d, struct broker_path *p)
{
    return broker_path_publish_words(p, d->sealer, p->words_next < d->words_count ? d->words : NULL,
                                     p->words_next, WORDS_TOKEN | p->words_next);
}

static void words_advance(struct delivery *d, struct broker_path *p)
{
    if (!p->up || p->listening || p->words_waits || p->words_next >= p->words_end)
        return;
    p->words_waits = piece_publish(d, p) == 0;
}

void delivery_words_up(struct delivery *d, struct broker_path *p)
{
    p->words_next = 0;
    p->words_end = d->words_count;
    p->words_waits = false;
    p->words_again = NS_NEVER;
}

void delivery_words_answered(struct delivery *d, struct broker_path *p, uint64_t token, bool taken)
{
    if (!p->words_waits || token != (WORDS_TOKEN | p->words_next))
        return;
    p->words_waits = false;
    p->words_next = taken ? p->words_next + 1 : p->words_end;
    p->words_again = taken ? p->words_again : clock_now() + WORDS_AGAIN;
    words_advance(d, p);
}

void delivery_words_time(struct delivery *d)
{
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        if (clock_now() >= p->words_again) {
            p->words_next = 0;
            p->words_again = NS_NEVER;
        }
        words_advance(d, p);
    }
}

void delivery_words(struct delivery *d, const struct words_set *set)
{
    size_t before = d->words_count;
    d->words = set;
    d->words_count = pieces_of(d);
    for (size_t i = 0; i < d->paths_count; i++) {
        delivery_words_up(d, &d->paths[i]);
        if (before > d->words_count)
            d->paths[i].words_end = before;
    }
}
