#include "kiosk/relay/ring_kept.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/big_endian.h"
#include "kiosk/core/ns.h"
#include "kiosk/relay/relay_conf.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LATE = 8, SIZE = ENVELOPE_SIZE + LATE };

#define PAUSE        (1 * NS_PER_S)
#define PAUSE_FAILED (60 * NS_PER_S)

struct ring_kept_kiosk {
    char path[PATH_LEN];
    struct message ring; /* what `bytes` begins with */
    uint8_t bytes[SIZE]; /* as in the file */
    bool unwritten;
};

struct ring_kept {
    struct ring_kept_kiosk all[RELAY_KIOSKS_MAX]; /* under lock, but for the paths */
    size_t count;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool stop;   /* under lock */
    bool failed; /* the thread's own */
};

/* Lock held; let go for the disk. */
static bool ring_kept_write(struct ring_kept *k, struct ring_kept_kiosk *one)
{
    uint8_t bytes[SIZE];
    memcpy(bytes, one->bytes, SIZE);
    one->unwritten = false;
    pthread_mutex_unlock(&k->lock);
    bool good = file_replace(one->path, bytes, SIZE, 0600) == 0;
    int error = errno;
    pthread_mutex_lock(&k->lock);
    if (good)
        return true;
    one->unwritten = true;
    if (!k->failed)
        log_warning("%s: %s. Phones are rung all the same. But until it can be written, this relay "
                    "would take recorded rings for new ones after a restart",
                    one->path, strerror(error));
    return false;
}

static bool ring_kept_wants(const struct ring_kept *k)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->all[i].unwritten)
            return true;
    return false;
}

static void ring_kept_write_all(struct ring_kept *k)
{
    bool good = true;
    for (size_t i = 0; i < k->count; i++)
        if (k->all[i].unwritten)
            good &= ring_kept_write(k, &k->all[i]);
    k->failed = !good;
}

/* Lock held. */
static void ring_kept_pause(struct ring_kept *k)
{
    int64_t at = clock_now() + (k->failed ? PAUSE_FAILED : PAUSE);
    struct timespec until = {.tv_sec = at / NS_PER_S, .tv_nsec = (long)(at % NS_PER_S)};
    while (!k->stop && pthread_cond_clockwait(&k->work, &k->lock, CLOCK_MONOTONIC, &until) == 0)
        ;
}

static void *ring_kept_run(void *context)
{
    struct ring_kept *k = context;
    pthread_mutex_lock(&k->lock);
    while (!k->stop) {
        if (!ring_kept_wants(k)) {
            pthread_cond_wait(&k->work, &k->lock);
            continue;
        }
        ring_kept_write_all(k);
        ring_kept_pause(k);
    }
    ring_kept_write_all(k);
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

static void ring_kept_destroy(struct ring_kept *k)
{
    pthread_mutex_destroy(&k->lock);
    pthread_cond_destroy(&k->work);
    free(k);
}

struct ring_kept *ring_kept_new(const char *prefix, const char *const *kiosks, size_t count)
{
    struct ring_kept *k = calloc(1, sizeof *k);
    char name[PATH_LEN];
    int error = 0;
    if (!k)
        return NULL;
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->work, NULL);
    for (; k->count < count && error == 0; k->count++) {
        snprintf(name, sizeof name, PATH_RELAY_DIR "/ring-%.16s", kiosks[k->count]);
        error = path_under(prefix, name, k->all[k->count].path) == 0 ? 0 : errno;
    }
    error = error ? error : pthread_create(&k->thread, NULL, ring_kept_run, k);
    if (error == 0)
        return k;
    ring_kept_destroy(k);
    errno = error;
    return NULL;
}

void ring_kept_free(struct ring_kept *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    k->stop = true;
    pthread_cond_signal(&k->work);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    ring_kept_destroy(k);
}

bool ring_kept_read(struct ring_kept *k, size_t i, ring_kept_judge *judge, void *context,
                    struct message *ring, int64_t *late_s)
{
    struct ring_kept_kiosk *one = &k->all[i];
    size_t len;
    char *bytes = file_read(one->path, SIZE, &len);
    const char *why = bytes ? "it is damaged" : strerror(errno);
    bool absent = !bytes && errno == ENOENT;
    bool good = bytes && len == SIZE && judge(context, i, (const uint8_t *)bytes, ring);
    if (good) {
        uint64_t late = big_endian_get((const uint8_t *)bytes + ENVELOPE_SIZE, LATE);
        *late_s = late <= INT64_MAX ? (int64_t)late : 0;
        pthread_mutex_lock(&k->lock);
        memcpy(one->bytes, bytes, SIZE);
        one->ring = *ring;
        pthread_mutex_unlock(&k->lock);
    } else if (!absent) {
        log_warning(
            "%s is not what porchlight-relay wrote: %s. Phones are rung all the same. But "
            "rings from before this start that a broker sends again may ring them once more",
            one->path, why);
    }
    free(bytes);
    return good;
}

/* Whether something else is asked for, or by another start of the kiosk. */
static bool ring_differs(const struct message *a, const struct message *b)
{
    return a->epoch != b->epoch || a->on != b->on || !alert_id_equal(&a->id, &b->id) ||
           !alert_id_equal(&a->staff, &b->staff);
}

void ring_kept_newest(struct ring_kept *k, size_t i, const struct message *ring,
                      const uint8_t wire[ENVELOPE_SIZE])
{
    struct ring_kept_kiosk *one = &k->all[i];
    pthread_mutex_lock(&k->lock);
    one->unwritten |= ring_differs(&one->ring, ring);
    one->ring = *ring;
    memcpy(one->bytes, wire, ENVELOPE_SIZE);
    pthread_cond_signal(&k->work);
    pthread_mutex_unlock(&k->lock);
}

void ring_kept_late(struct ring_kept *k, size_t i, int64_t late_s)
{
    struct ring_kept_kiosk *one = &k->all[i];
    pthread_mutex_lock(&k->lock);
    big_endian_put(one->bytes + ENVELOPE_SIZE, LATE, (uint64_t)late_s);
    one->unwritten = true;
    pthread_cond_signal(&k->work);
    pthread_mutex_unlock(&k->lock);
}
