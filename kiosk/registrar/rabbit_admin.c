#include "kiosk/common/log.h"
#include "kiosk/registrar/rabbit_parts.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static struct rabbit_admin *rabbit_of(struct broker_admin *base)
{
    return (struct rabbit_admin *)base; /* its first member */
}

static void *rabbit_run(void *context)
{
    struct rabbit_admin *a = context;
    pthread_mutex_lock(&a->lock);
    while (!a->stop) {
        if (!a->asked) {
            pthread_cond_wait(&a->woken, &a->lock);
            continue;
        }
        a->asked = false;
        a->result = (struct broker_admin_result){.current = false};
        pthread_mutex_unlock(&a->lock);
        rabbit_carry_out(a);
        pthread_mutex_lock(&a->lock);
        sodium_memzero(&a->order, sizeof a->order);
        a->done = !a->stop;
        eventfd_write(a->fd, 1);
    }
    pthread_mutex_unlock(&a->lock);
    return NULL;
}

static void rabbit_admin_begin(struct broker_admin *base, const struct broker_admin_order *o)
{
    struct rabbit_admin *a = rabbit_of(base);
    pthread_mutex_lock(&a->lock);
    a->order = *o;
    a->asked = true;
    pthread_cond_signal(&a->woken);
    pthread_mutex_unlock(&a->lock);
}

static int rabbit_admin_fd(const struct broker_admin *base)
{
    return ((const struct rabbit_admin *)base)->fd;
}

static bool rabbit_admin_done(struct broker_admin *base, struct broker_admin_result *r)
{
    struct rabbit_admin *a = rabbit_of(base);
    eventfd_t count;
    eventfd_read(a->fd, &count);
    pthread_mutex_lock(&a->lock);
    bool done = a->done;
    *r = a->result;
    a->done = false;
    pthread_mutex_unlock(&a->lock);
    return done;
}

static void rabbit_admin_release(struct broker_admin *base)
{
    struct rabbit_admin *a = rabbit_of(base);
    pthread_mutex_lock(&a->lock);
    a->stop = true;
    a->stopping = true;
    pthread_cond_signal(&a->woken);
    pthread_mutex_unlock(&a->lock);
    if (a->running)
        pthread_join(a->thread, NULL);
    if (a->fd >= 0)
        close(a->fd);
    curl_easy_cleanup(a->curl);
    pthread_cond_destroy(&a->woken);
    pthread_mutex_destroy(&a->lock);
    sodium_free(a);
}

static const struct broker_admin_ops rabbit_admin_ops = {
    .release = rabbit_admin_release,
    .begin = rabbit_admin_begin,
    .fd = rabbit_admin_fd,
    .done = rabbit_admin_done,
};

struct broker_admin *rabbit_admin_new(const struct registrar_conf *c, const char *password)
{
    struct rabbit_admin *a = sodium_malloc(sizeof *a); /* passwords */
    if (!a)
        return NULL;
    sodium_memzero(a, sizeof *a);
    a->base.ops = &rabbit_admin_ops;
    a->conf = c;
    a->password = password;
    a->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&a->lock, NULL);
    pthread_cond_init(&a->woken, NULL);
    a->curl = curl_global_init(CURL_GLOBAL_DEFAULT) == 0 ? curl_easy_init() : NULL;
    char *vhost = a->curl ? curl_easy_escape(a->curl, c->broker.vhost, 0) : NULL;
    if (vhost)
        snprintf(a->vhost, sizeof a->vhost, "%s", vhost);
    curl_free(vhost);
    a->running = vhost && a->fd >= 0 && pthread_create(&a->thread, NULL, rabbit_run, a) == 0;
    if (a->running)
        return &a->base;
    rabbit_admin_release(&a->base);
    return NULL;
}
