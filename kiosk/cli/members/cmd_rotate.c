#include "config/secret.h"
#include "kiosk/cli/members/admin_client.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/envelope.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long without a single phone more being told. */
#define PATIENCE (20 * INT64_C(1000000000))

/* Until every broker that is up has it for every phone. */
static int wait_told(const struct cli *cli)
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
        if (left <= 0)
            admin_client_complain(reply, "rotate");
        cJSON_Delete(reply);
        if (left <= 0)
            return CLI_OK;
        if (left != before)
            until = clock_now() + PATIENCE;
        before = left;
        if (clock_now() > until) {
            fprintf(stderr,
                    "porchlight rotate: %.0f phones could not be told; nothing is changed yet. "
                    "Look at porchlight status, and rotate again\n",
                    left);
            return CLI_FAILED;
        }
        nanosleep(&pause, NULL);
    }
}

/* For the next start, before the running kiosk changes over: in the other order a power cut would
 * leave a kiosk that speaks under a key which its phones have put aside. */
static int store(const char *path, const uint8_t *key)
{
    if (secret_write_key(path, key, ENVELOPE_KEY, 0600) == 0)
        return CLI_OK;
    fprintf(stderr, "porchlight rotate: %s: %s; nothing is changed yet\n", path, strerror(errno));
    return errno == EACCES || errno == EPERM || errno == EROFS ? CLI_DENIED : CLI_FAILED;
}

/* Those that were set up by hand have no key that anything could be sealed to. */
static void tell_of_relays(const struct cli *cli, const char *path)
{
    cJSON *reply;
    if (admin_client_ask(cli, &reply, "phones") != CLI_OK)
        return;
    if (admin_client_number(reply, "relays") == 0)
        printf("A relay that porchlight relay did not make needs it too: copy %s into its "
               "/etc/porchlight/credentials, and there systemctl restart porchlight-relay. Until "
               "then it hears nothing of this kiosk, and rings for its silence.\n",
               path);
    cJSON_Delete(reply);
}

static int rotate(const struct cli *cli, const char *path, const uint8_t *key, char *hex)
{
    cJSON *reply;
    sodium_bin2hex(hex, 2 * ENVELOPE_KEY + 1, key, ENVELOPE_KEY);
    int code = admin_client_ask(cli, &reply, "rotate %s", hex);
    if (code != CLI_OK)
        return code;
    cJSON_Delete(reply);
    if ((code = wait_told(cli)) != CLI_OK || (code = store(path, key)) != CLI_OK)
        return code;
    code = admin_client_ask(cli, &reply, "rotated %s", hex);
    if (code != CLI_OK) {
        fputs("porchlight rotate: restart porchlightd, and it speaks under the new key\n", stderr);
        return code;
    }
    if (cli->json)
        control_client_print(reply);
    else
        puts("The venue has a new key. Phones and relays that sleep find it when they wake.");
    cJSON_Delete(reply);
    if (!cli->json)
        tell_of_relays(cli, path);
    return CLI_OK;
}

static int rotate_run(const struct cli *cli, void *own, char **words)
{
    enum { HEX = 2 * ENVELOPE_KEY + 1 };
    char path[PATH_LEN], folder[PATH_LEN];
    (void)own;
    (void)words;
    if (path_under(cli->prefix, PATH_CREDENTIALS, folder) < 0 ||
        (size_t)snprintf(path, sizeof path, "%s/venue.key", folder) >= sizeof path)
        return cli_misuse(&cli_rotate, "the prefix is too long");
    if (access(folder, W_OK) != 0) {
        fprintf(stderr, "porchlight rotate: %s: %s; it is for root (sudo porchlight rotate)\n",
                folder, strerror(errno));
        return CLI_DENIED;
    }
    uint8_t *secret = sodium_init() < 0 ? NULL : sodium_malloc(ENVELOPE_KEY + HEX);
    if (!secret) {
        fputs("porchlight rotate: no locked memory for a key; raise the limit (ulimit -l)\n",
              stderr);
        return CLI_FAILED;
    }
    randombytes_buf(secret, ENVELOPE_KEY);
    int code = rotate(cli, path, secret, (char *)secret + ENVELOPE_KEY);
    sodium_free(secret);
    return code;
}

const struct cli_command cli_rotate = {
    .name = "rotate",
    .arguments = "",
    .summary = "give every phone that remains a new venue key",
    .json = true,
    .run = rotate_run,
};
