#include "kiosk/common/log.h"
#include "kiosk/registrar/rabbit_parts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    CONNECT_MS = 4000,
    ANSWER_MS = 8000,
    AGAIN_S = 1,
    BODY_MAX = 256 * 1024, /* of an answer: a user's connections are the longest */
    DONE_LEAST = 200,
    DONE_MOST = 299,
    UNAUTHORIZED = 401,
    BUSY_LEAST = 500, /* the node, and not the request: a cluster that elects, a node that stops */
};

struct answer_text {
    char *text; /* what it held is no secret but for a password's hash: wiped */
    size_t len;
};

static size_t rabbit_take(char *data, size_t size, size_t count, void *context)
{
    struct answer_text *t = context;
    size_t n = size * count;
    if (n > BODY_MAX - t->len)
        return 0;
    memcpy(t->text + t->len, data, n);
    t->len += n;
    return n;
}

static int rabbit_wanted(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    const struct rabbit_admin *r = context;
    (void)a, (void)b, (void)c, (void)d;
    return r->stopping;
}

static void curl_prepare(struct rabbit_admin *a, const char *method, const char *path,
                         struct answer_text *got)
{
    const struct registrar_conf *c = a->conf;
    char url[RABBIT_PATH_MAX + CONFIG_TEXT_MAX];
    snprintf(url, sizeof url, "%s/api/%s", c->broker.management, path);
    curl_easy_reset(a->curl);
    curl_easy_setopt(a->curl, CURLOPT_URL, url);
    curl_easy_setopt(a->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(a->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(a->curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(a->curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
    curl_easy_setopt(a->curl, CURLOPT_PROXY, "");
    curl_easy_setopt(a->curl, CURLOPT_USERNAME, c->broker.user);
    curl_easy_setopt(a->curl, CURLOPT_PASSWORD, a->password);
    curl_easy_setopt(a->curl, CURLOPT_WRITEFUNCTION, rabbit_take);
    curl_easy_setopt(a->curl, CURLOPT_WRITEDATA, got);
    curl_easy_setopt(a->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(a->curl, CURLOPT_XFERINFOFUNCTION, rabbit_wanted);
    curl_easy_setopt(a->curl, CURLOPT_XFERINFODATA, a);
    if (c->broker.ca[0])
        curl_easy_setopt(a->curl, CURLOPT_CAINFO, c->broker.ca);
}

/* The HTTP status; 0: the API was not reached, and *why says why. */
static long request_send(struct rabbit_admin *a, const char *body, const char **why)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    long status = 0;
    if (body)
        curl_easy_setopt(a->curl, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(a->curl, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(a->curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
    else
        *why = curl_easy_strerror(code);
    curl_slist_free_all(headers);
    return status;
}

static void rabbit_rest(struct rabbit_admin *a)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += AGAIN_S;
    pthread_mutex_lock(&a->lock);
    while (!a->stop && pthread_cond_clockwait(&a->woken, &a->lock, CLOCK_MONOTONIC, &until) == 0)
        ;
    pthread_mutex_unlock(&a->lock);
}

static void text_forget(char *text, size_t len)
{
    if (text)
        sodium_memzero(text, len);
    free(text);
}

static void body_forget(cJSON *body)
{
    cJSON *password = cJSON_GetObjectItemCaseSensitive(body, "password");
    if (password)
        sodium_memzero(password->valuestring, strlen(password->valuestring));
    cJSON_Delete(body);
}

long rabbit_call(struct rabbit_admin *a, const char *method, const char *path, cJSON *body,
                 cJSON **answer)
{
    struct answer_text got = {.text = malloc(BODY_MAX)};
    char *text = body ? cJSON_PrintUnformatted(body) : NULL;
    const char *why = "";
    long status = 0;
    while (got.text && !a->stopping) {
        got.len = 0;
        curl_prepare(a, method, path, &got);
        status = request_send(a, text, &why);
        if (status > 0 && status < BUSY_LEAST)
            break;
        if (!a->said && !a->stopping)
            log_warning("%s: %s; trying again", a->conf->broker.management,
                        status > 0 ? "the node is not ready" : why);
        a->said = true;
        status = 0;
        rabbit_rest(a);
    }
    if (status > 0)
        a->said = false;
    if (answer)
        *answer = status >= DONE_LEAST && status <= DONE_MOST
                      ? cJSON_ParseWithLength(got.text, got.len)
                      : NULL;
    text_forget(got.text, got.len);
    if (text)
        text_forget(text, strlen(text));
    body_forget(body);
    return status;
}

bool rabbit_call_worked(struct rabbit_admin *a, long status, const char *what)
{
    if (status >= DONE_LEAST && status <= DONE_MOST)
        return true;
    if (status == RABBIT_NOT_FOUND)
        snprintf(a->result.fault, sizeof a->result.fault, "not found");
    else if (status == UNAUTHORIZED)
        snprintf(a->result.fault, sizeof a->result.fault,
                 "the account may not use the management API: it needs the tag administrator");
    else
        snprintf(a->result.fault, sizeof a->result.fault, "%s: HTTP status %ld", what, status);
    return false;
}
