#include "kiosk/registrar/registrar_state.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/topics.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* --- the log ---------------------------------------------------------------------------------- */

enum { WHO = 128 };

/* Nothing was changed, and why. `what`: what was asked, or "". */
static void log_unchanged(struct registrar *r, const char *venue, const char *kiosk,
                          const char *what, enum registration_outcome outcome, const char *why)
{
    static const char *const words[] = {"nothing had to be done", "refused", "later", "refused"};
    bool refused = outcome == REGISTRATION_REFUSED || outcome == REGISTRATION_OLD;
    char who[WHO], times[64] = "";
    unsigned before;
    snprintf(who, sizeof who, "venue %s, kiosk %s%s%s", venue, kiosk, what[0] ? ": " : "", what);
    if (!answer_log_note(&r->answers, who, why, refused, clock_now(), &before))
        return;
    if (before > 0)
        snprintf(times, sizeof times, " (%u times more since that was last written)", before);
    if (refused)
        log_warning("%s: %s: %s%s", who, words[outcome], why, times);
    else
        log_info("%s: %s%s%s%s", who, words[outcome], why[0] ? ": " : "", why, times);
}

/* That it may ask nothing at all. */
static void log_standing(struct registrar *r, const char *venue, const char *kiosk,
                         enum registration_standing standing)
{
    static const char *const whys[] = {
        [REGISTRATION_WELCOME] = "",
        [REGISTRATION_UNKNOWN_VENUE] =
            "this registrar has no file of that venue. Its host makes one with sudo porchlight "
            "registrar; add it with porchlight-registrar --add FILE",
        [REGISTRATION_UNCERTIFIED] =
            "its key is not signed by the root key in the venue's file. If the venue has another "
            "root key by now, ask its host for a new file",
        [REGISTRATION_DISOWNED] = "the venue's root key has disowned this kiosk",
    };
    if (standing != REGISTRATION_WELCOME)
        log_unchanged(r, venue, kiosk, "", REGISTRATION_REFUSED, whys[standing]);
}

static void log_request(struct registrar *r, const struct asker *a,
                        const struct registration_request *q, enum registration_outcome outcome,
                        bool acted, const char *why)
{
    const char *role = registration_role_name(q->role), *venue = a->venue->venue.id;
    char what[48];
    snprintf(what, sizeof what, "%s%s%s", registration_kind_name(q->kind), role[0] ? " " : "",
             role);
    if (acted && outcome == REGISTRATION_DONE)
        log_info("venue %s, kiosk %s: %s: done", venue, a->kiosk, what);
    else
        log_unchanged(r, venue, a->kiosk, what, outcome, why);
}

/* --- publishing ------------------------------------------------------------------------------- */

static struct envelope_place registrar_place(const struct asker *a, const char *topic)
{
    struct envelope_place at = {.topic = topic};
    size_t got;
    memcpy(at.venue, a->venue->id, sizeof at.venue);
    sodium_hex2bin(at.kiosk, sizeof at.kiosk, a->kiosk, strlen(a->kiosk), NULL, &got, NULL);
    return at;
}

static void registrar_publish(struct registrar *r, const char *venue, const char *kiosk)
{
    const struct topic_rule *rule = &topic_table[TOPIC_REGISTERED];
    r->out.qos = rule->qos;
    r->out.retain = false;
    r->out.expiry_s = rule->expiry_s;
    r->out.len = ENVELOPE_SIZE;
    if (topic_name(TOPIC_REGISTERED, venue, kiosk, NULL, r->out.topic) == 0)
        mqtt_thread_publish(r->mqtt, &r->out);
}

/* The answer to a hello. */
static void announce(struct registrar *r, const char *venue, const char *kiosk,
                     const struct asker *a, enum registration_standing standing)
{
    struct registration_announcement said = {.standing = standing,
                                             .last = a ? a->entry.slot.last : 0};
    struct envelope_place at = {.topic = ""};
    size_t got;
    memcpy(said.public, r->keys->public, sizeof said.public);
    sodium_hex2bin(at.venue, sizeof at.venue, venue, strlen(venue), NULL, &got, NULL);
    sodium_hex2bin(at.kiosk, sizeof at.kiosk, kiosk, strlen(kiosk), NULL, &got, NULL);
    registration_announce(&said, &at, r->keys->secret, r->out.payload);
    registrar_publish(r, venue, kiosk);
    log_standing(r, venue, kiosk, standing);
}

static void answer_send(struct registrar *r, const struct asker *a,
                        const struct registration_answer *answer)
{
    char topic[TOPIC_NAME_MAX], text[ENVELOPE_LETTER_MAX + 1];
    struct registration_answer said = *answer;
    size_t len;
    said.dropped = r->flood.dropped.total;
    topic_name(TOPIC_REGISTERED, a->venue->venue.id, a->kiosk, NULL, topic);
    struct envelope_place at = registrar_place(a, topic);
    if (registration_answer_write(&said, text, &len) == 0 &&
        envelope_welcome_seal(&at, a->public, r->keys->secret, text, len, r->out.payload) ==
            ENVELOPE_OK)
        registrar_publish(r, a->venue->venue.id, a->kiosk);
}

/* --- a request's end -------------------------------------------------------------------------- */

/* However often it asks. */
static void ledger_complain(struct registrar *r, const struct registrar_venue *venue,
                            const char *kiosk, const char *until)
{
    const char *why = strerror(errno);
    char name[WHO];
    unsigned before;
    snprintf(name, sizeof name, PATH_REGISTRAR_DIR "/%s-%s", venue->venue.id, kiosk);
    if (say_once(&r->said, name, clock_now(), &before))
        log_error("%s: %s; nothing is done for this kiosk%s", name, why, until);
}

int registrar_ledger_save(struct registrar *r, const struct asker *a)
{
    int rc = ledger_write(r->prefix, a->venue->venue.id, a->kiosk, &a->entry);
    if (rc != 0)
        ledger_complain(r, a->venue, a->kiosk, " until it can be written");
    return rc;
}

static void answer_fill(struct asker *a, enum registration_outcome outcome, long after_s,
                        const char *why)
{
    a->answer = (struct registration_answer){.outcome = outcome,
                                             .number = a->request.number,
                                             .last = a->entry.slot.last,
                                             .after_s = after_s};
    snprintf(a->answer.why, sizeof a->answer.why, "%s", why);
}

void registrar_request_end(struct registrar *r, struct asker *a, enum registration_outcome outcome,
                           long after_s, const char *why)
{
    bool acted = a->entry.slot.pending;
    a->waiting = false;
    a->entry.slot.last = a->request.number;
    memcpy(a->entry.slot.digest, a->digest, sizeof a->digest);
    registration_end(&a->entry.slot, outcome);
    answer_fill(a, outcome, after_s, why);
    log_request(r, a, &a->request, outcome, acted, why);
    sodium_memzero(a->request.password, sizeof a->request.password);
    if (registrar_ledger_save(r, a) == 0)
        answer_send(r, a, &a->answer);
}

struct asker *registrar_asker(struct registrar *r, const struct registrar_venue *venue,
                              const char *kiosk)
{
    struct asker *a = asker_of(&r->askers, venue, kiosk);
    if (!a || a->loaded)
        return a;
    if (ledger_read(r->prefix, venue->venue.id, kiosk, &a->entry) != 0) {
        ledger_complain(r, venue, kiosk, "");
        return NULL;
    }
    a->loaded = true;
    return a;
}

/* --- what comes ------------------------------------------------------------------------------- */

static const struct registrar_venue *venue_find(const struct registrar *r, const char *id)
{
    for (size_t i = 0; i < r->venues_count; i++)
        if (strcmp(r->venues[i].venue.id, id) == 0)
            return &r->venues[i];
    return NULL;
}

static void receive_hello(struct registrar *r, struct asker *a, const struct registration_hello *h)
{
    struct envelope_place at = registrar_place(a, "");
    enum registration_standing standing = REGISTRATION_UNCERTIFIED;
    struct asker *known = NULL;
    if (registration_is_certified(h, at.venue, at.kiosk, a->venue->root)) {
        known = registrar_asker(r, a->venue, a->kiosk);
        if (!known)
            return;
        standing = known->entry.slot.disowned ? REGISTRATION_DISOWNED : REGISTRATION_WELCOME;
    }
    announce(r, a->venue->venue.id, a->kiosk, known, standing);
}

/* Opened, and signed by a key that the venue's root certified for this kiosk. NULL, or why not. */
static const char *request_open(const struct registrar *r, const struct asker *a,
                                const struct mqtt_event *e, struct registration_request *q,
                                uint8_t digest[REGISTRATION_DIGEST])
{
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t signature[64];
    size_t len;
    struct registration_hello h;
    struct envelope_place at = registrar_place(a, e->topic);
    const char *why = "its letter is no request that this version can read";
    if (envelope_letter_open(r->keys->public, r->keys->secret, e->payload, e->len, text, &len,
                             signature) != ENVELOPE_OK)
        return "its letter is no request, or is sealed to another registrar's key";
    if (registration_read(text, len, q) == 0) {
        memcpy(h.public, q->public, sizeof h.public);
        memcpy(h.certificate, q->certificate, sizeof h.certificate);
        registration_digest(text, len, digest);
        why = !registration_is_certified(&h, at.venue, at.kiosk, a->venue->root)
                  ? "its key is not signed by the root key in the venue's file"
              : envelope_letter_signed(&at, q->public, signature, text, len) != ENVELOPE_OK
                  ? "it is not signed by the key that it names"
                  : NULL;
    }
    sodium_memzero(text, sizeof text);
    return why;
}

/* Without asking the broker. */
static void request_refuse(struct registrar *r, struct asker *a,
                           const struct registration_request *q, enum registration_outcome outcome,
                           const char *why)
{
    struct registration_answer answer = {
        .outcome = outcome, .number = q->number, .last = a->entry.slot.last};
    snprintf(answer.why, sizeof answer.why, "%s", why);
    log_request(r, a, q, outcome, false, why);
    answer_send(r, a, &answer);
}

static void request_repeat(struct registrar *r, struct asker *a,
                           const struct registration_request *q)
{
    enum registration_outcome was = a->entry.slot.outcome;
    if (a->answer.number == q->number)
        answer_send(r, a, &a->answer);
    else
        request_refuse(r, a, q, was, was == REGISTRATION_DONE ? "" : "it was refused before");
}

static void request_take(struct registrar *r, struct asker *a, const struct registration_request *q,
                         const uint8_t digest[REGISTRATION_DIGEST])
{
    enum registration_admission admission = registration_admit(&a->entry.slot, q, digest);
    memcpy(a->public, q->public, sizeof a->public);
    switch (admission) {
    case REGISTRATION_TAKE:
    case REGISTRATION_AGAIN:
        a->request = *q;
        memcpy(a->digest, digest, sizeof a->digest);
        a->again = admission == REGISTRATION_AGAIN;
        a->granted = registration_is_granted(q, a->venue->id, a->venue->root);
        a->waiting = true;
        break;
    case REGISTRATION_REPEAT:
        request_repeat(r, a, q);
        break;
    case REGISTRATION_STALE:
        request_refuse(r, a, q, REGISTRATION_OLD,
                       "that number was used before; a request needs a number of its own");
        break;
    case REGISTRATION_BARRED:
        request_refuse(r, a, q, REGISTRATION_REFUSED,
                       "this kiosk is disowned by the venue's root key");
        break;
    }
}

/* While a request of this kiosk is being done, it may only come again. */
static void receive_request(struct registrar *r, struct asker *a, const struct mqtt_event *e)
{
    struct registration_request q;
    uint8_t digest[REGISTRATION_DIGEST];
    if (a == r->asker)
        return;
    const char *why = request_open(r, a, e, &q, digest);
    if (why)
        log_unchanged(r, a->venue->venue.id, a->kiosk, "", REGISTRATION_REFUSED, why);
    else if (registrar_asker(r, a->venue, a->kiosk))
        request_take(r, a, &q, digest);
    sodium_memzero(&q, sizeof q);
}

void registrar_request(struct registrar *r, const struct mqtt_event *e)
{
    char venue[TOPIC_ID_LEN + 1], kiosk[TOPIC_ID_LEN + 1], account[TOPIC_ID_LEN + 1];
    struct registration_hello hello;
    enum topic t;
    if (e->too_long || e->retained ||
        sscanf(e->topic, "porchlight/%16[0-9a-f]/%16[0-9a-f]/", venue, kiosk) != 2 ||
        topic_parse(e->topic, venue, kiosk, &t, account) != 0 || t != TOPIC_REGISTRAR)
        return;
    const struct registrar_venue *v = venue_find(r, venue);
    bool is_hello = registration_hello_read(e->payload, e->len, &hello) == 0;
    if (!v && is_hello)
        announce(r, venue, kiosk, NULL, REGISTRATION_UNKNOWN_VENUE);
    struct asker *a = v ? asker_of(&r->askers, v, kiosk) : NULL;
    if (a && is_hello)
        receive_hello(r, a, &hello);
    else if (a)
        receive_request(r, a, e);
    else if (v)
        log_unchanged(r, venue, kiosk, "", REGISTRATION_REFUSED,
                      "this registrar has no room for more kiosks");
}
