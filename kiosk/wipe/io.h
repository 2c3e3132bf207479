#ifndef PORCHLIGHT_WIPE_IO_H
#define PORCHLIGHT_WIPE_IO_H

#include <stddef.h>
#include <stdint.h>

/* Whole transfers at an offset: interrupted and short ones go on, one that moves nothing is EIO.
 * 0, or -1 with errno. */
int io_write(int fd, const void *bytes, size_t len, int64_t at);
int io_read(int fd, void *bytes, size_t len, int64_t at);

/* fdatasync, through interruptions. 0, or -1 with errno. For fsync see kiosk/common/file.h. */
int io_sync_data(int fd);

/* What is read next of [from, from + len) comes from the device: the pages that hold it are
 * dropped, and no others, since to drop a whole container's takes the longer the larger it is. The
 * range must be synced. 0, or -1 with errno. */
int io_forget(int fd, int64_t from, int64_t len);

#endif
