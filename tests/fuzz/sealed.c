/* What is opened with a key, sealed here around the input: backups, sealed files, vaults; and the
 * papers that people type in again. */

#include "tests/fuzz/fuzz.h"

#include "config/ca_pin.h"
#include "kiosk/cli/backup/backup_file.h"
#include "kiosk/cli/backup/backup_read.h"
#include "kiosk/cli/keys/root_paper.h"
#include "kiosk/cli/keys/venue_sheet.h"
#include "kiosk/cli/sealing/cmd_book.h"
#include "kiosk/cli/sealing/sealing.h"
#include "kiosk/cli/vault/vault_file.h"
#include "kiosk/core/big_endian.h"

#include <errno.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- sealed things: sealed here around the input ---------------------------------------------- */

static int backup_take(void *context, const char *name, mode_t mode, const uint8_t *bytes,
                       size_t len)
{
    const char *below = NULL;
    (void)context;
    (void)mode;
    FUZZ_MUST(strlen(name) <= BACKUP_PATH_MAX);
    sodium_is_zero(bytes, len); /* reads all of it */
    FUZZ_MUST(backup_place_of(name, &below) != BACKUP_ETC || below);
    return 0;
}

static void backup_one(const uint8_t *bytes, size_t len)
{
    struct backup b = {.bytes = len ? sodium_malloc(len) : NULL, .len = len, .room = len};
    if (b.bytes)
        memcpy(b.bytes, bytes, len);
    backup_each(&b, backup_take, NULL);
    backup_finish(&b);
}

static void backup_seeds(void)
{
    struct backup b = {.len = 0};
    FUZZ_MUST(backup_add(&b, "/etc/porchlight/porchlight.conf", 0644, "[venue]\n", 8) == 0);
    FUZZ_MUST(backup_add(&b, "/var/lib/porchlight/phones", 0600, "", 0) == 0);
    fuzz_seed(b.bytes, b.len);
    backup_finish(&b);
}

/* As it is on a stick. No passes and no memory that would take long: what the head claims is
 * brought below them, unless it is out of its range. */
static void backup_file_one(const uint8_t *bytes, size_t len)
{
    static uint8_t file[4096];
    struct backup b = {.len = 0};
    fuzz_take(&bytes, &len, file, len < sizeof file ? len : sizeof file);
    uint64_t passes = big_endian_get(file + 36, 4), memory = big_endian_get(file + 40, 4);
    if (passes >= 1 && passes <= 16)
        big_endian_put(file + 36, 4, 1);
    if (memory >= 8192 && memory <= 1048576)
        big_endian_put(file + 40, 4, 8192);
    size_t size = sizeof file;
    while (size > 0 && file[size - 1] == 0)
        size--;
    FUZZ_MUST(backup_open(&b, fuzz_file("/etc/porchlight/backup", file, size),
                          "correct horse battery") != 0);
    backup_finish(&b);
}

static void backup_file_seeds(void)
{
    uint8_t head[200];
    memset(head, 0x55, sizeof head);
    const char magic[] = "porchlight backup 1\n";
    memcpy(head, magic, sizeof magic - 1);
    big_endian_put(head + 36, 4, 1);
    big_endian_put(head + 40, 4, 8192);
    fuzz_seed(head, sizeof head);
    big_endian_put(head + 40, 4, 1048577);
    fuzz_seed(head, sizeof head);
}

/* A sealed file's stream: chunks of the length that the input's first bytes say, some not final. */
static void unseal_one(const uint8_t *bytes, size_t len)
{
    uint8_t key[SEAL_KEY], public[SEAL_KEY], secret[SEAL_KEY], head[24], sealed[SEAL_KEY + 48], how;
    static uint8_t chunk[4096], text[4096];
    crypto_secretstream_xchacha20poly1305_state state;
    char *out = NULL;
    size_t out_len = 0;
    crypto_box_seed_keypair(public, secret, fuzz_venue_key);
    memset(key, 7, sizeof key);
    crypto_box_seal(sealed, key, sizeof key, public);
    crypto_secretstream_xchacha20poly1305_init_push(&state, head, key);
    FILE *in = tmpfile(), *to = open_memstream(&out, &out_len);
    FUZZ_MUST(in && to);
    fwrite(sealed, 1, sizeof sealed, in);
    fwrite(head, 1, sizeof head, in);
    while (len > 0) {
        unsigned long long n;
        fuzz_take(&bytes, &len, &how, 1);
        size_t size = how < len ? how : len;
        fuzz_take(&bytes, &len, text, size);
        crypto_secretstream_xchacha20poly1305_push(&state, chunk, &n, text, size, NULL, 0,
                                                   how % 4 ? 0 : 3);
        fwrite(chunk, 1, how == 5 && n > 2 ? n - 2 : n, in);
    }
    rewind(in);
    unseal_stream(in, to, public, secret);
    fclose(in);
    fclose(to);
    free(out);
}

static void unseal_seeds(void)
{
    fuzz_seed_text("\014abcdefghijkl");
    fuzz_seed_text("\003abc\004abcd");
    fuzz_seed_text("\005abcde\004abcd");
}

/* A book: entries of whatever length, with their sums; as many as the input has. */
static void book_one(const uint8_t *bytes, size_t len)
{
    uint8_t public[SEAL_KEY], secret[SEAL_KEY], how, sum[16];
    static uint8_t file[8192], body[512];
    size_t at = 0;
    char *out = NULL;
    size_t out_len = 0;
    crypto_box_seed_keypair(public, secret, fuzz_venue_key);
    while (len > 0 && at + 400 < sizeof file) {
        fuzz_take(&bytes, &len, &how, 1);
        size_t n = how & 1 ? 48 + (size_t)how : how;
        fuzz_take(&bytes, &len, body, how);
        if (how & 1)
            crypto_box_seal(file + at + 4, body, how, public);
        else
            memcpy(file + at + 4, body, n);
        big_endian_put(file + at, 4, 0);
        file[at] = (uint8_t)n;
        file[at + 1] = (uint8_t)(n >> 8);
        crypto_generichash(sum, sizeof sum, file + at, 4 + n, NULL, 0);
        memcpy(file + at + 4 + n, sum, 8);
        at += how == 2 ? n : 4 + n + 8;
    }
    fuzz_file("/etc/porchlight/book", "", 0);
    FILE *in = fmemopen(file, at ? at : 1, "r"), *to = open_memstream(&out, &out_len);
    FUZZ_MUST(in && to);
    book_print(in, to, public, secret);
    fclose(in);
    fclose(to);
    free(out);
    char path[256];
    snprintf(path, sizeof path, "%s", fuzz_file("/etc/porchlight/book", file, at));
    int fd = book_open(path);
    if (fd >= 0)
        close(fd);
}

static void book_seeds(void)
{
    char seed[400];
    memset(seed, 'x', sizeof seed);
    seed[0] = 31;
    seed[32] = 2;
    seed[35] = 101;
    fuzz_seed(seed, sizeof seed);
}

static void vault_one(const uint8_t *bytes, size_t len)
{
    struct vault v, again;
    fuzz_file("/etc/porchlight/vaults/books", bytes, len);
    if (vault_file_read(fuzz_prefix(), "books", &v) != 0)
        return;
    if (vault_file_write(fuzz_prefix(), &v) == 0)
        FUZZ_MUST(vault_file_read(fuzz_prefix(), "books", &again) == 0 &&
                  strcmp(v.path, again.path) == 0 && strcmp(v.cell, again.cell) == 0);
}

static void vault_seeds(void)
{
    fuzz_seed_text("make = luks\npath = /srv/venue/books\nmount = /srv/books\ncell = "
                   "nvmem:ds1307_nvram0\nsalt = " FUZZ_ONES "\n");
    fuzz_seed_text("make = fscrypt\npath = /srv/books\ncell = ram\nsalt = " FUZZ_ONES
                   "\nkey_id = 0123456789abcdef0123456789abcdef\n");
}

/* --- papers ----------------------------------------------------------------------------------- */

static void root_paper_one(const uint8_t *bytes, size_t len)
{
    uint8_t seed[KEYSET_SEED];
    int rc = root_paper_read(fuzz_text(bytes, len), seed);
    FUZZ_MUST(rc >= -1 && rc <= ROOT_PAPER_LINES);
}

static void root_paper_seeds(void)
{
    fuzz_seed_text("1: 0123 4567 89ab cdef 0123\n2: 0123 4567 89ab cdef 0123\n"
                   "3: 0123 4567 89ab cdef 0123\n4: 0123 4567 89ab cdef 0123\n");
}

/* Lines without their checks, which are added here. */
static void sheet_one(const uint8_t *bytes, size_t len)
{
    static char all[16384];
    uint8_t hash[crypto_generichash_BYTES_MIN];
    struct venue_sheet s;
    size_t used = 0;
    char *rest = fuzz_text(bytes, len), *line;
    while ((line = strsep(&rest, "\n")) && used + strlen(line) + 8 < sizeof all) {
        crypto_generichash(hash, sizeof hash, (uint8_t *)line, strlen(line), NULL, 0);
        used += (size_t)sprintf(all + used, "%s =%02x%02x\n", line, hash[0], hash[1]);
    }
    all[used] = '\0';
    if (venue_sheet_read(&s, "f", all) == 0)
        FUZZ_MUST(s.brokers_count > 0 && s.brokers_count <= CONFIG_BROKERS_MAX);
}

static void sheet_seeds(void)
{
    struct venue_sheet s = {.venue = "0123456789abcdef", .kiosk = "1123456789abcdef"};
    char *text = NULL;
    size_t len = 0;
    s.brokers_count = 1;
    strcpy(s.brokers[0].at.name, "here");
    strcpy(s.brokers[0].at.host, "broker.example.org");
    s.brokers[0].at.port = 8883;
    s.brokers[0].at.tls = true;
    strcpy(s.brokers[0].at.user, FUZZ_ACCOUNT);
    s.brokers[0].pinned = true;
    FILE *out = open_memstream(&text, &len);
    FUZZ_MUST(out && venue_sheet_write(&s, out) == 0 && fclose(out) == 0);
    for (char *c = text; (c = strstr(c, " ="));) /* without the checks */
        memmove(c, c + 6, strlen(c + 6) + 1);
    fuzz_seed_text(text);
    free(text);
}

static void pem_one(const uint8_t *bytes, size_t len)
{
    uint8_t pin[CA_PIN];
    const char *end = fuzz_text(bytes, len);
    while (ca_pin_of(end, pin, &end) == 0)
        FUZZ_MUST(end);
}

static void pem_seeds(void)
{
    fuzz_seed_text("text\n-----BEGIN CERTIFICATE-----\nMIIBszCCAVmgAwIBAgIUQ\n"
                   "-----END CERTIFICATE-----\n");
}

const struct fuzz_target fuzz_sealed[] = {
    {"backup", backup_one, backup_seeds, 4096},
    {"backup-file", backup_file_one, backup_file_seeds, 4096},
    {"unseal", unseal_one, unseal_seeds, 4096},
    {"book", book_one, book_seeds, 4096},
    {"vault", vault_one, vault_seeds, 2048},
    {"root-paper", root_paper_one, root_paper_seeds, 512},
    {"sheet", sheet_one, sheet_seeds, 4096},
    {"pem", pem_one, pem_seeds, 4096},
    {.name = NULL},
};
