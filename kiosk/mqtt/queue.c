#include "kiosk/mqtt/queue.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mqtt_queue_init(struct mqtt_queue *q, size_t most)
{
    *q = (struct mqtt_queue){.most = most, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    q->last = &q->first;
    if (q->fd < 0)
        return -1;
    pthread_mutex_init(&q->mutex, NULL);
    return 0;
}

void mqtt_queue_finish(struct mqtt_queue *q)
{
    for (struct mqtt_queue_item *i; (i = mqtt_queue_pop(q));)
        free(i);
    close(q->fd);
    pthread_mutex_destroy(&q->mutex);
}

void mqtt_queue_wake(struct mqtt_queue *q)
{
    uint64_t one = 1;
    ssize_t n = write(q->fd, &one, sizeof one);
    (void)n; /* EAGAIN: it is readable already */
}

int mqtt_queue_push(struct mqtt_queue *q, struct mqtt_queue_item *item)
{
    pthread_mutex_lock(&q->mutex);
    bool full = q->count >= q->most;
    if (!full) {
        item->next = NULL;
        *q->last = item;
        q->last = &item->next;
        q->count++;
    }
    pthread_mutex_unlock(&q->mutex);
    if (full) {
        errno = ENOBUFS;
        return -1;
    }
    mqtt_queue_wake(q);
    return 0;
}

struct mqtt_queue_item *mqtt_queue_pop(struct mqtt_queue *q)
{
    pthread_mutex_lock(&q->mutex);
    struct mqtt_queue_item *item = q->first;
    if (!item) {
        uint64_t drained;
        ssize_t n = read(q->fd, &drained, sizeof drained);
        (void)n; /* EAGAIN: it was drained already */
    } else {
        q->first = item->next;
        if (!q->first)
            q->last = &q->first;
        q->count--;
    }
    pthread_mutex_unlock(&q->mutex);
    return item;
}
