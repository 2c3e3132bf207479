#include "kiosk/wipe/place_look.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/place_below.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/msdos_fs.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Linux 6.9; older headers lack it. */
#ifndef FS_IOC_GETFSUUID
struct fsuuid2 {
    __u8 len;
    __u8 uuid[16];
};
#define FS_IOC_GETFSUUID _IOR(0x15, 0, struct fsuuid2)
#endif
#ifndef FS_INLINE_DATA_FL
#define FS_INLINE_DATA_FL 0x10000000
#endif
#ifndef FS_VERITY_FL
#define FS_VERITY_FL 0x00100000
#endif

char *place_look_mounts(int process)
{
    size_t room = 16384, len = 0;
    char *text = malloc(room);
    int fd = openat(process, process == AT_FDCWD ? "/proc/self/mountinfo" : "mountinfo",
                    O_RDONLY | O_CLOEXEC);

    while (text && fd >= 0) {
        ssize_t n = file_read_all(fd, text + len, room - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
        char *more = realloc(text, room *= 2);
        if (!more)
            break;
        text = more;
    }
    if (text)
        text[len] = '\0';
    file_close(fd);
    return text;
}

/* The mount that fd is in. False: not known. */
static bool place_look_mount(const char *mounts, int fd, struct place_mount *m)
{
    struct statx st;
    if (!mounts || statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 ||
        !(st.stx_mask & STATX_MNT_ID))
        return false;
    while (place_next_mount(&mounts, m)) {
        if (m->id == st.stx_mnt_id)
            return true;
    }
    return false;
}

/* --- swap ------------------------------------------------------------------------------------- */

/* Calls `visit` for each area that the kernel swaps to, until it returns true. */
static bool each_swap(bool (*visit)(const struct place_swap *swap, const struct stat *st),
                      const struct stat *st)
{
    char text[4096];
    const char *at = text;
    struct place_swap swap;
    int fd = open("/proc/swaps", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : file_read_all(fd, text, sizeof text - 1);

    file_close(fd);
    text[n > 0 ? n : 0] = '\0';
    while (place_next_swap(&at, &swap)) {
        if (visit(&swap, st))
            return true;
    }
    return false;
}

static bool is_that_file(const struct place_swap *swap, const struct stat *st)
{
    struct stat other;
    return swap->file && stat(swap->path, &other) == 0 && other.st_dev == st->st_dev &&
           other.st_ino == st->st_ino;
}

/* zram alone is memory; with a backing device its pages are written out. */
static bool is_on_a_disk(const struct place_swap *swap, const struct stat *st)
{
    char path[80], backing[128];
    (void)st;
    if (strncmp(swap->path, "/dev/zram", 9) != 0)
        return true;
    snprintf(path, sizeof path, "/sys/block/%.40s/backing_dev", swap->path + 5);
    return place_read_line(AT_FDCWD, path, backing, sizeof backing) && strcmp(backing, "none") != 0;
}

bool place_look_swap_file(const struct stat *st)
{
    return each_swap(is_that_file, st);
}

static bool swaps_to_disk(void)
{
    return each_swap(is_on_a_disk, NULL);
}

/* --- the file system ---------------------------------------------------------------------------*/

/* What udev has read on a device, of file systems whose id the kernel does not show. */
static void look_for_udev_uuid(struct place *at, dev_t device)
{
    static const char key[] = "\nE:ID_FS_UUID=";
    char path[64], text[8192], *found;
    ssize_t n;
    int fd;

    snprintf(path, sizeof path, "/run/udev/data/b%u:%u", major(device), minor(device));
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? 0 : file_read_all(fd, text, sizeof text - 1);
    file_close(fd);
    text[n > 0 ? n : 0] = '\0';
    found = strstr(text, key);
    if (found)
        snprintf(at->uuid, sizeof at->uuid, "%.*s", (int)strcspn(found + sizeof key - 1, "\n"),
                 found + sizeof key - 1);
}

/* Before Linux 6.9 XFS has its own question for it, and gives the device's number to statfs:
 * xfs_fs.h's XFS_IOC_FSGEOMETRY_V1. */
static bool ask_xfs(int fd, struct fsuuid2 *id)
{
    struct {
        uint32_t sizes[8];
        uint64_t blocks[4];
        unsigned char uuid[16];
        uint32_t more[7];
    } geometry;

    if (ioctl(fd, _IOR('X', 100, geometry), &geometry) < 0)
        return false;
    id->len = sizeof id->uuid;
    memcpy(id->uuid, geometry.uuid, sizeof id->uuid);
    return true;
}

static void look_for_uuid(struct place *at, int fd, dev_t device)
{
    struct fsuuid2 id = {0};
    struct statfs fs;
    uint32_t serial = 0;
    unsigned char bytes[8];
    bool number;

    _Static_assert(sizeof bytes == sizeof fs.f_fsid, "the same on all machines");
    if (fstatfs(fd, &fs) < 0)
        return;
    if ((ioctl(fd, FS_IOC_GETFSUUID, &id) == 0 ||
         (fs.f_type == XFS_SUPER_MAGIC && ask_xfs(fd, &id))) &&
        id.len > 0 && id.len <= sizeof id.uuid)
        sodium_bin2hex(at->uuid, sizeof at->uuid, id.uuid, id.len);
    memcpy(bytes, &fs.f_fsid, sizeof bytes);
    number = place_id_is_number(bytes, major(device), minor(device));
    if (fs.f_type == MSDOS_SUPER_MAGIC && ioctl(fd, FAT_IOCTL_GET_VOLUME_ID, &serial) == 0 &&
        serial)
        snprintf(at->uuid, sizeof at->uuid, "%08x", serial);
    else if (number && !at->uuid[0])
        look_for_udev_uuid(at, device);
    else if (!sodium_is_zero(bytes, sizeof bytes) && !number)
        sodium_bin2hex(at->fsid, sizeof at->fsid, bytes, sizeof bytes);
}

/* Its name in /dev and /proc: the last part of its link in sysfs. False: it is no block device. */
static bool name_device(dev_t device, char name[PLACE_WITHIN_MAX])
{
    char path[80], *slash;
    ssize_t n;

    snprintf(path, sizeof path, "/sys/dev/block/%u:%u", major(device), minor(device));
    n = readlink(path, name, PLACE_WITHIN_MAX - 1);
    name[n > 0 ? n : 0] = '\0';
    slash = strrchr(name, '/');
    if (slash)
        memmove(name, slash + 1, strlen(slash));
    return n > 0;
}

/* data=journal may also be a default in the superblock, which mountinfo does not show. */
static bool journals_by_default(dev_t device)
{
    char name[PLACE_WITHIN_MAX], path[PLACE_WITHIN_MAX], text[4096];
    ssize_t n;
    int fd;

    if (!name_device(device, name))
        return false;
    snprintf(path, sizeof path, "/proc/fs/ext4/%.200s/options", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    n = fd < 0 ? 0 : file_read_all(fd, text, sizeof text - 1);
    file_close(fd);
    text[n > 0 ? n : 0] = '\0';
    return strstr(text, "data=journal");
}

/* Only the superblock shows it: Documentation/filesystems/ext4/super.rst of the kernel. */
bool place_look_keeps_in_inodes(dev_t device)
{
    enum { SUPERBLOCK = 1024, MAGIC = 0x38, INCOMPAT = 0x60, INLINE_DATA_HIGH = 0x80, READ = 0x64 };
    unsigned char block[READ] = {0};
    char name[PLACE_WITHIN_MAX], path[PLACE_WITHIN_MAX];
    int fd;

    if (!name_device(device, name))
        return false;
    snprintf(path, sizeof path, "/dev/%.200s", name);
    fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd >= 0 && pread(fd, block, sizeof block, SUPERBLOCK) != sizeof block)
        memset(block, 0, sizeof block);
    file_close(fd);
    return block[MAGIC] == 0x53 && block[MAGIC + 1] == 0xef &&
           (block[INCOMPAT + 1] & INLINE_DATA_HIGH);
}

/* In a chroot, mountinfo lacks the mount that the root folder itself is in: its type by statfs's
 * number. Its own paths count there. */
static bool is_known_by_number(struct place_mount *m, int fd)
{
    static const struct {
        unsigned number;
        const char *type;
    } types[] = {
        {EXT4_SUPER_MAGIC, "ext4"},      {TMPFS_MAGIC, "tmpfs"},
        {XFS_SUPER_MAGIC, "xfs"},        {BTRFS_SUPER_MAGIC, "btrfs"},
        {F2FS_SUPER_MAGIC, "f2fs"},      {OVERLAYFS_SUPER_MAGIC, "overlay"},
        {NFS_SUPER_MAGIC, "nfs"},        {FUSE_SUPER_MAGIC, "fuse"},
        {MSDOS_SUPER_MAGIC, "vfat"},     {SQUASHFS_MAGIC, "squashfs"},
        {EROFS_SUPER_MAGIC_V1, "erofs"}, {RAMFS_MAGIC, "ramfs"},
    };
    struct statfs fs;

    if (fstatfs(fd, &fs) < 0)
        return false;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if ((unsigned)fs.f_type != types[i].number)
            continue;
        *m = (struct place_mount){.root = "/", .where = "/"};
        snprintf(m->type, sizeof m->type, "%s", types[i].type);
        return true;
    }
    return false;
}

void place_look(struct place_facts *f, const char *mounts, int fd, const char *path)
{
    struct place_mount m;
    struct statvfs vfs;
    struct stat st;

    *f = (struct place_facts){.below = PLACE_DISK};
    if (fd < 0 || fstat(fd, &st) < 0 ||
        (!place_look_mount(mounts, fd, &m) && !is_known_by_number(&m, fd)))
        return;
    f->at.known = place_within(&m, path, f->at.within);
    memcpy(f->at.type, m.type, sizeof f->at.type);
    memcpy(f->at.source, m.source, sizeof f->at.source);
    f->covers = place_covers(mounts, &m, path);
    f->read_only = m.read_only || (fstatvfs(fd, &vfs) == 0 && (vfs.f_flag & ST_RDONLY) != 0);
    f->journals_data =
        m.journals_data || (strncmp(m.type, "ext", 3) == 0 && journals_by_default(st.st_dev));
    f->below = place_look_device(st.st_dev);
    f->swaps = !m.no_swap && strcmp(m.type, "tmpfs") == 0 && swaps_to_disk();
    look_for_uuid(&f->at, fd, st.st_dev);
}

void place_look_handle(int fd, const struct place *at, char out[PLACE_HANDLE_MAX])
{
    union {
        struct file_handle handle;
        unsigned char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } u = {.handle = {.handle_bytes = MAX_HANDLE_SZ}};
    int mount;

    out[0] = '\0';
    if (!at->known || place_is_served(at->type) || place_is_overlay(at) ||
        name_to_handle_at(fd, "", &u.handle, &mount, AT_EMPTY_PATH) < 0)
        return;
    sodium_bin2hex(out, PLACE_HANDLE_MAX, u.room, sizeof u.handle + u.handle.handle_bytes);
}

bool place_look_alive(int fd, const char *handle)
{
    union {
        struct file_handle handle;
        unsigned char room[sizeof(struct file_handle) + MAX_HANDLE_SZ];
    } u = {.handle = {.handle_bytes = 0}};
    size_t len = 0;
    int found;

    if (!handle[0] ||
        sodium_hex2bin(u.room, sizeof u.room, handle, strlen(handle), NULL, &len, NULL) < 0 ||
        len < sizeof u.handle || u.handle.handle_bytes != len - sizeof u.handle)
        return false;
    found = open_by_handle_at(fd, &u.handle, O_PATH | O_CLOEXEC);
    file_close(found);
    return found >= 0;
}

/* --- one file ---------------------------------------------------------------------------------*/

static void look_at_extents(struct place_file *file, int fd)
{
    enum { COUNT = 64 };
    union {
        struct fiemap map;
        char room[sizeof(struct fiemap) + COUNT * sizeof(struct fiemap_extent)];
    } u;
    uint64_t at = 0;
    bool last = false;

    while (!last && !file->shared) {
        memset(&u, 0, sizeof u);
        u.map.fm_start = at;
        u.map.fm_length = FIEMAP_MAX_OFFSET - at;
        u.map.fm_flags = FIEMAP_FLAG_SYNC;
        u.map.fm_extent_count = COUNT;
        if (ioctl(fd, FS_IOC_FIEMAP, &u.map) < 0 || u.map.fm_mapped_extents == 0)
            return;
        for (unsigned i = 0; i < u.map.fm_mapped_extents; i++) {
            const struct fiemap_extent *e = &u.map.fm_extents[i];
            file->shared |= (e->fe_flags & FIEMAP_EXTENT_SHARED) != 0;
            file->encoded |= (e->fe_flags & FIEMAP_EXTENT_ENCODED) != 0;
            last |= (e->fe_flags & FIEMAP_EXTENT_LAST) != 0;
            at = e->fe_logical + e->fe_length;
        }
    }
}

void place_look_file(struct place_file *file, int fd)
{
    struct statfs fs;
    struct stat st;
    int flags = 0;

    *file = (struct place_file){.regular = false};
    if (fstat(fd, &st) < 0)
        return;
    file->regular = S_ISREG(st.st_mode);
    file->links = st.st_nlink;
    if (!file->regular)
        return;
    if (ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        file->encoded = (flags & FS_COMPR_FL) != 0;
        file->journaled = (flags & FS_JOURNAL_DATA_FL) != 0;
        file->in_inode = (flags & FS_INLINE_DATA_FL) != 0;
        file->sealed = (flags & FS_VERITY_FL) != 0;
    }
    if (fstatfs(fd, &fs) == 0 && fs.f_type == XFS_SUPER_MAGIC)
        look_at_extents(file, fd);
}

/* The file of a loop device is judged as a file on its own file system is. */
static enum place_below look_at_loop_file(const char *path)
{
    struct place_facts f = {0};
    struct place_file file = {0};
    char *mounts = place_look_mounts(AT_FDCWD);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    enum place_below below = PLACE_LOOP;

    if (fd >= 0) {
        place_look(&f, mounts, fd, path);
        place_look_file(&file, fd);
        if (place_worse(place_judge(&f), place_judge_file(&file)).may == PLACE_OVERWRITES)
            below = PLACE_DISK;
    }
    file_close(fd);
    free(mounts);
    return below;
}

enum place_below place_look_device(dev_t device)
{
    return place_below_device(PLACE_SYS, device, look_at_loop_file);
}

bool place_look_is_overlay(int fd)
{
    struct statfs fs;
    return fstatfs(fd, &fs) == 0 && fs.f_type == OVERLAYFS_SUPER_MAGIC;
}

bool place_look_each_loop(bool (*visit)(void *context, const char *device, char *path),
                          void *context)
{
    DIR *d = opendir("/sys/block");
    bool found = false;
    struct dirent *e;

    while (d && !found && (e = readdir(d))) {
        char name[300], path[PLACE_WITHIN_MAX];
        snprintf(name, sizeof name, "%s/loop/backing_file", e->d_name);
        found = strncmp(e->d_name, "loop", 4) == 0 &&
                place_read_line(dirfd(d), name, path, sizeof path) &&
                visit(context, e->d_name, path);
    }
    if (d)
        closedir(d);
    return found;
}

static bool is_its_file(void *context, const char *device, char *path)
{
    const struct stat *wanted = context;
    struct stat st;

    (void)device;
    return stat(path, &st) == 0 && st.st_dev == wanted->st_dev && st.st_ino == wanted->st_ino;
}

bool place_look_loops(const struct stat *st)
{
    return place_look_each_loop(is_its_file, (void *)st);
}

bool place_look_leased(const struct stat *st)
{
    FILE *f = fopen("/proc/locks", "re");
    unsigned long long inode;
    unsigned a, b;
    char kind[16];
    bool found = false;
    char line[256];

    while (f && !found && fgets(line, sizeof line, f))
        found = sscanf(line, "%*s %15s %*s %*s %*s %x:%x:%llu", kind, &a, &b, &inode) == 4 &&
                (strcmp(kind, "LEASE") == 0 || strcmp(kind, "DELEG") == 0) &&
                makedev(a, b) == st->st_dev && inode == st->st_ino;
    if (f)
        fclose(f);
    return found;
}
