#include "kiosk/alertd/members/account_requests.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { TAG_MAX = 40 };

struct item {
    struct account_request request;
    uint64_t number; /* 0: free */
    uint8_t pending; /* a bit for each broker that has not done it */
};

struct account_requests {
    char venue[TOPIC_ID_LEN + 1], kiosk[TOPIC_ID_LEN + 1];
    uint64_t tag, numbers;
    uint8_t used; /* by phones: a bit for each broker */
    struct item items[ACCOUNT_REQUESTS_MAX];
    uint64_t role_sent[CONFIG_BROKERS_MAX]; /* the item whose role was sent; 0: none */
    uint64_t in_flight[CONFIG_BROKERS_MAX]; /* the item that was sent and not answered; 0: none */
    int64_t sent_at[CONFIG_BROKERS_MAX];    /* when */
    char fault[CONFIG_BROKERS_MAX][ACCOUNT_REQUESTS_FAULT_MAX];
};

_Static_assert(CONFIG_BROKERS_MAX <= 8, "a bit for each broker");

static uint8_t bit(size_t broker)
{
    return (uint8_t)(1u << broker);
}

struct account_requests *account_requests_new(const char *venue, const char *kiosk)
{
    struct account_requests *e = sodium_malloc(sizeof *e);
    if (!e)
        return NULL;
    sodium_memzero(e, sizeof *e);
    snprintf(e->venue, sizeof e->venue, "%s", venue);
    snprintf(e->kiosk, sizeof e->kiosk, "%s", kiosk);
    randombytes_buf(&e->tag, sizeof e->tag);
    return e;
}

void account_requests_free(struct account_requests *e)
{
    sodium_free(e);
}

void account_requests_brokers(struct account_requests *e, const bool used[CONFIG_BROKERS_MAX])
{
    sodium_memzero(e->items, sizeof e->items);
    memset(e->in_flight, 0, sizeof e->in_flight);
    memset(e->role_sent, 0, sizeof e->role_sent);
    memset(e->fault, 0, sizeof e->fault);
    e->used = 0;
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++)
        e->used |= used[i] ? bit(i) : 0;
}

static int account_requests_add_for(struct account_requests *e, const struct account_request *one,
                                    uint8_t brokers)
{
    if (brokers == 0)
        return 0;
    for (size_t i = 0; i < ACCOUNT_REQUESTS_MAX; i++) {
        struct item *it = &e->items[i];
        if (it->number != 0)
            continue;
        *it = (struct item){.request = *one, .number = ++e->numbers, .pending = brokers};
        return 0;
    }
    errno = ENOBUFS;
    return -1;
}

int account_requests_add(struct account_requests *e, const struct account_request *one)
{
    return account_requests_add_for(e, one, e->used);
}

int account_requests_add_at(struct account_requests *e, const struct account_request *one,
                            size_t broker)
{
    return account_requests_add_for(e, one, e->used & bit(broker));
}

static void account_requests_settle(struct account_requests *e, struct item *it, size_t broker)
{
    it->pending &= (uint8_t)~bit(broker);
    if (e->in_flight[broker] == it->number)
        e->in_flight[broker] = 0;
    if (it->pending == 0)
        sodium_memzero(it, sizeof *it);
}

void account_requests_drop(struct account_requests *e, const char *account)
{
    for (size_t i = 0; i < ACCOUNT_REQUESTS_MAX; i++)
        for (size_t b = 0; b < CONFIG_BROKERS_MAX; b++)
            if (e->items[i].number != 0 && strcmp(e->items[i].request.account, account) == 0)
                account_requests_settle(e, &e->items[i], b);
}

/* The oldest that this broker has not done yet. */
static struct item *first(struct account_requests *e, size_t broker)
{
    struct item *found = NULL;
    for (size_t i = 0; i < ACCOUNT_REQUESTS_MAX; i++) {
        struct item *it = &e->items[i];
        if (it->number != 0 && (it->pending & bit(broker)) != 0 &&
            (!found || it->number < found->number))
            found = it;
    }
    return found;
}

static cJSON *request_of(const struct account_requests *e, const struct account_request *one)
{
    switch (one->kind) {
    case ACCOUNT_REQUEST_ACCOUNT:
        return dynsec_account(one->who, e->venue, e->kiosk, one->account, one->password);
    case ACCOUNT_REQUEST_PROMOTE:
        return dynsec_promote(one->who, one->account, one->password);
    case ACCOUNT_REQUEST_REMOVE:
        return dynsec_remove(one->who, one->account);
    }
    return NULL;
}

/* The tag by which an answer is known as ours: those to other kiosks come on the same topic. */
static void tag_write(const struct account_requests *e, uint64_t number, char out[TAG_MAX])
{
    snprintf(out, TAG_MAX, "%016" PRIx64 "-%" PRIu64, e->tag, number);
}

/* The role's request, once for each try. */
static size_t role_next(struct account_requests *e, size_t broker, const struct item *it,
                        char out[DYNSEC_MAX])
{
    const struct account_request *one = &it->request;
    if (one->kind == ACCOUNT_REQUEST_REMOVE || e->role_sent[broker] == it->number)
        return 0;
    e->role_sent[broker] = it->number;
    const char *where =
        one->who == ROLE_RELAY ? "+" : e->kiosk; /* it may serve other kiosks of the venue */
    cJSON *role = dynsec_role(one->who, e->venue, where, one->account);
    int len = dynsec_write(role, NULL, out, DYNSEC_MAX);
    return len > 0 ? (size_t)len : 0;
}

size_t account_requests_next(struct account_requests *e, size_t broker, int64_t now,
                             char out[DYNSEC_MAX])
{
    char tag[TAG_MAX];
    struct item *it = first(e, broker);
    if (!it || (e->in_flight[broker] != 0 && now - e->sent_at[broker] < ACCOUNT_REQUESTS_PATIENCE))
        return 0;
    if (e->in_flight[broker] != 0) {
        snprintf(e->fault[broker], ACCOUNT_REQUESTS_FAULT_MAX,
                 "no answer: the broker needs the dynamic security plugin, and this kiosk's "
                 "account there the steward role");
        e->role_sent[broker] = e->in_flight[broker] = 0;
    }
    size_t role = role_next(e, broker, it, out);
    if (role > 0)
        return role;
    tag_write(e, it->number, tag);
    int len = dynsec_write(request_of(e, &it->request), tag, out, DYNSEC_MAX);
    e->in_flight[broker] = it->number;
    e->sent_at[broker] = now;
    if (len > 0)
        return (size_t)len;
    account_requests_settle(e, it, broker); /* cannot be written: it must not hold up the others */
    return 0;
}

void account_requests_again(struct account_requests *e, size_t broker)
{
    e->role_sent[broker] = e->in_flight[broker] = 0;
}

/* What is there already, or gone already, needs no doing. */
static bool is_harmless(const struct account_request *one, const char *command, const char *error)
{
    bool there = strstr(error, "already exists"), gone = strstr(error, "not found");
    if (one->kind == ACCOUNT_REQUEST_PROMOTE)
        return gone && strcmp(command, "deleteRole") == 0;
    return one->kind == ACCOUNT_REQUEST_REMOVE ? gone : there;
}

static const char *account_requests_text_of(const cJSON *object, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsString(item) ? item->valuestring : "";
}

bool account_requests_answer(struct account_requests *e, size_t broker, const uint8_t *payload,
                             size_t len)
{
    char tag[TAG_MAX];
    bool ours = false;
    struct item *it = first(e, broker);
    if (!it || e->in_flight[broker] != it->number)
        return false;
    tag_write(e, it->number, tag);
    cJSON *json = cJSON_ParseWithLength((const char *)payload, len);
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(json, "responses"))
    {
        const char *error = account_requests_text_of(one, "error");
        if (strcmp(account_requests_text_of(one, "correlationData"), tag) != 0)
            continue;
        if (!ours)
            e->fault[broker][0] = '\0';
        ours = true;
        if (error[0] != '\0' &&
            !is_harmless(&it->request, account_requests_text_of(one, "command"), error))
            snprintf(e->fault[broker], ACCOUNT_REQUESTS_FAULT_MAX, "%.40s: %.40s",
                     account_requests_text_of(one, "command"), error);
    }
    cJSON_Delete(json);
    if (ours)
        account_requests_settle(e, it, broker);
    return ours;
}

size_t account_requests_left(const struct account_requests *e, size_t broker, const char *account)
{
    size_t n = 0;
    for (size_t i = 0; i < ACCOUNT_REQUESTS_MAX; i++) {
        const struct item *it = &e->items[i];
        n += it->number != 0 && (it->pending & bit(broker)) != 0 &&
             (!account || strcmp(it->request.account, account) == 0);
    }
    return n;
}

bool account_requests_done(const struct account_requests *e, const char *account)
{
    for (size_t b = 0; b < CONFIG_BROKERS_MAX; b++)
        if (account_requests_left(e, b, account) > 0)
            return false;
    return true;
}

const char *account_requests_fault(const struct account_requests *e, size_t broker)
{
    return e->fault[broker];
}
