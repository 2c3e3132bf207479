#include "tests/nights/locals.h"

#include "kiosk/common/unix_socket.h"
#include "tests/nights/fds.h"

#include <errno.h>
#include <string.h>

enum { PLACES = 32, WAITING = 16 };

struct place {
    const struct machine *machine;
    const char *end;
    local_said *said; /* the world serves it; NULL: the program listens */
    void *context;
    int fd; /* of the program's listener; -1: none */
    struct local *waiting[WAITING];
    size_t count;
};

struct packet_in {
    struct packet_in *next;
    size_t len;
    uint8_t bytes[];
};

struct local {
    int fd; /* the program's end; -1: not accepted yet, or closed */
    bool closed_by_world, closed_by_program;
    local_said *said;
    void *context;
    struct packet_in *first, **last;
};

static struct place places[PLACES];
static size_t places_count;

void locals_begin(void)
{
    places_count = 0;
}

static struct place *place_of(const struct machine *m, const char *path, bool make)
{
    for (size_t i = 0; i < places_count; i++) {
        size_t len = strlen(path), end = strlen(places[i].end);
        if (places[i].machine == m && len >= end && strcmp(path + len - end, places[i].end) == 0)
            return &places[i];
    }
    if (!make || places_count == PLACES)
        return NULL;
    const char *slash = strrchr(path, '/');
    struct place *p = &places[places_count++];
    *p = (struct place){.machine = m, .end = world_text(slash ? slash + 1 : path), .fd = -1};
    return p;
}

static struct local *local_new(local_said *said, void *context)
{
    struct local *l = world_memory(sizeof *l);
    *l = (struct local){.fd = -1, .said = said, .context = context};
    l->last = &l->first;
    return l;
}

struct local *local_dial(struct machine *m, const char *end, local_said *said, void *context)
{
    struct place *p = place_of(m, end, false);
    if (!p || p->fd < 0 || p->count == WAITING)
        return NULL;
    struct local *l = local_new(said, context);
    p->waiting[p->count++] = l;
    fd_changed(p->fd);
    return l;
}

void local_serve(struct machine *m, const char *end, local_said *said, void *context)
{
    struct place *p = place_of(m, end, true);
    p->said = said;
    p->context = context;
}

void local_send(struct local *l, const void *bytes, size_t len)
{
    if (l->closed_by_program)
        return;
    struct packet_in *p = world_memory(sizeof *p + len);
    p->len = len;
    memcpy(p->bytes, bytes, len);
    *l->last = p;
    l->last = &p->next;
    fd_changed(l->fd);
}

void local_hang_up(struct local *l)
{
    l->closed_by_world = true;
    fd_changed(l->fd);
}

bool local_is_open(const struct local *l)
{
    return l && !l->closed_by_program && !l->closed_by_world;
}

/* --- kiosk/common/unix_socket.h --------------------------------------------------------------- */

static bool local_readable(void *object)
{
    const struct local *l = object;
    return l->first || l->closed_by_world;
}

static void local_closed(void *object, bool cut, bool power)
{
    struct local *l = object;
    (void)cut;
    (void)power;
    l->fd = -1;
    l->closed_by_program = true;
    l->said(l->context, l, NULL, 0);
}

static bool place_readable(void *object)
{
    const struct place *p = object;
    return p->count > 0;
}

static void place_closed(void *object, bool cut, bool power)
{
    struct place *p = object;
    (void)cut;
    (void)power;
    p->fd = -1;
    p->count = 0;
}

static const struct fd_kind local_kind = {.readable = local_readable, .closed = local_closed};
static const struct fd_kind place_kind = {.readable = place_readable, .closed = place_closed};

int unix_socket_listen(const char *path, mode_t mode)
{
    (void)mode;
    struct place *p = place_of(machine_now(), path, true);
    if (!p || p->fd >= 0) {
        errno = EADDRINUSE;
        return -1;
    }
    p->fd = fd_open(&place_kind, p);
    return p->fd;
}

int unix_socket_accept(int listen_fd)
{
    struct place *p = fd_object(listen_fd, &place_kind);
    if (!p || p->count == 0) {
        errno = EAGAIN;
        return -1;
    }
    struct local *l = p->waiting[0];
    memmove(p->waiting, p->waiting + 1, --p->count * sizeof(struct local *));
    l->fd = fd_open(&local_kind, l);
    return l->fd;
}

int unix_socket_connect(const char *path)
{
    struct place *p = place_of(machine_now(), path, false);
    if (!p || !p->said) {
        errno = ECONNREFUSED;
        return -1;
    }
    struct local *l = local_new(p->said, p->context);
    l->fd = fd_open(&local_kind, l);
    return l->fd;
}

ssize_t unix_socket_receive(int fd, void *buf, size_t size)
{
    struct local *l = fd_object(fd, &local_kind);
    struct packet_in *p = l->first;
    if (!p && l->closed_by_world)
        return 0;
    if (!p) {
        errno = EAGAIN;
        return -1;
    }
    l->first = p->next;
    if (!l->first)
        l->last = &l->first;
    if (p->len > size) {
        errno = EMSGSIZE;
        return -1;
    }
    memcpy(buf, p->bytes, p->len);
    return (ssize_t)p->len;
}

int unix_socket_send(int fd, const void *buf, size_t len)
{
    struct local *l = fd_object(fd, &local_kind);
    if (!l || l->closed_by_world) {
        errno = EPIPE;
        return -1;
    }
    l->said(l->context, l, buf, len);
    return 0;
}
