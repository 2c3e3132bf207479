#include "kiosk/alertd/trouble_file.h"

#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A thread of its own for each burst of writes: there are a few a year. */
struct trouble_file {
    char path[PATH_LEN];
    pthread_mutex_t mutex;
    char wanted[TROUBLE_TEXT_MAX];
    bool is_new;  /* `wanted` is not written yet */
    bool running; /* a thread writes */
    bool complained;
    bool abandoned; /* the thread frees */
};

static void trouble_file_destroy(struct trouble_file *f)
{
    pthread_mutex_destroy(&f->mutex);
    free(f);
}

static void trouble_file_complain(struct trouble_file *f, int error)
{
    if (error != 0 && !f->complained)
        log_error("%s: cannot be written: %s. Troubles are reported all the same, but after a "
                  "restart once more. See: porchlight doctor",
                  f->path, strerror(error));
    f->complained = error != 0;
}

static void *trouble_file_run(void *context)
{
    struct trouble_file *f = context;
    char text[TROUBLE_TEXT_MAX];
    pthread_mutex_lock(&f->mutex);
    while (f->is_new) {
        memcpy(text, f->wanted, sizeof text);
        f->is_new = false;
        pthread_mutex_unlock(&f->mutex);
        int error = file_replace(f->path, text, strlen(text), 0600) == 0 ? 0 : errno;
        pthread_mutex_lock(&f->mutex);
        trouble_file_complain(f, error);
    }
    f->running = false;
    bool abandoned = f->abandoned;
    pthread_mutex_unlock(&f->mutex);
    if (abandoned)
        trouble_file_destroy(f);
    return NULL;
}

struct trouble_file *trouble_file_new(const char *path)
{
    struct trouble_file *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    snprintf(f->path, sizeof f->path, "%s", path);
    pthread_mutex_init(&f->mutex, NULL);
    return f;
}

void trouble_file_read(const struct trouble_file *f, char text[TROUBLE_TEXT_MAX])
{
    size_t len;
    char *bytes = file_read(f->path, TROUBLE_TEXT_MAX - 1, &len);
    text[0] = '\0';
    if (bytes)
        memcpy(text, bytes, len + 1);
    else if (errno != ENOENT)
        log_error("%s: cannot be read: %s. Troubles that go on are reported once more", f->path,
                  strerror(errno));
    free(bytes);
}

void trouble_file_write(struct trouble_file *f, const char *text)
{
    pthread_t thread;
    pthread_mutex_lock(&f->mutex);
    snprintf(f->wanted, sizeof f->wanted, "%s", text);
    f->is_new = true;
    if (!f->running) {
        int error = pthread_create(&thread, NULL, trouble_file_run, f);
        f->running = error == 0;
        if (error == 0)
            pthread_detach(thread);
        else
            trouble_file_complain(f, error);
    }
    pthread_mutex_unlock(&f->mutex);
}

void trouble_file_free(struct trouble_file *f)
{
    static const struct timespec moment = {.tv_nsec = 10000000};
    if (!f)
        return;
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&f->mutex);
        bool running = f->running;
        f->abandoned = running && i == 99;
        pthread_mutex_unlock(&f->mutex);
        if (!running) {
            trouble_file_destroy(f);
            return;
        }
        nanosleep(&moment, NULL);
    }
}
