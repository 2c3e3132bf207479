#include "kiosk/screen/draw_jpeg.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

struct decoder {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr error;
    jmp_buf failed;
    uint8_t *pixels;
    uint8_t *line; /* four inks of each pixel */
    char *why;
    bool damaged; /* pixels are missing or wrong */
};

static void draw_jpeg_explain(struct decoder *d)
{
    char text[JMSG_LENGTH_MAX];
    d->error.format_message((j_common_ptr)&d->jpeg, text);
    snprintf(d->why, 256, "%.200s", text);
}

static void draw_jpeg_give_up(j_common_ptr jpeg)
{
    struct decoder *d = jpeg->client_data;
    draw_jpeg_explain(d);
    longjmp(d->failed, 1);
}

/* libjpeg goes on after a warning, with grey where data is missing. The first warning is kept; that
 * of an unknown Adobe or JFIF number changes no pixel. */
static void take_message(j_common_ptr jpeg, int level)
{
    struct decoder *d = jpeg->client_data;
    int code = jpeg->err->msg_code;
    if (level >= 0 || code == JWRN_ADOBE_XFORM || code == JWRN_JFIF_MAJOR)
        return;
    if (jpeg->err->num_warnings++ == 0)
        draw_jpeg_explain(d);
    d->damaged |= code != JWRN_EXTRANEOUS_DATA && code != JWRN_NOT_SEQUENTIAL &&
                  code != JWRN_BOGUS_PROGRESSION;
}

/* What remains of white light under an ink and under black. Adobe, and nearly everybody after it,
 * stores 255 for no ink. */
static uint8_t under(uint8_t ink, uint8_t black, bool adobe)
{
    unsigned a = adobe ? ink : 255u - ink, b = adobe ? black : 255u - black;
    return (uint8_t)((a * b + 127) / 255);
}

static void draw_jpeg_read_line(struct decoder *d)
{
    uint8_t *to = d->pixels + (size_t)d->jpeg.output_scanline * d->jpeg.output_width * 3;
    uint8_t *from = d->line ? d->line : to;
    if (jpeg_read_scanlines(&d->jpeg, &from, 1) != 1 || !d->line)
        return;
    for (size_t x = 0; x < d->jpeg.output_width; x++)
        for (size_t c = 0; c < 3; c++)
            to[3 * x + c] = under(from[4 * x + c], from[4 * x + 3], d->jpeg.saw_Adobe_marker);
}

/* False when pixels are missing. A warning about what comes behind the last line leaves the pixels
 * as they are. */
static bool draw_jpeg_decode(struct decoder *d, const uint8_t *bytes, size_t len, uint32_t whole,
                             uint32_t *w, uint32_t *h)
{
    if (setjmp(d->failed) != 0)
        return false;
    jpeg_create_decompress(&d->jpeg);
    jpeg_mem_src(&d->jpeg, bytes, len);
    jpeg_read_header(&d->jpeg, TRUE);
    d->jpeg.out_color_space = d->jpeg.num_components == 4 ? JCS_CMYK : JCS_RGB;
    d->jpeg.scale_denom = (uint64_t)*w * *h > whole ? 2 : 1;
    bool expected = d->jpeg.image_width == *w && d->jpeg.image_height == *h;
    jpeg_start_decompress(&d->jpeg);
    *w = d->jpeg.output_width;
    *h = d->jpeg.output_height;
    d->pixels = expected ? malloc((size_t)*w * *h * 3) : NULL;
    if (d->jpeg.num_components == 4)
        d->line = malloc((size_t)*w * 4);
    if (!d->pixels || (d->jpeg.num_components == 4 && !d->line)) {
        snprintf(d->why, 256, "its size cannot be read, or there is no memory for it");
        longjmp(d->failed, 1);
    }
    while (d->jpeg.output_scanline < *h && !d->damaged)
        draw_jpeg_read_line(d);
    if (!d->damaged)
        jpeg_finish_decompress(&d->jpeg);
    return !d->damaged;
}

uint8_t *draw_jpeg(const uint8_t *bytes, size_t len, uint32_t whole, uint32_t *w, uint32_t *h,
                   char why[256])
{
    struct decoder d = {.why = why};
    why[0] = '\0';
    d.jpeg.err = jpeg_std_error(&d.error);
    d.jpeg.client_data = &d;
    d.error.error_exit = draw_jpeg_give_up;
    d.error.emit_message = take_message;
    bool decoded = draw_jpeg_decode(&d, bytes, len, whole, w, h);
    jpeg_destroy_decompress(&d.jpeg);
    free(d.line);
    if (decoded)
        return d.pixels;
    free(d.pixels);
    return NULL;
}
