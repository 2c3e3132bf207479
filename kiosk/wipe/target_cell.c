#include "hw/cell.h"
#include "kiosk/common/file.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_tpm(const struct plan_target *t)
{
    return t->root < 0 && strncmp(t->word, "tpm:", 4) == 0;
}

/* All but a file: cell are below the prefix, which is a real kiosk's root. */
static void prefix_of(const struct scope *s, char prefix[64])
{
    snprintf(prefix, 64, "/proc/self/fd/%d", s->prefix);
}

/* A file: cell is reached as every other file; an nvmem one by its name in sysfs, which the plan's
 * grammar keeps free of slashes. */
static int open_cell(const struct scope *s, const struct plan_target *t, bool writes, bool *is_file)
{
    char leaf[PLAN_PATH_MAX], prefix[64];
    int folder, fd;
    *is_file = t->root >= 0;
    if (t->root < 0) {
        prefix_of(s, prefix);
        return cell_open(prefix, t->word);
    }
    folder = scope_parent(s, t, leaf);
    if (folder < 0)
        return -1;
    fd = writes ? target_open_writable(folder, leaf)
                : scope_open(folder, leaf, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    file_close(folder);
    return fd;
}

static void destroy_tpm(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    struct cell_error error = {0};
    char prefix[64];
    int held;

    prefix_of(s, prefix);
    if (cell_kill(prefix, t->word, &held, &error) == 0)
        target_lower(r, held ? WIPE_DESTROYED : WIPE_ALREADY_GONE, 0, "");
    else
        target_lower(r, WIPE_FAILED, errno,
                     "the TPM did not show that the key's index is overwritten and gone");
}

static void target_cell_destroy(const struct scope *s, const struct plan_target *t,
                                struct target_report *r)
{
    struct stat st;
    bool is_file;
    int fd, held = 0;

    if (is_tpm(t)) {
        destroy_tpm(s, t, r);
        return;
    }
    fd = open_cell(s, t, true, &is_file);
    if (fd < 0 && errno == ENOENT && is_file) {
        target_absent(s, t, r);
        return;
    }
    if (fd < 0) {
        /* A chip that does not answer may still hold the key. */
        target_lower(r, WIPE_FAILED, errno,
                     "the cell is not there, so its key was not overwritten");
        return;
    }
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (is_file && st.st_nlink != 1))
        target_lower(r, WIPE_FAILED, EINVAL,
                     "it is not a cell: expected a regular file with one name");
    else if (cell_kill_fd(fd, &held) < 0)
        target_lower(r, WIPE_FAILED, errno, "the cell did not read back as overwritten");
    else
        target_lower(r, held ? WIPE_DESTROYED : WIPE_ALREADY_GONE, 0, "");
    close(fd);
}

/* As cell_read_fd, for a cell of any kind. */
static int read_cell(const struct scope *s, const struct plan_target *t, int fd,
                     uint8_t key[CELL_KEY])
{
    struct cell_error error = {0};
    char prefix[64];

    if (!is_tpm(t))
        return cell_read_fd(fd, key);
    prefix_of(s, prefix);
    return cell_read(prefix, t->word, key, &error);
}

static void target_cell_prove(const struct scope *s, const struct plan_target *t,
                              struct target_report *r)
{
    uint8_t *key;
    bool is_file = false;
    int fd = is_tpm(t) ? -1 : open_cell(s, t, false, &is_file);
    if (fd < 0 && !is_tpm(t)) {
        if (errno != ENOENT || !is_file)
            target_lower(r, WIPE_UNVERIFIED, errno, "the cell could not be read again");
        return;
    }
    key = sodium_malloc(CELL_KEY);
    if (!key)
        target_lower(r, WIPE_UNVERIFIED, ENOMEM, "the cell could not be read again");
    else if (read_cell(s, t, fd, key) == 0)
        target_lower(r, WIPE_FAILED, EEXIST, "the cell still holds a key");
    else if (errno != ENOKEY)
        target_lower(r, WIPE_UNVERIFIED, errno, "the cell could not be read again");
    sodium_free(key);
    file_close(fd);
}

static void target_cell_look(const struct scope *s, const struct plan_target *t,
                             struct target_view *v)
{
    struct cell_error error = {0};
    bool is_file;
    char prefix[64];
    int result;

    if (is_tpm(t)) {
        prefix_of(s, prefix);
        result = cell_check(prefix, t->word, &error);
    } else {
        result = open_cell(s, t, false, &is_file);
        file_close(result);
    }
    if (result >= 0)
        return;
    v->seen = errno == EACCES ? "not visible to this user; look as root" : "missing";
    if (errno != EACCES && t->root < 0) /* it may come back, with its key */
        target_view_lower(v, WIPE_FAILED, "the cell is not there");
}

/* A decoy cell is a file even for an nvmem or TPM one: there is only the one chip. */
static int target_cell_decoy(const struct scope *s, const struct plan_target *t)
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
               "in every copy of the card too. (A TPM's index is undefined besides. A file: cell "
               "is a file on the card, and worn blocks may keep the key.)",
    .kept = "The cell was read back as zeros and holds no key.",
    .destroy = target_cell_destroy,
    .prove = target_cell_prove,
    .look = target_cell_look,
    .decoy = target_cell_decoy,
};
