#include "kiosk/alertd/own_messages.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/ns.h"
#include "kiosk/core/own_retained.h"

#include <stdio.h>
#include <string.h>

#define RAISE_EVERY (30 * NS_PER_S)
/* What other brokers keep may change what is said under the new epoch: they get this long. */
#define RAISE_PATIENCE (2 * NS_PER_S)
/* Somebody who looks the next day still reads that there was a copy. */
#define COPY_REPORTED (24 * 3600 * NS_PER_S)
#define CLAIMS_MAX    (UINT64_C(1) << 52)
/* Two clocks that are right differ by less. */
enum { CLOCKS_APART = 60 };

void own_messages_init(struct own_messages *o, uint64_t epoch, uint64_t before)
{
    *o = (struct own_messages){
        .started = epoch, .before = before, .raised_at = NS_NEVER, .received_at = NS_NEVER};
}

/* --- what it says ---------------------------------------------------------------------------- */

static bool own_messages_belongs(enum topic t, enum message_kind k)
{
    return t == TOPIC_STATE ? k == MSG_STATE : k == MSG_ONLINE || k == MSG_LOST;
}

/* Whether it is this kiosk's; a plain venue believes whoever may write there. */
static bool own_messages_open(const struct sealer *s, enum topic t, const struct mqtt_event *e,
                              struct message *m)
{
    char opened[ENVELOPE_CLEAR_MAX + 1];
    const char *why, *text = s->plain ? (const char *)e->payload : opened;
    size_t len = e->len;
    struct envelope_place at = sealer_place(s, e->topic);
    enum envelope_result r = ENVELOPE_OK;
    if (!s->plain && t == TOPIC_STATE)
        r = envelope_open(&at, s->keys->venue, s->keys->public, e->payload, e->len, opened, &len);
    else if (!s->plain)
        r = envelope_clear_open(&at, s->keys->public, e->payload, e->len, opened, &len);
    return r == ENVELOPE_OK && message_read(m, text, len, &why) == 0 &&
           own_messages_belongs(t, m->kind) &&
           (s->plain || (m->epoch == at.epoch && m->seq == at.seq));
}

/* Seconds since it was sent, by two clocks that are right; -1: not known. */
static int64_t own_messages_age(const struct message *m)
{
    int64_t sent = clock_wall_of(m->at);
    if (!m->synced || sent == 0 || !clock_is_synced())
        return -1;
    int64_t age = clock_wall_seconds() - sent;
    if (age < -CLOCKS_APART)
        return -1;
    return age > 0 ? age : 0;
}

static struct own_retained_proof proof_of(const struct sealer *s, const uint8_t *proof, size_t len,
                                          struct cert_clear *c)
{
    bool valid =
        !s->plain && len > 0 && cert_proof_read(c, s->venue, s->kiosk, s->keys->root, proof, len);
    return valid ? (struct own_retained_proof){true, c->id, c->epoch, c->seq}
                 : (struct own_retained_proof){.valid = false};
}

/* --- what follows ---------------------------------------------------------------------------- */

static void own_messages_report(struct own_messages *o, const struct own_messages_parts *p,
                                int64_t now)
{
    char at[24], sentence[FAULT_SENTENCE_MAX];
    clock_wall(at);
    snprintf(sentence, sizeof sentence,
             "a copy of this kiosk has spoken%s%s. If you restored a backup on a second Pi, stop "
             "one of the two. If this kiosk lost its record or got an old card, nothing is left to "
             "do: phones believe it again",
             at[0] ? " at " : "", at);
    o->received_at = now;
    faults_clear(p->faults, FAULT_OF_COPY);
    faults_add(p->faults, FAULT_OF_COPY, sentence);
    actions_notice(p->outputs->delivery, MSG_FAULT, "", "copy");
}

static void own_messages_raise(struct own_messages *o, const struct own_messages_parts *p,
                               int64_t now)
{
    struct kiosk_state *s = p->state;
    sealer_set_epoch(p->sealer, o->above + 1);
    o->above = 0;
    o->raised_at = now;
    s->record.epoch = p->sealer->epoch;
    s->recorded_at = now;
    recorder_ask(p->outputs->recorder, &s->record);
    delivery_epoch_raised(p->outputs->delivery);
    own_messages_report(o, p, now);
}

/* A staff phone ended it at a copy of this kiosk; one that was revoked since ends nothing. */
static void own_messages_end(const struct own_messages_parts *p, const struct message *m,
                             const struct cert_clear *by, int64_t now)
{
    const struct staff *staff = members_staff(p->members);
    for (size_t i = 0; i < staff->count; i++) {
        if (memcmp(staff->phones[i].account, by->account, sizeof by->account) != 0)
            continue;
        log_info("a staff phone ended the alert at another kiosk with the same keys");
        members_prove(p->members, m->proof);
        actions_step(p->state, p->outputs,
                     (struct alert_event){.kind = ALERT_EV_COMMAND, .command = ALERT_CMD_ALL_CLEAR},
                     now);
        return;
    }
}

static void own_messages_ask(struct own_messages *o, const struct own_messages_parts *p,
                             const struct message *m)
{
    if (alert_id_equal(&o->asked, &m->id))
        return;
    o->asked = m->id;
    log_warning(
        "a broker keeps an alert that this kiosk does not know, and nobody knows how old it "
        "is; staff are asked");
    actions_notice(p->outputs->delivery, MSG_FAULT, "", "unknown-alert");
}

static struct own_retained_self self_of(const struct own_messages *o,
                                        const struct own_messages_parts *p)
{
    const struct kiosk_state *s = p->state;
    struct cert_clear c;
    size_t len;
    const uint8_t *proof = delivery_proof(p->outputs->delivery, &len);
    return (struct own_retained_self){.plain = p->sealer->plain,
                                      .epoch = p->sealer->epoch,
                                      .seq = p->sealer->seq,
                                      .started = o->started,
                                      .before = o->before,
                                      .state = s->alert.now.state,
                                      .drill = s->alert.now.drill,
                                      .id = s->alert.now.id,
                                      .ended = s->ended,
                                      .ended_count = KIOSK_STATE_ENDED,
                                      .proof = proof_of(p->sealer, proof, len, &c)};
}

static void own_messages_above(struct own_messages *o, uint64_t epoch, int64_t now)
{
    if (epoch <= o->above)
        return;
    o->above_at = o->above == 0 ? now : o->above_at;
    o->above = epoch;
}

/* A broker may have forgotten what it kept, too. Whoever claims what is not so gains nothing: the
 * epoch only grows, and claims leave half of the numbers to what the kiosk itself has signed. */
void own_messages_claim(struct own_messages *o, const struct sealer *s, uint64_t epoch, int64_t now)
{
    if (epoch > s->epoch && epoch < CLAIMS_MAX)
        own_messages_above(o, epoch, now);
}

void own_messages_take(struct own_messages *o, const struct own_messages_parts *p, size_t broker,
                       enum topic t, const struct mqtt_event *e)
{
    struct message m;
    struct cert_clear by;
    int64_t now = clock_now();
    if (!own_messages_open(p->sealer, t, e, &m))
        return;
    const struct own_retained_self self = self_of(o, p);
    const struct own_retained_proof proof = proof_of(p->sealer, m.proof, m.proof_len, &by);
    struct own_retained_verdict v = own_retained_judge(&self, &m, &proof, own_messages_age(&m));
    own_messages_above(o, v.above, now);
    if (v.copy && v.above == 0 && o->received_at == NS_NEVER)
        own_messages_report(o, p, now);
    if (v.ended)
        own_messages_end(p, &m, &by, now);
    if (root_word_ends(&p->state->root, &m.id, m.epoch, m.seq))
        v.alert = OWN_RETAINED_KNOWN;
    if (v.alert == OWN_RETAINED_TAKE_OVER)
        actions_take_over(p->state, p->outputs, &m, now);
    else if (v.alert == OWN_RETAINED_ASK)
        own_messages_ask(o, p, &m);
    if (v.present)
        delivery_present(p->outputs->delivery, broker);
}

/* --- time ------------------------------------------------------------------------------------ */

void own_messages_time(struct own_messages *o, const struct own_messages_parts *p, int64_t now)
{
    if (o->received_at != NS_NEVER && now - o->received_at > COPY_REPORTED) {
        o->received_at = NS_NEVER;
        faults_clear(p->faults, FAULT_OF_COPY);
    }
    if (o->above == 0 || (o->raised_at != NS_NEVER && now - o->raised_at < RAISE_EVERY) ||
        (delivery_is_listening(p->outputs->delivery, now) && now - o->above_at < RAISE_PATIENCE))
        return;
    own_messages_raise(o, p, now);
}

int64_t own_messages_deadline(const struct own_messages *o)
{
    if (o->above == 0)
        return NS_NEVER;
    int64_t patience = o->above_at + RAISE_PATIENCE;
    int64_t rate = o->raised_at == NS_NEVER ? patience : o->raised_at + RAISE_EVERY;
    return rate > patience ? rate : patience;
}
