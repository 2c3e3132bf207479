#include "kiosk/common/file.h"
#include "kiosk/wipe/device.h"
#include "kiosk/wipe/dm_crypt.h"
#include "kiosk/wipe/luks_container.h"
#include "kiosk/wipe/luks_header.h"
#include "kiosk/wipe/luks_users.h"
#include "kiosk/wipe/target.h"

#include <errno.h>
#include <fcntl.h>
#include <libcryptsetup.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- open mappings --------------------------------------------------------------------------- */

/* An open mapping reads on without its header: its key goes first. Whether it was there. */
static bool close_mapping(const char *name, struct target_report *r)
{
    enum dm_crypt_state state = dm_crypt_look(name);
    bool was_there = state != MAPPING_GONE;

    if (was_there)
        state = dm_crypt_kill(name);
    if (state == MAPPING_DEAD)
        target_lower(r, WIPE_UNVERIFIED, EBUSY,
                     "its mapping has lost its key but is still there: what uses it was not "
                     "stopped");
    else if (state == MAPPING_ALIVE)
        target_lower(r, WIPE_FAILED, errno,
                     errno == EINVAL ? "its mapping is not a dm-crypt mapping; left alone"
                                     : "its mapping is open and could not be reached");
    return was_there && state == MAPPING_GONE;
}

/* Mappings of it that the plan does not name. */
static bool close_others(const struct scope *s, const struct plan_target *t, int fd,
                         struct target_report *r)
{
    struct luks_users u;
    bool closed = false;

    luks_users_find(s, fd, &u);
    for (size_t i = 0; i < u.count; i++)
        if (u.list[i].crypt && strcmp(u.list[i].name, t->mapping) != 0)
            closed = close_mapping(u.list[i].name, r) || closed;
    return closed;
}

/* The kernel takes a loop device away a moment after the mapping on it. */
static void find_users_left(const struct scope *s, int fd, struct luks_users *u)
{
    luks_users_find(s, fd, u);
    for (int i = 0; i < 10 && u->loop && u->count == 0; i++) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
        luks_users_find(s, fd, u);
    }
}

/* Mappings that are no longer on it: without a key, or of a copy of it. */
static void prove_none_left(const struct scope *s, int fd, struct target_report *r)
{
    char uuid[LUKS_UUID];
    struct luks_users u;

    if (!luks_header_uuid(fd, uuid))
        return;
    luks_users_of_uuid(s, uuid, &u);
    for (size_t i = 0; i < u.count; i++)
        target_lower(r, WIPE_UNVERIFIED, EBUSY,
                     dm_crypt_look(u.list[i].name) == MAPPING_DEAD
                         ? "its mapping has lost its key but is still there: what uses it was not "
                           "stopped"
                         : "a mapping of it, or of a copy of it, is open");
}

static void prove_closed(const struct scope *s, int fd, struct target_report *r)
{
    struct luks_users u;

    find_users_left(s, fd, &u);
    for (size_t i = 0; i < u.count; i++) {
        if (u.list[i].crypt && dm_crypt_look(u.list[i].name) != MAPPING_DEAD)
            target_lower(r, WIPE_FAILED, EBUSY, "it is still open, as a mapping");
        else
            target_lower(r, WIPE_UNVERIFIED, EBUSY, "another device on top of it is still there");
    }
    if (u.loop || u.many)
        target_lower(r, WIPE_UNVERIFIED, EBUSY, "a loop device still has it open");
    prove_none_left(s, fd, r);
}

/* --- the target ------------------------------------------------------------------------------ */

static void target_luks_destroy(const struct scope *s, const struct plan_target *t,
                                struct target_report *r)
{
    bool closed = t->mapping[0] && close_mapping(t->mapping, r);
    struct luks_container c;

    if (t->root >= 0 && place_is_overlay(&s->places[t->root].at)) {
        /* To open it for writing would copy all of it to the upper layer. */
        target_lower(r, WIPE_FAILED, 0, "it is on an overlay: only a copy of it could be changed");
        return;
    }
    if (!luks_container_open(&c, s, t, r))
        return;
    if (c.data >= 0)
        closed = close_others(s, t, c.data, r) || closed;
    if (c.apart)
        closed = close_others(s, t, c.header, r) || closed;
    luks_container_destroy(&c, r);
    if (closed && r->outcome == WIPE_DESTROYED)
        snprintf(r->why, sizeof r->why, "%s",
                 "It was open; that mapping has lost its key and is closed.");
    luks_container_close(&c);
}

static void prove_part(const struct scope *s, const struct plan_target *t, struct target_report *r)
{
    struct luks_header h;
    int fd = luks_container_part(s, t);

    if (fd < 0) {
        if (t->root < 0 || errno != ENOENT)
            target_lower(r, WIPE_UNVERIFIED, errno, "it could not be looked at again");
        return;
    }
    luks_header_load(fd, &h);
    if (h.facts.form != LUKS_NO_HEADER || luks_header_magic_left(fd))
        target_lower(r, WIPE_FAILED, EEXIST, "a header of it still loads");
    prove_closed(s, fd, r);
    close(fd);
}

static void target_luks_prove(const struct scope *s, const struct plan_target *t,
                              struct target_report *r)
{
    struct plan_target header = plan_header(t);

    if (t->mapping[0] && dm_crypt_look(t->mapping) != MAPPING_GONE)
        target_lower(r, WIPE_UNVERIFIED, EBUSY, "its mapping is still there");
    prove_part(s, t, r);
    if (t->header[0])
        prove_part(s, &header, r);
}

/* --- the plan's listing ---------------------------------------------------------------------- */

static void look_at_users(const struct scope *s, int fd, struct target_view *v)
{
    struct luks_users u;

    luks_users_find(s, fd, &u);
    for (size_t i = 0; i < u.count; i++)
        target_view_note(v, "%s %s", u.list[i].crypt ? "open as" : "used by", u.list[i].name);
    if (u.loop && u.count == 0)
        target_view_note(v, "a loop device has it open");
}

static void look_at_header(int fd, uint64_t size, bool apart, bool is_device, struct target_view *v)
{
    const struct luks_saying *saying;
    struct luks_header h;
    struct luks_mark m;
    uint64_t own;

    if (luks_mark_read(fd, &m)) {
        v->seen = "destroyed before";
        return;
    }
    if (luks_container_size(fd, &own) < 0)
        own = 0;
    luks_header_look(fd, own, &h);
    saying = luks_saying(luks_judge(&h.facts, size, apart));
    if (saying->before)
        v->seen = saying->before;
    if (saying->best > WIPE_DESTROYED)
        target_view_lower(v,
                          h.facts.form == LUKS_NO_HEADER && is_device ? WIPE_FAILED : saying->best,
                          saying->after);
}

static void look_at_absence(const struct plan_target *t, int error, struct target_view *v)
{
    v->seen = error == EBUSY    ? "refused: something besides its mapping uses it"
              : error == EACCES ? "not visible to this user; look as root"
                                : "missing, or not a block device";
    if (t->root < 0 && error != EACCES)
        target_view_lower(v, WIPE_FAILED,
                          error == EBUSY ? "something besides its mapping uses the device"
                                         : "the device is not there");
}

static void target_luks_look(const struct scope *s, const struct plan_target *t,
                             struct target_view *v)
{
    struct plan_target header = plan_header(t);
    int fd = target_open_to_look(s, t), error = errno;
    int head = t->header[0] ? target_open_to_look(s, &header) : -1;
    uint64_t size = 0;

    if (fd < 0)
        look_at_absence(t, error, v);
    else if (luks_container_size(fd, &size) == 0 && !t->header[0])
        look_at_header(fd, size, false, t->root < 0, v);
    if (t->header[0] && head < 0)
        target_view_lower(
            v, WIPE_UNVERIFIED,
            "the file of its header was not found, so a copy of it may open the data");
    else if (t->header[0])
        look_at_header(head, size, true, false, v);
    if (fd >= 0)
        look_at_users(s, fd, v);
    file_close(head);
    file_close(fd);
}

static void decoy_stay_silent(int level, const char *text, void *context)
{
    (void)level, (void)text, (void)context;
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
    if (ftruncate(fd, 3 << 20) < 0 || crypt_init(&cd, path) < 0)
        goto out;
    crypt_set_log_callback(cd, decoy_stay_silent, NULL);
    errno = EIO;
    if (crypt_set_metadata_size(cd, LUKS_HEADER_MIN, 1 << 20) == 0 &&
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
    .promise = "The container's headers and key slots are overwritten and read back, and a mapping "
               "that is open loses its key: it opens no more, unless an earlier copy of the header "
               "and its key cell both survive.",
    .kept = "No header of the container loads, and its key slots read back as noise.",
    .destroy = target_luks_destroy,
    .prove = target_luks_prove,
    .settle = luks_container_settle,
    .look = target_luks_look,
    .decoy = target_luks_decoy,
};
