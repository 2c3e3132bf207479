#include "kiosk/alertd/phone_messages.h"

#include "kiosk/alertd/plain.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <sodium.h>
#include <string.h>

static void phone_messages_refuse(struct kiosk_state *s, enum command_result why)
{
    s->refused[why]++;
}

/* --- answers --------------------------------------------------------------------------------- */

/* A letter to this kiosk that holds a message. */
struct opened {
    char text[ENVELOPE_LETTER_MAX + 1];
    size_t len;
    uint8_t signature[64];
    struct message message;
};

static enum command_result message_open(const struct sealer *s, const struct mqtt_event *e,
                                        struct opened *o)
{
    const char *why, *text = s->plain ? (const char *)e->payload : o->text;
    if (e->retained)
        return COMMAND_RETAINED;
    if (s->plain)
        o->len = e->len;
    else if (envelope_letter_open(s->keys->public, s->keys->secret, e->payload, e->len, o->text,
                                  &o->len, o->signature) != ENVELOPE_OK)
        return COMMAND_FOREIGN;
    return message_read(&o->message, text, o->len, &why) == 0 ? COMMAND_ACCEPTED
                                                              : COMMAND_MALFORMED;
}

/* The phone with that account has to have signed it: one phone's keys give one phone's answers. A
 * plain venue has no keys. */
static enum command_result answer_open(const struct phone_messages *p, const char *account,
                                       const struct mqtt_event *e, struct opened *o)
{
    struct envelope_place at = sealer_place(p->sealer, e->topic);
    enum command_result r = message_open(p->sealer, e, o);
    if (r != COMMAND_ACCEPTED || p->sealer->plain)
        return r;
    const uint8_t *key = members_key(p->members, account);
    if (!key)
        return COMMAND_UNKNOWN;
    return envelope_letter_signed(&at, key, o->signature, o->text, o->len) == ENVELOPE_OK
               ? COMMAND_ACCEPTED
               : COMMAND_FORGED;
}

/* 0: no answer. */
static int answer_of(enum message_kind kind)
{
    return kind == MSG_SEEN   ? ACKS_SEEN
           : kind == MSG_SAFE ? ACKS_SAFE
           : kind == MSG_HELP ? ACKS_HELP
           : kind == MSG_RANG ? ACKS_RANG
                              : 0;
}

/* Whoever asks how old messages are: the next beat gives the nonce back. */
static void phone_messages_ping(const struct phone_messages *p, const char *account, bool relay,
                                const struct message *m)
{
    delivery_ping(p->outputs->delivery, account, relay, m->echo[0]);
    const uint8_t *trusted = relay ? members_relay_key(p->members, account)
                                   : staff_certificate(members_staff(p->members), account);
    if (trusted)
        own_messages_claim(p->own, p->sealer, m->epoch, clock_now());
}

void phone_messages_left(struct kiosk_state *s, const struct outputs *o)
{
    actions_left(s);
    delivery_answered(o->delivery, &s->alert.now.id);
}

static void answer_count(struct kiosk_state *s, const struct outputs *o, const struct message *m)
{
    const uint32_t asked = s->acks.asked, asks = s->acks.asks;
    enum acks_result r =
        acks_take(&s->acks, &m->id, m->account, (enum acks_answer)answer_of(m->kind), m->seq);
    if (s->acks.asks > asks &&
        help_ring_ask(&s->help, s->acks.asked > asked, s->help_again, clock_now()))
        delivery_ring_staff(o->delivery);
    if (r != ACKS_NEWS)
        return;
    s->facts.seen = s->acks.seen;
    s->facts.safe = s->acks.safe;
    s->facts.help = s->acks.help;
    phone_messages_left(s, o);
    s->publish_state = true;
}

/* That subscription is this phone's own, and relays may count on it. Without cover not while an
 * alert is active, hidden ones included: pages are opened then, by a crowd at once, and the way out
 * is for the alert. The phone asks again whenever its page is opened. With cover whoever asks is
 * answered in every state: that a page is opened can be seen on the wire, and an answer that stays
 * out would show what cover hides. */
static void subscription_vouch(const struct phone_messages *p, const struct message *m)
{
    struct message said = {.kind = MSG_VOUCHED, .age_ms = -1};
    memcpy(said.hash, m->hash, sizeof said.hash);
    if (p->cover || p->state->alert.now.state == ALERT_QUIET)
        members_say_to_relays(p->members, m->account, &said);
}

static void on_answer(const struct phone_messages *p, const char *account,
                      const struct mqtt_event *e)
{
    struct opened o;
    const struct message *m = &o.message;
    enum command_result r = answer_open(p, account, e, &o);
    if (r == COMMAND_MALFORMED && members_readmit(p->members, account, e))
        return; /* which is no message of message.h */
    if (r != COMMAND_ACCEPTED)
        phone_messages_refuse(p->state, r);
    else if (m->kind == MSG_PING)
        phone_messages_ping(p, account, false, m);
    else if (answer_of(m->kind) == 0 && m->kind != MSG_SUBSCRIBED)
        phone_messages_refuse(p->state, COMMAND_MALFORMED);
    else if (strcmp(m->account, account) != 0)
        phone_messages_refuse(p->state, COMMAND_FORGED);
    else if (m->kind == MSG_SUBSCRIBED)
        subscription_vouch(p, m);
    else
        answer_count(p->state, p->outputs, m);
}

/* --- commands -------------------------------------------------------------------------------- */

static enum command_result command_judge(const struct kiosk_state *s, const struct sealer *sealer,
                                         const struct staff *staff, const char *account,
                                         const struct mqtt_event *e, struct command *c,
                                         struct command_refused *refused)
{
    struct command_check d = {.refused = refused,
                              .kiosk_public = sealer->keys->public,
                              .kiosk_secret = sealer->keys->secret,
                              .root_public = sealer->keys->root,
                              .staff = staff->phones,
                              .staff_count = staff->count,
                              .epoch = sealer->epoch,
                              .seq = sealer->seq,
                              .standing = s->alert.now.id};
    memcpy(d.venue, sealer->venue, sizeof d.venue);
    memcpy(d.kiosk, sealer->kiosk, sizeof d.kiosk);
    memcpy(d.nonce, s->nonce, sizeof d.nonce);
    return command_read(&d, e->topic, account, e->retained, e->payload, e->len, c);
}

/* Home Assistant's button: all that a plain venue accepts from outside, and only if its host allows
 * it. */
static void on_button(const struct phone_messages *p, const char *account,
                      const struct mqtt_event *e)
{
    static const char press[] = PLAIN_BUTTON_PRESS;
    if (!p->button || e->retained || strcmp(account, PLAIN_BUTTON_ACCOUNT) != 0 ||
        e->len != sizeof press - 1 || memcmp(e->payload, press, e->len) != 0 ||
        alert_on_site(&p->state->alert) != ALERT_QUIET)
        phone_messages_refuse(p->state, COMMAND_FOREIGN);
    else
        actions_drill(p->state, p->outputs, false, clock_now());
}

/* The phone that signed it learns why. */
static void command_answer(const struct phone_messages *p, const char *account,
                           const struct command_refused *refused, enum command_result why)
{
    const struct sealer *s = p->sealer;
    struct mqtt_publication answer = {.qos = topic_table[TOPIC_ANSWER].qos,
                                      .expiry_s = topic_table[TOPIC_ANSWER].expiry_s,
                                      .len = ENVELOPE_SIZE};
    if (!refused->phone)
        return;
    sealer_topic(s, TOPIC_ANSWER, account, answer.topic);
    struct envelope_place at = sealer_place(s, answer.topic);
    if (command_refuse(refused, why, &at, s->keys->secret, answer.payload) == ENVELOPE_OK)
        members_publish(p->members, &answer);
}

/* With the proof that a drill is over, phones would end a lockdown that this kiosk has lost. */
static bool proves_a_drill(const struct alert_standing *now)
{
    return now->drill && !now->pressed;
}

static void phone_messages_on_command(const struct phone_messages *p, const char *account,
                                      const struct mqtt_event *e)
{
    struct command c;
    struct command_refused refused;
    struct kiosk_state *s = p->state;
    const struct staff *staff = members_staff(p->members);
    int64_t now = clock_now();
    enum command_result result = command_judge(s, p->sealer, staff, account, e, &c, &refused);
    if (result == COMMAND_UNKNOWN && members_staff_refresh(p->members, now))
        result = command_judge(s, p->sealer, staff, account, e, &c, &refused);
    log_debug("a command: %s", command_result_name(result));
    if (result != COMMAND_ACCEPTED) {
        phone_messages_refuse(s, result);
        command_answer(p, account, &refused, result);
        return;
    }
    randombytes_buf(s->nonce, sizeof s->nonce);
    s->publish_state = true;
    if (c.proof_len > 0 && !proves_a_drill(&s->alert.now))
        members_prove(p->members, c.proof);
    actions_step(s, p->outputs,
                 (struct alert_event){.kind = ALERT_EV_COMMAND, .command = c.command}, now);
}

/* --- relays ---------------------------------------------------------------------------------- */

static void phone_messages_on_relay(const struct phone_messages *p, const char *account,
                                    const struct mqtt_event *e)
{
    struct opened o;
    const struct message *m = &o.message;
    struct kiosk_state *s = p->state;
    struct envelope_place at = sealer_place(p->sealer, e->topic);
    const uint8_t *key = members_relay_key(p->members, account);
    if (message_open(p->sealer, e, &o) != COMMAND_ACCEPTED || m->kind != MSG_PING ||
        (key && envelope_letter_signed(&at, key, o.signature, o.text, o.len) != ENVELOPE_OK)) {
        phone_messages_refuse(s, COMMAND_FOREIGN);
        return;
    }
    phone_messages_ping(p, account, true, m);
    /* A relay of the host's own making, which the list of members does not have, signs nothing. */
    bool lives = key ? delivery_is_recent(p->outputs->delivery, m->epoch, m->seq)
                     : !members_has_relays(p->members);
    if (lives) {
        delivery_relay_has(p->outputs->delivery, m->epoch, m->newest[FRESHNESS_RING]);
        s->facts.relay_at = clock_now();
        relay_watch_life(&s->relays, account, m->dropped, s->facts.relay_at);
    }
    if (lives && m->phones > 0) {
        s->rang = m->rang;
        s->phones = m->phones;
        s->month = m->month;
        s->month_known = m->month_known;
    }
    if (key && delivery_has_rung(p->outputs->delivery, m->epoch, m->newest[FRESHNESS_RING],
                                 &s->alert.now.id))
        phone_messages_left(s, p->outputs);
}

/* --- all of it ------------------------------------------------------------------------------- */

void phone_messages_take(const struct phone_messages *p, enum topic t, const char *account,
                         const struct mqtt_event *e)
{
    if (t == TOPIC_ACK)
        on_answer(p, account, e);
    else if (t == TOPIC_COMMAND && p->sealer->plain)
        on_button(p, account, e);
    else if (t == TOPIC_COMMAND)
        phone_messages_on_command(p, account, e);
    else if (t == TOPIC_RELAY)
        phone_messages_on_relay(p, account, e);
    else if (t != TOPIC_ENROL)
        phone_messages_refuse(p->state, COMMAND_FOREIGN);
    else if (!members_letter(p->members, account, e))
        phone_messages_refuse(p->state, COMMAND_UNKNOWN);
}
