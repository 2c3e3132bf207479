#include "kiosk/alertd/screens.h"

#include "kiosk/common/unix_socket.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SCREENS_MAX = 4 };

struct screens {
    struct loop *loop;
    int listener;
    int clients[SCREENS_MAX]; /* -1: free */
    struct screen_cue cue;
};

static void screens_drop(struct screens *s, int *client)
{
    if (*client < 0)
        return;
    loop_remove(s->loop, *client);
    close(*client);
    *client = -1;
}

/* A screen sends nothing: a client that becomes readable has gone, or is no screen. */
static void on_client(void *context, int fd, short revents)
{
    (void)revents;
    struct screens *s = context;
    for (size_t i = 0; i < SCREENS_MAX; i++)
        if (s->clients[i] == fd)
            screens_drop(s, &s->clients[i]);
}

static void screens_on_connect(void *context, int fd, short revents)
{
    (void)revents;
    struct screens *s = context;
    int client = unix_socket_accept(fd);
    if (client < 0)
        return;
    for (size_t i = 0; i < SCREENS_MAX; i++) {
        if (s->clients[i] >= 0)
            continue;
        if (loop_add(s->loop, client, POLLIN, on_client, s) != 0)
            break;
        s->clients[i] = client;
        if (unix_socket_send(client, &s->cue, sizeof s->cue) != 0)
            screens_drop(s, &s->clients[i]);
        return;
    }
    close(client);
}

static int send_all(struct screens *s, const void *packet, size_t len)
{
    int sent = 0;
    for (size_t i = 0; i < SCREENS_MAX; i++) {
        if (s->clients[i] < 0)
            continue;
        if (unix_socket_send(s->clients[i], packet, len) == 0)
            sent++;
        else
            screens_drop(s, &s->clients[i]);
    }
    return sent;
}

struct screens *screens_new(const char *path, struct loop *loop)
{
    struct screens *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->loop = loop;
    s->cue = (struct screen_cue){.magic = SCREEN_MAGIC, .kind = SCREEN_CUE};
    memset(s->clients, -1, sizeof s->clients);
    s->listener = unix_socket_listen(path, 0660);
    if (s->listener >= 0 && loop_add(loop, s->listener, POLLIN, screens_on_connect, s) == 0)
        return s;
    screens_free(s);
    return NULL;
}

void screens_free(struct screens *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < SCREENS_MAX; i++)
        screens_drop(s, &s->clients[i]);
    if (s->listener >= 0) {
        loop_remove(s->loop, s->listener);
        close(s->listener);
    }
    free(s);
}

void screens_show(struct screens *s, const struct cue *cue)
{
    struct screen_cue packet = {.magic = SCREEN_MAGIC,
                                .kind = SCREEN_CUE,
                                .signs = cue->signs,
                                .seen = cue->seen,
                                .safe = cue->safe,
                                .members = cue->members};
    if (memcmp(&packet, &s->cue, sizeof packet) == 0)
        return;
    s->cue = packet;
    send_all(s, &packet, sizeof packet);
}

int screens_qr(struct screens *s, const char *text, uint32_t seconds)
{
    struct screen_qr packet = {.magic = SCREEN_MAGIC, .kind = SCREEN_QR, .seconds = seconds};
    size_t len = strlen(text);
    if (len > sizeof packet.text)
        return 0;
    packet.length = (uint32_t)len;
    memcpy(packet.text, text, len);
    return send_all(s, &packet, sizeof packet);
}
