#ifndef PORCHLIGHT_SCREEN_DRAW_JPEG_H
#define PORCHLIGHT_SCREEN_DRAW_JPEG_H

#include <stddef.h>
#include <stdint.h>

/* Decodes a JPEG of *w x *h in `bytes`: grey, colour or CMYK, by libjpeg. One of more than `whole`
 * pixels comes at half its size, which is then in *w and *h. *w * *h * 3 bytes, red, green and
 * blue; free them. NULL with the reason in `why` for a file that is cut off or damaged. With
 * pixels, `why` is empty, or says why some of them may be wrong. */
uint8_t *draw_jpeg(const uint8_t *bytes, size_t len, uint32_t whole, uint32_t *w, uint32_t *h,
                   char why[256]);

#endif
