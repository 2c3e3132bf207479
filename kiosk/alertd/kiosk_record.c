#include "kiosk/alertd/door_box.h"
#include "kiosk/alertd/kiosk_parts.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>

/* An epoch is above that of the record by up to this. An old card that is put back then hardly ever
 * begins an epoch again that a later start has used: phones would refuse its messages as old until
 * it has sent as many, and nothing would show the kiosk why. It is less than the seconds between
 * two starts, mostly, for a lost record's epoch is the wall clock's. */
enum { EPOCH_STEP = 1 << 10 };

static const char *record_trouble(int error)
{
    return error == EBUSY    ? "it holds a vault's key; use another cell"
           : error == ENOSPC ? "there is no room; the record takes 50 bytes"
                             : strerror(error);
}

enum recorder_result kiosk_record_check(struct kiosk_state *s, struct recorder *recorder,
                                        int64_t now)
{
    enum recorder_result result = recorder_look(recorder);
    bool fault = result == RECORDER_FAILED ||
                 (result == RECORDER_PENDING && now - s->recorded_at >= KIOSK_RECORD_SLOW);
    if (fault && !s->record_fault)
        log_error("the record is not on the card yet: %s. The alert is sent all the same, but a "
                  "power cut now would lose it. Check the card (porchlight doctor)",
                  result == RECORDER_FAILED ? record_trouble(errno) : "the card does not answer");
    /* While the next record is being written, nobody knows yet whether the card is well again. */
    if (result != RECORDER_PENDING || fault) {
        if (s->record_fault && !fault)
            log_info("the record is on the card again");
        s->record_fault = fault;
    }
    return result;
}

/* Reads what was active before, and gives this start its epoch. If the record is lost, its epoch
 * should not fall back, or phones would refuse all that follows: it becomes the wall clock's
 * seconds. Where that is not enough, brokers show it (own_messages.h). */
static void record_load(struct record *r, const struct record_place *at, bool wipe,
                        struct own_messages *own)
{
    if (record_file_read(at, r) == 0) {
        uint64_t before = r->epoch;
        r->epoch += 1 + randombytes_uniform(EPOCH_STEP);
        own_messages_init(own, r->epoch, before);
        /* Switched off since: it is cancelled, not postponed until the wipe is enabled again. */
        if (!wipe)
            r->standing.wipe_pending = false;
        return;
    }
    if (errno != ENOENT)
        log_error("%s: cannot be read (%s); starting as if no alert had been active", at->path,
                  errno == EBADMSG ? "it is damaged or no record" : strerror(errno));
    *r = (struct record){.epoch = clock_is_set() ? (uint64_t)clock_wall_seconds() : 1};
    own_messages_init(own, r->epoch, 0);
}

/* What follows from it is done by kiosk_time, after each turn of the loop. */
static void on_recorded(void *context, int fd, short revents)
{
    const struct kiosk *k = context;
    (void)fd;
    (void)revents;
    recorder_drain(k->outputs.recorder);
}

int kiosk_record_read(struct kiosk *k, struct record_place *at)
{
    if (record_place(at, k->prefix, k->config.kiosk.record) != 0) {
        log_error("%s%s: %s", k->prefix, k->config.kiosk.record, strerror(errno));
        return -1;
    }
    record_load(&k->state.record, at, k->config.wipe.enabled, &k->own);
    return 0;
}

int kiosk_record_open(struct kiosk *k, const struct record_place *at)
{
    struct kiosk_state *s = &k->state;
    door_box_resume(s, &k->sealer);
    s->box_is_new = false;
    k->outputs.recorder = recorder_new(at);
    if (!k->outputs.recorder) {
        log_error("no thread for the record: %s", strerror(errno));
        return -1;
    }
    s->recorded_at = clock_now();
    enum recorder_result result =
        recorder_write(k->outputs.recorder, &s->record, KIOSK_RECORD_SLOW);
    s->record_fault = result != RECORDER_DURABLE;
    if (s->record_fault)
        log_error("%s: cannot be written (%s); alerts are sent, but a power cut would lose them. "
                  "%s must belong to the user of porchlightd",
                  at->path,
                  result == RECORDER_FAILED ? record_trouble(errno) : "the card does not answer",
                  at->cell ? "The cell" : "The folder");
    if (loop_add(k->loop, recorder_fd(k->outputs.recorder), POLLIN, on_recorded, k) == 0)
        return 0;
    log_error("the record: %s", strerror(errno));
    return -1;
}
