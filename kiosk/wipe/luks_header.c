#include "kiosk/wipe/luks_header.h"

#include "kiosk/common/file.h"
#include "kiosk/wipe/io.h"

#include <libcryptsetup.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char luks_magic[6] = {'L', 'U', 'K', 'S', '\xba', '\xbe'};
static const char luks_second_magic[6] = {'S', 'K', 'U', 'L', '\xba', '\xbe'};
/* What cryptsetup writes while it reencrypts LUKS1. */
static const char luks_rewritten_magic[6] = {'L', 'U', 'K', 'S', '\xde', '\xad'};

static bool has_magic(int fd, int64_t at, const char magic[6])
{
    char got[6];
    return pread(fd, got, sizeof got, at) == sizeof got && memcmp(got, magic, sizeof got) == 0;
}

/* --- loading --------------------------------------------------------------------------------- */

static void luks_header_stay_silent(int level, const char *text, void *context)
{
    (void)level, (void)text, (void)context;
}

/* libcryptsetup opens by path; /proc's link to our own descriptor is the file we checked. */
static struct crypt_device *luks_header_open(int fd)
{
    struct crypt_device *cd = NULL;
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    crypt_set_log_callback(NULL, luks_header_stay_silent, NULL);
    crypt_metadata_locking(NULL, 0); /* nobody else is waited for */
    if (crypt_init(&cd, path) < 0)
        return NULL;
    crypt_set_log_callback(cd, luks_header_stay_silent, NULL);
    if (crypt_load(cd, CRYPT_LUKS, NULL) < 0) {
        crypt_free(cd);
        return NULL;
    }
    return cd;
}

static void read_slots(struct crypt_device *cd, const char *type, struct luks_header *h)
{
    uint64_t offset, length;

    for (int i = 0; i < crypt_keyslot_max(type) && h->slots_count < LUKS_SLOTS_MAX; i++) {
        if (crypt_keyslot_area(cd, i, &offset, &length) < 0)
            continue;
        h->slots[h->slots_count++] =
            (struct overwrite_range){(int64_t)offset, (int64_t)(offset + length)};
        if (offset + length > h->facts.front)
            h->facts.front = offset + length;
    }
}

static void read_luks1(struct crypt_device *cd, struct luks_header *h)
{
    const char *cipher = crypt_get_cipher(cd);

    h->facts.form = LUKS_1;
    h->facts.header = h->facts.front = LUKS1_HEADER;
    read_slots(cd, CRYPT_LUKS1, h);
    luks_facts_of_luks1(&h->facts, cipher ? cipher : "", crypt_get_data_offset(cd) * 512);
}

static void read_luks2(struct crypt_device *cd, struct luks_header *h)
{
    uint64_t slots = 0;
    const char *json = NULL;

    h->facts.form = LUKS_2;
    h->facts.header = LUKS_HEADER_MIN;
    crypt_get_metadata_size(cd, &h->facts.header, &slots);
    h->facts.front = 2 * h->facts.header + slots;
    read_slots(cd, CRYPT_LUKS2, h);
    luks_facts_of_json(&h->facts, crypt_dump_json(cd, &json, 0) == 0 && json ? json : "");
    /* An unfinished conversion keeps data there too, in clear where it encrypts. */
    if (h->facts.reencrypting || h->facts.unknown) {
        h->slots[0] =
            (struct overwrite_range){(int64_t)(2 * h->facts.header), (int64_t)h->facts.front};
        h->slots_count = 1;
    }
}

void luks_header_load(int fd, struct luks_header *h)
{
    struct crypt_device *cd = luks_header_open(fd);
    const char *type = cd ? crypt_get_type(cd) : NULL, *uuid = cd ? crypt_get_uuid(cd) : NULL;

    *h = (struct luks_header){.facts.form = LUKS_NO_HEADER};
    if (type && strcmp(type, CRYPT_LUKS1) == 0)
        read_luks1(cd, h);
    else if (type && strcmp(type, CRYPT_LUKS2) == 0)
        read_luks2(cd, h);
    else if (has_magic(fd, 0, luks_rewritten_magic))
        h->facts.form = LUKS_1_REWRITTEN;
    else if (has_magic(fd, 0, luks_magic))
        h->facts.form = LUKS_UNREADABLE;
    if (uuid)
        snprintf(h->uuid, sizeof h->uuid, "%s", uuid);
    crypt_free(cd);
}

void luks_header_look(int fd, uint64_t size, struct luks_header *h)
{
    int copy = memfd_create("porchlight-wipe", MFD_CLOEXEC);
    char *piece = malloc(LUKS_HEADER_MIN);
    bool is_copied = copy >= 0 && piece && ftruncate(copy, (off_t)size) == 0;

    for (int64_t at = 0; is_copied && at < 2 * LUKS_HEADER_MAX; at += LUKS_HEADER_MIN) {
        ssize_t n = pread(fd, piece, LUKS_HEADER_MIN, at);
        is_copied = n >= 0 && (n == 0 || io_write(copy, piece, (size_t)n, at) == 0);
        if (n < LUKS_HEADER_MIN)
            break;
    }
    *h = (struct luks_header){.facts.form = LUKS_UNREADABLE};
    if (is_copied)
        luks_header_load(copy, h);
    free(piece);
    file_close(copy);
}

void luks_header_warm(void)
{
    int fd = memfd_create("porchlight-wipe", MFD_CLOEXEC);
    if (fd >= 0 && ftruncate(fd, LUKS_FRONT) == 0)
        crypt_free(luks_header_open(fd));
    file_close(fd);
}

/* Where a second header may be, by LUKS2's own table of sizes. */
bool luks_header_magic_left(int fd)
{
    if (io_forget(fd, 0, 2 * LUKS_HEADER_MAX) < 0 || has_magic(fd, 0, luks_magic) ||
        has_magic(fd, 0, luks_rewritten_magic))
        return true;
    for (int64_t at = LUKS_HEADER_MIN; at <= LUKS_HEADER_MAX; at *= 2) {
        if (has_magic(fd, at, luks_second_magic))
            return true;
    }
    return false;
}

/* --- the mark -------------------------------------------------------------------------------- */

static const char mark_text[32] = "Porchlight destroyed this LUKS";
/* What 0.1.0 wrote: behind the first two numbers is what was there before. */
static const char mark_text_before[32] = "Porchlight destroyed this LUKS2";
enum { FRONT_MAX = 2 * LUKS_HEADER_MAX + (128 << 20) };

bool luks_mark_read(int fd, struct luks_mark *m)
{
    bool before;

    if (io_read(fd, m, sizeof *m, 0) < 0)
        return false;
    before = memcmp(m->text, mark_text_before, sizeof m->text) == 0;
    if (before)
        memset(&m->clear_from, 0, sizeof *m - offsetof(struct luks_mark, clear_from));
    m->uuid[sizeof m->uuid - 1] = '\0';
    return (before || memcmp(m->text, mark_text, sizeof m->text) == 0) &&
           m->header >= LUKS1_HEADER && m->header <= LUKS_HEADER_MAX && m->front >= m->header &&
           m->front <= FRONT_MAX && m->clear_from <= m->clear_to && m->remark < LUKS_REMARKS;
}

int luks_mark_write(int fd, struct luks_mark *m)
{
    memcpy(m->text, mark_text, sizeof m->text);
    return io_write(fd, m, sizeof *m, 0) < 0 || io_sync_data(fd) < 0 ? -1 : 0;
}

/* It is at the same place in both versions, and in both of LUKS2's headers. */
enum { UUID_AT = 168 };

static bool read_uuid(int fd, int64_t header, char out[LUKS_UUID])
{
    if (io_read(fd, out, LUKS_UUID, header + UUID_AT) < 0)
        return false;
    out[LUKS_UUID - 1] = '\0';
    return out[0];
}

bool luks_header_uuid(int fd, char out[LUKS_UUID])
{
    struct luks_mark m;

    if (has_magic(fd, 0, luks_magic))
        return read_uuid(fd, 0, out);
    if (luks_mark_read(fd, &m)) {
        memcpy(out, m.uuid, LUKS_UUID);
        return out[0];
    }
    for (int64_t at = LUKS_HEADER_MIN; at <= LUKS_HEADER_MAX; at *= 2) {
        if (has_magic(fd, at, luks_second_magic))
            return read_uuid(fd, at, out);
    }
    return false;
}
