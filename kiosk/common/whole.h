#ifndef PORCHLIGHT_COMMON_WHOLE_H
#define PORCHLIGHT_COMMON_WHOLE_H

#include <stddef.h>

/* All of it, through interruptions and short writes. 0, or -1 with errno. */
int whole_write(int fd, const void *bytes, size_t len);

#endif
