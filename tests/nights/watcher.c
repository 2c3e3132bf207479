#include "tests/nights/watcher.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/loop.h"
#include "kiosk/relay/ntfy.h"
#include "kiosk/relay/relay.h"
#include "kiosk/relay/webpush_sender.h"
#include "tests/nights/story.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN (2 * S)

/* --- porchlight-relay, as its main has it ----------------------------------------------------- */

static void porchlight_relay(struct machine *m)
{
    struct watcher *w = m->owner;
    struct loop *loop = loop_new();
    struct relay *r = loop ? relay_new(w->venue->relay_prefix, &w->conf) : NULL;
    if (!r || relay_start(r, w->venue->relay_prefix, loop) != 0)
        return;
    for (;;) {
        loop_deadline(loop, relay_deadline(r, clock_now()));
        if (loop_turn(loop) != 0)
            break;
        relay_time(r, clock_now());
    }
}

static void watcher_boot(void *context, uint64_t number)
{
    struct watcher *w = context;
    (void)number;
    if (!w->machine->running)
        machine_start(w->machine, porchlight_relay);
}

static void watcher_ended(struct machine *m, int status)
{
    (void)status;
    story("relay: porchlight-relay is gone");
    world_at(world_now() + AGAIN, watcher_boot, m->owner, 0);
}

void watcher_init(struct watcher *w, const struct venue *v, size_t kiosks, struct broker *b,
                  struct chance *c)
{
    *w = (struct watcher){.venue = v};
    way_init(&w->way, "relay", b, c);
    memcpy(w->conf.relay.account, v->relay_account, sizeof v->relay_account);
    snprintf(w->conf.relay.word, sizeof w->conf.relay.word, "The kettle is on");
    w->conf.relay.beat = 5 * S;
    w->conf.relay.blind = 60 * S;
    memcpy(w->conf.venue.id, v->id, sizeof v->id);
    snprintf(w->conf.broker.host, sizeof w->conf.broker.host, "b0.example.org");
    w->conf.broker.port = 8883;
    w->conf.broker.tls = true;
    w->conf.kiosks_count = kiosks;
    for (size_t i = 0; i < kiosks; i++)
        memcpy(w->conf.kiosks[i].id, v->kiosks[i].id, sizeof v->kiosks[i].id);
    w->conf.pushes_count = 1;
    w->machine = machine_new("relay", w);
    w->machine->ways = &w->way;
    w->machine->ways_count = 1;
    w->machine->ended = watcher_ended;
}

void watcher_start(struct watcher *w)
{
    watcher_boot(w, 0);
}

bool watcher_rang(const struct watcher *w, int64_t from, int64_t to)
{
    return watcher_rang_again(w, WATCHER_ALL, from, to);
}

bool watcher_rang_staff(const struct watcher *w, int64_t from, int64_t to)
{
    return watcher_rang(w, from, to) || watcher_rang_again(w, WATCHER_STAFF, from, to);
}

bool watcher_rang_again(const struct watcher *w, enum watcher_ring how, int64_t from, int64_t to)
{
    for (size_t i = 0; i < w->rings[how]; i++)
        if (w->rang[how][i] >= from && w->rang[how][i] <= to)
            return true;
    return false;
}

static void watcher_rings(enum watcher_ring how)
{
    struct watcher *w = machine_now()->owner;
    if (w->rings[how] < WATCHER_RINGS)
        w->rang[how][w->rings[how]++] = world_now();
}

/* --- kiosk/relay/ntfy.h and webpush_sender.h -------------------------------------------------- */

struct ntfy *ntfy_new(const struct relay_push *to, const char *word, const char *token)
{
    (void)to;
    (void)word;
    (void)token;
    return malloc(1);
}

void ntfy_free(struct ntfy *p)
{
    free(p);
}

void ntfy_wake(struct ntfy *p)
{
    (void)p;
    watcher_rings(WATCHER_TOPICS);
    story("the push server wakes locked phones");
}

bool ntfy_works(const struct ntfy *p)
{
    (void)p;
    return true;
}

void webpush_sender_free(struct webpush_sender *r)
{
    (void)r;
}

void webpush_sender_wake(struct webpush_sender *r, bool staff)
{
    (void)r;
    watcher_rings(staff ? WATCHER_STAFF : WATCHER_ALL);
    if (staff)
        story("the push server wakes locked phones of staff");
}

void webpush_sender_again(struct webpush_sender *r, const struct alert_id *id)
{
    (void)r;
    (void)id;
    watcher_rings(WATCHER_AGAIN);
    story("the push server wakes locked phones again");
}

bool webpush_sender_arrived(struct webpush_sender *r, const uint8_t venue[ENVELOPE_ID],
                            const char *account, const uint8_t *wire)
{
    (void)r;
    (void)venue;
    (void)account;
    (void)wire;
    return false;
}

struct subs_count webpush_sender_count(struct webpush_sender *r)
{
    (void)r;
    return (struct subs_count){0};
}

bool webpush_sender_works(const struct webpush_sender *r)
{
    (void)r;
    return true;
}

void webpush_sender_vouch(struct webpush_sender *r, const char *account,
                          const uint8_t hash[MESSAGE_HASH])
{
    (void)r;
    (void)account;
    (void)hash;
}

void webpush_sender_revoke(struct webpush_sender *r, const char *account)
{
    (void)r;
    (void)account;
}

struct webpush_sender *webpush_sender_new(const struct relay_web *conf, const char *prefix,
                                          const uint8_t seed[32])
{
    (void)conf;
    (void)prefix;
    (void)seed;
    return NULL;
}

void webpush_sender_point(const struct webpush_sender *r, uint8_t point[PUSH_OFFER_POINT])
{
    (void)r;
    memset(point, 0, PUSH_OFFER_POINT);
}

bool webpush_sender_gone(struct webpush_sender *r, uint8_t hash[PUSH_OFFER_GONE_HASH])
{
    (void)r;
    (void)hash;
    return false;
}

void webpush_sender_letter(struct webpush_sender *r, const struct push_offer_letter *l)
{
    (void)r;
    (void)l;
}
