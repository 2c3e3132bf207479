#ifndef PORCHLIGHT_SCREEN_EXIF_H
#define PORCHLIGHT_SCREEN_EXIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What must be known about a photo before it is decoded. Every step is checked against the length
 * of the data: files come from cameras, phones and strangers. */

enum photo_type { PHOTO_UNKNOWN, PHOTO_JPEG, PHOTO_PNG };

struct photo_head {
    enum photo_type type;
    bool damaged;     /* a PNG whose checksums do not fit, or that has no end */
    uint32_t w, h;    /* as stored, before turning */
    int orientation;  /* EXIF 0x0112: 1 (upright) to 8 */
    bool progressive; /* a JPEG in several scans: all of it is in memory while it is decoded */
};

/* `bytes` is the whole file, or as much of it as there is. Sizes are 0 when they are not in it. */
struct photo_head photo_head_read(const uint8_t *bytes, size_t len);

/* The format of a file that is no JPEG and no PNG, such as "HEIC"; NULL for one not known here. */
const char *photo_format(const uint8_t *bytes, size_t len);

/* The place in the stored picture of w x h of a pixel of the upright one. */
void photo_turn(int orientation, uint32_t w, uint32_t h, uint32_t x, uint32_t y, uint32_t *from_x,
                uint32_t *from_y);

#endif
