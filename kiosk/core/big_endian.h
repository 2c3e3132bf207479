#ifndef PORCHLIGHT_CORE_BIG_ENDIAN_H
#define PORCHLIGHT_CORE_BIG_ENDIAN_H

#include <stddef.h>
#include <stdint.h>

/* Integers as every format of ours has them: the most significant byte first, 1 to 8 of them. */

/* The low `bytes` bytes of `value`. */
static inline void big_endian_put(uint8_t *out, size_t bytes, uint64_t value)
{
    while (bytes-- > 0) {
        out[bytes] = (uint8_t)value;
        value >>= 8;
    }
}

static inline uint64_t big_endian_get(const uint8_t *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | in[i];
    return value;
}

#endif
