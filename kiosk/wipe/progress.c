#include "kiosk/wipe/progress.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/io.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD_MAGIC 0x50524849u /* "PRHI" */
#define SLOT_MAGIC 0x50524853u /* "PRHS" */
enum { VERSION = 2 };

_Static_assert(sizeof(struct progress_slot) <= PROGRESS_PAGE, "a slot fits its page");

/* The checksum is each value's last member; padding before it is zero, as all values start zeroed.
 */
static void progress_sum_of(const void *value, size_t len, uint8_t sum[PROGRESS_SUM])
{
    crypto_generichash(sum, PROGRESS_SUM, value, len, NULL, 0);
}

static int write_page(int fd, size_t page, const void *value, size_t len)
{
    unsigned char buf[PROGRESS_PAGE] = {0};
    memcpy(buf, value, len);
    return io_write(fd, buf, sizeof buf, (int64_t)(page * PROGRESS_PAGE));
}

static bool read_page(int fd, size_t page, void *value, size_t len)
{
    return io_read(fd, value, len, (int64_t)(page * PROGRESS_PAGE)) == 0;
}

static bool read_head(int fd, size_t page, struct progress_head *h)
{
    uint8_t sum[PROGRESS_SUM];
    if (!read_page(fd, page, h, sizeof *h))
        return false;
    progress_sum_of(h, offsetof(struct progress_head, sum), sum);
    return h->magic == HEAD_MAGIC && h->version == VERSION && h->count <= PLAN_TARGETS_MAX &&
           memcmp(sum, h->sum, sizeof sum) == 0;
}

/* As make_file left it. */
static bool progress_is_blank(int fd, size_t page)
{
    unsigned char bytes[sizeof(struct progress_head)];
    return read_page(fd, page, bytes, sizeof bytes) && sodium_is_zero(bytes, sizeof bytes);
}

static void load_head(struct progress *p)
{
    struct progress_head a, b;
    bool has_a = read_head(p->fd, 0, &a), has_b = read_head(p->fd, 1, &b);

    p->unreadable =
        !has_a && !has_b && !(progress_is_blank(p->fd, 0) && progress_is_blank(p->fd, 1));
    p->head = (struct progress_head){.magic = HEAD_MAGIC, .version = VERSION};
    if (has_a)
        p->head = a;
    if (has_b && (!has_a || b.turn > a.turn))
        p->head = b;
}

/* Into the page that does not hold the current head, so that a torn write loses nothing. */
static int store_head(struct progress *p, struct progress_head h)
{
    h.turn = p->head.turn + 1;
    progress_sum_of(&h, offsetof(struct progress_head, sum), h.sum);
    if (write_page(p->fd, h.turn % 2, &h, sizeof h) < 0 || io_sync_data(p->fd) < 0)
        return -1;
    p->head = h;
    return 0;
}

/* The whole file with its blocks in place: it is either there and of full size, or not there. */
static int make_file(int dir, const char *name)
{
    static const unsigned char zeros[PROGRESS_SIZE];
    return file_replace_at(dir, name, zeros, sizeof zeros, 0600) < 0
               ? -1
               : openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
}

static int open_dir(const char *path, uid_t owner, bool read_only)
{
    struct stat st;
    int fd;

    if (!read_only && mkdir(path, 0700) < 0 && errno != EEXIST)
        return -1;
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (fstat(fd, &st) < 0 || st.st_uid != owner || (st.st_mode & (S_IWGRP | S_IWOTH))) {
        close(fd);
        errno = EPERM;
        return -1;
    }
    return fd;
}

int progress_open(struct progress *p, const char *dir, const char *name, uid_t owner,
                  bool read_only)
{
    struct stat st;
    int folder = open_dir(dir, owner, read_only);

    p->fd = -1;
    if (folder < 0)
        return -1;
    p->fd = openat(folder, name, (read_only ? O_RDONLY : O_RDWR) | O_NOFOLLOW | O_CLOEXEC);
    if (p->fd >= 0 && !read_only && (fstat(p->fd, &st) < 0 || st.st_size != PROGRESS_SIZE)) {
        close(p->fd);
        p->fd = -1;
        errno = ENOENT;
    }
    if (p->fd < 0 && errno == ENOENT && !read_only)
        p->fd = make_file(folder, name);
    file_close(folder);
    if (p->fd < 0)
        return -1;
    load_head(p);
    return 0;
}

void progress_close(struct progress *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

int progress_lock(struct progress *p)
{
    if (flock(p->fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK || errno == EINTR ? 0 : -1;
    load_head(p);
    return 1;
}

int progress_intend(struct progress *p, const struct plan *plan, bool drill)
{
    struct progress_head h = {
        .magic = HEAD_MAGIC,
        .version = VERSION,
        .state = PROGRESS_INTENT,
        .drill = drill,
        .count = (uint32_t)plan->targets_count,
        .runs = 1,
    };

    randombytes_buf(h.run, sizeof h.run);
    memcpy(h.plan, plan->hash, sizeof h.plan);
    return store_head(p, h);
}

int progress_resume(struct progress *p, const struct plan *plan, enum progress_state state)
{
    struct progress_head h = p->head;

    h.state = state;
    h.runs++;
    h.count = (uint32_t)plan->targets_count;
    memcpy(h.plan, plan->hash, sizeof h.plan);
    return store_head(p, h);
}

int progress_set_state(struct progress *p, enum progress_state state)
{
    struct progress_head h = p->head;

    h.state = state;
    return store_head(p, h);
}

bool progress_get(const struct progress *p, size_t i, struct progress_slot *out)
{
    uint8_t sum[PROGRESS_SUM];
    if (i >= PLAN_TARGETS_MAX || !read_page(p->fd, 2 + i, out, sizeof *out))
        return false;
    progress_sum_of(out, offsetof(struct progress_slot, sum), sum);
    return out->magic == SLOT_MAGIC && out->index == i && memcmp(sum, out->sum, sizeof sum) == 0 &&
           memcmp(out->run, p->head.run, sizeof out->run) == 0;
}

int progress_put(struct progress *p, size_t i, const struct progress_slot *slot)
{
    struct progress_slot s = *slot;

    s.magic = SLOT_MAGIC;
    s.index = (uint32_t)i;
    memcpy(s.run, p->head.run, sizeof s.run);
    progress_sum_of(&s, offsetof(struct progress_slot, sum), s.sum);
    return write_page(p->fd, 2 + i, &s, sizeof s);
}

int progress_sync(struct progress *p)
{
    return io_sync_data(p->fd);
}
