#include "tests/nights/fds.h"

#include "kiosk/core/record.h"

#include "tests/nights/pair.h"
#include "tests/nights/story.h"
#include "tests/nights/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { FIRST = 1 << 20, FDS = 512, SECTOR = 512, SPINS_MOST = 2000 };

struct fd {
    const struct fd_kind *kind;
    void *object;
    struct machine *machine;
    struct thread *waits;
};

static struct fd fds[FDS];
static struct disk *disks[MACHINES];
static const struct machine *disk_owners[MACHINES];

/* --- the table ------------------------------------------------------------------------------- */

void fds_begin(void)
{
    memset(fds, 0, sizeof fds);
    memset(disks, 0, sizeof disks);
    memset(disk_owners, 0, sizeof disk_owners);
}

static struct fd *fd_of(int fd)
{
    return fd >= FIRST && fd < FIRST + FDS && fds[fd - FIRST].kind ? &fds[fd - FIRST] : NULL;
}

int fd_open(const struct fd_kind *kind, void *object)
{
    for (int i = 0; i < FDS; i++) {
        if (fds[i].kind)
            continue;
        fds[i] = (struct fd){.kind = kind, .object = object, .machine = machine_now()};
        return FIRST + i;
    }
    errno = EMFILE;
    return -1;
}

void *fd_object(int fd, const struct fd_kind *kind)
{
    const struct fd *f = fd_of(fd);
    return f && f->kind == kind ? f->object : NULL;
}

void fd_changed(int fd)
{
    struct fd *f = fd_of(fd);
    if (f && f->waits)
        thread_wake(f->waits);
}

size_t fds_count(const struct machine *m)
{
    size_t n = 0;
    for (int i = 0; i < FDS; i++)
        n += fds[i].kind && fds[i].machine == m;
    return n;
}

static struct disk *disk_of(const struct machine *m)
{
    for (size_t i = 0; i < MACHINES; i++)
        if (disk_owners[i] == m)
            return disks[i];
    return NULL;
}

void fds_cut(struct machine *m, bool power)
{
    for (int i = 0; i < FDS; i++) {
        struct fd f = fds[i];
        if (!f.kind || f.machine != m)
            continue;
        fds[i] = (struct fd){0};
        if (f.kind->closed)
            f.kind->closed(f.object, true, power);
    }
    struct disk *d = disk_of(m);
    struct chance c = chance_of(world_seed(), 1000 + (uint64_t)world_now());
    if (d && power)
        disk_cut(d, &c);
}

int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_close(int fd)
{
    struct fd *f = fd_of(fd);
    if (!f)
        return __real_close(fd);
    struct fd was = *f;
    *f = (struct fd){0};
    if (was.kind->closed)
        was.kind->closed(was.object, false, false);
    return 0;
}

/* --- eventfd, timerfd ------------------------------------------------------------------------ */

struct counter {
    uint64_t count;
    int64_t due; /* of a timer, the world's time; INT64_MAX: not set */
};

static bool counter_readable(void *object)
{
    const struct counter *c = object;
    return c->count > 0 || c->due <= world_now();
}

static const struct fd_kind counter_kind = {.readable = counter_readable};

static int counter_open(void)
{
    struct counter *c = world_memory(sizeof *c);
    c->due = INT64_MAX;
    return fd_open(&counter_kind, c);
}

int __wrap_eventfd(unsigned first, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *t, struct itimerspec *old);

int __wrap_eventfd(unsigned first, int flags)
{
    (void)first;
    (void)flags;
    return counter_open();
}

int __wrap_timerfd_create(int clock, int flags)
{
    (void)clock;
    (void)flags;
    return counter_open();
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *t, struct itimerspec *old)
{
    (void)flags;
    (void)old;
    struct counter *c = fd_object(fd, &counter_kind);
    int64_t at = (int64_t)t->it_value.tv_sec * S + t->it_value.tv_nsec;
    c->due = at == 0 ? INT64_MAX : world_now() + at - machine_monotonic(machine_now());
    return 0;
}

ssize_t __real_read(int fd, void *bytes, size_t len);
ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_read(int fd, void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);

ssize_t __wrap_read(int fd, void *bytes, size_t len)
{
    struct counter *c = fd_object(fd, &counter_kind);
    if (!c)
        return __real_read(fd, bytes, len);
    if (!counter_readable(c)) {
        errno = EAGAIN;
        return -1;
    }
    if (c->due <= world_now())
        c->due = INT64_MAX;
    memcpy(bytes, &c->count, sizeof c->count);
    c->count = 0;
    return sizeof c->count;
}

ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    struct counter *c = fd_object(fd, &counter_kind);
    uint64_t more;
    if (!c)
        return __real_write(fd, bytes, len);
    memcpy(&more, bytes, sizeof more);
    c->count += more;
    fd_changed(fd);
    return (ssize_t)len;
}

/* --- poll ------------------------------------------------------------------------------------ */

static int ready_of(struct pollfd *p, nfds_t n, int64_t *due)
{
    int ready = 0;
    for (nfds_t i = 0; i < n; i++) {
        struct fd *f = fd_of(p[i].fd);
        bool is = f && (p[i].events & (POLLIN | POLLOUT)) && f->kind->readable(f->object);
        p[i].revents = is ? POLLIN : 0;
        ready += is;
        if (f && f->kind == &counter_kind && ((struct counter *)f->object)->due < *due)
            *due = ((struct counter *)f->object)->due;
    }
    return ready;
}

static void wait_set(const struct pollfd *p, nfds_t n, struct thread *t)
{
    for (nfds_t i = 0; i < n; i++) {
        struct fd *f = fd_of(p[i].fd);
        if (f)
            f->waits = t;
    }
}

int __wrap_poll(struct pollfd *p, nfds_t n, int timeout);

/* A thread that polls again and again and lets no time pass would hold the world up. */
static void look_for_spins(void)
{
    static const struct thread *last;
    static int64_t at;
    static int count;
    if (last != thread_now() || at != world_now())
        count = 0;
    last = thread_now();
    at = world_now();
    if (++count < SPINS_MOST)
        return;
    watch_fail("a-program-sleeps", "%s polls without an end", machine_now()->name);
    thread_wait(world_now() + 10 * MS);
}

int __wrap_poll(struct pollfd *p, nfds_t n, int timeout)
{
    look_for_spins();
    int64_t until = timeout < 0 ? INT64_MAX : world_now() + timeout * MS;
    for (;;) {
        int64_t due = until;
        int ready = ready_of(p, n, &due);
        if (ready > 0 || world_now() >= until)
            return ready;
        wait_set(p, n, thread_now());
        thread_wait(due);
        wait_set(p, n, NULL);
    }
}

/* --- the disk -------------------------------------------------------------------------------- */

void disk_attach(struct machine *m, struct disk *d)
{
    for (size_t i = 0; i < MACHINES; i++) {
        if (disk_owners[i])
            continue;
        disk_owners[i] = m;
        disks[i] = d;
        return;
    }
}

void disk_cut(struct disk *d, struct chance *c)
{
    for (size_t at = 0; at < DISK_SIZE; at += SECTOR) {
        if (memcmp(d->cached + at, d->durable + at, SECTOR) == 0)
            continue;
        uint64_t what = chance_below(c, 3);
        if (what == 1)
            memcpy(d->durable + at, d->cached + at, SECTOR);
        for (size_t i = 0; what == 2 && i < SECTOR; i++) /* torn: a first part of it is new */
            d->durable[at + i] = i < 16 ? d->cached[at + i] : (uint8_t)chance_next(c);
    }
    if (d->size != d->durable_size && chance_percent(c, 50))
        d->durable_size = d->size;
    d->exists = d->durable_size > 0;
    d->size = d->durable_size;
    memcpy(d->cached, d->durable, sizeof d->cached);
}

static const struct fd_kind file_kind = {0};

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);

int __wrap_open64(const char *path, int flags, ...)
{
    static const char record[] = "/var/lib/porchlight/record";
    struct disk *d = machine_now() ? disk_of(machine_now()) : NULL;
    size_t len = strlen(path);
    if (!d || len < sizeof record || strcmp(path + len - (sizeof record - 1), record) != 0) {
        va_list more;
        va_start(more, flags);
        int mode = flags & O_CREAT ? va_arg(more, int) : 0;
        va_end(more);
        return __real_open64(path, flags, mode);
    }
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    int error = writes && d->faults & DISK_READ_ONLY            ? EROFS
                : !d->exists && !(flags & O_CREAT)              ? ENOENT
                : !d->exists && d->faults & DISK_FULL && writes ? ENOSPC
                                                                : 0;
    if (error != 0) {
        errno = error;
        return -1;
    }
    d->exists = true;
    return fd_open(&file_kind, d);
}

int __real_fstat64(int fd, struct stat64 *st);
int __wrap_fstat64(int fd, struct stat64 *st);
ssize_t __real_pread64(int fd, void *bytes, size_t len, off64_t at);
ssize_t __wrap_pread64(int fd, void *bytes, size_t len, off64_t at);
ssize_t __real_pwrite64(int fd, const void *bytes, size_t len, off64_t at);
ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off64_t at);
int __wrap_posix_fadvise64(int fd, off64_t at, off64_t len, int advice);
int __wrap_fsync(int fd);
int __wrap_fdatasync(int fd);

int __wrap_fstat64(int fd, struct stat64 *st)
{
    const struct disk *d = fd_object(fd, &file_kind);
    if (!d)
        return __real_fstat64(fd, st);
    *st = (struct stat64){.st_size = (off64_t)d->size, .st_mode = S_IFREG | 0600};
    return 0;
}

ssize_t __wrap_pread64(int fd, void *bytes, size_t len, off64_t at)
{
    const struct disk *d = fd_object(fd, &file_kind);
    if (!d)
        return __real_pread64(fd, bytes, len, at);
    size_t from = (size_t)at;
    if (from >= d->size)
        return 0;
    size_t n = d->size - from < len ? d->size - from : len;
    memcpy(bytes, d->cached + from, n);
    return (ssize_t)n;
}

/* Of a box, only that it is there: what is in it and its sum differ whatever it says, as they would
 * for the same text twice. */
static void card_observe(const void *bytes, size_t len)
{
    struct record r;
    uint32_t serial;
    bool boxed = record_decode(&r, &serial, bytes, len) == 0 && r.boxed;
    pair_observe(SURFACE_CARD, "bytes on the card", bytes, boxed ? RECORD_SIZE - 8 : len);
    pair_observe(SURFACE_CARD, "as much on the card", &len, sizeof len);
}

ssize_t __wrap_pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    struct disk *d = fd_object(fd, &file_kind);
    size_t end = (size_t)at + len;
    if (!d)
        return __real_pwrite64(fd, bytes, len, at);
    if (end > DISK_SIZE || (end > d->size && d->faults & DISK_FULL)) {
        errno = ENOSPC;
        return -1;
    }
    if (d->faults & DISK_READ_ONLY) {
        errno = EIO;
        return -1;
    }
    memcpy(d->cached + at, bytes, len);
    d->untaken = false;
    d->writes++;
    pair_observe(SURFACE_WRITES, "a write to the card", &at, sizeof at);
    card_observe(bytes, len);
    if (end > d->size)
        d->size = end;
    return (ssize_t)len;
}

static int disk_sync(struct disk *d)
{
    struct chance c = chance_of(world_seed(), 2000 + d->syncs);
    int64_t takes = d->faults & DISK_SLOW ? d->slow : chance_between(&c, MS / 2, 5 * MS);
    bool cut = d->cut_in > 0 && --d->cut_in == 0;
    d->syncs++;
    thread_wait(world_now() + (cut ? takes / 2 : takes));
    if (cut) {
        story("the %s in the middle of a write", d->cut_is_power ? "power fails" : "process dies");
        machine_fail_here(d->cut_is_power);
    }
    if (d->faults & (DISK_FAILING | DISK_READ_ONLY)) {
        d->untaken = true;
        errno = EIO;
        return -1;
    }
    memcpy(d->durable, d->cached, sizeof d->durable);
    d->durable_size = d->size;
    watch_synced(station_now());
    return 0;
}

/* Memory that counts as clean is given back, and read from the card again. */
int __wrap_posix_fadvise64(int fd, off64_t at, off64_t len, int advice)
{
    struct disk *d = fd_object(fd, &file_kind);
    (void)at;
    (void)len;
    if (d && advice == POSIX_FADV_DONTNEED && d->untaken) {
        memcpy(d->cached, d->durable, sizeof d->cached);
        d->size = d->durable_size;
        d->untaken = false;
    }
    return 0;
}

int __wrap_fdatasync(int fd)
{
    struct disk *d = fd_object(fd, &file_kind);
    return d ? disk_sync(d) : 0;
}

int __wrap_fsync(int fd)
{
    return __wrap_fdatasync(fd);
}
