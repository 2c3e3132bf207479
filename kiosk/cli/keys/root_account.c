#include "kiosk/cli/keys/root_account.h"

#include "kiosk/cli/locked_memory.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/message.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* A registrar that restores many accounts sends its answer when it is done with all. */
#define PATIENCE        (8 * INT64_C(1000000000))
#define ANSWER_PATIENCE (60 * INT64_C(1000000000))
/* What is retained comes at once; a beat every 5 s. */
#define LOOK     (1 * INT64_C(1000000000))
#define LOOK_MAX (7 * INT64_C(1000000000))

struct root_account {
    const uint8_t *secret, *public;
    const struct venue_sheet *sheet;
    struct root_account_seen seen;
    struct brokers *brokers;
    struct envelope_place at;
    char account[KEYSET_ID_TEXT], password[KEYSET_PASSWORD];
    char asked[TOPIC_NAME_MAX], answered[TOPIC_NAME_MAX];
    struct mqtt_event event;
    struct registration_announcement announced;
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t wire[ENVELOPE_SIZE];
};

enum outcome { CAME, ENDED, LATE };

static bool is_later(uint64_t epoch, uint64_t seq, uint64_t than_epoch, uint64_t than_seq)
{
    return epoch > than_epoch || (epoch == than_epoch && seq > than_seq);
}

static void root_account_note_kiosk(struct root_account_seen *s, const struct message *m)
{
    if (!s->received || is_later(m->epoch, m->seq, s->epoch, s->seq)) {
        s->epoch = m->epoch;
        s->seq = m->seq;
    }
    s->received = true;
    if (m->kind != MSG_RING ||
        (s->asked && !is_later(m->epoch, m->seq, s->ring_epoch, s->ring_seq)))
        return;
    s->asked = true;
    s->ring_epoch = m->epoch;
    s->ring_seq = m->seq;
    s->on = m->on;
    s->id = m->id;
}

/* What is forged says nothing. */
static void root_account_note(struct root_account *a, const struct mqtt_event *e)
{
    struct envelope_place at = {.topic = e->topic};
    char account[TOPIC_ID_LEN + 1], text[ENVELOPE_CLEAR_MAX + 1];
    const char *why;
    struct root_word word;
    struct message m;
    size_t len;
    enum topic t;
    keyset_id_bytes(a->sheet->venue, at.venue);
    keyset_id_bytes(a->sheet->kiosk, at.kiosk);
    if (topic_parse(e->topic, a->sheet->venue, a->sheet->kiosk, &t, account) != 0)
        return;
    if (t == TOPIC_ROOT) {
        if (root_word_read(&word, at.venue, at.kiosk, a->public, e->payload, e->len))
            root_word_join(&a->seen.word, &word);
    } else if (envelope_clear_open(&at, a->sheet->key, e->payload, e->len, text, &len) ==
                   ENVELOPE_OK &&
               message_read(&m, text, len, &why) == 0 && m.epoch == at.epoch && m.seq == at.seq) {
        root_account_note_kiosk(&a->seen, &m);
    }
}

/* Waits for one kind of event until `until`. ENDED: the connection ended, or something was refused,
 * first; LATE: time is up. `why` says so of both. Until it is connected, a failure is tried again.
 */
static enum outcome await(struct root_account *a, enum mqtt_event_kind wanted, int64_t until,
                          char why[BROKERS_WHY_MAX])
{
    int64_t left;
    struct pollfd p = {.fd = brokers_fd(a->brokers), .events = POLLIN};
    struct mqtt_event *e = &a->event;
    size_t which;
    while ((left = until - clock_now()) > 0) {
        if (!brokers_next(a->brokers, &which, e)) {
            poll(&p, 1, (int)(left / 1000000) + 1);
            continue;
        }
        if (e->kind == MQTT_DOWN || e->kind == MQTT_REFUSED)
            brokers_why(e, why);
        if (e->kind == MQTT_MESSAGE)
            root_account_note(a, e);
        if (e->kind == wanted)
            return CAME;
        /* Without a topic it may go on: what matters there is asked for again. */
        if ((e->kind == MQTT_REFUSED && e->token != 0) ||
            (e->kind == MQTT_DOWN && wanted != MQTT_SUBSCRIBED))
            return ENDED;
    }
    return LATE;
}

static void root_account_begin(struct root_account *a, const char *venue)
{
    topic_name(TOPIC_REGISTRAR, venue, a->account, NULL, a->asked);
    topic_name(TOPIC_REGISTERED, venue, a->account, NULL, a->answered);
    keyset_id_bytes(venue, a->at.venue);
    keyset_id_bytes(a->account, a->at.kiosk);
}

static const enum topic read_there[] = {TOPIC_ROOT, TOPIC_RING, TOPIC_BEAT};

static int root_account_connect(struct root_account *a, const struct config_broker *broker,
                                char why[BROKERS_WHY_MAX])
{
    struct brokers_plan plan;
    brokers_plan_init(&plan);
    plan.list[plan.count] = *broker;
    memcpy(plan.list[plan.count].user, a->account, sizeof a->account);
    plan.passwords[plan.count++] = a->password;
    memcpy(plan.common.client_id, a->account, sizeof a->account);
    struct mqtt_subscription *one = &plan.common.subscribe[plan.common.subscribe_count++];
    one->qos = 1;
    memcpy(one->topic, a->answered, sizeof a->answered);
    for (size_t i = 0; i < sizeof read_there / sizeof read_there[0]; i++)
        brokers_plan_topic(&plan, read_there[i], a->sheet->venue, a->sheet->kiosk, NULL);
    a->brokers = brokers_new(&plan);
    if (!a->brokers) {
        snprintf(why, BROKERS_WHY_MAX, "%s", strerror(errno));
        return -1;
    }
    snprintf(why, BROKERS_WHY_MAX, "it does not answer");
    return await(a, MQTT_SUBSCRIBED, clock_now() + PATIENCE, why) == CAME ? 0 : -1;
}

struct root_account *root_account_open(const struct root *root, const struct venue_sheet *sheet,
                                       const struct config_broker *broker,
                                       char why[BROKERS_WHY_MAX])
{
    struct root_account *a = locked_memory(sizeof *a);
    if (!a)
        return NULL;
    a->secret = root_secret(root);
    a->public = a->secret + ENVELOPE_SECRET - ENVELOPE_PUBLIC;
    a->sheet = sheet;
    a->seen = (struct root_account_seen){.received = false};
    root_account_of(root, broker->name, a->account, a->password);
    root_account_begin(a, sheet->venue);
    if (root_account_connect(a, broker, why) == 0)
        return a;
    root_account_close(a);
    return NULL;
}

void root_account_close(struct root_account *a)
{
    if (!a)
        return;
    brokers_free(a->brokers);
    sodium_free(a);
}

const struct root_account_seen *root_account_look(struct root_account *a)
{
    char why[BROKERS_WHY_MAX];
    int64_t begun = clock_now();
    while (await(a, MQTT_MESSAGE, begun + LOOK, why) == CAME)
        ;
    while (!a->seen.received && await(a, MQTT_MESSAGE, begun + LOOK_MAX, why) == CAME)
        ;
    return &a->seen;
}

/* Whether the registrar's announcement comes before `until`; 1: it refuses us. */
static int root_account_announced(struct root_account *a, int64_t until, char why[BROKERS_WHY_MAX])
{
    a->at.topic = a->answered;
    while (await(a, MQTT_MESSAGE, until, why) == CAME)
        if (registration_announcement_read(a->event.payload, a->event.len, &a->at, &a->announced) ==
            0) {
            const char *refused = registration_standing_sentence(a->announced.standing);
            snprintf(why, BROKERS_WHY_MAX, "%s", refused ? refused : "");
            return refused ? 1 : 0;
        }
    return -1;
}

/* Once a second: after a restart of the broker its registrar is back a little later. */
static int root_account_greet(struct root_account *a, char why[BROKERS_WHY_MAX])
{
    struct registration_hello h = {.certificate = {0}};
    int64_t end = clock_now() + PATIENCE, now, left;
    int came = -1;
    memcpy(h.public, a->public, sizeof h.public);
    registration_hello_write(&h, a->wire);
    snprintf(why, BROKERS_WHY_MAX,
             "no registrar answers there, and only one may shut accounts out: ask the broker's "
             "operator");
    while (came < 0 && (now = clock_now()) < end) {
        brokers_publish(a->brokers, a->asked, false, a->wire, sizeof a->wire);
        came = root_account_announced(a, now + PATIENCE / 8, why);
        left = now + PATIENCE / 8 - clock_now(); /* a broker refuses at once */
        if (came < 0 && left > 0)
            poll(NULL, 0, (int)(left / 1000000) + 1);
    }
    return came == 0 ? 0 : -1;
}

static int root_account_answer(struct root_account *a, uint64_t number, char why[BROKERS_WHY_MAX])
{
    struct registration_answer answer;
    int64_t until = clock_now() + ANSWER_PATIENCE;
    size_t len;
    a->at.topic = a->answered;
    snprintf(why, BROKERS_WHY_MAX, "its registrar has not answered; run the same command again");
    while (await(a, MQTT_MESSAGE, until, why) == CAME)
        if (envelope_welcome_open(&a->at, a->public, a->secret, a->announced.public,
                                  a->event.payload, a->event.len, a->text, &len) == ENVELOPE_OK &&
            registration_answer_read(a->text, len, &answer) == 0 && answer.number == number) {
            snprintf(why, BROKERS_WHY_MAX, "%s", answer.why);
            return answer.outcome == REGISTRATION_DONE ? 0 : -1;
        }
    return -1;
}

int root_account_order(struct root_account *a, struct registration_request *q,
                       char why[BROKERS_WHY_MAX])
{
    size_t len;
    if (root_account_greet(a, why) != 0)
        return -1;
    q->number = a->announced.last + 1;
    memcpy(q->public, a->public, sizeof q->public);
    a->at.topic = a->asked;
    if (registration_write(q, a->text, &len) != 0 ||
        envelope_letter_seal(&a->at, a->announced.public, a->secret, a->text, len, a->wire) !=
            ENVELOPE_OK) {
        snprintf(why, BROKERS_WHY_MAX, "the request could not be written");
        return -1;
    }
    brokers_publish(a->brokers, a->asked, false, a->wire, sizeof a->wire);
    return root_account_answer(a, q->number, why);
}

int root_account_publish(struct root_account *a, const char *topic, bool retain,
                         const void *payload, size_t len, char why[BROKERS_WHY_MAX])
{
    snprintf(why, BROKERS_WHY_MAX, "it does not answer");
    brokers_publish(a->brokers, topic, retain, payload, len);
    while (await(a, MQTT_ACKED, clock_now() + PATIENCE, why) == CAME)
        if (a->event.token == brokers_token(a->brokers))
            return 0;
    return -1;
}
