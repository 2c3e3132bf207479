#include "hw/sim/sim_bus.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/unix_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

struct sim_bus *sim_bus_new(const char *sim_path)
{
    struct sim_bus *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    if (strlen(sim_path) >= sizeof b->path) {
        errno = ENAMETOOLONG;
        goto free_bus;
    }
    memcpy(b->path, sim_path, strlen(sim_path) + 1);
    b->listen_fd = -1;
    for (size_t i = 0; i < SIM_CLIENTS_MAX; i++)
        b->clients[i] = -1;
    b->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (b->poll_fd >= 0)
        return b;
free_bus:
    free(b);
    return NULL;
}

static void sim_bus_drop(int *client)
{
    if (*client >= 0)
        close(*client);
    *client = -1;
}

static void sim_bus_close_socket(struct sim_bus *b)
{
    if (b->listen_fd < 0)
        return;
    for (size_t i = 0; i < SIM_CLIENTS_MAX; i++)
        sim_bus_drop(&b->clients[i]);
    unlink(b->path);
    close(b->listen_fd);
    b->listen_fd = -1;
}

void sim_bus_free(struct sim_bus *b)
{
    if (!b)
        return;
    sim_bus_close_socket(b);
    close(b->poll_fd);
    free(b);
}

static int sim_bus_watch(struct sim_bus *b, int fd, int *slot)
{
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = slot};
    return epoll_ctl(b->poll_fd, EPOLL_CTL_ADD, fd, &e);
}

static int sim_bus_open_socket(struct sim_bus *b)
{
    b->listen_fd = unix_socket_listen(b->path, 0600);
    if (b->listen_fd < 0)
        return -1;
    if (sim_bus_watch(b, b->listen_fd, &b->listen_fd) == 0)
        return 0;
    int saved = errno;
    sim_bus_close_socket(b);
    errno = saved;
    return -1;
}

int sim_bus_join(struct sim_bus *b, struct sim_line *s)
{
    if (b->listen_fd < 0 && sim_bus_open_socket(b) < 0)
        return -1;
    s->next = b->lines.first;
    b->lines.first = s;
    return 0;
}

void sim_bus_leave(struct sim_bus *b, struct sim_line *s)
{
    struct sim_line **at = &b->lines.first;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    if (!b->lines.first)
        sim_bus_close_socket(b);
}

static void sim_bus_accept(struct sim_bus *b)
{
    int fd = unix_socket_accept(b->listen_fd);
    if (fd < 0)
        return;
    size_t i = 0;
    while (i < SIM_CLIENTS_MAX && b->clients[i] >= 0)
        i++;
    if (i < SIM_CLIENTS_MAX && sim_bus_watch(b, fd, &b->clients[i]) == 0)
        b->clients[i] = fd;
    else
        close(fd);
}

/* One packet. A client that has left, or does not take its answers, is dropped. */
static void sim_bus_serve_client(struct sim_bus *b, int *client)
{
    char packet[SIM_COMMAND_MAX], reply[SIM_REPLY_MAX] = "error: the command is too long";
    ssize_t len = unix_socket_receive(*client, packet, sizeof packet);
    if (len < 0 && errno == EAGAIN)
        return;
    if (len > 0)
        sim_command(&b->lines, packet, (size_t)len, clock_now(), reply);
    bool leaves = len == 0 || (len < 0 && errno != EMSGSIZE);
    if (leaves || unix_socket_send(*client, reply, strlen(reply)) < 0)
        sim_bus_drop(client);
}

void sim_bus_serve(struct sim_bus *b)
{
    struct epoll_event e;
    /* One at a time: what one packet does may close the fd that another event names. The count
     * keeps a client that never stops from holding the program here. */
    for (int turns = 0; turns < 256 && epoll_wait(b->poll_fd, &e, 1, 0) == 1; turns++) {
        int *slot = e.data.ptr;
        if (slot == &b->listen_fd)
            sim_bus_accept(b);
        else
            sim_bus_serve_client(b, slot);
    }
}
