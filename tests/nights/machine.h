#ifndef PORCHLIGHT_NIGHTS_MACHINE_H
#define PORCHLIGHT_NIGHTS_MACHINE_H

#include "tests/nights/world.h"

/* A simulated machine that runs one program: its memory, its clocks, its threads. The program's
 * objects are the real ones. What they call of libc and pthreads (malloc, pthread_create, poll,
 * clock_gettime, open, ...) leads here instead, by the linker's --wrap; the Makefile has the list.
 *
 * A thread is a coroutine. It runs until it waits for something, so that one night is one sequence
 * of steps, whatever the real machine does. Whenever a thread waits, the power may fail: then the
 * machine's threads and memory are gone in that very moment. */

struct way;

#define SECOND_INTERFACE "wwan0" /* of two ways to one broker; the first goes by eth0 */

enum { MACHINES = 8, MACHINE_THREADS = 16 };

struct machine {
    const char *name;
    bool running;
    bool doomed;         /* the power failed inside a call: gone as soon as the thread lets go */
    bool graceful;       /* asked to stop: the program ends by itself */
    int64_t booted_at;   /* where CLOCK_MONOTONIC began */
    int64_t wall_offset; /* ns: what its wall clock is wrong by; MACHINE_CLOCK_UNSET: 1970 */
    double drift;        /* of the wall clock, seconds a second */
    uint64_t starts;     /* of the program */
    int64_t started_at;  /* the last of them */
    size_t memory_now, memory_most;
    uint64_t log_lines;
    void (*ended)(struct machine *m, int status); /* the program ended by itself */
    void *owner;
    struct way *ways; /* to each broker, in the order of their names b0, b1, ... */
    size_t ways_count;
    struct way *gateway; /* to a broker on site that no phone reads; NULL: none */
    bool is_kiosk;       /* the owner is a struct station */
};

#define MACHINE_CLOCK_UNSET INT64_MIN

/* Forgets the machines of the last night. */
void machines_begin(void);
struct machine *machine_new(const char *name, void *owner);

/* Starts `program` as the machine's first thread. */
void machine_start(struct machine *m, void (*program)(struct machine *m));

/* The power fails, or the process is killed: nothing of it runs on. `power`: what was not yet
 * durable is lost, and no peer is told. */
void machine_cut(struct machine *m, bool power);

/* The machine whose code runs now; NULL: the world itself. */
struct machine *machine_now(void);

/* World's time as this machine's CLOCK_MONOTONIC has it, and its wall clock in ns since 1970. */
int64_t machine_monotonic(const struct machine *m);
int64_t machine_wall(const struct machine *m);

/* --- threads --------------------------------------------------------------------------------- */

struct thread;

/* The thread that runs now. */
struct thread *thread_now(void);

/* Waits until thread_wake, or until the world's time is `until` (INT64_MAX: never by itself).
 * False: it was the time. */
bool thread_wait(int64_t until);

/* Lets it go on, a little later (a scheduler takes up to 100 us). No harm if it does not wait. */
void thread_wake(struct thread *t);

/* The power fails here and now, in the middle of what the running thread does. */
void machine_fail_here(bool power);

/* What machine_cut has to tell others: fds.c closes what the machine had open. */
void fds_cut(struct machine *m, bool power);

#endif
