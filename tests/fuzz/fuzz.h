#ifndef PORCHLIGHT_TESTS_FUZZ_FUZZ_H
#define PORCHLIGHT_TESTS_FUZZ_FUZZ_H

#include "kiosk/core/envelope.h"

#include <stddef.h>
#include <stdint.h>

/* Every parser of bytes that come from outside, one target each, in one program under libFuzzer
 * with ASan and UBSan. The variable FUZZ names the target; with FUZZ_SEEDS=FOLDER its first inputs
 * are written there and nothing else is done. python3 -m tests.fuzz runs them all.
 *
 * Where a checksum, signature or seal comes first, the target makes it: the input is what would be
 * inside. What a parser takes, its writer must be able to write, and it must read the same again:
 * FUZZ_MUST ends the run where that is not so. */

struct fuzz_target {
    const char *name;
    void (*one)(const uint8_t *bytes, size_t len);
    void (*seeds)(void);
    size_t most; /* bytes of the longest input; 0: 4096 */
};

/* Each ends with {0}. */
extern const struct fuzz_target fuzz_protocol[], fuzz_venue[], fuzz_registrar[], fuzz_files[],
    fuzz_sealed[], fuzz_packets[], fuzz_pictures[];

#define FUZZ_MUST(what)                                                                            \
    do {                                                                                           \
        if (!(what))                                                                               \
            __builtin_trap();                                                                      \
    } while (0)

/* A first input. The third: a file of the repository. */
void fuzz_seed(const void *bytes, size_t len);
void fuzz_seed_text(const char *text);
void fuzz_seed_file(const char *path);

/* A folder in memory that is this run's alone, with the folders below it that a prefix has; and a
 * file there, replaced. `below` begins with a slash. The second returns the full path, valid until
 * the next call. */
const char *fuzz_prefix(void);
const char *fuzz_file(const char *below, const void *bytes, size_t len);

/* The input as a string: cut at its first NUL, in static storage, valid until the next call. */
char *fuzz_text(const uint8_t *bytes, size_t len);

/* Takes up to `n` bytes off the front of the input, padded with zeros. */
void fuzz_take(const uint8_t **bytes, size_t *len, void *out, size_t n);

/* For config_complain. */
void fuzz_complain(void *context, const char *sentence);

/* The keys of a venue that exists here alone, the same in every run. */
struct fuzz_pair {
    uint8_t public[ENVELOPE_PUBLIC], secret[ENVELOPE_SECRET];
};
extern struct fuzz_pair fuzz_root, fuzz_kiosk, fuzz_phone;
extern uint8_t fuzz_venue_key[ENVELOPE_KEY];
#define FUZZ_ACCOUNT "0123456789abcdef"
#define FUZZ_ZEROS   "0000000000000000000000000000000000000000000000000000000000000000"
#define FUZZ_ONES    "1111111111111111111111111111111111111111111111111111111111111111"
struct envelope_place fuzz_place(const char *topic);

#endif
