#ifndef PORCHLIGHT_MQTT_QUEUE_H
#define PORCHLIGHT_MQTT_QUEUE_H

#include <pthread.h>
#include <stddef.h>

/* A bounded queue of heap items between two threads, with an fd that is readable while anything
 * waits. An item belongs to whoever holds it: pushed away, or popped. */
struct queue_item {
    struct queue_item *next;
};

struct queue {
    pthread_mutex_t mutex;
    struct queue_item *first, **last;
    size_t count, most;
    int fd; /* eventfd */
};

/* 0 or -1 with errno. */
int queue_init(struct queue *q, size_t most);

/* Frees (free(3)) what still waits. */
void queue_finish(struct queue *q);

/* 0, or -1 with errno ENOBUFS; the item then stays the caller's. */
int queue_push(struct queue *q, struct queue_item *item);

/* NULL: nothing waits. */
struct queue_item *queue_pop(struct queue *q);

/* Makes the fd readable once though nothing was pushed. */
void queue_wake(struct queue *q);

#endif
