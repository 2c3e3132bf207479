#ifndef PORCHLIGHT_CORE_BIG_ENDIAN_H
#define PORCHLIGHT_CORE_BIG_ENDIAN_H

#include <stdint.h>

/* Integers as the wire has them. */

static inline void big_endian_put(uint8_t out[8], uint64_t value)
{
    for (int i = 7; i >= 0; i--, value >>= 8)
        out[i] = (uint8_t)value;
}

static inline uint64_t big_endian_get(const uint8_t in[8])
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | in[i];
    return value;
}

#endif
