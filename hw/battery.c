#include "hw/battery.h"

#include <glob.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct battery {
    char pattern[512];
    atomic_int percent;
    atomic_bool reading;
    atomic_int users; /* the line, and the thread while it reads */
    int64_t asked_at; /* 0: never */
};

struct battery *battery_new(const char *root, const char *node)
{
    struct battery *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    /* event3/device is the input device, and its device the one on the bus, which has the battery.
     */
    snprintf(b->pattern, sizeof b->pattern,
             "%s/sys/class/input/%s/device/device/power_supply/*/capacity", root, node);
    b->percent = -1;
    b->users = 1;
    return b;
}

void battery_free(struct battery *b)
{
    if (b && atomic_fetch_sub(&b->users, 1) == 1)
        free(b);
}

static int battery_read(const char *path)
{
    int percent;
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    bool good = fscanf(f, "%d", &percent) == 1 && percent >= 0 && percent <= 100;
    fclose(f);
    return good ? percent : -1;
}

static void *battery_thread(void *context)
{
    struct battery *b = context;
    glob_t found;
    if (glob(b->pattern, 0, NULL, &found) == 0) {
        b->percent = battery_read(found.gl_pathv[0]);
        globfree(&found);
    }
    b->reading = false;
    battery_free(b);
    return NULL;
}

int battery_percent(struct battery *b, int64_t now)
{
    pthread_t thread;
    if (b->reading || (b->asked_at != 0 && now - b->asked_at < BATTERY_EVERY))
        return b->percent;
    b->asked_at = now;
    b->reading = true;
    atomic_fetch_add(&b->users, 1);
    if (pthread_create(&thread, NULL, battery_thread, b) == 0) {
        pthread_detach(thread);
    } else {
        b->reading = false;
        atomic_fetch_sub(&b->users, 1);
    }
    return b->percent;
}
