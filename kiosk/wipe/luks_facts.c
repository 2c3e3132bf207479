#include "kiosk/wipe/luks_facts.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static const char *luks_facts_text(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

/* LUKS2 writes its 64-bit numbers as text, since JSON's have 53 bits. */
static uint64_t luks_facts_number(const cJSON *object, const char *name)
{
    return strtoull(luks_facts_text(object, name), NULL, 10);
}

static bool has_flag(const cJSON *segment, const char *begins)
{
    const cJSON *flag;
    cJSON_ArrayForEach(flag, cJSON_GetObjectItemCaseSensitive(segment, "flags"))
    {
        const char *text = cJSON_GetStringValue(flag);
        if (text && strncmp(text, begins, strlen(begins)) == 0)
            return true;
    }
    return false;
}

static void add_clear(struct luks_facts *f, uint64_t from, uint64_t to)
{
    if (from >= to)
        return;
    if (f->clear_from == f->clear_to) {
        f->clear_from = from;
        f->clear_to = to;
        return;
    }
    f->clear_from = from < f->clear_from ? from : f->clear_from;
    f->clear_to = to > f->clear_to ? to : f->clear_to;
}

/* "cipher_null-ecb" and its like, or none at all. */
static bool is_null_cipher(const char *cipher)
{
    return !cipher[0] || strncmp(cipher, "cipher_null", 11) == 0 || strcmp(cipher, "null") == 0;
}

static uint64_t segment_end(const cJSON *segment, uint64_t from)
{
    uint64_t size = luks_facts_number(segment, "size"); /* 0 of "dynamic", up to the end */
    return size == 0 || size > UINT64_MAX - from ? UINT64_MAX : from + size;
}

/* A piece of the data. Those that are flagged "backup-..." say what an unfinished conversion came
 * from and goes to; of them, only the piece that it has set aside is there. */
static void read_segment(struct luks_facts *f, const cJSON *segment)
{
    const char *type = luks_facts_text(segment, "type");
    bool is_crypt = strcmp(type, "crypt") == 0, is_linear = strcmp(type, "linear") == 0;
    bool is_null = is_crypt && is_null_cipher(luks_facts_text(segment, "encryption"));
    uint64_t from = luks_facts_number(segment, "offset"), to = segment_end(segment, from);

    f->unknown = f->unknown || (!is_crypt && !is_linear);
    f->null_cipher = f->null_cipher || is_null;
    if (has_flag(segment, "backup-") && !has_flag(segment, "backup-moved"))
        return;
    if (is_linear || is_null ||
        (has_flag(segment, "in-reencryption") && (f->encrypting || f->decrypting)))
        add_clear(f, from, to);
    if (from < f->data)
        f->data = from;
    if (to > f->end)
        f->end = to;
}

static void read_requirements(struct luks_facts *f, const cJSON *config)
{
    const cJSON *all = cJSON_GetObjectItemCaseSensitive(config, "requirements"), *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(all, "mandatory"))
    {
        const char *text = cJSON_GetStringValue(one);
        if (text && (strncmp(text, "online-reencrypt", 16) == 0 ||
                     strncmp(text, "offline-reencrypt", 17) == 0))
            f->reencrypting = true;
        else
            f->unknown = true;
    }
}

/* The key slot of an unfinished conversion says which way it goes. */
static void read_slot(struct luks_facts *f, const cJSON *slot)
{
    const char *type = luks_facts_text(slot, "type"), *mode = luks_facts_text(slot, "mode");

    if (strcmp(type, "reencrypt") != 0) {
        f->unknown = f->unknown || strcmp(type, "luks2") != 0;
        return;
    }
    f->reencrypting = true;
    f->encrypting = f->encrypting || strcmp(mode, "encrypt") == 0;
    f->decrypting = f->decrypting || strcmp(mode, "decrypt") == 0;
}

void luks_facts_of_json(struct luks_facts *f, const char *json)
{
    cJSON *top = cJSON_Parse(json), *one;
    const cJSON *segments = cJSON_GetObjectItemCaseSensitive(top, "segments");

    if (!top || !segments)
        f->unknown = true;
    read_requirements(f, cJSON_GetObjectItemCaseSensitive(top, "config"));
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(top, "keyslots"))
    {
        read_slot(f, one);
    }
    f->data = UINT64_MAX;
    f->end = 0;
    cJSON_ArrayForEach(one, segments)
    {
        read_segment(f, one);
    }
    if (f->data == UINT64_MAX) {
        f->data = 0;
        f->end = UINT64_MAX;
        f->unknown = true;
    }
    cJSON_Delete(top);
}

void luks_facts_of_luks1(struct luks_facts *f, const char *cipher, uint64_t data)
{
    f->data = data;
    f->end = UINT64_MAX;
    f->null_cipher = is_null_cipher(cipher);
    if (f->null_cipher)
        add_clear(f, data, UINT64_MAX);
}

static enum luks_remark luks_remark_of_header(const struct luks_facts *f)
{
    switch (f->form) {
    case LUKS_NO_HEADER:
        return LUKS_WITHOUT_HEADER;
    case LUKS_UNREADABLE:
        return LUKS_NOT_LOADED;
    case LUKS_1_REWRITTEN:
        return LUKS_1_INTERRUPTED;
    case LUKS_1:
    case LUKS_2:
        break;
    }
    return LUKS_SOUND;
}

enum luks_remark luks_judge(struct luks_facts *f, uint64_t size, bool apart)
{
    enum luks_remark remark = luks_remark_of_header(f);
    bool is_clear = f->clear_from != f->clear_to;

    if (remark != LUKS_SOUND)
        return remark;
    /* A header that is a file of its own has no room for the data where it says that it is. */
    if (!apart && (f->data < f->front || f->data >= size))
        return LUKS_HEADER_ALONE;
    if (f->end < size) {
        add_clear(f, f->end, size);
        remark = LUKS_PARTLY;
    }
    if (f->encrypting || (is_clear && !f->null_cipher && !f->decrypting))
        return LUKS_ENCRYPTING;
    if (f->decrypting)
        return LUKS_DECRYPTING;
    if (f->null_cipher)
        return LUKS_NULL_CIPHER;
    if (remark != LUKS_SOUND)
        return remark;
    if (f->unknown)
        return LUKS_UNKNOWN_FEATURE;
    return f->reencrypting ? LUKS_REENCRYPTING : LUKS_SOUND;
}

#define OVERWRITTEN "what was in clear is overwritten, but older copies of it may stay"

const struct luks_saying *luks_saying(enum luks_remark remark)
{
    static const struct luks_saying table[LUKS_REMARKS] = {
        [LUKS_SOUND] = {WIPE_DESTROYED, NULL, ""},
        [LUKS_REENCRYPTING] = {WIPE_DESTROYED, "there; its reencryption is not finished", ""},
        [LUKS_HEADER_ALONE] = {WIPE_UNVERIFIED, "a LUKS header without its data",
                               "it is a header without its data: name the data with path = or "
                               "device =, and this file with header ="},
        [LUKS_UNKNOWN_FEATURE] = {WIPE_UNVERIFIED, "there, with a feature that is not known here",
                                  "its header asks for a feature that this version does not know"},
        [LUKS_PARTLY] = {WIPE_UNVERIFIED, "there, but only a part of it is encrypted",
                         "only a part of it is encrypted: " OVERWRITTEN},
        [LUKS_ENCRYPTING] = {WIPE_UNVERIFIED, "there, but its encryption in place is not finished",
                             "its encryption in place is not finished: " OVERWRITTEN},
        [LUKS_DECRYPTING] = {WIPE_UNVERIFIED, "there, but it is being decrypted",
                             "its decryption has begun: " OVERWRITTEN},
        [LUKS_NULL_CIPHER] = {WIPE_UNVERIFIED, "there, but its cipher encrypts nothing",
                              "its cipher is the null cipher: " OVERWRITTEN},
        [LUKS_1_INTERRUPTED] = {WIPE_UNVERIFIED, "there, but its reencryption was interrupted",
                                "it is LUKS1 whose reencryption was interrupted: its headers are "
                                "in files named LUKS-, and a part may be in clear"},
        [LUKS_WITHOUT_HEADER] = {WIPE_UNVERIFIED, "no LUKS header in it",
                                 "no LUKS header was found in it; if that is in another file, add "
                                 "header = FILE"},
        [LUKS_NOT_LOADED] = {WIPE_UNVERIFIED, "its LUKS header does not load",
                             "its LUKS header cannot be read by this version; its beginning is "
                             "overwritten"},
    };
    return &table[remark < LUKS_REMARKS ? remark : LUKS_NOT_LOADED];
}
