#include "kiosk/core/own_retained.h"

static bool own_retained_is_later(const struct own_retained_self *self, const struct message *m)
{
    if (m->kind == MSG_LOST) /* a will has no seq */
        return m->epoch > self->epoch;
    return m->epoch > self->epoch || (m->epoch == self->epoch && m->seq > self->seq);
}

/* In a plain venue anybody may have said it. */
static bool own_retained_is_between(const struct own_retained_self *self, const struct message *m)
{
    return !self->plain && self->before != 0 && m->epoch > self->before && m->epoch < self->started;
}

static bool own_retained_is_over(const struct own_retained_self *self, const struct message *m)
{
    const struct own_retained_proof *p = &self->proof;
    for (size_t i = 0; i < self->ended_count; i++)
        if (alert_id_equal(&self->ended[i], &m->id))
            return true;
    return p->valid && (alert_id_equal(&p->id, &m->id) || m->epoch < p->epoch ||
                        (m->epoch == p->epoch && m->seq <= p->seq));
}

/* Nothing of a drill is worth to be taken over, nor what is less than is active here. */
static bool own_retained_is_news(const struct own_retained_self *self, const struct message *m)
{
    enum alert_state here = self->drill ? ALERT_QUIET : self->state;
    return m->kind == MSG_STATE && !m->drill && m->state > here && !alert_id_is_none(&m->id) &&
           !alert_id_equal(&m->id, &self->id) && !own_retained_is_over(self, m);
}

static enum own_retained_alert own_retained_alert_of(const struct own_retained_self *self,
                                                     const struct message *m, int64_t age)
{
    bool last_run = m->epoch == self->started || (self->before != 0 && m->epoch == self->before);
    if (self->plain || !own_retained_is_news(self, m) || m->epoch < self->before)
        return OWN_RETAINED_KNOWN;
    return last_run || (age >= 0 && age < OWN_RETAINED_FRESH_S) ? OWN_RETAINED_TAKE_OVER
                                                                : OWN_RETAINED_ASK;
}

struct own_retained_verdict own_retained_judge(const struct own_retained_self *self,
                                               const struct message *m,
                                               const struct own_retained_proof *proof, int64_t age)
{
    bool later = own_retained_is_later(self, m) && m->epoch < OWN_RETAINED_EPOCH_MAX;
    bool active = self->state != ALERT_QUIET && !self->drill;
    return (struct own_retained_verdict){
        .above = later ? m->epoch : 0,
        .copy = later || own_retained_is_between(self, m),
        .alert = own_retained_alert_of(self, m, age),
        .ended = active && proof->valid && alert_id_equal(&proof->id, &self->id),
        .present = m->kind == MSG_LOST,
    };
}
