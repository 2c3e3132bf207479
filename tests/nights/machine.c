#include "tests/nights/machine.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timex.h>
#include <time.h>
#include <ucontext.h>

#define STACK      ((size_t)256 * 1024)
#define ROOM       ((size_t)64 << 20) /* of a machine, in addresses */
#define SCHEDULING (100 * INT64_C(1000))

enum { CLASSES = 28 };

struct free_block {
    struct free_block *next;
};

struct memory {
    uint8_t *start;
    size_t used;
    struct free_block *free[CLASSES];
};

struct thread {
    struct machine *machine;
    ucontext_t first;
    jmp_buf place;
    uint8_t *stack;
    bool begun, done, detached, waiting, woken;
    uint64_t turn; /* counts its waits, so that an old alarm wakes nobody */
    void *(*run)(void *context);
    void *context;
    const void *condition; /* that it waits for */
    struct thread *joiner;
};

static struct machine machines[MACHINES];
static struct memory memories[MACHINES];
static struct thread threads[MACHINES][MACHINE_THREADS];
static size_t machines_count;
static struct thread *running;
static jmp_buf scheduler;

/* --- memory ---------------------------------------------------------------------------------- */

void *__real_malloc(size_t size);
void __real_free(void *p);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void __wrap_free(void *p);

static uint8_t *all_rooms;

static size_t index_of(const struct machine *m)
{
    return (size_t)(m - machines);
}

/* Sixteen bytes before each block hold its class; classes are powers of two. */
static int class_of(size_t size)
{
    int c = 5;
    while (((size_t)1 << c) < size + 16)
        c++;
    return c;
}

void *__wrap_malloc(size_t size)
{
    struct machine *m = machine_now();
    if (!m)
        return __real_malloc(size);
    struct memory *room = &memories[index_of(m)];
    int c = class_of(size);
    size_t whole = (size_t)1 << c;
    uint8_t *p;
    if (room->free[c]) {
        p = (uint8_t *)room->free[c];
        room->free[c] = room->free[c]->next;
    } else {
        if (room->used + whole > ROOM) {
            errno = ENOMEM;
            return NULL;
        }
        p = room->start + room->used;
        room->used += whole;
    }
    memcpy(p, &c, sizeof c);
    m->memory_now += whole;
    if (m->memory_now > m->memory_most)
        m->memory_most = m->memory_now;
    return p + 16;
}

void __wrap_free(void *p)
{
    uint8_t *at = p;
    if (!p)
        return;
    if (at < all_rooms || at >= all_rooms + MACHINES * ROOM) {
        __real_free(p);
        return;
    }
    size_t i = (size_t)(at - all_rooms) / ROOM;
    int c;
    memcpy(&c, at - 16, sizeof c);
    struct free_block *b = (struct free_block *)(void *)(at - 16);
    b->next = memories[i].free[c];
    memories[i].free[c] = b;
    machines[i].memory_now -= (size_t)1 << c;
}

void *__wrap_calloc(size_t count, size_t size)
{
    void *p = __wrap_malloc(count * size);
    return p ? memset(p, 0, count * size) : NULL;
}

void *__wrap_realloc(void *p, size_t size)
{
    uint8_t *at = p;
    if (p && (at < all_rooms || at >= all_rooms + MACHINES * ROOM))
        return __real_realloc(p, size);
    void *more = __wrap_malloc(size);
    if (p && more) {
        int c;
        memcpy(&c, at - 16, sizeof c);
        size_t had = ((size_t)1 << c) - 16;
        memcpy(more, p, had < size ? had : size);
        __wrap_free(p);
    }
    return more;
}

/* libsodium's guarded memory costs system calls, and would outlive a power cut. */
void *__wrap_sodium_malloc(size_t size);
void __wrap_sodium_free(void *p);
int __wrap_sodium_mlock(void *p, size_t len);
int __wrap_sodium_munlock(void *p, size_t len);

void *__wrap_sodium_malloc(size_t size)
{
    void *p = __wrap_malloc(size);
    return p ? memset(p, 0xdb, size) : NULL;
}

void __wrap_sodium_free(void *p)
{
    __wrap_free(p);
}

int __wrap_sodium_mlock(void *p, size_t len)
{
    (void)p;
    (void)len;
    return 0;
}

int __wrap_sodium_munlock(void *p, size_t len)
{
    sodium_memzero(p, len);
    return 0;
}

/* --- clocks ---------------------------------------------------------------------------------- */

int64_t machine_monotonic(const struct machine *m)
{
    return world_now() - m->booted_at + 20 * S;
}

int64_t machine_wall(const struct machine *m)
{
    if (m->wall_offset == MACHINE_CLOCK_UNSET)
        return world_now() - m->booted_at;
    int64_t drifted = (int64_t)((double)world_now() * m->drift);
    return EVENING * S + world_now() + m->wall_offset + drifted;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *t);
time_t __wrap_time(time_t *t);
int __real_clock_gettime(clockid_t clock, struct timespec *t);

int __wrap_clock_gettime(clockid_t clock, struct timespec *t)
{
    const struct machine *m = machine_now();
    if (!m)
        return __real_clock_gettime(clock, t);
    int64_t now = clock == CLOCK_REALTIME ? machine_wall(m) : machine_monotonic(m);
    t->tv_sec = (time_t)(now / S);
    t->tv_nsec = (long)(now % S);
    return 0;
}

time_t __wrap_time(time_t *t)
{
    const struct machine *m = machine_now();
    time_t now = (time_t)((m ? machine_wall(m) : EVENING * S + world_now()) / S);
    if (t)
        *t = now;
    return now;
}

int __wrap_adjtimex(struct timex *t);
int __real_adjtimex(struct timex *t);

/* Synchronised where the clock is right. */
int __wrap_adjtimex(struct timex *t)
{
    const struct machine *m = machine_now();
    if (!m)
        return __real_adjtimex(t);
    t->status = m->wall_offset == 0 ? 0 : STA_UNSYNC;
    return t->status == 0 ? TIME_OK : TIME_ERROR;
}

/* --- machines -------------------------------------------------------------------------------- */

void machines_begin(void)
{
    if (!all_rooms) {
        all_rooms = mmap(NULL, MACHINES * ROOM, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        for (size_t i = 0; i < MACHINES; i++)
            memories[i].start = all_rooms + i * ROOM;
    }
    for (size_t i = 0; i < machines_count; i++)
        if (machines[i].running)
            machine_cut(&machines[i], true);
    machines_count = 0;
}

struct machine *machine_new(const char *name, void *owner)
{
    struct machine *m = &machines[machines_count++];
    *m = (struct machine){.name = name, .owner = owner};
    return m;
}

struct machine *machine_now(void)
{
    return running ? running->machine : NULL;
}

struct thread *thread_now(void)
{
    return running;
}

void machine_cut(struct machine *m, bool power)
{
    struct memory *room = &memories[index_of(m)];
    if (!m->running)
        return;
    m->running = m->doomed = false;
    fds_cut(m, power);
    for (size_t i = 0; i < MACHINE_THREADS; i++) {
        struct thread *t = &threads[index_of(m)][i];
        t->machine = NULL;
        t->turn++;
    }
    room->used = 0;
    memset(room->free, 0, sizeof room->free);
    m->memory_now = 0;
}

static bool doomed_power;

void machine_fail_here(bool power)
{
    struct thread *t = running;
    t->machine->doomed = true;
    doomed_power = power;
    t->waiting = true;
    longjmp(scheduler, 1);
}

/* --- threads --------------------------------------------------------------------------------- */

static void thread_done(struct thread *t)
{
    t->done = true;
    if (t->joiner)
        thread_wake(t->joiner);
    if (t->detached)
        t->machine = NULL;
}

static void thread_trampoline(void)
{
    struct thread *t = running;
    t->run(t->context);
    thread_done(t);
    longjmp(scheduler, 1);
}

static void thread_resume(void *context, uint64_t turn)
{
    struct thread *t = context;
    struct machine *m = t->machine;
    if (!m || t->turn != turn || t->done)
        return;
    t->turn++;
    t->waiting = false;
    running = t;
    if (setjmp(scheduler) == 0) {
        if (t->begun)
            longjmp(t->place, 1);
        t->begun = true;
        setcontext(&t->first);
    }
    running = NULL;
    if (m->doomed) {
        machine_cut(m, doomed_power);
        m->ended(m, -1);
    } else if (t == &threads[index_of(m)][0] && t->done) {
        machine_cut(m, false);
        m->ended(m, 0);
    }
}

bool thread_wait(int64_t until)
{
    int saved = errno;
    running->waiting = true;
    running->woken = false;
    if (until != INT64_MAX)
        world_at(until, thread_resume, running, running->turn);
    if (setjmp(running->place) == 0)
        longjmp(scheduler, 1);
    errno = saved;
    return running->woken;
}

void thread_wake(struct thread *t)
{
    if (!t->machine || !t->waiting || t->woken)
        return;
    t->woken = true;
    /* Of this moment and thread alone: what was before changes nothing. */
    struct chance jitter =
        chance_of(world_seed() + (uint64_t)world_now(), (uint64_t)(t - threads[0]));
    world_at(world_now() + chance_between(&jitter, 0, SCHEDULING), thread_resume, t, t->turn);
}

/* Apart from its caller, whose variables getcontext must not hold. */
static void __attribute__((noinline)) place_first(struct thread *t)
{
    getcontext(&t->first);
    t->first.uc_stack.ss_sp = t->stack;
    t->first.uc_stack.ss_size = STACK;
    makecontext(&t->first, thread_trampoline, 0);
}

static struct thread *thread_begin(struct machine *m, void *(*run)(void *context), void *context)
{
    for (size_t i = 0; i < MACHINE_THREADS; i++) {
        struct thread *t = &threads[index_of(m)][i];
        if (t->machine)
            continue;
        uint8_t *stack = t->stack;
        uint64_t turn = t->turn;
        if (!stack)
            stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
        *t = (struct thread){.machine = m, .stack = stack, .run = run, .context = context};
        t->turn = turn + 1;
        t->waiting = true;
        place_first(t);
        thread_wake(t);
        return t;
    }
    return NULL;
}

static void (*programs[MACHINES])(struct machine *m);

static void *program_first(void *context)
{
    struct machine *m = context;
    programs[index_of(m)](m);
    return NULL;
}

void machine_start(struct machine *m, void (*program)(struct machine *m))
{
    m->running = true;
    m->graceful = false;
    m->starts++;
    m->started_at = world_now();
    programs[index_of(m)] = program;
    thread_begin(m, program_first, m);
}

/* --- pthreads, as the programs call them ------------------------------------------------------ */

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *),
                          void *context);
int __wrap_pthread_join(pthread_t t, void **result);
int __wrap_pthread_detach(pthread_t t);
int __wrap_pthread_clockjoin_np(pthread_t t, void **result, clockid_t clock,
                                const struct timespec *until);
int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a);
int __wrap_pthread_mutex_destroy(pthread_mutex_t *m);
int __wrap_pthread_mutex_lock(pthread_mutex_t *m);
int __wrap_pthread_mutex_unlock(pthread_mutex_t *m);
int __wrap_pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *a);
int __wrap_pthread_cond_destroy(pthread_cond_t *c);
int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m);
int __wrap_pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
                                  const struct timespec *until);
int __wrap_pthread_cond_signal(pthread_cond_t *c);
int __wrap_pthread_cond_broadcast(pthread_cond_t *c);

/* A moment of one of this machine's clocks, in the world's time. */
static int64_t world_time_of(const struct timespec *t, clockid_t clock)
{
    const struct machine *m = machine_now();
    int64_t now = clock == CLOCK_REALTIME ? machine_wall(m) : machine_monotonic(m);
    return world_now() + ((int64_t)t->tv_sec * S + t->tv_nsec - now);
}

int __wrap_pthread_create(pthread_t *t, const pthread_attr_t *a, void *(*run)(void *),
                          void *context)
{
    (void)a;
    struct thread *made = thread_begin(machine_now(), run, context);
    *t = (pthread_t)made;
    return made ? 0 : EAGAIN;
}

int __wrap_pthread_clockjoin_np(pthread_t thread, void **result, clockid_t clock,
                                const struct timespec *until)
{
    struct thread *t = (struct thread *)thread;
    if (result)
        *result = NULL;
    t->joiner = running;
    while (!t->done)
        if (!thread_wait(until ? world_time_of(until, clock) : INT64_MAX)) {
            t->joiner = NULL;
            return ETIMEDOUT;
        }
    t->machine = NULL;
    return 0;
}

int __wrap_pthread_join(pthread_t t, void **result)
{
    return __wrap_pthread_clockjoin_np(t, result, CLOCK_MONOTONIC, NULL);
}

int __wrap_pthread_detach(pthread_t thread)
{
    struct thread *t = (struct thread *)thread;
    t->detached = true;
    if (t->done)
        t->machine = NULL;
    return 0;
}

/* Nobody is interrupted between two waits, so a mutex is only ever held over a wait by a fault of
 * the program. */
int __wrap_pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *a)
{
    (void)a;
    memset(m, 0, sizeof(pthread_mutex_t));
    return 0;
}

int __wrap_pthread_mutex_destroy(pthread_mutex_t *m)
{
    (void)m;
    return 0;
}

int __wrap_pthread_mutex_lock(pthread_mutex_t *m)
{
    int *held = (int *)(void *)m;
    while (*held)
        thread_wait(world_now() + MS);
    *held = 1;
    return 0;
}

int __wrap_pthread_mutex_unlock(pthread_mutex_t *m)
{
    *(int *)(void *)m = 0;
    return 0;
}

int __wrap_pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *a)
{
    (void)a;
    memset(c, 0, sizeof(pthread_cond_t));
    return 0;
}

int __wrap_pthread_cond_destroy(pthread_cond_t *c)
{
    (void)c;
    return 0;
}

static int condition_wait(pthread_cond_t *c, pthread_mutex_t *m, int64_t until)
{
    running->condition = c;
    __wrap_pthread_mutex_unlock(m);
    bool woken = thread_wait(until);
    running->condition = NULL;
    __wrap_pthread_mutex_lock(m);
    return woken ? 0 : ETIMEDOUT;
}

int __wrap_pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    return condition_wait(c, m, INT64_MAX);
}

int __wrap_pthread_cond_clockwait(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock,
                                  const struct timespec *until)
{
    return condition_wait(c, m, world_time_of(until, clock));
}

static int condition_wake(const pthread_cond_t *c, bool all)
{
    for (size_t i = 0; i < MACHINE_THREADS; i++) {
        struct thread *t = &threads[index_of(running->machine)][i];
        if (t->machine && t->condition == c && !t->woken) {
            thread_wake(t);
            if (!all)
                break;
        }
    }
    return 0;
}

int __wrap_pthread_cond_signal(pthread_cond_t *c)
{
    return condition_wake(c, false);
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *c)
{
    return condition_wake(c, true);
}
