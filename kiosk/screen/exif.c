#include "kiosk/screen/exif.h"

#include <string.h>
#include <zlib.h>

enum { PROFILE_MOST = 16384 }; /* of a text: EXIF begins with what is looked for */

struct bytes {
    const uint8_t *at;
    size_t len;
    bool big; /* big-endian */
};

static uint32_t get16(const struct bytes *b, size_t at)
{
    if (at > b->len || b->len - at < 2)
        return 0;
    const uint8_t *p = b->at + at;
    return b->big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t get32(const struct bytes *b, size_t at)
{
    if (at > b->len || b->len - at < 4)
        return 0;
    uint32_t first = get16(b, at), second = get16(b, at + 2);
    return b->big ? first << 16 | second : second << 16 | first;
}

/* The orientation in a TIFF block; 1 when there is none, or none that is valid. */
static int tiff_orientation(const uint8_t *at, size_t len)
{
    struct bytes b = {at, len, false};
    if (len < 8)
        return 1;
    if (memcmp(at, "MM\0*", 4) == 0)
        b.big = true;
    else if (memcmp(at, "II*\0", 4) != 0)
        return 1;
    size_t table = get32(&b, 4);
    if (table < 8 || table > len - 2)
        return 1;
    size_t entries = get16(&b, table);
    for (size_t k = 0; k < entries; k++) {
        size_t entry = table + 2 + 12 * k;
        if (entry > len || len - entry < 12)
            return 1;
        if (get16(&b, entry) != 0x0112)
            continue;
        uint32_t type = get16(&b, entry + 2);
        uint32_t value = type == 3 ? get16(&b, entry + 8) : type == 4 ? get32(&b, entry + 8) : 1;
        return value >= 1 && value <= 8 ? (int)value : 1;
    }
    return 1;
}

/* SOF0 to SOF15 carry the size, except three markers among them that mean something else. */
static bool is_frame(uint32_t marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static void read_jpeg(struct bytes *b, struct photo_head *h)
{
    size_t at = 2;
    bool exif = false;
    b->big = true;
    while (at <= b->len && b->len - at >= 4 && b->at[at] == 0xFF) {
        uint32_t marker = b->at[at + 1];
        if (marker == 0xFF) {
            at++;
            continue;
        }
        size_t len = get16(b, at + 2);
        if (len < 2 || marker == 0xDA)
            return;
        const uint8_t *body = b->at + at + 4;
        size_t left = b->len - at - 4, body_len = len - 2 < left ? len - 2 : left;
        if (marker == 0xE1 && !exif && body_len > 6 && memcmp(body, "Exif\0\0", 6) == 0) {
            h->orientation = tiff_orientation(body + 6, body_len - 6);
            exif = true;
        } else if (is_frame(marker) && body_len >= 5) {
            h->h = get16(b, at + 5);
            h->w = get16(b, at + 7);
            h->progressive = (marker & 3) == 2;
            return;
        }
        at += 2 + len;
    }
}

static int exif_digit(uint8_t c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* The orientation in EXIF as ImageMagick writes it into a text: a line end, "exif", a line end, how
 * many bytes, and those in hexadecimal. The beginning has all that is looked for. */
static int profile_orientation(const uint8_t *text, size_t len)
{
    uint8_t exif[PROFILE_MOST / 2];
    size_t at = 0, n = 0, lines = 0, skip = 0;
    for (; at < len && lines < 3; at++)
        lines += text[at] == '\n';
    for (int high = -1; at < len && n < sizeof exif; at++) {
        int digit = exif_digit(text[at]);
        if (digit >= 0 && high >= 0)
            exif[n++] = (uint8_t)(high << 4 | digit);
        high = digit < 0 ? high : high >= 0 ? -1 : digit;
    }
    if (n > 6 && memcmp(exif, "Exif\0\0", 6) == 0)
        skip = 6;
    return tiff_orientation(exif + skip, n - skip);
}

/* The same of a whole text chunk, tEXt or zTXt; 0 for one that is no EXIF. */
static int text_orientation(const uint8_t *chunk, size_t len, bool packed)
{
    static const char *const names[] = {"Raw profile type exif", "Raw profile type APP1"};
    uint8_t plain[PROFILE_MOST];
    size_t key = strnlen((const char *)chunk, len), start = key + (packed ? 2 : 1);
    if (start >= len ||
        (strcmp((const char *)chunk, names[0]) != 0 && strcmp((const char *)chunk, names[1]) != 0))
        return 0;
    if (!packed)
        return profile_orientation(chunk + start, len - start);
    z_stream z = {.next_in = (Bytef *)(uintptr_t)(chunk + start),
                  .avail_in = (uInt)(len - start),
                  .next_out = plain,
                  .avail_out = sizeof plain};
    if (inflateInit(&z) != Z_OK)
        return 0;
    inflate(&z, Z_SYNC_FLUSH);
    size_t got = sizeof plain - z.avail_out;
    inflateEnd(&z);
    return profile_orientation(plain, got);
}

/* All chunks: each has a checksum. EXIF may come before the pixels or after them, as eXIf or, from
 * older programs, as a text. */
static void read_png(const struct bytes *b, struct photo_head *h)
{
    bool exif = false;
    h->w = get32(b, 16);
    h->h = get32(b, 20);
    h->damaged = true;
    for (size_t at = 8; at <= b->len && b->len - at >= 12;) {
        size_t len = get32(b, at);
        if (len > b->len - at - 12 || crc32_z(0, b->at + at + 4, len + 4) != get32(b, at + 8 + len))
            return;
        const uint8_t *kind = b->at + at + 4, *body = kind + 4;
        bool packed = memcmp(kind, "zTXt", 4) == 0;
        if (memcmp(kind, "IEND", 4) == 0)
            h->damaged = false;
        if (memcmp(kind, "eXIf", 4) == 0) {
            h->orientation = tiff_orientation(body, len);
            exif = true;
        } else if (!exif && (packed || memcmp(kind, "tEXt", 4) == 0)) {
            int found = text_orientation(body, len, packed);
            h->orientation = found > 0 ? found : h->orientation;
        }
        at += 12 + len;
    }
}

const char *photo_format(const uint8_t *bytes, size_t len)
{
    static const struct {
        size_t at;
        const char *bytes, *format;
    } rows[] = {{4, "ftypavif", "AVIF"},
                {4, "ftyphei", "HEIC"},
                {4, "ftyphev", "HEIC"},
                {4, "ftypmif1", "HEIC"},
                {4, "ftypmsf1", "HEIC"},
                {8, "WEBP", "WebP"},
                {0, "GIF8", "GIF"},
                {0, "II*", "TIFF"},
                {0, "MM", "TIFF"},
                {0, "BM", "BMP"},
                {0, "%PDF", "PDF"},
                {0, "<svg", "SVG"},
                {0, "<?xml", "SVG"},
                {4, "JXL ", "JPEG XL"},
                {0, "\xFF\x0A", "JPEG XL"},
                {4, "ftyp", "a video"},
                {0, "\x1A\x45\xDF\xA3", "a video"}};
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        size_t n = strlen(rows[k].bytes);
        if (len >= rows[k].at + n && memcmp(bytes + rows[k].at, rows[k].bytes, n) == 0)
            return rows[k].format;
    }
    return NULL;
}

struct photo_head photo_head_read(const uint8_t *bytes, size_t len)
{
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
    struct photo_head h = {.type = PHOTO_UNKNOWN, .orientation = 1};
    struct bytes b = {bytes, len, true};
    if (len >= 24 && memcmp(bytes, png, 8) == 0 && memcmp(bytes + 12, "IHDR", 4) == 0) {
        h.type = PHOTO_PNG;
        read_png(&b, &h);
    } else if (len >= 4 && bytes[0] == 0xFF && bytes[1] == 0xD8) {
        h.type = PHOTO_JPEG;
        read_jpeg(&b, &h);
    }
    return h;
}

void photo_turn(int orientation, uint32_t w, uint32_t h, uint32_t x, uint32_t y, uint32_t *from_x,
                uint32_t *from_y)
{
    bool across = orientation >= 5;
    uint32_t sx = across ? y : x, sy = across ? x : y;
    bool flip_x = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    bool flip_y = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    *from_x = flip_x ? w - 1 - sx : sx;
    *from_y = flip_y ? h - 1 - sy : sy;
}
