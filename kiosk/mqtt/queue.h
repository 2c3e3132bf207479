#ifndef PORCHLIGHT_MQTT_QUEUE_H
#define PORCHLIGHT_MQTT_QUEUE_H

#include <pthread.h>
#include <stddef.h>

/* A bounded queue of heap items between two threads, with an fd that is readable while anything
 * waits. An item belongs to whoever holds it: pushed away, or popped. */
struct mqtt_queue_item {
    struct mqtt_queue_item *next;
};

struct mqtt_queue {
    pthread_mutex_t mutex;
    struct mqtt_queue_item *first, **last;
    size_t count, most;
    int fd; /* eventfd */
};

/* 0 or -1 with errno. */
int mqtt_queue_init(struct mqtt_queue *q, size_t most);

/* Frees (free(3)) what still waits. */
void mqtt_queue_finish(struct mqtt_queue *q);

/* 0, or -1 with errno ENOBUFS; the item then stays the caller's. */
int mqtt_queue_push(struct mqtt_queue *q, struct mqtt_queue_item *item);

/* NULL: nothing waits. */
struct mqtt_queue_item *mqtt_queue_pop(struct mqtt_queue *q);

/* Makes the fd readable once though nothing was pushed. */
void mqtt_queue_wake(struct mqtt_queue *q);

#endif
