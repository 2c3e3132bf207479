#include "kiosk/core/own_answer.h"

bool own_answer_is_asked(const struct message *m)
{
    return m->kind == MSG_LOCKDOWN || m->kind == MSG_CAUTION ||
           (m->kind == MSG_STATE && m->state != ALERT_QUIET);
}

void own_answer_hear(struct own_answer *a, const struct message *m, uint32_t chance, int64_t now)
{
    int64_t most = a->kind == MSG_HELP ? OWN_ANSWER_HELP : OWN_ANSWER_REST;
    bool is_over = m->kind == MSG_ALL_CLEAR || (m->kind == MSG_STATE && m->state == ALERT_QUIET);
    if (is_over)
        a->due = 0;
    if (!own_answer_is_asked(m))
        return;
    if (!alert_id_equal(&a->id, &m->id))
        *a = (struct own_answer){.id = m->id, .epoch = m->epoch};
    if (m->epoch <= a->epoch)
        return;
    a->epoch = m->epoch;
    a->due = a->seq > 0 ? now + 1 + most / (UINT16_MAX + 1) * (chance & UINT16_MAX) : 0;
}

void own_answer_give(struct own_answer *a, enum message_kind kind, uint64_t seq)
{
    a->kind = kind;
    a->seq = seq;
    a->due = 0;
}

bool own_answer_is_due(struct own_answer *a, int64_t now)
{
    if (a->due == 0 || now < a->due)
        return false;
    a->due = 0;
    return true;
}
