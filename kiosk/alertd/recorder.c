#include "kiosk/alertd/recorder.h"

#include "kiosk/common/clock.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* What could not be written is tried again: a disk that was full may have room by then. */
#define RETRY NS_PER_S

struct recorder {
    struct record_place at;
    struct record_doubts doubts;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work, done;
    struct record wanted;
    uint64_t asked, written; /* numbers of records: written == asked at rest */
    int error;               /* of the last one written */
    int fd;                  /* eventfd: an attempt is over */
    bool stop;
    bool abandoned; /* the thread frees */
};

static void recorder_destroy(struct recorder *r)
{
    pthread_cond_destroy(&r->work);
    pthread_cond_destroy(&r->done);
    pthread_mutex_destroy(&r->mutex);
    if (r->fd >= 0)
        close(r->fd);
    free(r);
}

static struct timespec recorder_after(int64_t patience)
{
    int64_t at = clock_now() + patience;
    return (struct timespec){.tv_sec = at / NS_PER_S, .tv_nsec = (long)(at % NS_PER_S)};
}

/* Waits for a new record, or until the last one should be tried again. False: the thread must end,
 * and nothing new waits. */
static bool wait_for_work(struct recorder *r)
{
    struct timespec retry = recorder_after(RETRY);
    while (r->written == r->asked && !r->stop) {
        if (r->error == 0)
            pthread_cond_wait(&r->work, &r->mutex);
        else if (pthread_cond_clockwait(&r->work, &r->mutex, CLOCK_MONOTONIC, &retry) != 0)
            return true;
    }
    return r->written != r->asked;
}

static void recorder_wake(const struct recorder *r)
{
    uint64_t one = 1;
    ssize_t n = write(r->fd, &one, sizeof one);
    (void)n; /* EAGAIN: it is readable already */
}

static void *recorder_run(void *context)
{
    struct recorder *r = context;
    pthread_mutex_lock(&r->mutex);
    while (wait_for_work(r)) {
        struct record wanted = r->wanted;
        uint64_t number = r->asked;
        pthread_mutex_unlock(&r->mutex);
        int error = record_file_write(&r->at, &r->doubts, &wanted) == 0 ? 0 : errno;
        pthread_mutex_lock(&r->mutex);
        r->error = error;
        r->written = number;
        pthread_cond_broadcast(&r->done);
        recorder_wake(r);
    }
    bool abandoned = r->abandoned;
    pthread_mutex_unlock(&r->mutex);
    if (abandoned)
        recorder_destroy(r);
    return NULL;
}

struct recorder *recorder_new(const struct record_place *at)
{
    struct recorder *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    pthread_mutex_init(&r->mutex, NULL);
    pthread_cond_init(&r->work, NULL);
    pthread_cond_init(&r->done, NULL);
    r->at = *at;
    r->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = r->fd < 0 ? errno : pthread_create(&r->thread, NULL, recorder_run, r);
    if (error == 0)
        return r;
    recorder_destroy(r);
    errno = error;
    return NULL;
}

/* Until `number` is written or `patience` is over. Called with the mutex held. */
static int recorder_wait_for(struct recorder *r, uint64_t number, int64_t patience)
{
    struct timespec until = recorder_after(patience);
    while (r->written < number)
        if (pthread_cond_clockwait(&r->done, &r->mutex, CLOCK_MONOTONIC, &until) != 0)
            return ETIMEDOUT;
    return r->error;
}

void recorder_ask(struct recorder *r, const struct record *record)
{
    pthread_mutex_lock(&r->mutex);
    r->wanted = *record;
    r->asked++;
    pthread_cond_signal(&r->work);
    pthread_mutex_unlock(&r->mutex);
}

enum recorder_result recorder_look(struct recorder *r)
{
    pthread_mutex_lock(&r->mutex);
    bool pending = r->written != r->asked;
    int error = r->error;
    pthread_mutex_unlock(&r->mutex);
    if (pending)
        return RECORDER_PENDING;
    errno = error;
    return error == 0 ? RECORDER_DURABLE : RECORDER_FAILED;
}

enum recorder_result recorder_write(struct recorder *r, const struct record *record,
                                    int64_t patience)
{
    recorder_ask(r, record);
    pthread_mutex_lock(&r->mutex);
    recorder_wait_for(r, r->asked, patience);
    pthread_mutex_unlock(&r->mutex);
    return recorder_look(r);
}

int recorder_fd(const struct recorder *r)
{
    return r->fd;
}

void recorder_drain(struct recorder *r)
{
    uint64_t times;
    ssize_t n = read(r->fd, &times, sizeof times);
    (void)n; /* EAGAIN: it was drained already */
}

void recorder_free(struct recorder *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->mutex);
    bool hangs = recorder_wait_for(r, r->asked, NS_PER_S) == ETIMEDOUT;
    r->stop = true;
    r->abandoned = hangs;
    pthread_t thread = r->thread;
    pthread_cond_signal(&r->work);
    pthread_mutex_unlock(&r->mutex);
    if (hangs) {
        pthread_detach(thread);
        return;
    }
    pthread_join(thread, NULL);
    recorder_destroy(r);
}
