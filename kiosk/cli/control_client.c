#include "kiosk/cli/control_client.h"

#include "kiosk/cli/kiosk_config.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/log.h"
#include "kiosk/common/messages.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <ctype.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ANSWER_MS = 5000 };

static int cannot_connect(const char *prefix, const char *path, const char *denied)
{
    switch (errno) {
    case ENOENT:
    case ECONNREFUSED:
        if (kiosk_config_is_here(prefix))
            log_error(
                "porchlightd is not running (%s). Start it: sudo systemctl start porchlightd. "
                "For another kiosk, add --prefix DIR.",
                path);
        else
            log_error("No kiosk is set up in %s" PATH_ETC ". Begin with: sudo porchlight setup. "
                      "For another kiosk, add --prefix DIR.",
                      prefix);
        return CLI_NOBODY;
    case EACCES:
    case EPERM:
        log_error("You may not talk to porchlightd (%s). %s", path, denied);
        return CLI_DENIED;
    default:
        log_error("porchlightd cannot be reached (%s): %s. To see why: sudo journalctl -u "
                  "porchlightd",
                  path, strerror(errno));
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

/* porchlightd's own sentence, which begins with a small letter, as after a name in a log. */
static void refused(const char *sentence)
{
    log_error("%c%s", toupper((unsigned char)sentence[0]), sentence[0] ? sentence + 1 : "");
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
        refused(cJSON_IsString(error)
                    ? error->valuestring
                    : "porchlightd refused and did not say why. To see more: sudo "
                      "journalctl -u porchlightd");
    else
        log_error(
            "The answer of porchlightd cannot be read. If you have just upgraded, restart it: "
            "sudo systemctl restart porchlightd");
    cJSON_Delete(json);
    return CLI_FAILED;
}

static int ask_at_socket(const struct cli *cli, const char *socket, const char *denied,
                         const char *request, cJSON **reply)
{
    char path[PATH_LEN], buf[CONTROL_REPLY_MAX];
    if (path_under(cli->prefix, socket, path) < 0) {
        log_error("--prefix cannot be used: %s.", strerror(errno));
        return CLI_USAGE;
    }
    int fd = unix_socket_connect(path);
    if (fd < 0)
        return cannot_connect(cli->prefix, path, denied);
    ssize_t n = exchange(fd, request, buf, sizeof buf);
    int saved = errno;
    close(fd);
    if (n < 0) {
        log_error("porchlightd does not answer: %s. To see why: sudo journalctl -u porchlightd",
                  strerror(saved));
        return CLI_NOBODY;
    }
    cJSON *json = cJSON_ParseWithLength(buf, (size_t)n);
    sodium_memzero(buf, (size_t)n);
    return control_client_judge(json, reply);
}

int control_client_ask(const struct cli *cli, const char *request, cJSON **reply)
{
    return ask_at_socket(cli, PATH_CONTROL,
                         "Run the command with sudo, or join the group (sudo adduser YOU "
                         "porchlight-staff) and log in "
                         "again.",
                         request, reply);
}

int control_client_ask_admin(const struct cli *cli, const char *request, cJSON **reply)
{
    return ask_at_socket(cli, PATH_ADMIN,
                         "Only root can change who belongs to the venue: run the command "
                         "with sudo.",
                         request, reply);
}

int control_client_do(const struct cli *cli, const char *request, const char *done)
{
    cJSON *reply;
    int code = control_client_ask(cli, request, &reply);
    if (code != CLI_OK)
        return code;
    if (cli->json)
        print_json(reply);
    else
        print_say("%s", done);
    cJSON_Delete(reply);
    return CLI_OK;
}
