#include "hw/cell.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file: cell is reached as every other file; an nvmem one by its name in sysfs, which the plan's
 * grammar keeps free of slashes. */
static int open_cell(const struct scope *s, const struct plan_target *t, bool *is_file)
{
    char leaf[PLAN_PATH_MAX], prefix[64];
    int folder, fd, saved;

    *is_file = t->root >= 0;
    if (t->root < 0) {
        snprintf(prefix, sizeof prefix, "/proc/self/fd/%d", s->prefix);
        return cell_open(prefix, t->word);
    }
    folder = scope_parent(s, t, leaf);
    if (folder < 0)
        return -1;
    fd = scope_open(folder, leaf, O_RDWR | O_NONBLOCK);
    saved = errno;
    close(folder);
    errno = saved;
    return fd;
}

static void destroy(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    struct stat st;
    bool is_file;
    int fd = open_cell(s, t, &is_file), held = 0;

    if (fd < 0 && errno == ENOENT && is_file) {
        if (scope_sync_absence(s, t) == 0)
            target_lower(r, WIPE_ALREADY_GONE, 0, "");
        else
            target_lower(r, WIPE_UNVERIFIED, errno, "it is missing, but the folder does not sync");
        return;
    }
    if (fd < 0) {
        /* A chip that does not answer may still hold the key. */
        target_lower(r, WIPE_FAILED, errno,
                     "the cell is not there, so its key was not overwritten");
        return;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (is_file && st.st_nlink != 1))
        target_lower(r, WIPE_FAILED, EINVAL, "it is no cell: no regular file with one name");
    else if (cell_kill_fd(fd, &held) < 0)
        target_lower(r, WIPE_FAILED, errno, "the cell did not read back as overwritten");
    else
        target_lower(r, held ? WIPE_DESTROYED : WIPE_ALREADY_GONE, 0, "");
    close(fd);
}

static void prove(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    uint8_t *key;
    bool is_file;
    int fd = open_cell(s, t, &is_file);

    if (fd < 0) {
        if (errno != ENOENT || !is_file)
            target_lower(r, WIPE_UNVERIFIED, errno, "the cell could not be read again");
        return;
    }
    key = sodium_malloc(CELL_KEY);
    if (!key)
        target_lower(r, WIPE_UNVERIFIED, ENOMEM, "the cell could not be read again");
    else if (cell_read_fd(fd, key) == 0)
        target_lower(r, WIPE_FAILED, EEXIST, "the cell still holds a key");
    else if (errno != ENOKEY)
        target_lower(r, WIPE_UNVERIFIED, errno, "the cell could not be read again");
    sodium_free(key);
    close(fd);
}

/* A decoy cell is a file even for an nvmem target: there is only the one chip. */
static int decoy(const struct scope *s, const struct plan_target *t)
{
    uint8_t key[CELL_KEY];
    char leaf[PLAN_PATH_MAX];
    int folder, fd, result = -1;

    if (t->root < 0) {
        errno = ENODEV;
        return -1;
    }
    folder = scope_parent(s, t, leaf);
    if (folder < 0)
        return -1;
    fd = openat(folder, leaf, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0) {
        randombytes_buf(key, sizeof key);
        result = cell_write_fd(fd, key);
        close(fd);
    }
    close(folder);
    return result;
}

const struct target_ops target_cell = {
    .promise = "The key in the cell is overwritten and read back: what it opened stays unreadable, "
               "in every copy of the card too. (A file: cell is a file on the card, and worn "
               "blocks may keep the key.)",
    .kept = "The cell reads back as zeros and holds no key.",
    .destroy = destroy,
    .prove = prove,
    .decoy = decoy,
};
