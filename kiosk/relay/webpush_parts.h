#ifndef PORCHLIGHT_RELAY_WEBPUSH_PARTS_H
#define PORCHLIGHT_RELAY_WEBPUSH_PARTS_H

#include "kiosk/relay/gone.h"
#include "kiosk/relay/subs.h"
#include "kiosk/relay/vapid.h"
#include "kiosk/relay/webpush_sender.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

/* Inside of struct webpush_sender, for webpush_sender.c, which decides what is sent when,
 * webpush_request.c, which makes one request and ends it, and webpush_services.c, which keeps what
 * is known of each push service. All three run in the sender's thread, with the lock held but for
 * webpush_request_end. */

/* A check that is later than this is left out. */
#define WEBPUSH_CHECK_LATE (3600 * INT64_C(1000000000))

struct flight {
    CURL *curl; /* NULL: free */
    struct curl_slist *headers;
    struct sub *sub;
    int64_t began;
    uint8_t body[WEBPUSH_BODY];
};

/* A push service, as far as it is known by what became of requests to it. */
struct service {
    char origin[VAPID_ORIGIN_MAX];
    unsigned fails; /* in a row */
    bool down;
    int64_t good_at;    /* 0: not yet */
    int64_t not_before; /* it is busy, and asked us to wait */
};

struct webpush_sender {
    const struct relay_web *to;
    CURLM *multi;
    pthread_t thread;
    pthread_mutex_t lock; /* over subs and gone */
    struct subs subs;
    struct gone gone;
    struct vapid vapid;
    struct flight flights[WEBPUSH_SENDER_FLIGHTS];
    size_t flying, cursor;
    int64_t save_at;
    struct service services[VAPID_SERVICES];
    size_t services_count;
    atomic_bool stop, works;
};

/* webpush_request.c */

/* The period of checks that it is now, counted from 1970; an hour each where there are none. */
int64_t webpush_period(const struct webpush_sender *r);

/* Makes the request for `one` in the free `f` and gives it to curl. 0, or -1: it could not be made,
 * and `f` is free. */
int webpush_request_begin(struct webpush_sender *r, struct flight *f, struct sub *one, int64_t now);

/* Frees `f` and what it held. */
void webpush_request_end(struct webpush_sender *r, struct flight *f);

/* webpush_services.c */

/* The service of a subscription. One that is new takes the place of the one that was good longest
 * ago. */
struct service *webpush_service_of(struct webpush_sender *r, const struct sub *one);

/* What became of a request to it: `code` is curl's, `status` HTTP's. Writes to the log why it
 * failed, once for each run of failures; never to whom. */
void webpush_service_judge(struct webpush_sender *r, struct service *s, bool good, CURLcode code,
                           long status);

/* Decides again whether any service works (webpush_sender_works). */
void webpush_services_judge_all(struct webpush_sender *r);

#endif
