#include "kiosk/common/clock.h"
#include "kiosk/core/ns.h"
#include "kiosk/relay/ntfy.h"
#include "kiosk/relay/webpush_parts.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    CONNECT_MS = 4000,
    ANSWER_MS = 10000,
    HEADER_MAX = WEBPUSH_TOKEN_MAX + 32,
};

static size_t webpush_request_swallow(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

int64_t webpush_period(const struct webpush_sender *r)
{
    return clock_wall_seconds() * NS_PER_S / (r->to->check > 0 ? r->to->check : WEBPUSH_CHECK_LATE);
}

/* A wake-up says nothing at all. A test and a check have what proves that they have arrived. */
static size_t webpush_request_text(const struct webpush_sender *r, const struct sub *one,
                                   char out[WEBPUSH_PADDED])
{
    static const char *const words[] = {[SUB_TEST] = "test", [SUB_CHECK] = "check"};
    uint8_t nonce[PUSH_OFFER_NONCE];
    char hex[2 * PUSH_OFFER_NONCE + 1];
    if (one->ask == SUB_WAKE)
        return 0;
    sub_check(&r->subs, one, webpush_period(r), nonce);
    sodium_bin2hex(hex, sizeof hex, nonce, sizeof nonce);
    return (size_t)snprintf(out, WEBPUSH_PADDED, "%s %s", words[one->ask], hex);
}

static int webpush_request_seal(const struct webpush_sender *r, struct flight *f)
{
    uint8_t seed[32], sender[WEBPUSH_SCALAR], salt[WEBPUSH_SALT];
    char text[WEBPUSH_PADDED];
    size_t len = webpush_request_text(r, f->sub, text);
    randombytes_buf(seed, sizeof seed);
    randombytes_buf(salt, sizeof salt);
    int bad = webpush_scalar(seed, sender);
    if (bad == 0)
        bad = webpush_seal(f->sub->p256dh, f->sub->auth, sender, salt, text, len, WEBPUSH_PADDED,
                           f->body);
    sodium_memzero(seed, sizeof seed);
    sodium_memzero(sender, sizeof sender);
    return bad;
}

static void webpush_request_add(struct flight *f, const char *line)
{
    struct curl_slist *longer = curl_slist_append(f->headers, line);

    f->headers = longer ? longer : f->headers;
}

static int headers_make(struct webpush_sender *r, struct flight *f)
{
    char line[HEADER_MAX];
    const char *known =
        vapid_header(&r->vapid, f->sub->endpoint, r->to->contact, clock_wall_seconds());
    int64_t left = (NTFY_LIVES - (f->began - f->sub->wanted_at)) / 1000000000;
    if (!known)
        return -1;
    snprintf(line, sizeof line, "Authorization: %s", known);
    webpush_request_add(f, line);
    snprintf(line, sizeof line, "TTL: %d", (int)(left > 0 ? left : 0));
    webpush_request_add(f, line);
    webpush_request_add(f, "Urgency: high");
    /* What the service still keeps for a phone that is off is replaced, not added to. */
    webpush_request_add(f, f->sub->ask == SUB_WAKE   ? "Topic: kettle"
                           : f->sub->ask == SUB_TEST ? "Topic: kettle-test"
                                                     : "Topic: kettle-check");
    webpush_request_add(f, "Content-Encoding: aes128gcm");
    webpush_request_add(f, "Content-Type: application/octet-stream");
    webpush_request_add(f, "Expect:");
    return 0;
}

void webpush_request_end(struct webpush_sender *r, struct flight *f)
{
    if (f->curl) {
        curl_multi_remove_handle(r->multi, f->curl);
        curl_easy_cleanup(f->curl);
    }
    curl_slist_free_all(f->headers);
    sodium_memzero(f, sizeof *f);
    r->flying--;
}

int webpush_request_begin(struct webpush_sender *r, struct flight *f, struct sub *one, int64_t now)
{
    *f = (struct flight){.sub = one, .began = now, .curl = curl_easy_init()};
    r->flying++;
    if (!f->curl || webpush_request_seal(r, f) < 0 || headers_make(r, f) < 0) {
        webpush_request_end(r, f);
        return -1;
    }
    curl_easy_setopt(f->curl, CURLOPT_URL, one->endpoint);
    curl_easy_setopt(f->curl, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(f->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(f->curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl_easy_setopt(f->curl, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(f->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(f->curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    curl_easy_setopt(f->curl, CURLOPT_WRITEFUNCTION, webpush_request_swallow);
    curl_easy_setopt(f->curl, CURLOPT_HTTPHEADER, f->headers);
    curl_easy_setopt(f->curl, CURLOPT_POSTFIELDSIZE, (long)sizeof f->body);
    curl_easy_setopt(f->curl, CURLOPT_POSTFIELDS, f->body);
    curl_easy_setopt(f->curl, CURLOPT_PRIVATE, f);
    if (r->to->ca[0])
        curl_easy_setopt(f->curl, CURLOPT_CAINFO, r->to->ca);
    if (curl_multi_add_handle(r->multi, f->curl) != CURLM_OK) {
        webpush_request_end(r, f);
        return -1;
    }
    one->flying = true;
    return 0;
}
