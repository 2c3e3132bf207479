#include "kiosk/core/own_answer.h"

bool own_answer_is_asked(const struct message *m)
{
    return m->kind == MSG_LOCKDOWN || m->kind == MSG_CAUTION ||
           (m->kind == MSG_STATE && m->state != ALERT_QUIET);
}

/* This alert is the one that may be answered now; the one before is kept. */
static void own_answer_turn_to(struct own_answers *a, const struct message *m)
{
    struct own_answer other = a->now;
    a->now = alert_id_equal(&a->before.id, &m->id)
                 ? a->before
                 : (struct own_answer){.id = m->id, .epoch = m->epoch};
    a->before = other;
}

void own_answer_hear(struct own_answers *a, const struct message *m, uint32_t chance, int64_t now)
{
    bool is_over = m->kind == MSG_ALL_CLEAR || (m->kind == MSG_STATE && m->state == ALERT_QUIET);
    if (is_over)
        a->now.due = a->before.due = 0;
    if (!own_answer_is_asked(m))
        return;
    if (!alert_id_equal(&a->now.id, &m->id))
        own_answer_turn_to(a, m);
    if (m->epoch <= a->now.epoch)
        return;
    int64_t most = a->now.kind == MSG_HELP ? OWN_ANSWER_HELP : OWN_ANSWER_REST;
    a->now.epoch = m->epoch;
    a->now.due = a->now.seq > 0 ? now + 1 + most / (UINT16_MAX + 1) * (chance & UINT16_MAX) : 0;
}

void own_answer_give(struct own_answers *a, enum message_kind kind, uint64_t seq)
{
    a->now.kind = kind;
    a->now.seq = seq;
    a->now.due = 0;
}

bool own_answer_is_due(struct own_answers *a, int64_t now)
{
    if (a->now.due == 0 || now < a->now.due)
        return false;
    a->now.due = 0;
    return true;
}
