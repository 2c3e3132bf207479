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

static void draw(FILE *out, const QRcode *q, int quiet)
{
    static const char *const halves[] = {" ", "\u2584", "\u2580", "\u2588"};
    bool colours = isatty(fileno(out));
    for (int y = -quiet; y < q->width + quiet; y += 2) {
        fputs(colours ? "\033[30;107m" : "", out);
        for (int x = -quiet; x < q->width + quiet; x++)
            fputs(halves[2 * is_dark(q, x, y) + is_dark(q, x, y + 1)], out);
        fputs(colours ? "\033[0m\n" : "\n", out);
    }
}

static struct qr_room room_of(const QRcode *q, int quiet)
{
    size_t side = (size_t)q->width + 2 * (size_t)quiet;
    return (struct qr_room){side, (side + 1) / 2};
}

int qr_output_print(FILE *out, const char *text, struct qr_room room, struct qr_room *needed)
{
    int quiet = QUIET, result = -1;
    QRcode *q = encode(text);
    if (!q)
        return -1;
    *needed = room_of(q, quiet);
    if (needed->columns > room.columns || needed->lines > room.lines)
        *needed = room_of(q, quiet = QUIET / 2);
    if (needed->columns > room.columns) {
        errno = E2BIG;
    } else {
        draw(out, q, quiet);
        result = needed->lines > room.lines;
    }
    int saved = errno;
    QRcode_free(q);
    errno = saved;
    return result;
}

int qr_output_svg(FILE *out, const char *text)
{
    QRcode *q = encode(text);
    if (!q)
        return -1;
    int side = q->width + 2 * QUIET;
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
            "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
            side, side, side, side);
    for (int y = 0; y < q->width; y++)
        for (int x = 0, run; x < q->width; x += run) {
            bool dark = is_dark(q, x, y);
            for (run = 1; x + run < q->width && is_dark(q, x + run, y) == dark; run++)
                ;
            if (dark)
                fprintf(out, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, run, run);
        }
    fputs("\"/></svg>", out);
    QRcode_free(q);
    return ferror(out) ? -1 : 0;
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
