#include "kiosk/alertd/phone_messages.h"

#include "kiosk/alertd/members/enrolment.h"
#include "kiosk/alertd/members/staff.h"
#include "kiosk/alertd/plain.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <sodium.h>
#include <string.h>

/* An unknown account makes the certificates be read again, but not at a flood's pace. */
#define STAFF_AGAIN (5 * NS_PER_S)

static struct envelope_place here(const struct kiosk *k)
{
    struct envelope_place at = {0};
    memcpy(at.venue, k->sealer.venue, sizeof at.venue);
    memcpy(at.kiosk, k->sealer.kiosk, sizeof at.kiosk);
    return at;
}

/* --- answers --------------------------------------------------------------------------------- */

static int answer_open(const struct kiosk *k, const struct mqtt_event *e, struct message *m)
{
    const struct sealer_keys *keys = k->sealer.keys;
    char text[ENVELOPE_LETTER_MAX + 1];
    uint8_t signature[64];
    const char *why;
    size_t len;
    if (k->sealer.plain)
        return message_read(m, (const char *)e->payload, e->len, &why);
    if (envelope_letter_open(keys->public, keys->secret, e->payload, e->len, text, &len,
                             signature) != ENVELOPE_OK)
        return -1;
    return message_read(m, text, len, &why);
}

/* 0: no answer. */
static int answer_of(enum message_kind kind)
{
    return kind == MSG_SEEN   ? ACKS_SEEN
           : kind == MSG_SAFE ? ACKS_SAFE
           : kind == MSG_RANG ? ACKS_RANG
                              : 0;
}

static void phone_messages_refuse(struct kiosk *k, enum command_result why)
{
    k->refused[why]++;
}

static void on_answer(struct kiosk *k, const char *account, const struct mqtt_event *e)
{
    struct message m;
    if (e->retained)
        return phone_messages_refuse(k, COMMAND_RETAINED);
    if (answer_open(k, e, &m) != 0) {
        if (k->sealer.plain || !enrolment_again(k, account, e))
            phone_messages_refuse(k, COMMAND_FOREIGN);
        return;
    }
    if (answer_of(m.kind) == 0)
        return phone_messages_refuse(k, COMMAND_MALFORMED);
    if (strcmp(m.account, account) != 0)
        return phone_messages_refuse(k, COMMAND_FORGED);
    if (acks_take(&k->acks, &m.id, account, (enum acks_answer)answer_of(m.kind)) != ACKS_NEWS)
        return;
    k->facts.seen = k->acks.seen;
    k->facts.safe = k->acks.safe;
    if (!k->facts.handed_over && !k->alert.now.calm)
        inputs_tick(k->inputs, 2, clock_now()); /* a member has it: accepted */
    k->facts.handed_over = true;
    k->state_stale = true;
    delivery_answered(k->delivery, &m.id);
}

/* --- commands -------------------------------------------------------------------------------- */

static enum command_result phone_messages_judge(struct kiosk *k, const char *account,
                                                const struct mqtt_event *e, struct command *c)
{
    struct envelope_place at = here(k);
    struct command_check d = {.kiosk_public = k->sealer.keys->public,
                              .kiosk_secret = k->sealer.keys->secret,
                              .root_public = k->sealer.keys->root,
                              .staff = k->staff,
                              .staff_count = k->staff_count,
                              .epoch = k->sealer.epoch,
                              .seq = k->sealer.seq,
                              .standing = k->alert.now.id};
    memcpy(d.venue, at.venue, sizeof d.venue);
    memcpy(d.kiosk, at.kiosk, sizeof d.kiosk);
    memcpy(d.nonce, k->nonce, sizeof d.nonce);
    return command_read(&d, e->topic, account, e->retained, e->payload, e->len, c);
}

/* Home Assistant's button: all that a plain venue takes from outside, and only if its host says so.
 */
static void on_button(struct kiosk *k, const char *account, const struct mqtt_event *e, int64_t now)
{
    static const char press[] = PLAIN_BUTTON_PRESS;
    if (!k->config.plain.button || e->retained || strcmp(account, PLAIN_BUTTON_ACCOUNT) != 0 ||
        e->len != sizeof press - 1 || memcmp(e->payload, press, e->len) != 0 ||
        k->alert.now.state != ALERT_QUIET)
        return phone_messages_refuse(k, COMMAND_FOREIGN);
    actions_step(k, (struct alert_event){.kind = ALERT_EV_DRILL}, now);
}

static void phone_messages_on_command(struct kiosk *k, const char *account,
                                      const struct mqtt_event *e)
{
    struct command c;
    int64_t now = clock_now();
    if (k->sealer.plain)
        return on_button(k, account, e, now);
    enum command_result result = phone_messages_judge(k, account, e, &c);
    if (result == COMMAND_UNKNOWN && now - k->staff_again_at > STAFF_AGAIN) {
        k->staff_again_at = now;
        staff_read(k);
        result = phone_messages_judge(k, account, e, &c);
    }
    log_debug("a command: %s", command_result_name(result));
    if (result != COMMAND_ACCEPTED)
        return phone_messages_refuse(k, result);
    randombytes_buf(k->nonce, sizeof k->nonce);
    k->state_stale = true;
    if (c.proof_len > 0)
        staff_prove(k, c.proof, c.proof_len);
    actions_step(k, (struct alert_event){.kind = ALERT_EV_COMMAND, .command = c.command}, now);
}

/* --- all of it ------------------------------------------------------------------------------- */

void heard(struct kiosk *k, enum topic t, const char *account, const struct mqtt_event *e)
{
    if (t == TOPIC_ACK)
        on_answer(k, account, e);
    else if (t == TOPIC_COMMAND)
        phone_messages_on_command(k, account, e);
    else if (t == TOPIC_RELAY)
        k->facts.relay_at = clock_now();
    else if (t == TOPIC_ENROL)
        enrolment_letter(k, account, e);
    else
        phone_messages_refuse(k, COMMAND_FOREIGN);
}
