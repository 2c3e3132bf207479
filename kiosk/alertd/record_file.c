#include "kiosk/alertd/record_file.h"

#include "kiosk/common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a file or cell begins with. Its length, or -1 with errno. */
static ssize_t read_start(int fd, bool cell, uint8_t bytes[RECORD_READ])
{
    size_t len = 0, most = cell ? RECORD_READ_CELL : RECORD_READ;
    ssize_t n;
    do {
        n = pread(fd, bytes + len, most - len, (off_t)len);
        if (n < 0 && errno != EINTR)
            return -1;
        len += n > 0 ? (size_t)n : 0;
    } while (n != 0 && len < most);
    return (ssize_t)len;
}

static int place_read(const struct record_place *at, struct record *r)
{
    uint8_t start[RECORD_READ];
    uint32_t serial;
    int fd = open(at->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -1;
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* what the card took, not what was to go there */
    ssize_t len = read_start(fd, at->cell, start);
    int slot = len < 0 ? -1 : record_newest(start, (size_t)len, at->cell, r, &serial);
    file_close(fd);
    return slot < 0 ? -1 : 0;
}

static struct record_place box_place(const struct record_place *cell)
{
    struct record_place at = {.cell = false};
    memcpy(at.path, cell->box, sizeof at.path);
    return at;
}

int record_file_read(const struct record_place *at, struct record *r)
{
    const struct record_place beside = box_place(at);
    struct record held;
    if (place_read(at, r) != 0)
        return -1;
    if (at->cell && r->standing.pressed && place_read(&beside, &held) == 0 && held.boxed &&
        held.standing.pressed && alert_id_equal(&held.standing.id, &r->standing.id)) {
        r->boxed = true;
        memcpy(r->box, held.box, sizeof r->box);
    }
    return 0;
}

static int write_at(int fd, const uint8_t *bytes, size_t len, off_t at)
{
    ssize_t n = pwrite(fd, bytes, len, at);
    if (n >= 0 && (size_t)n != len)
        errno = ENOSPC;
    return n == (ssize_t)len ? 0 : -1;
}

/* Written as a whole, not as a hole, so that later records find their blocks allocated. */
static int file_make(int fd, const char *path)
{
    static const uint8_t nothing[RECORD_FILE];
    return write_at(fd, nothing, sizeof nothing, 0) != 0 || fsync(fd) != 0
               ? -1
               : file_sync_folder_of(path);
}

/* sysfs has no fdatasync and needs none. */
static int record_file_settle(int fd, bool cell)
{
    int rc = fdatasync(fd);
    return rc != 0 && cell && errno == EINVAL ? 0 : rc;
}

/* How slots lie, which has the newest record (-1: none), and its serial. */
struct slots_found {
    struct record_slots lie;
    int newest;
    uint32_t serial;
};

/* 0 or -1 with errno. */
static int slots_look(int fd, bool cell, struct slots_found *f)
{
    uint8_t start[RECORD_READ];
    struct record newest;
    ssize_t len = read_start(fd, cell, start);
    if (len < 0)
        return -1;
    *f = (struct slots_found){.lie = record_slots(cell, (size_t)len)};
    f->newest = record_newest(start, (size_t)len, cell, &newest, &f->serial);
    return f->newest < 0 && errno != EBADMSG ? -1 : 0;
}

static int slot_write(int fd, const struct record_place *at, int *doubt, const struct record *r)
{
    uint8_t bytes[RECORD_MOST];
    struct record now = *r;
    struct slots_found f;
    struct stat st;
    if (fstat(fd, &st) != 0 ||
        (!at->cell && st.st_size < RECORD_FILE && file_make(fd, at->path) != 0) ||
        slots_look(fd, at->cell, &f) != 0)
        return -1;
    if (*doubt == 0 && f.newest >= 0 && record_file_settle(fd, at->cell) != 0) {
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* the card's newest: the other one can go */
        if (slots_look(fd, at->cell, &f) != 0)
            return -1;
    }
    int to = *doubt > 0 ? *doubt - 1 : (f.newest + 1) % f.lie.count;
    now.boxed = r->boxed && !at->cell;
    size_t size = record_encode(&now, f.serial + 1, bytes);
    *doubt = to + 1;
    if (write_at(fd, bytes, size, to * f.lie.apart) != 0 || record_file_settle(fd, at->cell) != 0)
        return -1;
    *doubt = RECORD_UNDOUBTED;
    return 0;
}

static int place_write(const struct record_place *at, int *doubt, const struct record *r)
{
    int fd = open(at->path, O_RDWR | (at->cell ? 0 : O_CREAT) | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return -1;
    int rc = slot_write(fd, at, doubt, r);
    file_close(fd);
    return rc;
}

/* Only where it would say something new: a lockdown waits for the cell, and for no card. */
static void box_keep(const struct record_place *cell, int *doubt, const struct record *r)
{
    const struct record_place at = box_place(cell);
    struct record held,
        box = {.boxed = true, .standing = {.pressed = r->standing.pressed, .id = r->standing.id}};
    bool kept = place_read(&at, &held) == 0 && held.boxed &&
                memcmp(held.box, r->box, sizeof held.box) == 0 &&
                (!r->standing.pressed || alert_id_equal(&held.standing.id, &r->standing.id));
    memcpy(box.box, r->box, sizeof box.box);
    if (!kept)
        place_write(&at, doubt,
                    &box); /* a card that cannot be written: porchlight doctor says so */
}

int record_file_write(const struct record_place *at, struct record_doubts *d,
                      const struct record *r)
{
    int rc = place_write(at, &d->record, r), error = errno;
    if (rc == 0 && at->cell && r->boxed)
        box_keep(at, &d->box, r);
    errno = error;
    return rc;
}
