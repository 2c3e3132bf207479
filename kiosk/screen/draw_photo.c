#include "kiosk/screen/draw_photo.h"

#include "kiosk/common/log.h"
#include "kiosk/screen/draw_jpeg.h"
#include "kiosk/screen/exif.h"

#include <SDL2/SDL_image.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMED = 64, NAME_MOST = 256 };

struct album {
    char folder[512];
    char last[NAME_MOST];  /* name of the photo shown last */
    uint32_t named[NAMED]; /* of the files that are in the log already, by name, size and time */
    size_t named_count;
    uint32_t serial;
    bool told_empty, told_more;
};

struct album *album_new(const char *folder)
{
    struct album *a = calloc(1, sizeof *a);
    if (a)
        snprintf(a->folder, sizeof a->folder, "%s", folder);
    return a;
}

void album_free(struct album *a)
{
    free(a);
}

void album_photo_free(struct photo *p)
{
    if (p)
        free(p->pixels);
    free(p);
}

/* Whether a file may be a photo: all that people see in the folder, whatever its name ends in, but
 * for what systems leave there. */
static bool is_photo(const char *name)
{
    static const char *const clutter[] = {"Thumbs.db", "desktop.ini", "lost+found", "@eaDir"};
    for (size_t k = 0; k < sizeof clutter / sizeof *clutter; k++)
        if (strcasecmp(name, clutter[k]) == 0)
            return false;
    return name[0] != '.' && strlen(name) < NAME_MOST;
}

/* The name that follows `after` in order, or the first; empty when there is none. */
static void name_after(const char *folder, const char *after, char out[NAME_MOST])
{
    char first[NAME_MOST] = "";
    out[0] = '\0';
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (struct dirent *e; (e = readdir(d));) {
        if (!is_photo(e->d_name))
            continue;
        if (first[0] == '\0' || strcmp(e->d_name, first) < 0)
            snprintf(first, sizeof first, "%s", e->d_name);
        if (strcmp(e->d_name, after) > 0 && (out[0] == '\0' || strcmp(e->d_name, out) < 0))
            snprintf(out, NAME_MOST, "%s", e->d_name);
    }
    closedir(d);
    if (out[0] == '\0')
        memcpy(out, first, sizeof first);
}

static uint32_t draw_photo_hash(const void *bytes, size_t len, uint32_t hash)
{
    for (const unsigned char *p = bytes; len > 0; len--)
        hash = (hash ^ *p++) * 16777619u;
    return hash;
}

/* Once for each file, and again when it has changed. */
static void complain_once(struct album *a, const char *path, const char *what, const char *why)
{
    struct stat st = {0};
    uint32_t hash = draw_photo_hash(path, strlen(path), 2166136261u);
    if (stat(path, &st) == 0)
        hash = draw_photo_hash(&st.st_mtim, sizeof st.st_mtim,
                               draw_photo_hash(&st.st_size, sizeof st.st_size, hash));
    for (size_t k = 0; k < a->named_count; k++) {
        if (a->named[k] == hash)
            return;
    }
    if (a->named_count == NAMED) {
        if (!a->told_more)
            log_warning("photos in %s: more than %d cannot be shown; the others are not named",
                        a->folder, NAMED);
        a->told_more = true;
        return;
    }
    a->named[a->named_count++] = hash;
    log_warning("photo %s %s: %s", path, what, why);
}

/* The part of an upright photo that is shown. */
struct part {
    uint32_t x, y, w, h;
};

/* Averages whole blocks of the stored picture into each pixel: the only scaling there is. */
static void scale(const uint8_t *from, const struct photo_head *head, const struct part *part,
                  struct photo *to)
{
    for (int y = 0; y < to->h; y++) {
        uint32_t y0 = part->y + (uint32_t)((uint64_t)y * part->h / (uint32_t)to->h);
        uint32_t y1 = part->y + (uint32_t)(((uint64_t)y + 1) * part->h / (uint32_t)to->h);
        for (int x = 0; x < to->w; x++) {
            uint32_t x0 = part->x + (uint32_t)((uint64_t)x * part->w / (uint32_t)to->w);
            uint32_t x1 = part->x + (uint32_t)(((uint64_t)x + 1) * part->w / (uint32_t)to->w);
            uint64_t sum[3] = {0}, n = 0;
            for (uint32_t v = y0; v < y1 || v == y0; v++) {
                for (uint32_t u = x0; u < x1 || u == x0; u++, n++) {
                    uint32_t sx, sy;
                    photo_turn(head->orientation, head->w, head->h, u, v, &sx, &sy);
                    const uint8_t *p = from + ((size_t)sy * head->w + sx) * 3;
                    sum[0] += p[0];
                    sum[1] += p[1];
                    sum[2] += p[2];
                }
            }
            to->pixels[(size_t)y * (size_t)to->w + (size_t)x] =
                0xff000000u | (uint32_t)(sum[0] / n) << 16 | (uint32_t)(sum[1] / n) << 8 |
                (uint32_t)(sum[2] / n);
        }
    }
}

/* A photo fills its room, and loses what is over at two sides, but not more than this part of it:
 * such a one is shown whole. None is enlarged. */
#define LOST_MOST 0.55

static struct photo *draw_photo_fit(const uint8_t *pixels, const struct photo_head *head, int w,
                                    int h)
{
    struct photo *p = calloc(1, sizeof *p);
    bool across = head->orientation >= 5;
    double up_w = across ? head->h : head->w, up_h = across ? head->w : head->h;
    double whole = fmin(w / up_w, h / up_h), full = fmax(w / up_w, h / up_h);
    double by = fmin(1, whole / full >= 1 - LOST_MOST ? full : whole);
    if (!p)
        return NULL;
    p->w = (int)fmax(1, fmin(w, up_w * by));
    p->h = (int)fmax(1, fmin(h, up_h * by));
    struct part part = {.w = (uint32_t)fmax(1, fmin(up_w, p->w / by)),
                        .h = (uint32_t)fmax(1, fmin(up_h, p->h / by))};
    part.x = ((uint32_t)up_w - part.w) / 2;
    part.y = ((uint32_t)up_h - part.h) / 3; /* heads are in the upper half */
    p->pixels = malloc(sizeof *p->pixels * (size_t)p->w * (size_t)p->h);
    if (!p->pixels) {
        free(p);
        return NULL;
    }
    scale(pixels, head, &part, p);
    return p;
}

/* A whole file in memory, of one that is too large the beginning; free it. NULL with the reason in
 * `why`. */
static uint8_t *draw_photo_read(const char *path, size_t *len, bool *large, char why[256])
{
    enum { BEGINNING = 64 };
    struct stat st = {0};
    uint8_t *bytes = NULL;
    ssize_t n;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *len = 0;
    *large = false;
    if (fd < 0 || fstat(fd, &st) != 0)
        snprintf(why, 256, "%s", strerror(errno));
    else if (S_ISDIR(st.st_mode))
        snprintf(why, 256, "a folder. Move the photos in it one folder up");
    else if (!S_ISREG(st.st_mode))
        snprintf(why, 256, "not a file");
    else if ((*large = st.st_size > ALBUM_BYTES))
        st.st_size = BEGINNING;
    if (why[0] == '\0' && !(bytes = malloc((size_t)st.st_size + 1)))
        snprintf(why, 256, "there is no memory for it");
    while (bytes && (n = read(fd, bytes + *len, (size_t)st.st_size - *len)) > 0)
        *len += (size_t)n;
    if (fd >= 0)
        close(fd);
    return bytes;
}

/* Whether a photo is so small that decoding it leaves enough memory. */
static bool draw_photo_fits(const struct photo_head *head, char why[256])
{
    uint64_t pixels = (uint64_t)head->w * head->h;
    bool png = head->type == PHOTO_PNG;
    unsigned most = png || head->progressive ? ALBUM_WHOLE : ALBUM_PIXELS;
    if (pixels <= most)
        return true;
    snprintf(why, 256, "%ux%u are %u megapixels, at most %u fit%s. Save it smaller%s", head->w,
             head->h, (unsigned)(pixels / 1000000), most / 1000000,
             png                 ? " of a PNG"
             : head->progressive ? " of a progressive JPEG"
                                 : "",
             most < ALBUM_PIXELS ? ", or as a baseline JPEG" : "");
    return false;
}

/* Whether a file is a photo to decode; if not, the reason in `why`. */
static bool draw_photo_judge(const uint8_t *bytes, size_t len, const struct photo_head *head,
                             bool large, char why[256])
{
    const char *format = photo_format(bytes, len);
    uint64_t pixels = (uint64_t)head->w * head->h;
    why[0] = '\0';
    if (head->type == PHOTO_UNKNOWN && format && strcmp(format, "HEIC") == 0)
        snprintf(why, 256,
                 "HEIC, which the screen cannot read. Save it as JPEG (heif-convert does it; on an "
                 "iPhone: Settings, Camera, Formats, Most Compatible)");
    else if (head->type == PHOTO_UNKNOWN)
        snprintf(why, 256, "%s, neither JPEG nor PNG inside. Save it as JPEG",
                 format ? format : "an unknown format");
    else if (large)
        snprintf(why, 256, "more than %d MB. Save it smaller", ALBUM_BYTES / 1000000);
    else if (head->damaged)
        snprintf(why, 256, "cut off or damaged: its checksums do not fit. Copy it again");
    else if (pixels == 0)
        snprintf(why, 256, "broken: its size cannot be found. Copy it again");
    else
        draw_photo_fits(head, why);
    return why[0] == '\0';
}

/* Decodes a PNG: w * h * 3 bytes, on white where it is transparent. NULL: it is broken. */
static uint8_t *draw_photo_png(const uint8_t *bytes, size_t len, uint32_t w, uint32_t h)
{
    SDL_RWops *file = SDL_RWFromConstMem(bytes, (int)len);
    SDL_Surface *raw = file ? IMG_LoadPNG_RW(file) : NULL, *s = NULL;
    uint8_t *out = NULL;
    if (file)
        SDL_RWclose(file);
    if (raw)
        s = SDL_ConvertSurfaceFormat(raw, SDL_PIXELFORMAT_RGBA32, 0);
    SDL_FreeSurface(raw);
    if (s && w > 0 && h > 0 && (uint32_t)s->w == w && (uint32_t)s->h == h)
        out = malloc((size_t)w * h * 3);
    for (size_t y = 0; out && y < h; y++) {
        const uint8_t *from = (const uint8_t *)s->pixels + y * (size_t)s->pitch;
        uint8_t *to = out + y * w * 3;
        for (size_t k = 0; k < (size_t)w * 3; k++) {
            unsigned alpha = from[k / 3 * 4 + 3];
            to[k] = (uint8_t)((from[k / 3 * 4 + k % 3] * alpha + 255 * (255 - alpha) + 127) / 255);
        }
    }
    SDL_FreeSurface(s);
    return out;
}

static struct photo *draw_photo_load(struct album *a, const char *name, int w, int h)
{
    char path[800], why[256] = "", damage[256] = "";
    struct photo_head head = {0};
    struct photo *p = NULL;
    uint8_t *pixels = NULL;
    size_t len;
    bool large;
    snprintf(path, sizeof path, "%s/%s", a->folder, name);
    uint8_t *bytes = draw_photo_read(path, &len, &large, why);
    if (bytes)
        head = photo_head_read(bytes, len);
    if (bytes && draw_photo_judge(bytes, len, &head, large, why)) {
        pixels = head.type == PHOTO_PNG
                     ? draw_photo_png(bytes, len, head.w, head.h)
                     : draw_jpeg(bytes, len, ALBUM_WHOLE, &head.w, &head.h, damage);
        if (pixels)
            p = draw_photo_fit(pixels, &head, w, h);
        snprintf(why, sizeof why, "cut off or damaged%s%.160s. Copy it again",
                 damage[0] ? ": " : "", damage);
    }
    free(pixels);
    free(bytes);
    if (!p)
        complain_once(a, path, "not shown", why);
    else if (damage[0])
        complain_once(a, path, "may look wrong", why);
    if (p)
        p->serial = ++a->serial;
    return p;
}

struct photo *album_next(struct album *a, int w, int h)
{
    char name[NAME_MOST], begin[NAME_MOST] = "";
    for (int tries = 0; tries < 1000; tries++) {
        name_after(a->folder, a->last, name);
        if (name[0] == '\0' || strcmp(name, begin) == 0)
            break;
        if (begin[0] == '\0')
            memcpy(begin, name, sizeof begin);
        memcpy(a->last, name, sizeof name);
        struct photo *p = draw_photo_load(a, name, w, h);
        if (p) {
            a->told_empty = false;
            return p;
        }
    }
    if (!a->told_empty)
        log_warning("pictures: no photo in \"%s\" can be shown; the picture stays without one",
                    a->folder);
    a->told_empty = true;
    return NULL;
}
