#include "kiosk/relay/webpush_sender.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"
#include "kiosk/relay/ntfy.h"
#include "kiosk/relay/webpush_parts.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

enum {
    CONNECTIONS = 16,
    TURN_MS = 1000, /* at the latest then the file is looked at */
    REFUSALS_MAX = 4,
    STATUS_NOT_FOUND = 404,
    STATUS_GONE = 410,
    STATUS_TOO_MANY = 429,
    STATUS_BUSY = 503,
};

#define SAVE_EVERY (5 * INT64_C(1000000000))
#define TEST_AFTER (PUSH_OFFER_TEST_AFTER_S * INT64_C(1000000000))

/* Whether the service means this subscription alone: it refuses it, and has taken another since. */
static bool is_refused_alone(struct sub *one, const struct service *s, long status, int64_t now)
{
    bool refused = status >= 400 && status < 500 && status != STATUS_TOO_MANY;
    if (!refused) {
        one->refused = 0;
        return false;
    }
    if (one->refused++ == 0)
        one->refused_since = now;
    return s->good_at >= one->refused_since - NTFY_LIVES && s->good_at != 0;
}

/* Lock held. */
static void try_again(struct service *s, struct sub *one, const struct flight *f, long status,
                      int64_t now)
{
    curl_off_t asked = 0; /* seconds that the service would have us wait */
    curl_easy_getinfo(f->curl, CURLINFO_RETRY_AFTER, &asked);
    int64_t wait = ntfy_busy(status, asked);
    if (status == STATUS_BUSY && wait > 0)
        s->not_before = now + wait;
    if (one->ask == SUB_TEST && one->wanted_at > f->began)
        return; /* it was asked for meanwhile, and has its own moment */
    if (now - one->wanted_at >= NTFY_LIVES || one->ask != SUB_WAKE) {
        one->wanted = false;
        return;
    }
    one->next_at = now + (wait > one->pause ? wait : one->pause);
    one->pause =
        one->pause * 2 < WEBPUSH_SENDER_PAUSE_MAX ? one->pause * 2 : WEBPUSH_SENDER_PAUSE_MAX;
}

static bool is_gone(long status)
{
    return status == STATUS_NOT_FOUND || status == STATUS_GONE;
}

static bool is_taken(long status)
{
    return status >= 200 && status < 300;
}

static void land(struct webpush_sender *r, struct flight *f, CURLcode code)
{
    struct sub *one = f->sub;
    int64_t now = clock_now();
    long status = 0;

    if (code == CURLE_OK)
        curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
    bool good = is_taken(status), gone = is_gone(status);
    pthread_mutex_lock(&r->lock);
    struct service *s = webpush_service_of(r, one);
    bool alone = is_refused_alone(one, s, status, now);
    /* It took another of the same wake-up: what it says is about this one. */
    if (good || gone || s->good_at == 0 || s->good_at < one->wanted_at)
        webpush_service_judge(r, s, good || gone, code, status);
    if (subs_landed(one)) {
        log_debug("web push: a phone took its subscription back meanwhile");
    } else if (gone || (alone && one->refused >= REFUSALS_MAX)) {
        if (gone)
            log_info("web push: a subscription is gone and dropped");
        else
            log_info("web push: %s refuses a subscription (%ld) and takes others; it is dropped. "
                     "That phone asks again when its page is opened",
                     s->origin, status);
        gone_note(&r->gone, one->endpoint);
        subs_remove(&r->subs, one);
        webpush_services_judge_all(r);
    } else if (good && one->wanted_at <= f->began) {
        one->wanted = false;
    } else if (!good) {
        try_again(s, one, f, status, now);
    }
    pthread_mutex_unlock(&r->lock);
    webpush_request_end(r, f);
}

static struct flight *free_flight(struct webpush_sender *r)
{
    for (size_t i = 0; i < WEBPUSH_SENDER_FLIGHTS; i++)
        if (!r->flights[i].curl)
            return &r->flights[i];
    return NULL;
}

/* Sends what is due. Returns ns until the next is, or -1 for nothing. Lock held. */
static int64_t depart(struct webpush_sender *r, int64_t now)
{
    int64_t next = -1;
    for (size_t n = 0; n < r->subs.count && r->flying < WEBPUSH_SENDER_FLIGHTS; n++) {
        struct sub *one = r->subs.all[r->cursor++ % r->subs.count];
        if (!one->wanted || one->flying)
            continue;
        int64_t busy = webpush_service_of(r, one)->not_before;
        int64_t at = one->next_at > busy ? one->next_at : busy;
        if (at > now) {
            next = next < 0 || at - now < next ? at - now : next;
        } else if (webpush_request_begin(r, free_flight(r), one, now) < 0) {
            log_error("web push: a message could not be made; look at the clock and memory");
            one->wanted = false;
        }
    }
    return next;
}

static void want(struct sub *one, enum sub_ask ask, int64_t now, int64_t at)
{
    one->wanted = true;
    one->ask = ask;
    one->wanted_at = now;
    one->next_at = at;
    one->pause = WEBPUSH_SENDER_PAUSE;
}

/* Each phone once in a period, at a moment of it that chance picked; what is too late is left out.
 */
static void checks_begin(struct webpush_sender *r, int64_t now)
{
    int64_t span = r->to->check, period = webpush_period(r);
    int64_t at = clock_wall_seconds() * NS_PER_S - period * (span > 0 ? span : 1);
    for (size_t i = 0; span > 0 && clock_is_set() && i < r->subs.count; i++) {
        struct sub *one = r->subs.all[i];
        if (one->check_period != period) {
            one->check_period = period;
            one->check_at = sub_check_offset(&r->subs, one, period, span);
        }
        if (at < one->check_at)
            continue;
        bool late = at - one->check_at > WEBPUSH_CHECK_LATE;
        one->check_at = NS_NEVER;
        if (!late && !one->wanted && !one->flying)
            want(one, SUB_CHECK, now, now);
    }
}

static void look_after_file(struct webpush_sender *r, int64_t now)
{
    if (subs_forgotten(&r->subs))
        log_info("web push: the subscriptions were deleted; phones have to ask again");
    if (!r->subs.dirty || now < r->save_at)
        return;
    r->save_at = now + SAVE_EVERY;
    if (subs_save(&r->subs) < 0)
        log_warning("%s: %s; after a restart phones have to ask again", r->subs.path,
                    strerror(errno));
}

static void *webpush_sender_run(void *context)
{
    struct webpush_sender *r = context;

    while (!r->stop) {
        int running, left;
        int64_t now = clock_now();
        pthread_mutex_lock(&r->lock);
        look_after_file(r, now);
        checks_begin(r, now);
        int64_t next = depart(r, now);
        pthread_mutex_unlock(&r->lock);
        curl_multi_perform(r->multi, &running);
        bool landed = false;
        for (CURLMsg *m; (m = curl_multi_info_read(r->multi, &left));) {
            struct flight *f = NULL;
            if (m->msg != CURLMSG_DONE)
                continue;
            CURLcode code = m->data.result;
            curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &f);
            land(r, f, code);
            landed = true;
        }
        int64_t ms = next < 0 ? TURN_MS : next / 1000000 + 1;
        if (!landed)
            curl_multi_poll(r->multi, NULL, 0, ms < TURN_MS ? (int)ms : TURN_MS, NULL);
    }
    return NULL;
}

void webpush_sender_wake(struct webpush_sender *r, bool staff)
{
    if (!r)
        return;
    int64_t now = clock_now();
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->subs.count; i++)
        if (!staff || r->subs.all[i]->staff)
            want(r->subs.all[i], SUB_WAKE, now, now);
    pthread_mutex_unlock(&r->lock);
    curl_multi_wakeup(r->multi);
}

void webpush_sender_again(struct webpush_sender *r, const struct alert_id *id)
{
    if (!r)
        return;
    int64_t now = clock_now();
    pthread_mutex_lock(&r->lock);
    for (size_t i = 0; i < r->subs.count; i++) {
        struct sub *one = r->subs.all[i];
        if (!sub_is_awake(one, id) && !(one->wanted && one->ask == SUB_WAKE))
            want(one, SUB_WAKE, now, now);
    }
    pthread_mutex_unlock(&r->lock);
    curl_multi_wakeup(r->multi);
}

static int64_t today(void)
{
    return clock_wall_seconds() / (24 * 3600);
}

bool webpush_sender_arrived(struct webpush_sender *r, const uint8_t venue[ENVELOPE_ID],
                            const char *account, const uint8_t *wire)
{
    if (!r || !clock_is_set())
        return false;
    int64_t period = webpush_period(r), periods[2] = {period, period - 1};
    pthread_mutex_lock(&r->lock);
    bool believed = subs_arrived(&r->subs, venue, account, wire, periods, today());
    pthread_mutex_unlock(&r->lock);
    return believed;
}

struct subs_count webpush_sender_count(struct webpush_sender *r)
{
    struct subs_count c = {0};
    if (!r || !clock_is_set())
        return c;
    pthread_mutex_lock(&r->lock);
    c = subs_count(&r->subs, today());
    pthread_mutex_unlock(&r->lock);
    return c;
}

static void on_test(struct sub *one, int64_t now)
{
    bool soon = one->tested_at != 0 && now - one->tested_at < WEBPUSH_SENDER_TEST_EVERY;
    bool rings = (one->wanted || one->flying) && one->ask != SUB_CHECK;
    if (soon || rings) /* a wake-up that is under way rings it anyway; a silent test does not */
        return;
    one->tested_at = now;
    want(one, SUB_TEST, now, now + TEST_AFTER);
}

void webpush_sender_letter(struct webpush_sender *r, const struct push_offer_letter *l)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    struct sub *one = subs_find(&r->subs, l->account, l->auth);
    char origin[VAPID_ORIGIN_MAX];
    if (l->ask == PUSH_OFFER_SUBSCRIBE &&
        (!webpush_sender_allows(r->to->services, l->endpoint) ||
         !vapid_origin(l->endpoint, origin) || !webpush_is_point(l->p256dh)))
        log_info("web push: a subscription was refused; [webpush] services lists which are taken");
    else if (l->ask == PUSH_OFFER_SUBSCRIBE && !gone_again(&r->gone, l->endpoint))
        subs_put(&r->subs, l);
    else if (l->ask == PUSH_OFFER_SUBSCRIBE)
        log_debug("web push: a phone asked with an address that its service no longer takes");
    else if (l->ask == PUSH_OFFER_STAFF)
        subs_staff(&r->subs, l->account);
    else if (one && l->ask == PUSH_OFFER_UNSUBSCRIBE)
        subs_remove(&r->subs, one);
    else if (one && l->ask == PUSH_OFFER_AWAKE)
        sub_note_awake(one, &l->id);
    else if (one)
        on_test(one, clock_now());
    pthread_mutex_unlock(&r->lock);
    curl_multi_wakeup(r->multi);
}

bool webpush_sender_gone(struct webpush_sender *r, uint8_t hash[PUSH_OFFER_GONE_HASH])
{
    if (!r)
        return false;
    pthread_mutex_lock(&r->lock);
    bool found = gone_take(&r->gone, hash);
    pthread_mutex_unlock(&r->lock);
    return found;
}

void webpush_sender_vouch(struct webpush_sender *r, const char *account,
                          const uint8_t hash[MESSAGE_HASH])
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    subs_vouch(&r->subs, account, hash);
    pthread_mutex_unlock(&r->lock);
    curl_multi_wakeup(r->multi);
}

void webpush_sender_revoke(struct webpush_sender *r, const char *account)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    subs_revoke(&r->subs, account);
    pthread_mutex_unlock(&r->lock);
    curl_multi_wakeup(r->multi);
}

void webpush_sender_point(const struct webpush_sender *r, uint8_t point[PUSH_OFFER_POINT])
{
    webpush_public(r->vapid.scalar, point);
}

bool webpush_sender_works(const struct webpush_sender *r)
{
    return !r || r->works;
}

struct webpush_sender *webpush_sender_new(const struct relay_web *to, const char *prefix,
                                          const uint8_t seed[32])
{
    struct webpush_sender *r = sodium_malloc(sizeof *r); /* locked: it holds keys and tokens */

    if (!r)
        return NULL;
    memset(r, 0, sizeof *r);
    r->to = to;
    r->works = true;
    pthread_mutex_init(&r->lock, NULL);
    r->multi = curl_multi_init();
    if (!r->multi || webpush_scalar(seed, r->vapid.scalar) < 0 ||
        subs_load(&r->subs, prefix, seed) < 0)
        goto webpush_sender_free;
    curl_multi_setopt(r->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CONNECTIONS);
    errno = pthread_create(&r->thread, NULL, webpush_sender_run, r);
    if (errno == 0)
        return r;
    subs_finish(&r->subs);
webpush_sender_free:
    curl_multi_cleanup(r->multi);
    sodium_free(r);
    return NULL;
}

void webpush_sender_free(struct webpush_sender *r)
{
    if (!r)
        return;
    r->stop = true;
    curl_multi_wakeup(r->multi);
    pthread_join(r->thread, NULL);
    for (size_t i = 0; i < WEBPUSH_SENDER_FLIGHTS; i++) {
        if (!r->flights[i].curl)
            continue;
        subs_landed(r->flights[i].sub);
        webpush_request_end(r, &r->flights[i]);
    }
    if (!subs_forgotten(&r->subs) && subs_save(&r->subs) < 0)
        log_warning("%s: %s", r->subs.path, strerror(errno));
    subs_finish(&r->subs);
    curl_multi_cleanup(r->multi);
    pthread_mutex_destroy(&r->lock);
    sodium_free(r);
}
