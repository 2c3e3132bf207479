#include "kiosk/screen/draw_photo.h"

#include "kiosk/common/log.h"
#include "kiosk/screen/exif.h"

#include <SDL2/SDL_image.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
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
    uint32_t named[NAMED]; /* hashes of the names that are in the log already */
    size_t named_count;
    uint32_t serial;
    bool told_empty;
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

static bool is_photo(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot && strlen(name) < NAME_MOST &&
           (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 ||
            strcasecmp(dot, ".png") == 0);
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

static void complain_once(struct album *a, const char *name, const char *why)
{
    uint32_t hash = 2166136261u;
    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619u;
    for (size_t k = 0; k < a->named_count; k++) {
        if (a->named[k] == hash)
            return;
    }
    if (a->named_count < NAMED)
        a->named[a->named_count++] = hash;
    log_warning("photo %s/%s not shown: %s", a->folder, name, why);
}

/* Averages whole blocks of the stored picture into each pixel: the only scaling there is. */
static void scale(const SDL_Surface *from, const struct photo_head *head, struct photo *to)
{
    bool across = head->orientation >= 5;
    uint32_t up_w = across ? head->h : head->w, up_h = across ? head->w : head->h;
    for (int y = 0; y < to->h; y++) {
        uint32_t y0 = (uint32_t)((uint64_t)y * up_h / (uint32_t)to->h);
        uint32_t y1 = (uint32_t)(((uint64_t)y + 1) * up_h / (uint32_t)to->h);
        for (int x = 0; x < to->w; x++) {
            uint32_t x0 = (uint32_t)((uint64_t)x * up_w / (uint32_t)to->w);
            uint32_t x1 = (uint32_t)(((uint64_t)x + 1) * up_w / (uint32_t)to->w);
            uint64_t sum[3] = {0}, n = 0;
            for (uint32_t v = y0; v < y1 || v == y0; v++) {
                for (uint32_t u = x0; u < x1 || u == x0; u++, n++) {
                    uint32_t sx, sy;
                    photo_turn(head->orientation, head->w, head->h, u, v, &sx, &sy);
                    const uint8_t *p = (const uint8_t *)from->pixels +
                                       (size_t)sy * (size_t)from->pitch + (size_t)sx * 3;
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

static struct photo *draw_photo_fit(const SDL_Surface *s, const struct photo_head *head, int w,
                                    int h)
{
    struct photo *p = calloc(1, sizeof *p);
    bool across = head->orientation >= 5;
    double up_w = across ? head->h : head->w, up_h = across ? head->w : head->h;
    double by = 1;
    if (up_w * by > w)
        by = w / up_w;
    if (up_h * by > h)
        by = h / up_h;
    if (!p)
        return NULL;
    p->w = (int)(up_w * by) > 0 ? (int)(up_w * by) : 1;
    p->h = (int)(up_h * by) > 0 ? (int)(up_h * by) : 1;
    p->pixels = malloc(sizeof *p->pixels * (size_t)p->w * (size_t)p->h);
    if (!p->pixels) {
        free(p);
        return NULL;
    }
    scale(s, head, p);
    return p;
}

/* Reads the header of a file. Returns why it is not shown, or NULL for a photo to decode. */
static const char *draw_photo_judge(const char *path, struct photo_head *head)
{
    static _Thread_local char why[128];
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return strerror(errno);
    uint8_t *bytes = malloc(EXIF_ENOUGH);
    ssize_t len = -1;
    if (bytes && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        len = read(fd, bytes, EXIF_ENOUGH);
    close(fd);
    if (len >= 0)
        *head = photo_head_read(bytes, (size_t)len);
    free(bytes);
    if (len < 0)
        return "not a readable file";
    if (head->type == PHOTO_UNKNOWN)
        return "neither JPEG nor PNG inside";
    if (head->w == 0 || head->h == 0)
        return "broken: its size cannot be found";
    if ((uint64_t)head->w * head->h > ALBUM_PIXELS) {
        snprintf(why, sizeof why, "%ux%u are %u megapixels, at most %u fit. Save it smaller",
                 head->w, head->h, (unsigned)((uint64_t)head->w * head->h / 1000000),
                 ALBUM_PIXELS / 1000000);
        return why;
    }
    return NULL;
}

static struct photo *draw_photo_load(struct album *a, const char *name, int w, int h)
{
    char path[800];
    struct photo_head head = {0};
    snprintf(path, sizeof path, "%s/%s", a->folder, name);
    const char *why = draw_photo_judge(path, &head);
    if (why) {
        complain_once(a, name, why);
        return NULL;
    }
    SDL_RWops *file = SDL_RWFromFile(path, "rb");
    SDL_Surface *raw = NULL, *rgb = NULL;
    struct photo *p = NULL;
    if (file)
        raw = head.type == PHOTO_PNG ? IMG_LoadPNG_RW(file) : IMG_LoadJPG_RW(file);
    if (file)
        SDL_RWclose(file);
    if (raw)
        rgb = SDL_ConvertSurfaceFormat(raw, SDL_PIXELFORMAT_RGB24, 0);
    SDL_FreeSurface(raw);
    if (rgb && (uint32_t)rgb->w == head.w && (uint32_t)rgb->h == head.h)
        p = draw_photo_fit(rgb, &head, w, h);
    SDL_FreeSurface(rgb);
    if (!p)
        complain_once(a, name, "broken: it cannot be decoded");
    else
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
