#ifndef PORCHLIGHT_COMMON_FILE_H
#define PORCHLIGHT_COMMON_FILE_H

#include <stddef.h>

/* All of it, through interruptions and short writes. 0, or -1 with errno. */
int file_write_all(int fd, const void *bytes, size_t len);

#endif
