#ifndef PORCHLIGHT_CLI_LOCKED_MEMORY_H
#define PORCHLIGHT_CLI_LOCKED_MEMORY_H

#include <stddef.h>

/* Zeroed memory for secrets: never written to swap, wiped when you sodium_free it. NULL after a
 * complaint. libsodium is initialised afterwards. */
void *locked_memory(size_t size);

#endif
