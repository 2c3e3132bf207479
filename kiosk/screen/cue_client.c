#include "kiosk/screen/cue_client.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAUSE_FIRST (250 * NS_PER_MS)
#define PAUSE_MOST  (5 * NS_PER_S)

struct cue_client {
    struct loop *loop;
    char path[PATH_LEN];
    cue_client_on_cue *on_cue;
    cue_client_on_qr *on_qr;
    void *context;
    int fd; /* -1: not connected */
    int64_t next, pause;
    bool warned; /* that it is away, once */
};

struct cue_client *cue_client_new(struct loop *loop, const char *path, cue_client_on_cue *on_cue,
                                  cue_client_on_qr *on_qr, void *context)
{
    if (strlen(path) >= PATH_LEN) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    struct cue_client *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->loop = loop;
    strcpy(c->path, path);
    c->on_cue = on_cue;
    c->on_qr = on_qr;
    c->context = context;
    c->fd = -1;
    c->pause = PAUSE_FIRST;
    return c;
}

static void cue_client_hang_up(struct cue_client *c)
{
    if (c->fd < 0)
        return;
    loop_remove(c->loop, c->fd);
    close(c->fd);
    c->fd = -1;
    c->next = clock_now() + c->pause;
}

void cue_client_free(struct cue_client *c)
{
    if (!c)
        return;
    cue_client_hang_up(c);
    free(c);
}

enum cue_client_result cue_client_read(const void *packet, size_t len, struct cue *cue,
                                       struct screen_qr *qr)
{
    struct screen_cue packed;
    if (len == sizeof packed) {
        memcpy(&packed, packet, sizeof packed);
        if (packed.magic != SCREEN_MAGIC || packed.kind != SCREEN_CUE)
            return CUE_CLIENT_BAD;
        *cue = (struct cue){.signs = packed.signs & CUE_ALL,
                            .seen = packed.seen,
                            .safe = packed.safe,
                            .members = packed.members};
        return CUE_CLIENT_CUE;
    }
    if (len != sizeof *qr)
        return CUE_CLIENT_BAD;
    memcpy(qr, packet, sizeof *qr);
    if (qr->magic != SCREEN_MAGIC || qr->kind != SCREEN_QR || qr->seconds > 60 ||
        qr->length > SCREEN_QR_TEXT_MAX)
        return CUE_CLIENT_BAD;
    return CUE_CLIENT_QR;
}

static void on_packet(void *context, int fd, short revents)
{
    struct cue_client *c = context;
    struct cue cue;
    struct screen_qr qr, packet;
    (void)revents;
    ssize_t n = unix_socket_receive(fd, &packet, sizeof packet);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == 0 || (n < 0 && errno != EMSGSIZE)) {
        cue_client_hang_up(c);
        return;
    }
    switch (n < 0 ? CUE_CLIENT_BAD : cue_client_read(&packet, (size_t)n, &cue, &qr)) {
    case CUE_CLIENT_CUE:
        c->pause = PAUSE_FIRST;
        c->on_cue(c->context, &cue);
        break;
    case CUE_CLIENT_QR:
        c->on_qr(c->context, &qr);
        break;
    case CUE_CLIENT_BAD:
        log_warning("screen.sock: a packet that is neither a cue nor a QR code (%zd bytes); "
                    "connecting again",
                    n);
        cue_client_hang_up(c);
        break;
    }
}

int64_t cue_client_tick(struct cue_client *c, int64_t now)
{
    if (c->fd >= 0)
        return NS_NEVER;
    if (now < c->next)
        return c->next;
    c->fd = unix_socket_connect(c->path);
    if (c->fd >= 0 && (fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0 ||
                       loop_add(c->loop, c->fd, POLLIN, on_packet, c) != 0)) {
        close(c->fd);
        c->fd = -1;
    }
    if (c->fd >= 0) {
        if (c->warned)
            log_info("connected to porchlightd again");
        c->warned = false;
    } else if (!c->warned) {
        log_info("no connection to porchlightd yet (%s: %s); the picture is shown without it",
                 c->path, strerror(errno));
        c->warned = true;
    }
    c->next = now + c->pause;
    c->pause = c->pause * 2 < PAUSE_MOST ? c->pause * 2 : PAUSE_MOST;
    return c->fd >= 0 ? NS_NEVER : c->next;
}
