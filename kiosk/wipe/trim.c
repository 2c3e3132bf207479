#include "kiosk/wipe/trim.h"

#include <errno.h>
#include <linux/fs.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* <linux/ext4.h> does not exist on Debian 12; the numbers are in the kernel's
 * Documentation/filesystems/ext4/. */
#ifndef EXT4_IOC_CHECKPOINT
#define EXT4_IOC_CHECKPOINT              _IOW('f', 43, uint32_t)
#define EXT4_IOC_CHECKPOINT_FLAG_ZEROOUT 2u
#endif

static int trim_ask(int fd, unsigned long what, void *arg)
{
    int result;
    do
        result = ioctl(fd, what, arg);
    while (result < 0 && errno == EINTR);
    return result;
}

bool trim_journal(int fd)
{
    uint32_t flags = EXT4_IOC_CHECKPOINT_FLAG_ZEROOUT;
    return syncfs(fd) == 0 && trim_ask(fd, EXT4_IOC_CHECKPOINT, &flags) == 0;
}

bool trim_free(int fd)
{
    struct fstrim_range all = {.len = UINT64_MAX};
    return trim_ask(fd, FITRIM, &all) == 0;
}
