#include "kiosk/screen/link.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/local.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
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

struct link {
    struct loop *loop;
    char path[PATH_LEN];
    link_cue *cue;
    link_qr *qr;
    void *context;
    int fd; /* -1: not connected */
    int64_t next, pause;
    bool told; /* that it is away, once */
};

struct link *link_new(struct loop *loop, const char *path, link_cue *cue, link_qr *qr,
                      void *context)
{
    if (strlen(path) >= PATH_LEN) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    struct link *l = calloc(1, sizeof *l);
    if (l == NULL)
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

static void hang_up(struct link *l)
{
    if (l->fd < 0)
        return;
    loop_remove(l->loop, l->fd);
    close(l->fd);
    l->fd = -1;
    l->next = clock_now() + l->pause;
}

void link_free(struct link *l)
{
    if (l == NULL)
        return;
    hang_up(l);
    free(l);
}

enum link_result link_read(const void *packet, size_t len, struct cue *cue, struct screen_qr *qr)
{
    struct screen_cue c;
    if (len == sizeof c) {
        memcpy(&c, packet, sizeof c);
        if (c.magic != SCREEN_MAGIC || c.kind != SCREEN_CUE)
            return LINK_BAD;
        *cue = (struct cue){.signs = c.signs & CUE_ALL, .seen = c.seen, .safe = c.safe};
        return LINK_CUE;
    }
    if (len != sizeof *qr)
        return LINK_BAD;
    memcpy(qr, packet, sizeof *qr);
    if (qr->magic != SCREEN_MAGIC || qr->kind != SCREEN_QR || qr->seconds > 60 ||
        qr->length > SCREEN_QR_TEXT_MAX)
        return LINK_BAD;
    return LINK_QR;
}

static void on_packet(void *context, int fd, short revents)
{
    struct link *l = context;
    struct cue cue;
    struct screen_qr qr, packet;
    (void)revents;
    ssize_t n = local_receive(fd, &packet, sizeof packet);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n == 0 || (n < 0 && errno != EMSGSIZE)) {
        hang_up(l);
        return;
    }
    switch (n < 0 ? LINK_BAD : link_read(&packet, (size_t)n, &cue, &qr)) {
    case LINK_CUE:
        l->pause = PAUSE_FIRST;
        l->cue(l->context, &cue);
        break;
    case LINK_QR:
        l->qr(l->context, &qr);
        break;
    case LINK_BAD:
        log_warning("screen.sock: a packet that is neither cue nor QR code (%zd bytes); "
                    "connecting again",
                    n);
        hang_up(l);
        break;
    }
}

int64_t link_tick(struct link *l, int64_t now)
{
    if (l->fd >= 0)
        return NS_NEVER;
    if (now < l->next)
        return l->next;
    l->fd = local_connect(l->path);
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
