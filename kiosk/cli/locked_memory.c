#include "kiosk/cli/locked_memory.h"

#include "kiosk/common/log.h"

#include <sodium.h>

void *locked_memory(size_t size)
{
    void *memory = sodium_init() < 0 ? NULL : sodium_malloc(size);
    if (memory)
        sodium_memzero(memory, size);
    else
        log_error(
            "Nothing was done: there is not enough locked memory for a secret. Raise the limit "
            "and try again: ulimit -l unlimited");
    return memory;
}
