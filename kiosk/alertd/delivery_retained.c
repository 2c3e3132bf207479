#include "kiosk/alertd/delivery_parts.h"
#include "kiosk/common/clock.h"
#include "kiosk/core/ns.h"

#include <sodium.h>
#include <string.h>

/* What only staff are woken for is worth no ring afterwards, like a notice. */
#define STAFF_RINGS_FOR (3600 * NS_PER_S)

/* Longer than a relay's ping takes, which it sends at once for each ring, by a slow network. */
#define RING_AGAIN (10 * NS_PER_S)

void delivery_proof_add(const struct delivery *d, struct message *m)
{
    memcpy(m->proof, d->proof, d->proof_len);
    m->proof_len = d->proof_len;
}

void delivery_prove(struct delivery *d, const uint8_t *proof, size_t len)
{
    memcpy(d->proof, proof, len);
    d->proof_len = len;
}

const uint8_t *delivery_proof(const struct delivery *d, size_t *len)
{
    *len = d->proof_len;
    return d->proof_len > 0 ? d->proof : NULL;
}

void delivery_state_to(struct delivery *d, struct broker_path *p)
{
    struct message m = d->state;
    if (m.age_ms >= 0)
        m.age_ms += (clock_now() - d->state_said_at) / NS_PER_MS;
    delivery_proof_add(d, &m);
    if (!p->up || p->listening || !d->state_known)
        return;
    broker_path_publish(p, d->sealer, TOPIC_STATE, &m, 0);
    if (d->staff_known)
        broker_path_publish_box(p, d->sealer, TOPIC_STAFF, d->staff, true,
                                broker_path_lasts(p, &m));
}

void delivery_presence_to(struct delivery *d, struct broker_path *p)
{
    struct message m = {.kind = MSG_ONLINE, .age_ms = -1, .connection = p->connection};
    if (!p->up || p->listening)
        return;
    broker_path_publish(p, d->sealer, TOPIC_PRESENCE, &m, 0);
}

void delivery_ring_to(struct delivery *d, struct broker_path *p)
{
    struct message m = d->ring;
    if (clock_now() - d->staff_at > STAFF_RINGS_FOR)
        m.staff = (struct alert_id){{0}};
    if (!p->up || !d->state_known || (p->listening && !m.on))
        return;
    if (d->ring.seq == 0)
        d->ring.seq = d->sealer->seq + 1;
    d->ring_sent_at = clock_now();
    broker_path_publish(p, d->sealer, TOPIC_RING, &m, RING_TOKEN | d->ring.seq);
}

/* What relays are asked for has changed. */
static void delivery_ring_changed(struct delivery *d)
{
    d->ring.seq = d->sealer->seq + 1;
    for (size_t i = 0; i < d->paths_count && !d->cover; i++)
        delivery_ring_to(d, &d->paths[i]);
}

/* Whether all phones are rung for `id`. */
static void delivery_ring_all(struct delivery *d, const struct alert_id *id, bool on)
{
    bool same = alert_id_equal(&d->ring.id, id);
    if (on ? same && d->ring.on : !same || !d->ring.on)
        return;
    d->ring.id = *id;
    d->ring.on = on;
    delivery_ring_changed(d);
}

/* Plain apps believe the newest message on presence: the will of an earlier connection, which a
 * broker may publish long after the new one is there, must not be the last. What a broker refused
 * may be let through by now. */
void delivery_state_again(struct delivery *d)
{
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        delivery_state_to(d, p);
        if (d->sealer->plain || broker_path_has_refused(p, TOPIC_PRESENCE))
            delivery_presence_to(d, p);
        if (broker_path_has_refused(p, TOPIC_RING))
            delivery_ring_to(d, p);
    }
    d->state_at = clock_now() + (d->state.state != ALERT_QUIET ? d->state_alert : d->state_quiet);
}

void delivery_state(struct delivery *d, const struct message *state)
{
    d->state = *state;
    d->state_said_at = clock_now();
    d->state_known = true;
    if (!d->cover)
        delivery_state_again(d);
    /* After a restart the state alone shows that an alert is active. */
    if (state->state == ALERT_QUIET)
        delivery_ring_all(d, &d->ring.id, false);
    else
        delivery_ring_all(d, &state->id, true);
}

void delivery_staff(struct delivery *d, const uint8_t box[STAFF_BOX_SIZE])
{
    memcpy(d->staff, box, sizeof d->staff);
    d->staff_known = true;
}

/* --- what brokers keep of this kiosk --------------------------------------------------------- */

void delivery_listen(struct delivery *d, int64_t now)
{
    for (size_t i = 0; i < d->paths_count; i++) {
        struct broker_path *p = &d->paths[i];
        if (!p->listening || now < p->listen_until)
            continue;
        p->listening = false;
        if (d->cover)
            continue;
        delivery_state_to(d, p);
        delivery_ring_to(d, p);
        delivery_presence_to(d, p);
    }
}

bool delivery_is_listening(const struct delivery *d, int64_t now)
{
    for (size_t i = 0; i < d->paths_count; i++)
        if (d->paths[i].listening && now < d->paths[i].listen_until)
            return true;
    return false;
}

void delivery_present(struct delivery *d, size_t i)
{
    if (d->cover)
        d->paths[i].online_due = true;
    else
        delivery_presence_to(d, &d->paths[i]);
}

/* Beats name seqs of their own epoch. */
void delivery_epoch_raised(struct delivery *d)
{
    for (size_t i = 0; i < d->paths_count; i++)
        memset(d->paths[i].newest, 0, sizeof d->paths[i].newest);
    delivery_ring_changed(d);
    if (!d->cover && d->state_known)
        delivery_state_again(d);
    for (size_t i = 0; i < d->paths_count; i++)
        delivery_present(d, i);
}

/* --- relays ---------------------------------------------------------------------------------- */

/* A code and duress are the same to a relay. */
void delivery_ring_staff(struct delivery *d)
{
    randombytes_buf(d->ring.staff.bytes, sizeof d->ring.staff.bytes);
    d->staff_at = clock_now();
    delivery_ring_changed(d);
}

/* What kind of alert it is, is the same to a relay. */
void delivery_ring_for(struct delivery *d, const struct alert_action *a)
{
    switch (a->publish) {
    case ALERT_PUB_LOCKDOWN:
    case ALERT_PUB_CAUTION:
    case ALERT_PUB_UNCLEAR:
        delivery_ring_all(d, &a->id, true);
        break;
    case ALERT_PUB_ALL_CLEAR:
        delivery_ring_all(d, &a->id, false);
        break;
    case ALERT_PUB_UNCONFIRMED: /* staff are rung for what was pressed: delivery_door */
        break;
    }
}

bool delivery_ring_has(uint64_t token)
{
    return token & RING_TOKEN;
}

/* A broker outside gave the current ring to a relay. */
bool delivery_ring_is_taken(const struct delivery *d, uint64_t token)
{
    return token == (RING_TOKEN | d->ring.seq) && d->ring.on;
}

bool delivery_has_rung(const struct delivery *d, uint64_t epoch, uint64_t ring,
                       const struct alert_id *id)
{
    return epoch == d->sealer->epoch && d->ring.on && d->ring.seq > 0 && ring >= d->ring.seq &&
           ring <= d->sealer->seq && alert_id_equal(&d->ring.id, id);
}

void delivery_relay_has(struct delivery *d, uint64_t epoch, uint64_t ring)
{
    if (epoch != d->sealer->epoch || ring >= d->ring.seq || d->cover ||
        clock_now() - d->ring_sent_at < RING_AGAIN)
        return;
    for (size_t i = 0; i < d->paths_count; i++)
        delivery_ring_to(d, &d->paths[i]);
}

bool delivery_is_recent(const struct delivery *d, uint64_t epoch, uint64_t seq)
{
    return epoch == d->sealer->epoch && seq > d->seq_then && seq <= d->sealer->seq;
}
