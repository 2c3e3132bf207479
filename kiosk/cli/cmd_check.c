#include "config/host_words.h"
#include "config/secret.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/sibling_program.h"
#include "kiosk/common/paths.h"
#include "kiosk/mqtt/tls.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Complaints go to stderr as they are (FILE:LINE first, as editors want it), or into "complaints"
 * where --json is given. */
static void check_complain(void *context, const char *sentence)
{
    cJSON *list = context;
    if (list)
        cJSON_AddItemToArray(list, cJSON_CreateString(sentence));
    else
        print_complaint(sentence);
}

static void check_print_json(const char *path, bool ok, cJSON *complaints)
{
    cJSON *reply = cJSON_CreateObject();
    cJSON_AddBoolToObject(reply, "ok", ok);
    cJSON_AddStringToObject(reply, "file", path);
    cJSON_AddItemToObject(reply, "complaints", complaints);
    print_json(reply);
    cJSON_Delete(reply);
}

static bool has_outside(const struct config *c)
{
    for (size_t i = 0; i < c->brokers_count; i++)
        if (c->brokers[i].outside)
            return true;
    return false;
}

static void print_summary(const char *path, const struct config *c)
{
    print_say("%s: in order: %zu switch%s, %zu door%s, %zu broker%s, wipe %s%s", path,
              c->switches_count, c->switches_count == 1 ? "" : "es", c->doors_count,
              c->doors_count == 1 ? "" : "s", c->brokers_count, c->brokers_count == 1 ? "" : "s",
              c->wipe.enabled ? "enabled" : "off", c->simulated ? ", simulated wires" : "");
    if (!has_outside(c))
        print_say(
            "LAN only: no broker has outside = yes. Whoever takes the Pi takes the alert with "
            "it.");
}

/* The credentials as porchlightd reads them; only where this user may see into their folder. */
static bool check_secrets(const struct cli *cli, const struct config *c, cJSON *complaints)
{
    char folder[PATH_LEN];
    return path_under(cli->prefix, PATH_CREDENTIALS, folder) < 0 || access(folder, X_OK) != 0 ||
           secret_check_all(cli->prefix, c, check_complain, complaints) == 0;
}

/* A CA file as porchlightd reads it. One that this user may not see is left to those who may. */
static bool check_ca(const struct cli *cli, const char *conf, const struct config_broker *b,
                     const char *section, cJSON *complaints)
{
    char path[PATH_LEN], sentence[PATH_LEN * 3];
    const char *why;
    if (b->host[0] == '\0' || !b->tls)
        return true;
    broker_ca_path(cli->prefix, b->ca, path);
    if (access(path, R_OK) != 0 && errno == EACCES)
        return true;
    SSL_CTX *tls = mqtt_tls_new(path, b->host, false, &why);
    SSL_CTX_free(tls);
    if (tls)
        return true;
    snprintf(
        sentence, sizeof sentence,
        "%s: [%s%s%s] ca: %s %s; expected the broker's CA certificate there, which begins with "
        "-----BEGIN CERTIFICATE-----",
        conf, section, b->name[0] ? " " : "", b->name, path, why);
    check_complain(complaints, sentence);
    return false;
}

static bool check_cas(const struct cli *cli, const char *conf, const struct config *c,
                      cJSON *complaints)
{
    bool ok = check_ca(cli, conf, &c->buttons.broker, "buttons", complaints);
    for (size_t i = 0; i < c->brokers_count; i++)
        ok &= check_ca(cli, conf, &c->brokers[i], "broker", complaints);
    return ok;
}

/* The languages as porchlight-screen reads them, and the host's own lines as porchlightd does. */
static bool check_words(const struct cli *cli, const struct config *c, cJSON *complaints)
{
    char text[4096], path[PATH_LEN], *rest = text;
    bool ok = true;
    if (strcmp(c->screen.scene, "none") != 0 &&
        sibling_program_read("porchlight-screen", "--look", cli->prefix, true, text, sizeof text) ==
            1) {
        ok = false;
        for (char *line; (line = strsep(&rest, "\n"));)
            if (line[0] != '\0')
                check_complain(complaints, line);
    }
    struct host_words *w = malloc(sizeof *w);
    if (w && path_under(cli->prefix, PATH_WORDS, path) == 0 && access(path, R_OK) == 0)
        ok = host_words_load(path, w, check_complain, complaints) == 0 && ok;
    free(w);
    return ok;
}

static int check_run(const struct cli *cli, void *own, char **words)
{
    char path[PATH_LEN];
    (void)own;
    if (path_under(cli->prefix, PATH_CONF, path) < 0)
        return cli_misuse(&cli_check, "--prefix: %s", strerror(errno));
    const char *file = words[0] ? words[0] : path;
    struct config *c = calloc(1, sizeof *c);
    if (!c)
        return CLI_FAILED;
    cJSON *complaints = cli->json ? cJSON_CreateArray() : NULL;
    int loaded = config_load_most(file, c, check_complain, complaints);
    bool ok = loaded == 0;
    if (loaded >= 0 && !words[0]) {
        ok = check_secrets(cli, c, complaints) && ok;
        ok = check_cas(cli, file, c, complaints) && ok;
        ok = check_words(cli, c, complaints) && ok;
    }
    if (cli->json)
        check_print_json(file, ok, complaints);
    else if (ok)
        print_summary(file, c);
    free(c);
    return ok ? CLI_OK : CLI_FAILED;
}

static const struct cli_option check_options[] = {
    OPTION_WORD("FILE", "the file to check; /etc/porchlight/porchlight.conf unless given"),
    {0},
};

const struct cli_command cli_check = {
    .name = "check",
    .arguments = "[FILE]",
    .summary = "read the config and its credentials, and list everything that is wrong",
    .options = check_options,
    .words_max = 1,
    .json = true,
    .run = check_run,
};
