#include "kiosk/alertd/actions.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* A record is waited for so long and no longer: half a hold-up loop's answering time of 500 ms is
 * left for the brokers. */
#define RECORD_PATIENCE (250 * NS_PER_MS)

static struct alert_id fresh_id(void)
{
    struct alert_id id;
    randombytes_buf(id.bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40); /* RFC 9562: version 4, */
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80); /* variant 10 */
    return id;
}

/* --- doing what alert_step says -------------------------------------------------------------- */

static void do_record(struct kiosk *k)
{
    const struct alert_standing *now = &k->alert.now;
    if (memcmp(&k->record.standing, now, sizeof *now) == 0)
        return;
    if (!alert_id_equal(&k->record.standing.id, &now->id))
        k->record.began = clock_is_set() && !alert_id_is_none(&now->id) ? clock_wall_seconds() : 0;
    k->record.standing = *now;
    bool fault = recorder_write(k->recorder, &k->record, RECORD_PATIENCE) != 0;
    if (fault)
        log_error("the record is not durable yet: %s; the alert goes out all the same. Look at the "
                  "disk",
                  strerror(errno));
    k->record_fault = fault;
}

void actions_state(struct kiosk *k)
{
    const struct alert_standing *s = &k->alert.now;
    struct message m = {.kind = MSG_STATE,
                        .id = s->id,
                        .age_ms = -1,
                        .state = s->state,
                        .drill = s->drill,
                        .unconfirmed = s->unconfirmed,
                        .duress = s->duress,
                        .seen = k->facts.seen,
                        .safe = k->facts.safe};
    memcpy(m.nonce, k->nonce, sizeof m.nonce);
    delivery_state(k->delivery, &m);
    k->state_stale = false;
    k->state_told_at = clock_now();
}

void actions_notice(struct kiosk *k, enum message_kind kind, const char *detail)
{
    struct message m = {.kind = kind, .id = fresh_id(), .age_ms = 0};
    snprintf(m.detail, sizeof m.detail, "%s", detail);
    delivery_notice(k->delivery, &m);
}

/* One report for each broker, as message.h has it. */
static void do_report(struct kiosk *k, const struct alert_id *id)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(k->delivery, paths);
    clock_wall(k->last_drill.at);
    k->last_drill.seen = k->facts.seen;
    k->last_drill.safe = k->facts.safe;
    k->last_drill.rang = k->acks.rang;
    for (size_t i = 0; i < n; i++) {
        struct message m = {.kind = MSG_DRILL_REPORT,
                            .id = *id,
                            .drill = true,
                            .age_ms = paths[i].latency < 0 ? -1 : paths[i].latency / NS_PER_MS,
                            .seen = k->facts.seen,
                            .safe = k->facts.safe,
                            .rang = k->acks.rang};
        snprintf(m.detail, sizeof m.detail, "%.*s", (int)sizeof m.detail - 1, paths[i].name);
        delivery_notice(k->delivery, &m);
    }
}

/* Whoever answered the last alert is forgotten, and answers to the one that stands are counted. */
static void do_forget(struct kiosk *k)
{
    uint8_t key[ACKS_KEY];
    k->facts.seen = k->facts.safe = 0;
    k->facts.handed_over = k->facts.delivered_lan = false;
    acks_forget(&k->acks);
    if (alert_id_is_none(&k->alert.now.id))
        return;
    randombytes_buf(key, sizeof key);
    acks_begin(&k->acks, &k->alert.now.id, key);
    sodium_memzero(key, sizeof key);
}

/* Decided once more, just before what cannot be undone. */
static void do_wipe(struct kiosk *k, bool drill, int64_t now)
{
    if (drill)
        wiper_ask(k->wiper, WIPER_DRILL, now);
    else if (k->config.wipe.enabled && k->alert.now.wipe_pending)
        wiper_ask(k->wiper, WIPER_WIPE, now);
}

static void do_action(struct kiosk *k, const struct alert_action *a, bool resumed, int64_t now)
{
    switch (a->kind) {
    case ALERT_DO_RECORD:
        do_record(k);
        break;
    case ALERT_DO_PUBLISH:
        delivery_alert(k->delivery, a, resumed, now, resumed ? k->record.began : 0);
        break;
    case ALERT_DO_STATE:
        actions_state(k);
        break;
    case ALERT_DO_WIPE:
        do_wipe(k, a->drill, now);
        break;
    case ALERT_DO_TICK:
        inputs_tick(k->inputs, a->ticks, now);
        break;
    case ALERT_DO_NOTICE:
        actions_notice(k, MSG_FAULT, gesture_name(a->notice));
        break;
    case ALERT_DO_FORGET:
        do_forget(k);
        break;
    case ALERT_DO_REPORT:
        do_report(k, &a->id);
        break;
    }
}

static void do_all(struct kiosk *k, const struct alert_action *a, size_t n, bool resumed,
                   int64_t now)
{
    for (size_t i = 0; i < n; i++)
        do_action(k, &a[i], resumed, now);
}

void actions_step(struct kiosk *k, struct alert_event e, int64_t now)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    e.fresh_id = fresh_id();
    do_all(k, out, alert_step(&k->alert, &k->rules, &e, now, out), false, now);
}

void actions_gesture(struct kiosk *k, enum gesture g, int64_t now)
{
    actions_step(k, (struct alert_event){.kind = ALERT_EV_GESTURE, .gesture = g}, now);
}

void actions_resume(struct kiosk *k, int64_t now)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    size_t n = alert_resume(&k->alert, &k->record.standing, now, out);
    if (k->alert.now.state != ALERT_QUIET)
        log_info("resumed what stood before the restart");
    do_forget(k);
    do_all(k, out, n, true, now);
}
