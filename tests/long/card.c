/* A memory card that remembers: one file, DIR/disk, for a loop device to stand on. Every write and
 * every flush is appended to a log before it reaches the image, so that the log holds each page the
 * card was ever given (a card that never erases) and in which order (power cuts are prefixes of
 * it).
 *
 *     card IMAGE LOG DIR [PACE]  runs in the foreground until DIR is unmounted; each write and
 * flush takes as many milliseconds more as the file PACE says
 *
 * A log record: 8 bytes "write   " or "flush   ", 8 bytes offset, 8 bytes length, the bytes. */
#define FUSE_USE_VERSION 31
#include <errno.h>
#include <fcntl.h>
#include <fuse3/fuse.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct card {
    int image, log;
    off_t size;
    const char *pace; /* NULL: as fast as it goes */
};

static struct card *card(void)
{
    return fuse_get_context()->private_data;
}

static void take_time(void)
{
    FILE *f = card()->pace ? fopen(card()->pace, "re") : NULL;
    int ms = 0;

    if (f && fscanf(f, "%d", &ms) != 1)
        ms = 0;
    if (f)
        fclose(f);
    if (ms > 0)
        usleep((useconds_t)ms * 1000);
}

static int append(const char *what, off_t at, const char *bytes, size_t len)
{
    struct {
        char what[8];
        uint64_t at, len;
    } head = {.at = (uint64_t)at, .len = len};

    memcpy(head.what, what, 8);
    if (write(card()->log, &head, sizeof head) != sizeof head ||
        write(card()->log, bytes, len) != (ssize_t)len)
        return -EIO;
    return 0;
}

static int card_getattr(const char *path, struct stat *st, struct fuse_file_info *fi)
{
    (void)fi;
    if (strcmp(path, "/") == 0) {
        st->st_mode = S_IFDIR | 0700;
        st->st_nlink = 2;
        return 0;
    }
    if (strcmp(path, "/disk") != 0)
        return -ENOENT;
    st->st_mode = S_IFREG | 0600;
    st->st_nlink = 1;
    st->st_size = card()->size;
    return 0;
}

static int card_open(const char *path, struct fuse_file_info *fi)
{
    if (strcmp(path, "/disk") != 0)
        return -ENOENT;
    fi->direct_io = 1;
    return 0;
}

static int card_read(const char *path, char *buf, size_t len, off_t at, struct fuse_file_info *fi)
{
    ssize_t n = pread(card()->image, buf, len, at);

    (void)path, (void)fi;
    return n < 0 ? -errno : (int)n;
}

static int card_write(const char *path, const char *buf, size_t len, off_t at,
                      struct fuse_file_info *fi)
{
    (void)path, (void)fi;
    take_time();
    if (at + (off_t)len > card()->size)
        return -ENOSPC;
    if (append("write   ", at, buf, len) < 0 || pwrite(card()->image, buf, len, at) != (ssize_t)len)
        return -EIO;
    return (int)len;
}

static int card_fsync(const char *path, int data, struct fuse_file_info *fi)
{
    (void)path, (void)data, (void)fi;
    take_time();
    return append("flush   ", 0, "", 0);
}

int main(int argc, char **argv)
{
    static const struct fuse_operations ops = {
        .getattr = card_getattr,
        .open = card_open,
        .read = card_read,
        .write = card_write,
        .fsync = card_fsync,
    };
    char *args[] = {argv[0], (char *)"-f", (char *)"-s", NULL, NULL};
    struct card c;
    struct stat st;

    if (argc != 4 && argc != 5)
        return 2;
    c.pace = argc == 5 ? argv[4] : NULL;
    c.image = open(argv[1], O_RDWR | O_CLOEXEC);
    c.log = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (c.image < 0 || c.log < 0 || fstat(c.image, &st) < 0) {
        perror("card");
        return 1;
    }
    c.size = st.st_size;
    args[3] = argv[3];
    return fuse_main(4, args, &ops, &c);
}
