#include "kiosk/cli/qr_output.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <qrencode.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { QUIET = 4, PIXELS = 8 }; /* modules of quiet zone, as the standard has it; pixels a module */

static QRcode *encode(const char *text)
{
    return QRcode_encodeString8bit(text, 0, QR_ECLEVEL_L);
}

/* Outside the code all is light. */
static bool is_dark(const QRcode *q, int x, int y)
{
    return x >= 0 && y >= 0 && x < q->width && y < q->width && (q->data[y * q->width + x] & 1) != 0;
}

int qr_output_print(FILE *out, const char *text)
{
    static const char *const halves[] = {" ", "\u2584", "\u2580", "\u2588"};
    bool colours = isatty(fileno(out));
    QRcode *q = encode(text);
    if (!q)
        return -1;
    for (int y = -QUIET; y < q->width + QUIET; y += 2) {
        fputs(colours ? "\033[30;107m" : "", out);
        for (int x = -QUIET; x < q->width + QUIET; x++)
            fputs(halves[2 * is_dark(q, x, y) + is_dark(q, x, y + 1)], out);
        fputs(colours ? "\033[0m\n" : "\n", out);
    }
    QRcode_free(q);
    return 0;
}

static void paint(const QRcode *q, uint8_t *pixels, int side)
{
    for (int y = 0; y < side; y++)
        for (int x = 0; x < side; x++)
            pixels[y * side + x] = is_dark(q, x / PIXELS - QUIET, y / PIXELS - QUIET) ? 0 : 255;
}

int qr_output_png(const char *path, const char *text)
{
    int rc = -1, fd, saved;
    uint8_t *pixels = NULL;
    FILE *f = NULL;
    QRcode *q = encode(text);
    if (!q)
        return -1;
    int side = (q->width + 2 * QUIET) * PIXELS;
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)side,
                       .height = (png_uint_32)side,
                       .format = PNG_FORMAT_GRAY};
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        goto free_code;
    f = fdopen(fd, "wb");
    pixels = malloc((size_t)side * (size_t)side);
    if (!f || !pixels)
        goto close_file;
    paint(q, pixels, side);
    if (png_image_write_to_stdio(&image, f, 0, pixels, 0, NULL) != 0 && fflush(f) == 0)
        rc = 0;
    else if (errno == 0)
        errno = EIO;
close_file:
    saved = errno;
    if (f)
        fclose(f);
    else
        close(fd);
    if (rc != 0)
        unlink(path);
    free(pixels);
    errno = saved;
free_code:
    QRcode_free(q);
    return rc;
}
