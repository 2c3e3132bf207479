#include "kiosk/common/file.h"
#include "kiosk/wipe/device.h"
#include "kiosk/wipe/dm_crypt.h"
#include "kiosk/wipe/io.h"
#include "kiosk/wipe/overwrite.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Order: the mapping loses its key and is closed. Then this mark takes the place of the first
 * header's magic and is synced; the second header still loads, so nothing is lost by a cut here.
 * Then noise goes over the rest of both headers and over all key slots, with one sync, and is read
 * back. A run that was cut short either finds a header, and does all of it, or the mark, which says
 * how far the front reaches that must be noise. A container with neither is overwritten at its
 * beginning and reported as unverified. */
struct mark {
    char text[32];
    uint64_t header; /* bytes of one header */
    uint64_t front;  /* bytes from the beginning to the end of the key slots */
};
static const char mark_text[32] = "Porchlight destroyed this LUKS2";
enum { MARK_ROOM = 512 };

/* LUKS2's own bounds: two headers of at most 4 MiB each, key slots of at most 128 MiB; by default
 * 16 MiB in front of the data. */
enum { HEADER_MIN = 16384, HEADER_MAX = 4 << 20, SLOTS_MAX = 128 << 20, FRONT_MAX = 16 << 20 };
enum { KEYSLOTS_MAX = 32 };

static void target_luks_stay_silent(int level, const char *text, void *context)
{
    (void)level, (void)text, (void)context;
}

static int open_target(const struct scope *s, const struct plan_target *t)
{
    char leaf[PLAN_PATH_MAX];
    int folder, fd;
    if (t->root < 0)
        return device_open(s, t->word, t->mapping);
    folder = scope_parent(s, t, leaf);
    if (folder < 0)
        return -1;
    fd = scope_open(folder, leaf, O_RDWR | O_NONBLOCK);
    file_close(folder);
    return fd;
}

/* libcryptsetup opens by path; /proc's link to our own descriptor is the file we checked. */
static struct crypt_device *target_luks_load(int fd)
{
    struct crypt_device *cd = NULL;
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    crypt_set_log_callback(NULL, target_luks_stay_silent, NULL);
    crypt_metadata_locking(NULL, 0); /* nobody else is waited for */
    if (crypt_init(&cd, path) < 0)
        return NULL;
    crypt_set_log_callback(cd, target_luks_stay_silent, NULL);
    if (crypt_load(cd, CRYPT_LUKS2, NULL) < 0) {
        crypt_free(cd);
        return NULL;
    }
    return cd;
}

void target_luks_warm(void)
{
    int fd = memfd_create("porchlight-wipe", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, FRONT_MAX) == 0)
        crypt_free(target_luks_load(fd));
    file_close(fd);
}

/* An open mapping reads on without its header: its key goes first. */
static void close_mapping(const char *name, struct target_report *r)
{
    enum dm_crypt_state state = name[0] ? dm_crypt_kill(name) : MAPPING_GONE;

    if (state == MAPPING_DEAD)
        target_lower(r, WIPE_UNVERIFIED, EBUSY,
                     "its mapping has lost its key but is still there: what uses it was not "
                     "stopped");
    else if (state == MAPPING_ALIVE)
        target_lower(r, WIPE_FAILED, errno,
                     errno == EINVAL ? "its mapping is not a dm-crypt mapping; left alone"
                                     : "its mapping is open and could not be reached");
}

static void noise_over(int fd, const struct overwrite_range *ranges, int count,
                       struct target_report *r)
{
    enum overwrite_result o = overwrite_ranges(fd, ranges, count);

    if (o == OVERWRITE_UNVERIFIED)
        target_lower(r, WIPE_UNVERIFIED, errno, "its key slots did not read back as written");
    if (o == OVERWRITE_FAILED)
        target_lower(r, WIPE_FAILED, errno, "its key slots could not be overwritten");
}

static bool has_mark(int fd, struct mark *m)
{
    return io_read(fd, m, sizeof *m, 0) == 0 && memcmp(m->text, mark_text, sizeof m->text) == 0 &&
           m->header >= HEADER_MIN && m->header <= HEADER_MAX && m->front >= 2 * m->header &&
           m->front <= 2 * HEADER_MAX + SLOTS_MAX;
}

static void set_mark(int fd, uint64_t header, uint64_t slots, struct target_report *r)
{
    struct mark m = {.header = header, .front = 2 * header + slots}, got;

    memcpy(m.text, mark_text, sizeof m.text);
    if (io_write(fd, &m, sizeof m, 0) < 0 || io_sync_data(fd) < 0)
        target_lower(r, WIPE_FAILED, errno, "its first header could not be overwritten");
    else if (io_forget(fd, 0, sizeof m) < 0 || !has_mark(fd, &got))
        target_lower(r, WIPE_UNVERIFIED, EIO, "its first header did not read back as overwritten");
}

static void destroy_header(int fd, struct crypt_device *cd, struct target_report *r)
{
    struct overwrite_range ranges[1 + KEYSLOTS_MAX];
    uint64_t header = HEADER_MIN, slots = 0, offset, length;
    int count = 1;

    crypt_get_metadata_size(cd, &header, &slots);
    ranges[0] = (struct overwrite_range){MARK_ROOM, (int64_t)(2 * header)};
    for (int i = 0; i < crypt_keyslot_max(CRYPT_LUKS2) && count < 1 + KEYSLOTS_MAX; i++) {
        if (crypt_keyslot_area(cd, i, &offset, &length) == 0)
            ranges[count++] = (struct overwrite_range){(int64_t)offset, (int64_t)(offset + length)};
    }
    set_mark(fd, header, slots, r);
    /* Whatever became of the mark: the key slots are destroyed. */
    noise_over(fd, ranges, count, r);
}

static void destroy_unknown(int fd, const struct stat *st, struct target_report *r)
{
    struct overwrite_range front = {0, st->st_size < FRONT_MAX ? st->st_size : FRONT_MAX};

    if (S_ISBLK(st->st_mode)) {
        target_lower(r, WIPE_FAILED, EINVAL, "there is no LUKS2 header on this device; left alone");
        return;
    }
    noise_over(fd, &front, 1, r);
    target_lower(r, WIPE_UNVERIFIED, EINVAL,
                 "no LUKS2 header was found in it; its beginning was overwritten");
}

static void not_opened(const struct plan_target *t, struct target_report *r)
{
    if (t->root >= 0 && errno == ENOENT)
        target_lower(r, WIPE_ALREADY_GONE, 0, "");
    else if (t->root >= 0)
        target_unreached(r, errno);
    else if (errno == EBUSY)
        target_lower(r, WIPE_FAILED, errno,
                     "something besides its mapping uses the device; left alone");
    else
        target_lower(r, WIPE_FAILED, errno,
                     "the device could not be opened, so its header was not destroyed");
}

static void target_luks_destroy(const struct scope *s, const struct plan_target *t,
                                struct target_report *r)
{
    struct crypt_device *cd;
    struct mark m;
    struct stat st;
    int fd;

    close_mapping(t->mapping, r);
    fd = open_target(s, t);
    if (fd < 0) {
        not_opened(t, r);
        return;
    }
    if (fstat(fd, &st) < 0 || (t->root >= 0 && !S_ISREG(st.st_mode))) {
        target_lower(r, WIPE_FAILED, EINVAL, "it is not a regular file; left alone");
    } else if (t->root >= 0 && st.st_nlink != 1) {
        target_lower(r, WIPE_FAILED, EMLINK, "it has a second name (hard link); left alone");
    } else if (has_mark(fd, &m)) {
        struct overwrite_range front = {MARK_ROOM, (int64_t)m.front};
        target_lower(r, WIPE_ALREADY_GONE, 0, "");
        noise_over(fd, &front, 1, r);
    } else if ((cd = target_luks_load(fd))) {
        target_lower(r, WIPE_DESTROYED, 0, "");
        destroy_header(fd, cd, r);
        crypt_free(cd);
    } else {
        destroy_unknown(fd, &st, r);
    }
    close(fd);
}

/* Where a second header may be, by LUKS2's own table of sizes. */
static bool magic_left(int fd)
{
    static const char first[6] = {'L', 'U', 'K', 'S', '\xba', '\xbe'};
    static const char second[6] = {'S', 'K', 'U', 'L', '\xba', '\xbe'};
    off_t at = 0;
    if (io_forget(fd, 0, 2 * HEADER_MAX) < 0)
        return true;
    while (at <= HEADER_MAX) {
        char got[6];
        ssize_t n = pread(fd, got, sizeof got, at);
        if (n < 0 || (n == sizeof got && memcmp(got, at ? second : first, sizeof got) == 0))
            return true;
        at = at ? 2 * at : HEADER_MIN;
    }
    return false;
}

static void target_luks_prove(const struct scope *s, const struct plan_target *t,
                              struct target_report *r)
{
    struct crypt_device *cd;
    int fd = open_target(s, t);

    if (t->mapping[0] && dm_crypt_look(t->mapping) != MAPPING_GONE)
        target_lower(r, WIPE_UNVERIFIED, EBUSY, "its mapping is still there");
    if (fd < 0) {
        if (t->root < 0 || errno != ENOENT)
            target_lower(r, WIPE_UNVERIFIED, errno, "it could not be looked at again");
        return;
    }
    cd = target_luks_load(fd);
    if (cd || magic_left(fd))
        target_lower(r, WIPE_FAILED, EEXIST, "a header of it still loads");
    crypt_free(cd);
    close(fd);
}

static void target_luks_look(const struct scope *s, const struct plan_target *t,
                             struct target_view *v)
{
    int fd = open_target(s, t);

    if (fd < 0)
        v->seen = errno == EBUSY    ? "refused: something besides its mapping uses it"
                  : errno == EACCES ? "not visible to this user; look as root"
                                    : "missing, or not a block device";
    file_close(fd);
}

/* The smallest LUKS2 file: 16 kB headers, two key slots, a key derivation that costs nothing. */
static int target_luks_decoy(const struct scope *s, const struct plan_target *t)
{
    const struct crypt_pbkdf_type pbkdf = {.type = CRYPT_KDF_PBKDF2,
                                           .hash = "sha256",
                                           .iterations = 1000,
                                           .flags = CRYPT_PBKDF_NO_BENCHMARK};
    const struct crypt_params_luks2 params = {.pbkdf = &pbkdf, .sector_size = 512};
    struct crypt_device *cd = NULL;
    unsigned char pass[16];
    char leaf[PLAN_PATH_MAX], path[64];
    int folder = scope_parent(s, t, leaf), fd, result = -1;

    if (folder < 0)
        return -1;
    fd = openat(folder, leaf, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    close(folder);
    if (fd < 0)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    randombytes_buf(pass, sizeof pass);
    if (ftruncate(fd, 2 << 20) < 0 || crypt_init(&cd, path) < 0)
        goto out;
    crypt_set_log_callback(cd, target_luks_stay_silent, NULL);
    errno = EIO;
    if (crypt_set_metadata_size(cd, HEADER_MIN, 1 << 20) == 0 &&
        crypt_format(cd, CRYPT_LUKS2, "aes", "xts-plain64", NULL, NULL, 64, (void *)&params) == 0 &&
        crypt_keyslot_add_by_volume_key(cd, 0, NULL, 64, (const char *)pass, sizeof pass) == 0)
        result = 0;
    crypt_free(cd);
out:
    sodium_memzero(pass, sizeof pass);
    close(fd);
    return result;
}

const struct target_ops target_luks = {
    .promise = "The container's key slots and both headers are overwritten and read back, an open "
               "mapping loses its key: it opens no more, unless an earlier copy of the header and "
               "its key cell both survive.",
    .kept = "No header of the container loads, its key slots read back as noise and its mapping is "
            "closed.",
    .destroy = target_luks_destroy,
    .prove = target_luks_prove,
    .look = target_luks_look,
    .decoy = target_luks_decoy,
};
