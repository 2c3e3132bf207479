#include "kiosk/alertd/members/account_requests.h"

#include "kiosk/common/dynsec.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

struct item {
    struct account_request request;
    uint64_t number;                   /* 0: free */
    uint8_t pending;                   /* a bit for each broker that has not done it */
    int64_t later[CONFIG_BROKERS_MAX]; /* not to be asked there before */
};

/* The registrar beside one broker. */
struct registrar_there {
    int greeted; /* how many hellos were sent on this connection */
    bool known;  /* one was answered, and this kiosk is welcome */
    struct registration_announcement announced;
    uint64_t last; /* the highest number that was used there, as far as is known */
    int64_t hello_at;
    uint64_t item;   /* the one that was sent and not answered; 0: none */
    uint64_t number; /* under which */
    bool sent;       /* on this connection */
    int64_t sent_at;
    uint64_t dropped; /* as it said last */
    char fault[ACCOUNT_REQUESTS_FAULT_MAX];
};

struct account_requests {
    char venue[TOPIC_ID_LEN + 1], kiosk[TOPIC_ID_LEN + 1];
    char asked[TOPIC_NAME_MAX], answered[TOPIC_NAME_MAX];
    struct envelope_place at; /* `topic` is filled in by place_at */
    struct account_requests_signer signer;
    uint64_t numbers;
    uint8_t used; /* by phones: a bit for each broker */
    struct item items[ACCOUNT_REQUESTS_MAX];
    struct registrar_there there[CONFIG_BROKERS_MAX];
};

_Static_assert(CONFIG_BROKERS_MAX <= 8, "a bit for each broker");

static uint8_t bit(size_t broker)
{
    return (uint8_t)(1u << broker);
}

struct account_requests *account_requests_new(const char *venue, const char *kiosk,
                                              const struct account_requests_signer *signer)
{
    struct account_requests *e = sodium_malloc(sizeof *e);
    if (!e)
        return NULL;
    sodium_memzero(e, sizeof *e);
    snprintf(e->venue, sizeof e->venue, "%s", venue);
    snprintf(e->kiosk, sizeof e->kiosk, "%s", kiosk);
    e->signer = *signer;
    sodium_hex2bin(e->at.venue, ENVELOPE_ID, venue, strlen(venue), NULL, NULL, NULL);
    sodium_hex2bin(e->at.kiosk, ENVELOPE_ID, kiosk, strlen(kiosk), NULL, NULL, NULL);
    if (topic_name(TOPIC_REGISTRAR, venue, kiosk, NULL, e->asked) == 0 &&
        topic_name(TOPIC_REGISTERED, venue, kiosk, NULL, e->answered) == 0)
        return e;
    sodium_free(e);
    return NULL;
}

void account_requests_free(struct account_requests *e)
{
    sodium_free(e);
}

void account_requests_brokers(struct account_requests *e, const bool used[CONFIG_BROKERS_MAX])
{
    sodium_memzero(e->items, sizeof e->items);
    memset(e->there, 0, sizeof e->there);
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
    if (e->there[broker].item == it->number)
        e->there[broker].item = 0;
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

/* The one that is on its way there. */
static struct item *on_its_way(struct account_requests *e, size_t broker)
{
    for (size_t i = 0; i < ACCOUNT_REQUESTS_MAX; i++)
        if (e->items[i].number != 0 && e->items[i].number == e->there[broker].item)
            return &e->items[i];
    return NULL;
}

/* The oldest that this broker has not done yet, and that may be asked for now. */
static struct item *first(struct account_requests *e, size_t broker, int64_t now)
{
    struct item *found = NULL;
    for (size_t i = 0; i < ACCOUNT_REQUESTS_MAX; i++) {
        struct item *it = &e->items[i];
        if (it->number != 0 && (it->pending & bit(broker)) != 0 && it->later[broker] <= now &&
            (!found || it->number < found->number))
            found = it;
    }
    return found;
}

/* --- sending --------------------------------------------------------------------------------- */

static struct envelope_place place_at(const struct account_requests *e, const char *topic)
{
    struct envelope_place at = e->at;
    at.topic = topic;
    return at;
}

/* A registrar that does not answer is greeted again, sooner while something waits for it. */
static bool hello_next(struct account_requests *e, size_t broker, bool wanted, int64_t now,
                       uint8_t wire[ENVELOPE_SIZE])
{
    struct registrar_there *r = &e->there[broker];
    struct registration_hello h;
    bool soon = wanted || r->greeted < 2;
    if (r->greeted > 0 &&
        now - r->hello_at < (soon ? ACCOUNT_REQUESTS_PATIENCE : ACCOUNT_REQUESTS_REST))
        return false;
    if (r->greeted > 0 && !registration_standing_sentence(r->announced.standing))
        snprintf(r->fault, sizeof r->fault,
                 "no registrar answers there: the broker's operator has to run "
                 "porchlight-registrar beside it, see the handbook");
    r->greeted += r->greeted < 2;
    r->hello_at = now;
    memcpy(h.public, e->signer.public, sizeof h.public);
    memcpy(h.certificate, e->signer.certificate, sizeof h.certificate);
    registration_hello_write(&h, wire);
    return true;
}

int64_t account_requests_deadline(const struct account_requests *e, size_t broker)
{
    const struct registrar_there *r = &e->there[broker];
    if (r->known || r->greeted == 0)
        return NS_NEVER;
    return r->hello_at + (r->greeted < 2 ? ACCOUNT_REQUESTS_PATIENCE : ACCOUNT_REQUESTS_REST);
}

static enum registration_role role_asked(enum topic_role who)
{
    const char *name = dynsec_role_name(who);
    return name ? registration_role_of(name) : REGISTRATION_NOBODY;
}

static void request_fill(const struct account_requests *e, const struct account_request *one,
                         uint64_t number, struct registration_request *q)
{
    static const enum registration_kind kinds[] = {
        [ACCOUNT_REQUEST_ACCOUNT] = REGISTRATION_CREATE,
        [ACCOUNT_REQUEST_PROMOTE] = REGISTRATION_PROMOTE,
        [ACCOUNT_REQUEST_SUSPEND] = REGISTRATION_SUSPEND,
    };
    *q = (struct registration_request){.kind = kinds[one->kind],
                                       .number = number,
                                       .has_staff = one->has_staff,
                                       .has_grant = one->has_grant};
    memcpy(q->account, one->account, sizeof q->account);
    memcpy(q->public, e->signer.public, sizeof q->public);
    memcpy(q->certificate, e->signer.certificate, sizeof q->certificate);
    memcpy(q->staff, one->staff, sizeof q->staff);
    memcpy(q->grant, one->grant, sizeof q->grant);
    if (one->kind == ACCOUNT_REQUEST_SUSPEND)
        return;
    q->role = role_asked(one->who);
    memcpy(q->password, one->password, sizeof q->password);
}

static bool request_seal(const struct account_requests *e, const struct item *it,
                         const struct registrar_there *r, uint8_t wire[ENVELOPE_SIZE])
{
    struct registration_request q;
    struct envelope_place at = place_at(e, e->asked);
    char text[ENVELOPE_LETTER_MAX + 1];
    size_t len;
    request_fill(e, &it->request, r->number, &q);
    bool good = registration_write(&q, text, &len) == 0 &&
                envelope_letter_seal(&at, r->announced.public, e->signer.secret, text, len, wire) ==
                    ENVELOPE_OK;
    sodium_memzero(&q, sizeof q);
    sodium_memzero(text, sizeof text);
    return good;
}

bool account_requests_next(struct account_requests *e, size_t broker, int64_t now,
                           uint8_t wire[ENVELOPE_SIZE], int *qos)
{
    struct registrar_there *r = &e->there[broker];
    struct item *it = on_its_way(e, broker);
    if (!it)
        it = first(e, broker, now);
    *qos = it ? 1 : 0;
    if (!r->known)
        return hello_next(e, broker, *qos > 0, now, wire);
    if (!it || (r->item == it->number && r->sent && now - r->sent_at < ACCOUNT_REQUESTS_PATIENCE))
        return false;
    if (r->item == it->number && r->sent)
        snprintf(r->fault, sizeof r->fault, "its registrar does not answer any more");
    if (r->item != it->number)
        r->number = ++r->last;
    r->item = it->number;
    r->sent = true;
    r->sent_at = now;
    if (request_seal(e, it, r, wire))
        return true;
    account_requests_settle(e, it, broker); /* cannot be written: it must not hold up the others */
    return false;
}

void account_requests_again(struct account_requests *e, size_t broker)
{
    struct registrar_there *r = &e->there[broker];
    r->known = r->sent = false;
    r->greeted = 0;
    r->announced.standing = REGISTRATION_WELCOME;
}

/* --- answers --------------------------------------------------------------------------------- */

/* One that has used a number which we do not remember is ahead of us: ours are above it then. */
static void announcement_take(struct registrar_there *r, const struct registration_announcement *a)
{
    const char *why = registration_standing_sentence(a->standing);
    r->announced = *a;
    r->known = a->standing == REGISTRATION_WELCOME;
    snprintf(r->fault, sizeof r->fault, "%s", why ? why : "");
    if (a->last > r->last) {
        r->last = a->last;
        r->item = 0;
    }
}

static bool answer_take(struct account_requests *e, size_t broker,
                        const struct registration_answer *a, int64_t now)
{
    struct registrar_there *r = &e->there[broker];
    struct item *it = on_its_way(e, broker);
    if (!it || a->number != r->number)
        return false;
    snprintf(r->fault, sizeof r->fault, "%s", a->outcome == REGISTRATION_OLD ? "" : a->why);
    r->dropped = a->dropped;
    switch (a->outcome) {
    case REGISTRATION_DONE:
    case REGISTRATION_REFUSED:
        account_requests_settle(e, it, broker);
        return true;
    case REGISTRATION_LATER:
        it->later[broker] = now + a->after_s * INT64_C(1000000000);
        break;
    case REGISTRATION_OLD:
        r->last = a->last > r->last ? a->last : r->last;
        break;
    }
    r->item = 0;
    return false;
}

bool account_requests_answer(struct account_requests *e, size_t broker, const uint8_t *payload,
                             size_t len, int64_t now)
{
    struct registrar_there *r = &e->there[broker];
    struct registration_announcement announced;
    struct registration_answer a;
    struct envelope_place at = place_at(e, e->answered);
    char text[ENVELOPE_LETTER_MAX + 1];
    size_t text_len;
    if (registration_announcement_read(payload, len, &at, &announced) == 0) {
        announcement_take(r, &announced);
        return false;
    }
    return r->known &&
           envelope_welcome_open(&at, e->signer.public, e->signer.secret, r->announced.public,
                                 payload, len, text, &text_len) == ENVELOPE_OK &&
           registration_answer_read(text, text_len, &a) == 0 && answer_take(e, broker, &a, now);
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
    return e->there[broker].fault;
}

uint64_t account_requests_dropped(const struct account_requests *e, size_t broker)
{
    return e->there[broker].dropped;
}

bool account_requests_served(const struct account_requests *e, size_t broker)
{
    return e->there[broker].known;
}
