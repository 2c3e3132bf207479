#include "kiosk/relay/ntfy.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CONNECT_MS = 4000, ANSWER_MS = 8000, TOKEN_MAX = 128, HEADER_MAX = RELAY_URL_MAX + 32 };

enum { STATUS_TOO_MANY = 429, STATUS_UNAVAILABLE = 503 };

#define HEALTH_EVERY (60 * INT64_C(1000000000))

struct ntfy {
    const struct relay_push *to;
    const char *word;
    char *token; /* locked */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool wanted, stop; /* under lock */
    int64_t wanted_at;
    int64_t not_before;   /* the thread's own: the server is busy until then */
    atomic_bool stopping; /* the same as stop, for curl's callback */
    atomic_bool works;
};

static size_t ntfy_swallow(char *data, size_t size, size_t count, void *context)
{
    (void)data;
    (void)context;
    return size * count;
}

static int still_wanted(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    struct ntfy *p = context;

    (void)a, (void)b, (void)c, (void)d;
    return p->stopping;
}

static CURL *request(struct ntfy *p, const char *url)
{
    CURL *curl = curl_easy_init();

    if (!curl)
        return NULL;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, ntfy_swallow);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, still_wanted);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, p);
    return curl;
}

int64_t ntfy_busy(long status, int64_t seconds)
{
    if ((status != STATUS_TOO_MANY && status != STATUS_UNAVAILABLE) || seconds <= 0)
        return 0;
    return seconds < NTFY_LIVES / NS_PER_S ? seconds * NS_PER_S : NTFY_LIVES;
}

static void busy_note(struct ntfy *p, CURL *curl, long status)
{
    curl_off_t seconds = 0;
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
    p->not_before = clock_now() + ntfy_busy(status, seconds);
}

/* Whether the answer is 2xx; says why not, once for each reason. */
static bool perform(struct ntfy *p, CURL *curl)
{
    long status = 0;
    CURLcode code = curl_easy_perform(curl);

    if (code == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    busy_note(p, curl, status);
    bool good = code == CURLE_OK && status >= 200 && status < 300;
    if (!good && p->works && !p->stopping) {
        if (code != CURLE_OK)
            log_warning("[push %s]: %s; trying again", p->to->name, curl_easy_strerror(code));
        else
            log_warning("[push %s]: the server answered %ld%s; trying again", p->to->name, status,
                        status == 401 || status == 403 ? ": check the token's rights" : "");
    } else if (good && !p->works) {
        log_info("[push %s]: works again", p->to->name);
    }
    p->works = good;
    return good;
}

static struct curl_slist *ntfy_add(struct curl_slist *list, const char *name, const char *value)
{
    char line[HEADER_MAX];
    snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(list, line);
    sodium_memzero(line, sizeof line);
    return longer ? longer : list;
}

/* The token's copies are wiped before they are given back. */
static void free_headers(struct curl_slist *list)
{
    for (struct curl_slist *l = list; l; l = l->next)
        sodium_memzero(l->data, strlen(l->data));
    curl_slist_free_all(list);
}

static bool post(struct ntfy *p)
{
    CURL *curl = request(p, p->to->url);
    struct curl_slist *headers = ntfy_add(NULL, "Priority", "5");
    bool done = false;

    if (!curl)
        goto headers_free;
    if (p->to->click[0])
        headers = ntfy_add(headers, "Click", p->to->click);
    if (p->token[0]) {
        char bearer[TOKEN_MAX + 8];
        snprintf(bearer, sizeof bearer, "Bearer %s", p->token);
        headers = ntfy_add(headers, "Authorization", bearer);
        sodium_memzero(bearer, sizeof bearer);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, p->word);
    done = perform(p, curl);
    curl_easy_cleanup(curl);
headers_free:
    free_headers(headers);
    return done;
}

/* https://host/topic: https://host/v1/health is what ntfy says of itself. */
static void check_health(struct ntfy *p)
{
    char url[RELAY_URL_MAX + 16];
    const char *host = strstr(p->to->url, "://") + 3;
    int base = (int)(host - p->to->url) + (int)strcspn(host, "/");
    snprintf(url, sizeof url, "%.*s/v1/health", base, p->to->url);
    CURL *curl = request(p, url);
    if (!curl)
        return;
    perform(p, curl);
    curl_easy_cleanup(curl);
}

/* Waits (lock held) until woken, stopped, or `until`. */
static void wait_until(struct ntfy *p, int64_t until)
{
    struct timespec at = {.tv_sec = until / 1000000000, .tv_nsec = (long)(until % 1000000000)};

    pthread_cond_timedwait(&p->woken, &p->lock, &at);
}

/* Posts until taken, given up or stopped. Lock held; let go while the server is spoken to. */
static void deliver(struct ntfy *p)
{
    int64_t pause = NTFY_PAUSE;
    while (!p->stop && p->wanted) {
        int64_t asked = p->wanted_at;
        if (clock_now() < p->not_before) {
            wait_until(p, p->not_before);
            continue;
        }
        pthread_mutex_unlock(&p->lock);
        bool done = post(p);
        pthread_mutex_lock(&p->lock);
        int64_t now = clock_now();
        if (!done && now - p->wanted_at >= NTFY_LIVES)
            log_error("[push %s]: a wake-up was given up after an hour", p->to->name);
        /* What was asked for meanwhile wants a post of its own, unless none went through. */
        if ((done && p->wanted_at == asked) || now - p->wanted_at >= NTFY_LIVES)
            p->wanted = false;
        if (done || !p->wanted)
            continue;
        int64_t until = now + pause; /* a new wake-up does not wait for it */
        while (!p->stop && p->wanted_at == asked && clock_now() < until)
            wait_until(p, until);
        pause = pause * 2 < NTFY_PAUSE_MAX ? pause * 2 : NTFY_PAUSE_MAX;
    }
}

static void *ntfy_run(void *context)
{
    struct ntfy *p = context;
    int64_t health_at = clock_now();

    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        deliver(p);
        int64_t now = clock_now();
        health_at = health_at > p->not_before ? health_at : p->not_before;
        if (!p->stop && now >= health_at) {
            health_at = now + HEALTH_EVERY;
            pthread_mutex_unlock(&p->lock);
            check_health(p);
            pthread_mutex_lock(&p->lock);
        } else if (!p->stop && !p->wanted) {
            wait_until(p, health_at);
        }
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct ntfy *ntfy_new(const struct relay_push *to, const char *word, const char *token)
{
    pthread_condattr_t monotonic;
    struct ntfy *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    p->token = sodium_malloc(TOKEN_MAX);
    if (!p->token) {
        free(p);
        return NULL;
    }
    snprintf(p->token, TOKEN_MAX, "%s", token);
    p->to = to;
    p->word = word;
    p->works = true;
    pthread_mutex_init(&p->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&p->woken, &monotonic);
    pthread_condattr_destroy(&monotonic);
    errno = pthread_create(&p->thread, NULL, ntfy_run, p);
    if (errno == 0)
        return p;
    sodium_free(p->token);
    free(p);
    return NULL;
}

void ntfy_free(struct ntfy *p)
{
    if (!p)
        return;
    p->stopping = true;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->woken);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->woken);
    pthread_mutex_destroy(&p->lock);
    sodium_free(p->token);
    free(p);
}

void ntfy_wake(struct ntfy *p)
{
    pthread_mutex_lock(&p->lock);
    p->wanted = true;
    p->wanted_at = clock_now();
    pthread_cond_signal(&p->woken);
    pthread_mutex_unlock(&p->lock);
}

bool ntfy_works(const struct ntfy *p)
{
    return p->works;
}
