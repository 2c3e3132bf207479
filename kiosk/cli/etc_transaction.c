#include "kiosk/cli/etc_transaction.h"

#include "kiosk/cli/files.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGING   "/etc/.porchlight.setup"
#define LOCK      "/run/porchlight-setup.lock"
#define JOURNAL   ".commit"
#define UNSETTLED ".setup"

struct etc_transaction {
    char prefix[PATH_LEN], live[PATH_LEN], staging[PATH_LEN];
    char path[PATH_LEN]; /* of etc_transaction_path */
    int lock;
    bool done;
};

static int etc_transaction_complain(const char *path)
{
    switch (errno) {
    case ENOSPC:
    case EDQUOT:
        log_error(
            "Nothing was changed: the disk is full (%s). Free some space (df -h shows it), then "
            "run it again.",
            path);
        break;
    case EROFS:
        log_error(
            "Nothing was changed: the file system is read-only (%s). Make it writable (sudo "
            "mount -o remount,rw / or turn off the overlay in raspi-config), then run it again.",
            path);
        break;
    case EACCES:
    case EPERM:
        log_error("No permission for %s. Run it with sudo.", path);
        break;
    default:
        log_error("%s: %s.", path, strerror(errno));
    }
    return -1;
}

static int etc_transaction_join(char out[PATH_LEN], const char *a, const char *b)
{
    if (path_under(a, b, out) == 0)
        return 0;
    return etc_transaction_complain(b);
}

/* --- the lock ------------------------------------------------------------------------------- */

int etc_transaction_lock(const char *prefix)
{
    char path[PATH_LEN], folder[PATH_LEN];
    if (etc_transaction_join(path, prefix, LOCK) < 0 ||
        etc_transaction_join(folder, prefix, "/run") < 0)
        return -1;
    if (files_make_folders(folder, 0755) < 0)
        return etc_transaction_complain(folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return etc_transaction_complain(path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    log_error(
        "Nothing was changed: another porchlight setup, restore or keys renew is running. Wait "
        "for it, or end it (fuser %s shows its number).",
        path);
    close(fd);
    return -1;
}

/* --- after an interruption ------------------------------------------------------------------ */

/* Each path in the journal of `tree`: renamed to its name, or removed. */
static int settle_beside(const char *prefix, const char *tree, bool forward)
{
    char journal[PATH_LEN], line[PATH_LEN], path[PATH_LEN], fresh[PATH_LEN + 8];
    int result = 0;
    if (etc_transaction_join(journal, tree, "/" JOURNAL) < 0)
        return -1;
    FILE *f = fopen(journal, "re");
    if (!f)
        return 0;
    while (result == 0 && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (etc_transaction_join(path, prefix, line) < 0) {
            result = -1;
            break;
        }
        snprintf(fresh, sizeof fresh, "%s" UNSETTLED, path);
        int failed = forward ? rename(fresh, path) : unlink(fresh);
        if (failed < 0 && errno != ENOENT)
            result = etc_transaction_complain(path);
        else
            file_sync_folder_of(path);
    }
    fclose(f);
    if (result == 0 && (unlink(journal) < 0 || file_sync_folder(tree) < 0))
        result = etc_transaction_complain(journal);
    return result;
}

static int settle_folders(const char *prefix, const char *live, const char *staging)
{
    char journal[PATH_LEN];
    if (etc_transaction_join(journal, live, "/" JOURNAL) < 0)
        return -1;
    if (access(journal, F_OK) == 0) {
        if (settle_beside(prefix, live, true) < 0)
            return -1;
    } else if (settle_beside(prefix, staging, false) < 0) {
        return -1;
    }
    return files_remove(staging) < 0 ? etc_transaction_complain(staging) : 0;
}

int etc_transaction_settle(const char *prefix)
{
    char live[PATH_LEN], staging[PATH_LEN];
    int lock = etc_transaction_lock(prefix);
    if (lock < 0)
        return -1;
    int result = etc_transaction_join(live, prefix, PATH_ETC) < 0 ||
                         etc_transaction_join(staging, prefix, STAGING) < 0
                     ? -1
                     : settle_folders(prefix, live, staging);
    close(lock);
    return result;
}

/* --- begin ---------------------------------------------------------------------------------- */

static int copy_live(struct etc_transaction *s)
{
    if (settle_folders(s->prefix, s->live, s->staging) < 0)
        return -1;
    if (files_make_folders(s->live, 0755) < 0)
        return etc_transaction_complain(s->live);
    if (files_copy(s->live, s->staging) < 0) {
        etc_transaction_complain(s->staging);
        int saved = errno;
        files_remove(s->staging);
        errno = saved;
        return -1;
    }
    return 0;
}

struct etc_transaction *etc_transaction_begin(const char *prefix)
{
    struct etc_transaction *s = calloc(1, sizeof *s);

    if (!s)
        return NULL;
    s->lock = -1;
    if (etc_transaction_join(s->prefix, prefix, "") < 0 ||
        etc_transaction_join(s->live, prefix, PATH_ETC) < 0 ||
        etc_transaction_join(s->staging, prefix, STAGING) < 0 ||
        (s->lock = etc_transaction_lock(prefix)) < 0 || copy_live(s) < 0) {
        s->done = true;
        etc_transaction_free(s);
        return NULL;
    }
    return s;
}

/* --- put ------------------------------------------------------------------------------------ */

static mode_t folder_mode(const char *name)
{
    static const char *const secret[] = {"credentials/", "broker/", "ca/", "outside/",
                                         "registrar/"};
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
        if (strncmp(name, secret[i], strlen(secret[i])) == 0)
            return 0700;
    return 0755;
}

const char *etc_transaction_path(const struct etc_transaction *s, const char *name)
{
    struct etc_transaction *mine = (struct etc_transaction *)s;

    snprintf(mine->path, sizeof mine->path, "%.*s/%s", (int)(PATH_LEN / 2), s->staging, name);
    return s->path;
}

int etc_transaction_put(struct etc_transaction *s, const char *name, const void *bytes, size_t len,
                        mode_t mode)
{
    char path[PATH_LEN], folder[PATH_LEN];
    snprintf(path, sizeof path, "%s", etc_transaction_path(s, name));
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    if (files_make_folders(folder, folder_mode(name)) < 0)
        return etc_transaction_complain(folder);
    return file_write(path, bytes, len, mode) < 0 ? etc_transaction_complain(path) : 0;
}

int etc_transaction_put_text(struct etc_transaction *s, const char *name, const char *text,
                             mode_t mode)
{
    return etc_transaction_put(s, name, text, strlen(text), mode);
}

int etc_transaction_put_key(struct etc_transaction *s, const char *name, const void *key,
                            size_t len, mode_t mode)
{
    char *hex = sodium_malloc(2 * len + 2);
    if (!hex)
        return etc_transaction_complain(name);
    sodium_bin2hex(hex, 2 * len + 1, key, len);
    hex[2 * len] = '\n';
    int result = etc_transaction_put(s, name, hex, 2 * len + 1, mode);
    sodium_free(hex);
    return result;
}

int etc_transaction_drop(struct etc_transaction *s, const char *name)
{
    return unlink(etc_transaction_path(s, name)) < 0 && errno != ENOENT
               ? etc_transaction_complain(name)
               : 0;
}

/* The journal lists a file before it is written, so that it can be removed after an
 * interruption. */
static int journal_add(const struct etc_transaction *s, const char *path)
{
    char journal[PATH_LEN];
    snprintf(journal, sizeof journal, "%s", etc_transaction_path(s, JOURNAL));
    int fd = open(journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return etc_transaction_complain(journal);
    bool good = dprintf(fd, "%s\n", path) > 0 && fsync(fd) == 0;
    close(fd);
    return good ? 0 : etc_transaction_complain(journal);
}

static int give_to(const struct etc_transaction *s, const char *path, const char *owner)
{
    char folder[PATH_LEN];
    const struct passwd *pw = s->prefix[0] || geteuid() != 0 ? NULL : getpwnam(owner);

    if (!pw)
        return 0;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
    return chown(path, pw->pw_uid, pw->pw_gid) < 0 || chown(folder, pw->pw_uid, pw->pw_gid) < 0
               ? etc_transaction_complain(path)
               : 0;
}

int etc_transaction_put_beside(struct etc_transaction *s, const char *path, const void *bytes,
                               size_t len, mode_t mode, const char *owner)
{
    char whole[PATH_LEN - 8], folder[PATH_LEN], fresh[PATH_LEN];
    int n = snprintf(whole, sizeof whole, "%s%s", s->prefix, path);
    if (n < 0 || (size_t)n >= sizeof whole) {
        errno = ENAMETOOLONG;
        return etc_transaction_complain(path);
    }
    if (journal_add(s, path) < 0)
        return -1;
    snprintf(fresh, sizeof fresh, "%s" UNSETTLED, whole);
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(whole, '/') - whole), whole);
    if (files_make_folders(folder, 0755) < 0)
        return etc_transaction_complain(folder);
    if (file_write(fresh, bytes, len, mode) < 0 || file_sync_folder(folder) < 0)
        return etc_transaction_complain(fresh);
    return give_to(s, fresh, owner);
}

/* --- read ----------------------------------------------------------------------------------- */

char *etc_transaction_read(const struct etc_transaction *s, const char *name, size_t *len)
{
    return file_read(etc_transaction_path(s, name), FILES_READ_MAX, len);
}

char *etc_transaction_read_beside(const struct etc_transaction *s, const char *path, size_t *len)
{
    char whole[PATH_LEN];
    return etc_transaction_join(whole, s->prefix, path) < 0 ? NULL
                                                            : file_read(whole, FILES_READ_MAX, len);
}

bool etc_transaction_has(const struct etc_transaction *s, const char *name)
{
    return access(etc_transaction_path(s, name), F_OK) == 0;
}

bool etc_transaction_has_beside(const struct etc_transaction *s)
{
    return etc_transaction_has(s, JOURNAL);
}

/* --- commit --------------------------------------------------------------------------------- */

int etc_transaction_commit(struct etc_transaction *s)
{
    if (files_sync_all(s->staging) < 0)
        return etc_transaction_complain(s->staging);
    if (renameat2(AT_FDCWD, s->staging, AT_FDCWD, s->live, RENAME_EXCHANGE) < 0) {
        if (errno != EINVAL && errno != EXDEV && errno != EBUSY)
            return etc_transaction_complain(s->live);
        log_error(
            "Nothing was changed: %s has to be a plain folder on ext4, xfs, btrfs or tmpfs, with "
            "nothing mounted on it, because two folders are exchanged in one step. Turn off an "
            "overlay while you run it.",
            s->live);
        return -1;
    }
    file_sync_folder_of(s->live);
    s->done = true;
    return settle_folders(s->prefix, s->live, s->staging);
}

void etc_transaction_free(struct etc_transaction *s)
{
    if (!s)
        return;
    if (!s->done)
        settle_folders(s->prefix, s->live, s->staging);
    if (s->lock >= 0)
        close(s->lock);
    free(s);
}
