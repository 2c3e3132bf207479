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
    cue_client_cue *cue;
    cue_client_qr *qr;
    void *context;
    int fd; /* -1: not connected */
    int64_t next, pause;
    bool told; /* that it is away, once */
};

struct cue_client *cue_client_new(struct loop *loop, const char *path, cue_client_cue *cue,
                                  cue_client_qr *qr, void *context)
{
    if (strlen(path) >= PATH_LEN) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    struct cue_client *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->loop = loop;
    strcpy(l->path, path);
    l->cue = cue;
    l->qr = qr;
    l->context = context;
    l->fd = -1;
    l->pause = PAUSE_FIRST;
    return l;
}

static void cue_client_hang_up(struct cue_client *l)
{
    if (l->fd < 0)
        return;
    loop_remove(l->loop, l->fd);
    close(l->fd);
    l->fd = -1;
    l->next = clock_now() + l->pause;
}

void cue_client_free(struct cue_client *l)
{
    if (!l)
        return;
    cue_client_hang_up(l);
    free(l);
}

enum cue_client_result cue_client_read(const void *packet, size_t len, struct cue *cue,
                                       struct screen_qr *qr)
{
    struct screen_cue c;
    if (len == sizeof c) {
        memcpy(&c, packet, sizeof c);
        if (c.magic != SCREEN_MAGIC || c.kind != SCREEN_CUE)
            return CUE_CLIENT_BAD;
        *cue = (struct cue){.signs = c.signs & CUE_ALL, .seen = c.seen, .safe = c.safe};
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
    struct cue_client *l = context;
    struct cue cue;
    struct screen_qr qr, packet;
    (void)revents;
    ssize_t n = unix_socket_receive(fd, &packet, sizeof packet);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == 0 || (n < 0 && errno != EMSGSIZE)) {
        cue_client_hang_up(l);
        return;
    }
    switch (n < 0 ? CUE_CLIENT_BAD : cue_client_read(&packet, (size_t)n, &cue, &qr)) {
    case CUE_CLIENT_CUE:
        l->pause = PAUSE_FIRST;
        l->cue(l->context, &cue);
        break;
    case CUE_CLIENT_QR:
        l->qr(l->context, &qr);
        break;
    case CUE_CLIENT_BAD:
        log_warning("screen.sock: a packet that is neither cue nor QR code (%zd bytes); "
                    "connecting again",
                    n);
        cue_client_hang_up(l);
        break;
    }
}

int64_t cue_client_tick(struct cue_client *l, int64_t now)
{
    if (l->fd >= 0)
        return NS_NEVER;
    if (now < l->next)
        return l->next;
    l->fd = unix_socket_connect(l->path);
    if (l->fd >= 0 && (fcntl(l->fd, F_SETFL, O_NONBLOCK) != 0 ||
                       loop_add(l->loop, l->fd, POLLIN, on_packet, l) != 0)) {
        close(l->fd);
        l->fd = -1;
    }
    if (l->fd >= 0) {
        if (l->told)
            log_info("porchlightd is back");
        l->told = false;
    } else if (!l->told) {
        log_info("porchlightd is not there yet (%s: %s); the picture goes on", l->path,
                 strerror(errno));
        l->told = true;
    }
    l->next = now + l->pause;
    l->pause = l->pause * 2 < PAUSE_MOST ? l->pause * 2 : PAUSE_MOST;
    return l->fd >= 0 ? NS_NEVER : l->next;
}
