#include "kiosk/cli/control_client.h"

#include "kiosk/common/messages.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MS = 5000 };

static bool is_set_up(const char *prefix)
{
    char conf[PATH_LEN];
    return path_under(prefix, PATH_CONF, conf) < 0 || access(conf, F_OK) == 0 || errno != ENOENT;
}

static int cannot_connect(const char *prefix, const char *path, const char *denied)
{
    int found = errno;
    bool fresh = !is_set_up(prefix);
    errno = found;
    switch (errno) {
    case ENOENT:
    case ECONNREFUSED:
        if (fresh) {
            fprintf(stderr,
                    "porchlight: %s" PATH_ETC ": no kiosk is set up there; begin with: sudo "
                    "porchlight setup, or name one with --prefix\n",
                    prefix);
            return CLI_NOBODY;
        }
        fprintf(stderr,
                "porchlight: %s: porchlightd is not running there; start it "
                "(systemctl start porchlightd), or name another kiosk with --prefix\n",
                path);
        return CLI_NOBODY;
    case EACCES:
    case EPERM:
        fprintf(stderr, "porchlight: %s: not permitted; %s\n", path, denied);
        return CLI_DENIED;
    default:
        fprintf(stderr, "porchlight: %s: %s\n", path, strerror(errno));
        return CLI_NOBODY;
    }
}

/* One request, one reply into buf. Its length, or -1 with errno (ETIMEDOUT: no answer). */
static ssize_t exchange(int fd, const char *request, char *buf, size_t size)
{
    if (unix_socket_send(fd, request, strlen(request)) < 0)
        return -1;
    int ready = unix_socket_wait(fd, ANSWER_MS);
    if (ready < 0)
        return -1;
    if (ready == 0) {
        errno = ETIMEDOUT;
        return -1;
    }
    ssize_t n = unix_socket_receive(fd, buf, size);
    if (n == 0) {
        errno = ECONNRESET;
        return -1;
    }
    return n;
}

static int control_client_judge(cJSON *json, cJSON **reply)
{
    const cJSON *ok = cJSON_GetObjectItemCaseSensitive(json, "ok");
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(json, "error");
    if (cJSON_IsTrue(ok)) {
        *reply = json;
        return CLI_OK;
    }
    if (cJSON_IsFalse(ok))
        fprintf(stderr, "porchlight: %s\n",
                cJSON_IsString(error) ? error->valuestring
                                      : "porchlightd refused, without saying why");
    else
        fprintf(stderr, "porchlight: porchlightd gave an answer that is none; are both of one "
                        "version?\n");
    cJSON_Delete(json);
    return CLI_FAILED;
}

static int control_client_ask_one(const struct cli *cli, const char *socket, const char *denied,
                                  const char *request, cJSON **reply)
{
    char path[PATH_LEN], buf[CONTROL_REPLY_MAX];
    if (path_under(cli->prefix, socket, path) < 0) {
        fprintf(stderr, "porchlight: --prefix: %s\n", strerror(errno));
        return CLI_USAGE;
    }
    int fd = unix_socket_connect(path);
    if (fd < 0)
        return cannot_connect(cli->prefix, path, denied);
    ssize_t n = exchange(fd, request, buf, sizeof buf);
    int saved = errno;
    close(fd);
    if (n < 0) {
        fprintf(stderr,
                "porchlight: porchlightd does not answer (%s); look at journalctl -u "
                "porchlightd\n",
                strerror(saved));
        return CLI_NOBODY;
    }
    cJSON *json = cJSON_ParseWithLength(buf, (size_t)n);
    sodium_memzero(buf, (size_t)n);
    return control_client_judge(json, reply);
}

int control_client_ask(const struct cli *cli, const char *request, cJSON **reply)
{
    return control_client_ask_one(
        cli, PATH_CONTROL,
        "it is for the group porchlight-staff (adduser YOU porchlight-staff, then log in "
        "again) and root",
        request, reply);
}

int control_client_ask_admin(const struct cli *cli, const char *request, cJSON **reply)
{
    return control_client_ask_one(cli, PATH_ADMIN,
                                  "who belongs to the venue is for root to say (sudo porchlight)",
                                  request, reply);
}

void control_client_print(const cJSON *reply)
{
    char *text = cJSON_PrintUnformatted(reply);
    if (text)
        puts(text);
    cJSON_free(text);
}

int control_client_do(const struct cli *cli, const char *request, const char *done)
{
    cJSON *reply;
    int code = control_client_ask(cli, request, &reply);
    if (code != CLI_OK)
        return code;
    if (cli->json)
        control_client_print(reply);
    else
        puts(done);
    cJSON_Delete(reply);
    return CLI_OK;
}
