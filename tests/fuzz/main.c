#include "tests/fuzz/fuzz.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 4096, TEXT_MAX = 1 << 17 };

struct fuzz_pair fuzz_root, fuzz_kiosk, fuzz_phone;
uint8_t fuzz_venue_key[ENVELOPE_KEY];

static const struct fuzz_target *target;
static const char *seeds_folder;
static int seeds;
static char prefix[PATH_MAX];

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* --- first inputs ----------------------------------------------------------------------------- */

static void file_write(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "we");
    if (!f || fwrite(bytes, 1, len, f) != len || fclose(f) != 0) {
        perror(path);
        _Exit(2);
    }
}

void fuzz_seed(const void *bytes, size_t len)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%03d", seeds_folder, seeds++);
    file_write(path, bytes, len);
}

void fuzz_seed_text(const char *text)
{
    fuzz_seed(text, strlen(text));
}

void fuzz_seed_file(const char *path)
{
    static char text[TEXT_MAX];
    FILE *f = fopen(path, "re");
    if (!f) {
        perror(path);
        _Exit(2);
    }
    fuzz_seed(text, fread(text, 1, sizeof text, f));
    fclose(f);
}

/* --- what targets share ----------------------------------------------------------------------- */

static void prefix_remove(void)
{
    char command[PATH_MAX + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", prefix);
    if (system(command) != 0)
        perror(prefix);
}

static const char *const folders[] = {
    "/etc",
    "/etc/porchlight",
    "/etc/porchlight/vaults",
    "/etc/porchlight/registrar",
    "/var",
    "/var/lib",
    "/var/lib/porchlight",
    "/var/lib/porchlight/staff",
    "/wipe",
    "/sys",
    "/var/lib/porchlight-registrar",
    "/var/lib/porchlight-relay",
    "/sys/bus",
    "/sys/class",
    "/sys/class/drm",
    "/sys/class/drm/card0-HDMI-A-1",
};

const char *fuzz_prefix(void)
{
    if (prefix[0])
        return prefix;
    strcpy(prefix, "/dev/shm/porchlight-fuzz-XXXXXX");
    if (!mkdtemp(prefix)) {
        perror(prefix);
        _Exit(2);
    }
    atexit(prefix_remove);
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        char path[PATH_MAX + 64];
        snprintf(path, sizeof path, "%s%s", prefix, folders[i]);
        mkdir(path, 0700);
    }
    return prefix;
}

const char *fuzz_file(const char *below, const void *bytes, size_t len)
{
    static char path[PATH_MAX + 64];
    snprintf(path, sizeof path, "%s%s", fuzz_prefix(), below);
    file_write(path, bytes, len);
    chmod(path, 0600);
    return path;
}

char *fuzz_text(const uint8_t *bytes, size_t len)
{
    /* On the heap, so that one byte too far is noticed. */
    static char *text;
    free(text);
    text = malloc(len + 1);
    FUZZ_MUST(text);
    if (len > 0)
        memcpy(text, bytes, len);
    text[len] = '\0';
    char *cut = realloc(text, strlen(text) + 1);
    FUZZ_MUST(cut);
    return text = cut;
}

void fuzz_take(const uint8_t **bytes, size_t *len, void *out, size_t n)
{
    size_t there = n < *len ? n : *len;
    memset(out, 0, n);
    if (there > 0)
        memcpy(out, *bytes, there);
    *bytes += there;
    *len -= there;
}

void fuzz_complain(void *context, const char *sentence)
{
    (void)context;
    FUZZ_MUST(sentence && sentence[0]);
}

struct envelope_place fuzz_place(const char *topic)
{
    struct envelope_place at = {.topic = topic, .epoch = 4, .seq = 99};
    memset(at.venue, 0x11, sizeof at.venue);
    memset(at.kiosk, 0x22, sizeof at.kiosk);
    return at;
}

static void pair_make(struct fuzz_pair *pair, uint8_t label)
{
    uint8_t seed[crypto_sign_SEEDBYTES];
    memset(seed, label, sizeof seed);
    crypto_sign_seed_keypair(pair->public, pair->secret, seed);
}

/* --- libFuzzer's two functions ---------------------------------------------------------------- */

static const struct fuzz_target *target_find(const char *name)
{
    const struct fuzz_target *const all[] = {fuzz_protocol, fuzz_venue,  fuzz_registrar,
                                             fuzz_files,    fuzz_sealed, fuzz_packets,
                                             fuzz_pictures};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        for (const struct fuzz_target *t = all[i]; t->name; t++)
            if (!name)
                printf("%s %zu\n", t->name, t->most ? t->most : MOST);
            else if (strcmp(t->name, name) == 0)
                return t;
    return NULL;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const char *name = getenv("FUZZ");
    target = target_find(name);
    if (!target) {
        fflush(stdout);
        _Exit(name ? 2 : 0);
    }
    if (sodium_init() < 0)
        return -1;
    pair_make(&fuzz_root, 1);
    pair_make(&fuzz_kiosk, 2);
    pair_make(&fuzz_phone, 3);
    memset(fuzz_venue_key, 4, sizeof fuzz_venue_key);
    seeds_folder = getenv("FUZZ_SEEDS");
    if (seeds_folder) {
        target->seeds();
        exit(0);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    /* libFuzzer passes what it has read as it is, whatever -max_len says of what it makes. */
    if (len <= (target->most ? target->most : MOST))
        target->one(bytes, len);
    return 0;
}
