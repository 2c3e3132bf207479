#include "kiosk/cli/doctor/doctor.h"

#include "config/secret.h"
#include "kiosk/cli/sibling_program.h"
#include "kiosk/common/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct complaints {
    unsigned count;
    char first[DOCTOR_SAID_MAX];
};

static void keep_first(void *context, const char *sentence)
{
    struct complaints *c = context;

    if (c->count++ == 0)
        snprintf(c->first, sizeof c->first, "%s", sentence);
}

static void check_file(struct doctor *d)
{
    char path[PATH_LEN];
    struct complaints c = {0};
    struct config *config = calloc(1, sizeof *config);

    if (!config || path_under(d->prefix, PATH_CONF, path) < 0)
        goto free_config;
    if (!doctor_exists(d, PATH_CONF))
        doctor_say(d, "file", DOCTOR_FAILURE,
                   "Set this kiosk up:\n"
                   "    sudo porchlight setup",
                   "There is no " PATH_CONF ". This kiosk is not set up, and nothing of it runs.");
    else if (config_load(path, config, keep_first, &c) != 0)
        doctor_say(d, "file", DOCTOR_FAILURE,
                   "Correct the file; this lists every mistake in it. A kiosk that runs keeps its "
                   "old settings, and after a restart it runs without what is wrong.\n"
                   "    porchlight check",
                   "%s%s", c.first, c.count > 1 ? " (and more)" : "");
    else
        doctor_say(d, "file", DOCTOR_OK, "", PATH_CONF " is in order.");
free_config:
    free(config);
}

/* Public keys and certificates are not secret. */
static bool is_public(const char *path)
{
    static const char *const ends[] = {".pub", ".cert", ".pem", ".crt"};
    const char *end = strrchr(path, '.');
    for (size_t i = 0; end && i < sizeof ends / sizeof *ends; i++)
        if (strcmp(end, ends[i]) == 0)
            return true;
    return false;
}

static void check_mode(struct doctor *d, const char *path)
{
    char whole[PATH_LEN], fix[2 * PATH_LEN];
    struct stat st;

    if (is_public(path) || path_under(d->prefix, path, whole) < 0 || lstat(whole, &st) < 0)
        return;
    if (!S_ISREG(st.st_mode) || !(st.st_mode & (S_IRWXG | S_IRWXO)))
        return;
    snprintf(fix, sizeof fix,
             "Let only root read it. If somebody may have copied it, set the kiosk up with new "
             "keys.\n"
             "    sudo chmod 600 %s",
             path);
    doctor_say(d, "credentials", DOCTOR_FAILURE, fix,
               "%s is secret, but others on this Pi can read it (mode %03o).", path,
               st.st_mode & 0777u);
}

static bool has_credential(const struct doctor *d, const char *name)
{
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s/%s", PATH_CREDENTIALS, name);
    return doctor_exists(d, path);
}

/* Each that is there and cannot be used, by porchlightd's own reader. What is missing or open to
 * others is said in other words. */
static void say_credential(void *context, const char *sentence)
{
    struct doctor *d = context;
    if (strstr(sentence, "there is no such file") || strstr(sentence, "chmod 600"))
        return;
    doctor_say(d, "credentials", DOCTOR_FAILURE,
               "Correct the file, then have porchlightd read it:\n"
               "    sudo systemctl restart porchlightd",
               "%s", sentence);
}

/* What porchlightd cannot use, and runs without. */
static void report_faults(struct doctor *d)
{
    const cJSON *one;
    cJSON_ArrayForEach(one, cJSON_GetObjectItemCaseSensitive(d->daemon, "faults"))
    {
        if (cJSON_IsString(one))
            doctor_say(d, "porchlightd", DOCTOR_FAILURE,
                       "Fix what it names. This lists all that is wrong with config and "
                       "credentials; then restart porchlightd:\n"
                       "    sudo porchlight check\n"
                       "    sudo systemctl restart porchlightd",
                       "porchlightd runs without this: %s", one->valuestring);
    }
}

static void check_credentials(struct doctor *d)
{
    static const char again[] = "Run set-up again. It makes what is missing and keeps the rest.\n"
                                "    sudo porchlight setup";
    char folder[PATH_LEN];
    struct stat st;

    if (!d->config || path_under(d->prefix, PATH_CREDENTIALS, folder) < 0)
        return;
    if (stat(folder, &st) < 0) {
        doctor_say(d, "credentials", DOCTOR_FAILURE, again,
                   PATH_CREDENTIALS " does not exist. Without keys the kiosk can alert nobody.");
        return;
    }
    /* Only root sees into the folder. */
    char inside[PATH_LEN + 2];
    snprintf(inside, sizeof inside, "%s/.", folder);
    if (stat(inside, &st) < 0)
        return;
    unsigned before = d->count[DOCTOR_FAILURE];
    if (!d->config->kiosk.plain && !has_credential(d, "kiosk.key"))
        doctor_say(d, "credentials", DOCTOR_FAILURE, again,
                   "The kiosk's own key (kiosk.key) is missing. Phones ignore a kiosk that cannot "
                   "sign its messages.");
    for (size_t i = 0; i < d->config->brokers_count; i++) {
        const struct config_broker *b = &d->config->brokers[i];
        if (b->password[0] && !has_credential(d, b->password))
            doctor_say(d, "credentials", DOCTOR_FAILURE, again,
                       "The password for broker %s (%s) is missing, so the kiosk cannot log in "
                       "there.",
                       b->name, b->password);
    }
    const char *buttons = d->config->buttons.broker.password;
    if (buttons[0] && !has_credential(d, buttons))
        doctor_say(d, "credentials", DOCTOR_FAILURE, again,
                   "The password for the buttons' broker (%s) is missing, so no button by radio "
                   "works.",
                   buttons);
    secret_check_all(d->prefix, d->config, say_credential, d);
    doctor_each(d, PATH_CREDENTIALS "/*", check_mode);
    if (before == d->count[DOCTOR_FAILURE])
        doctor_say(d, "credentials", DOCTOR_OK, "", "All are there, and only root can read them.");
}

static const char *target_text(const cJSON *target, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(target, key));
    return text ? text : "";
}

/* What the wipe could not do, or not prove. */
static void check_target(struct doctor *d, const cJSON *target)
{
    bool wrong = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(target, "wrong"));
    char check[96], fix[DOCTOR_SAID_MAX];

    if (!target_text(target, "why")[0])
        return;
    snprintf(check, sizeof check, "wipe %s", target_text(target, "name"));
    snprintf(fix, sizeof fix, "%s%sThen look at the plan again:\n    sudo porchlight wipe --plan",
             target_text(target, "better"), target_text(target, "better")[0] ? " " : "");
    doctor_say(d, check, wrong ? DOCTOR_FAILURE : DOCTOR_WARNING, fix,
               "A wipe would report %s %s as %s: %s.", target_text(target, "kind"),
               target_text(target, "name"), target_text(target, "best"),
               target_text(target, "why"));
}

/* The program that would do it looks at its targets. */
static void check_plan(struct doctor *d)
{
    enum { ROOM = 512 * 1024 };
    char *text = malloc(ROOM);
    int status =
        text ? sibling_program_read("porchlight-wipe", "--look", d->prefix, true, text, ROOM) : -1;
    cJSON *top = status == 0 || status == 1 ? cJSON_Parse(text) : NULL;
    const cJSON *target, *list = cJSON_GetObjectItemCaseSensitive(top, "targets");
    bool fine = cJSON_IsArray(list);

    if (!fine)
        doctor_say(d, "wipe", DOCTOR_FAILURE,
                   "This says what is wrong with it:\n"
                   "    sudo porchlight wipe --plan",
                   "The wipe is on, but " PATH_PLAN " cannot be used: it would destroy nothing.");
    else
        doctor_say(d, "wipe", DOCTOR_OK, "",
                   "On. porchlight wipe --plan shows what it would destroy.");
    cJSON_ArrayForEach(target, list)
    {
        check_target(d, target);
    }
    cJSON_Delete(top);
    free(text);
}

static void check_wipe(struct doctor *d)
{
    if (!d->config)
        return;
    if (!d->config->wipe.enabled)
        doctor_say(d, "wipe", DOCTOR_OK, "", "Off.");
    else if (!doctor_exists(d, PATH_PLAN))
        doctor_say(d, "wipe", DOCTOR_FAILURE,
                   "Write the plan (man porchlight-wipe) and check it with the command below, or "
                   "turn the wipe off: enabled = no in [wipe].\n"
                   "    sudo porchlight wipe --plan",
                   "The wipe is on, but there is no " PATH_PLAN ": it would destroy nothing.");
    else
        check_plan(d);
}

/* The program that would show them reads them. */
static void check_languages(struct doctor *d)
{
    char text[4096], *rest = text;
    if (!d->config || strcmp(d->config->screen.scene, "none") == 0 ||
        sibling_program_read("porchlight-screen", "--look", d->prefix, true, text, sizeof text) !=
            1)
        return;
    for (char *line; (line = strsep(&rest, "\n"));)
        if (line[0] != '\0')
            doctor_say(
                d, "languages", DOCTOR_FAILURE,
                "Correct the file (en.conf in /usr/share/porchlight/languages explains every "
                "line), then have the screen read it:\n"
                "    sudo systemctl restart porchlight-screen",
                "The screen leaves out a language: %s", line);
}

void doctor_config(struct doctor *d)
{
    check_file(d);
    report_faults(d);
    check_credentials(d);
    check_languages(d);
    check_wipe(d);
}
