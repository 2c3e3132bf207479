#include "kiosk/alertd/control.h"

#include "kiosk/common/unix_socket.h"

#include <cjson/cJSON.h>
#include <poll.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENTS_MAX = 16 };

struct control {
    struct loop *loop;
    control_answer *answer;
    void *context;
    int listener;
    int clients[CLIENTS_MAX]; /* -1: free */
};

static void control_drop(struct control *c, int *client)
{
    if (*client < 0)
        return;
    loop_remove(c->loop, *client);
    close(*client);
    *client = -1;
}

static size_t control_print(cJSON *o, char reply[CONTROL_REPLY_MAX])
{
    if (!o || !cJSON_PrintPreallocated(o, reply, CONTROL_REPLY_MAX, 0))
        snprintf(reply, CONTROL_REPLY_MAX,
                 "{\"ok\":false,\"error\":\"no memory for the answer; try again\"}");
    cJSON_Delete(o);
    return strlen(reply);
}

size_t control_accept(char reply[CONTROL_REPLY_MAX])
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddTrueToObject(o, "ok");
    return control_print(o, reply);
}

size_t control_refuse(const char *why, char reply[CONTROL_REPLY_MAX])
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddFalseToObject(o, "ok");
    cJSON_AddStringToObject(o, "error", why);
    return control_print(o, reply);
}

static bool is_words(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') ||
              text[i] == '-' || text[i] == ' '))
            return false;
    return true;
}

static bool control_serve(struct control *c, int fd)
{
    char request[CONTROL_REQUEST_MAX + 1], reply[CONTROL_REPLY_MAX];
    ssize_t n = unix_socket_receive(fd, request, CONTROL_REQUEST_MAX);
    if (n <= 0 || !is_words(request, (size_t)n))
        return false;
    request[n] = '\0';
    size_t len = c->answer(c->context, request, reply);
    int rc = unix_socket_send(fd, reply, len);
    sodium_memzero(request, sizeof request);
    sodium_memzero(reply, len);
    return rc == 0;
}

static void on_request(void *context, int fd, short revents)
{
    (void)revents;
    struct control *c = context;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (c->clients[i] == fd && !control_serve(c, fd))
            control_drop(c, &c->clients[i]);
}

/* The newest client always gets a place, so that silent ones cannot keep staff out. */
static void control_on_connect(void *context, int fd, short revents)
{
    (void)revents;
    struct control *c = context;
    int client = unix_socket_accept(fd);
    if (client < 0)
        return;
    control_drop(c, &c->clients[CLIENTS_MAX - 1]);
    memmove(c->clients + 1, c->clients, sizeof c->clients - sizeof c->clients[0]);
    c->clients[0] = client;
    if (loop_add(c->loop, client, POLLIN, on_request, c) != 0)
        control_drop(c, &c->clients[0]);
}

struct control *control_new(const char *path, mode_t mode, struct loop *loop,
                            control_answer *answer, void *context)
{
    struct control *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->loop = loop;
    c->answer = answer;
    c->context = context;
    memset(c->clients, -1, sizeof c->clients);
    c->listener = unix_socket_listen(path, mode);
    if (c->listener >= 0 && loop_add(loop, c->listener, POLLIN, control_on_connect, c) == 0)
        return c;
    control_free(c);
    return NULL;
}

void control_free(struct control *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        control_drop(c, &c->clients[i]);
    if (c->listener >= 0) {
        loop_remove(c->loop, c->listener);
        close(c->listener);
    }
    free(c);
}
