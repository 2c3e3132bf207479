#include "kiosk/cli/members/new_key.h"

#include "config/secret.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/members/admin_client.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/envelope.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long it may take until one more phone has the new key. */
#define PATIENCE (20 * INT64_C(1000000000))

/* Until every connected broker holds it for every phone. */
static int new_key_wait(const struct cli *cli, bool warns)
{
    const struct timespec pause = {.tv_nsec = 100000000L};
    double before = -1;
    int64_t until = clock_now() + PATIENCE;
    for (;;) {
        cJSON *reply;
        int code = admin_client_ask(cli, &reply, "rotating");
        if (code != CLI_OK)
            return code;
        double left = admin_client_number(reply, "left");
        if (left <= 0 && warns)
            admin_client_warn(reply);
        cJSON_Delete(reply);
        if (left <= 0)
            return CLI_OK;
        if (left != before)
            until = clock_now() + PATIENCE;
        before = left;
        if (clock_now() > until) {
            log_error(
                "The key was not changed: %.0f phones could not be sent the new one. To see why: "
                "porchlight status. Then try again: sudo porchlight rotate",
                left);
            return CLI_FAILED;
        }
        nanosleep(&pause, NULL);
    }
}

/* For the next start, and before the running kiosk switches to it: in the other order, a power cut
 * would leave a kiosk that uses a key which its phones no longer accept. */
static int new_key_store(const char *path, const uint8_t *key)
{
    if (secret_write_key(path, key, ENVELOPE_KEY, 0600) == 0)
        return CLI_OK;
    log_error("The key was not changed: %s cannot be written: %s.", path, strerror(errno));
    return errno == EACCES || errno == EPERM || errno == EROFS ? CLI_DENIED : CLI_FAILED;
}

static int new_key_use(const struct cli *cli, bool warns, const char *path, const uint8_t *key,
                       char *hex)
{
    cJSON *reply;
    sodium_bin2hex(hex, 2 * ENVELOPE_KEY + 1, key, ENVELOPE_KEY);
    int code = admin_client_await_broker(cli);
    if (code == CLI_OK)
        code = admin_client_ask(cli, &reply, "rotate %s", hex);
    if (code != CLI_OK)
        return code;
    cJSON_Delete(reply);
    if ((code = new_key_wait(cli, warns)) != CLI_OK || (code = new_key_store(path, key)) != CLI_OK)
        return code;
    code = admin_client_ask(cli, &reply, "rotated %s", hex);
    if (code != CLI_OK) {
        log_error("The new key is stored, but porchlightd does not use it yet. Restart it: sudo "
                  "systemctl restart porchlightd");
        return code;
    }
    cJSON_Delete(reply);
    return CLI_OK;
}

int new_key_give(const struct cli *cli, bool warns)
{
    enum { HEX = 2 * ENVELOPE_KEY + 1 };
    char path[PATH_LEN], folder[PATH_LEN];
    if (path_under(cli->prefix, PATH_CREDENTIALS, folder) < 0 ||
        (size_t)snprintf(path, sizeof path, "%s/venue.key", folder) >= sizeof path) {
        log_error("The key was not changed: --prefix is too long.");
        return CLI_USAGE;
    }
    if (access(folder, W_OK) != 0) {
        if (errno == ENOENT)
            log_error(
                "The key was not changed: no kiosk is set up here (%s is missing). Run this on "
                "the kiosk.",
                folder);
        else
            log_error(
                "The key was not changed: %s cannot be written: %s. Run the command with sudo.",
                folder, strerror(errno));
        return CLI_DENIED;
    }
    uint8_t *secret = locked_memory(ENVELOPE_KEY + HEX);
    if (!secret)
        return CLI_FAILED;
    randombytes_buf(secret, ENVELOPE_KEY);
    int code = new_key_use(cli, warns, path, secret, (char *)secret + ENVELOPE_KEY);
    sodium_free(secret);
    return code;
}
