#include "config/config.h"
#include "config/values.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/keys/keyset.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/kiosk_config.h"
#include "kiosk/cli/output_place.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/relay/relay_folder.h"
#include "kiosk/cli/templates.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Everything that a server of the venue's own needs, in one folder with one installer: the broker,
 * its registrar and the page's proxy as set-up made them in /etc/porchlight/outside, a relay, and,
 * if asked for, an ntfy topic. Where the page has a server of its own, a second folder beside it
 * has what that one needs, and no key. */

/* Where ntfy is served, beside the page. */
#define NTFY_PORT "2587"
enum { TOPIC_BYTES = 12 };

struct outside {
    const struct cli *cli;
    const char *out, *root_file;
    const char *page; /* the page's own server; NULL: it is the broker's */
    bool ntfy;
    struct config config;
    const struct config_broker *broker;
    char from[PATH_LEN]; /* set-up's folder */
    char account[KEYSET_ID_TEXT];
    char topic[CONFIG_TEXT_MAX + 64]; /* its address; "": none */
};

static int outside_complain(const char *what)
{
    log_error("The folder was not made: %s: %s.", what, strerror(errno));
    return CLI_FAILED;
}

static const char *page_folder(const struct outside *o, char out[PATH_LEN])
{
    snprintf(out, PATH_LEN, "%s-page", o->out);
    return out;
}

static int outside_put(const char *folder, const char *name, const char *text, mode_t mode)
{
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return file_write(path, text, strlen(text), mode) == 0 ? CLI_OK : outside_complain(path);
}

/* To a stick, so not by links. */
static int copy_to(const struct outside *o, const char *folder, const char *name, mode_t mode)
{
    char from[2 * PATH_LEN], to[PATH_LEN + 16];
    size_t len;
    snprintf(from, sizeof from, "%s/%s", o->from, name);
    snprintf(to, sizeof to, "%.400s/%.80s", folder, name);
    char *slash = strrchr(to, '/');
    *slash = '\0';
    int made = files_make_folders(to, 0700);
    *slash = '/';
    char *bytes = made == 0 ? file_read(from, FILES_READ_MAX, &len) : NULL;
    int code =
        bytes && file_write(to, bytes, len, mode & 0777) == 0 ? CLI_OK : outside_complain(to);
    if (bytes)
        sodium_memzero(bytes, len);
    free(bytes);
    return code;
}

static int copy_one(void *context, const char *name, mode_t mode)
{
    const struct outside *o = context;
    char folder[PATH_LEN + 8];
    snprintf(folder, sizeof folder, "%s/broker", o->out);
    return copy_to(o, folder, name, mode);
}

/* The installer, and what it goes by. `parts`: all, broker or page. */
static int put_installer(const struct outside *o, const char *folder, const char *parts)
{
    char text[5 * CONFIG_TEXT_MAX];
    snprintf(text, sizeof text,
             "# What install.sh goes by.\nparts=%s\nhost=%s\nport=%d\npage=%s\ntopic=%s\n", parts,
             o->broker->host, o->broker->port, o->page ? o->page : "", o->topic);
    int code = outside_put(folder, "settings", text, 0644);
    return code == CLI_OK ? outside_put(folder, "install.sh", template_outside_all, 0755) : code;
}

static int make_page(const struct outside *o)
{
    char folder[PATH_LEN], web[PATH_LEN + 8];
    snprintf(web, sizeof web, "%s/web", page_folder(o, folder));
    if (files_make_folders(folder, 0755) < 0)
        return outside_complain(folder);
    int code = copy_to(o, web, "nginx.conf", 0644);
    if (code == CLI_OK)
        code = copy_to(o, web, "install.sh", 0755);
    return code == CLI_OK ? put_installer(o, folder, "page") : code;
}

static int make_relay(struct outside *o)
{
    char folder[PATH_LEN + 8], accounts[PATH_LEN + 64], contact[CONFIG_TEXT_MAX + 16];
    snprintf(folder, sizeof folder, "%s/relay", o->out);
    snprintf(accounts, sizeof accounts, "%s/broker/dynamic-security.json", o->out);
    snprintf(contact, sizeof contact, "https://%s/", o->page ? o->page : o->broker->host);
    const struct relay_folder wanted = {.folder = folder,
                                        .root_file = o->root_file,
                                        .ntfy = o->topic[0] ? o->topic : NULL,
                                        .contact = contact,
                                        .broker = o->broker->name,
                                        .accounts = accounts,
                                        .account = o->account};
    return relay_folder_make(o->cli, &wanted);
}

static void choose_topic(struct outside *o)
{
    uint8_t random[TOPIC_BYTES];
    char name[2 * TOPIC_BYTES + 1];
    if (!o->ntfy)
        return;
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(name, sizeof name, random, sizeof random);
    snprintf(o->topic, sizeof o->topic, "https://%s:" NTFY_PORT "/%s", o->broker->host, name);
}

static int outside_make(struct outside *o)
{
    int code;
    if (files_make_folders(o->out, 0700) < 0)
        return outside_complain(o->out);
    choose_topic(o);
    if ((code = files_walk(o->from, copy_one, o)) != CLI_OK || (code = make_relay(o)) != CLI_OK ||
        (o->page && (code = make_page(o)) != CLI_OK))
        return code < 0 ? outside_complain(o->from) : code;
    return put_installer(o, o->out, o->page ? "broker" : "all");
}

/* Set-up asks for the page's name too. */
static void outside_report_conf(const struct outside *o)
{
    char address[CONFIG_TEXT_MAX + 16];
    snprintf(address, sizeof address, "https://%s/", o->page ? o->page : o->broker->host);
    bool known = strcmp(address, o->config.venue.page) == 0;
    print_item(PRINT_PLAIN, "4.", 3,
               "On this kiosk, in " PATH_CONF ", set%s%s%s%s\n"
               "    below [alert]: relay = yes\n"
               "Then run: sudo systemctl reload porchlightd",
               known ? "" : "\n    below [venue]: page = ", known ? "" : address,
               o->topic[0] ? "\n    below [venue]: push = " : "", o->topic);
}

static void outside_report(const struct outside *o)
{
    char folder[PATH_LEN];
    print_say("The folder %s has all that the server %s needs. What to do next:", o->out,
              o->broker->host);
    print_item(PRINT_PLAIN, "1.", 3,
               "On that server, with Debian 12 or 13, add Porchlight's package repository, as you "
               "did on this Pi.");
    print_item(PRINT_PLAIN, "2.", 3,
               "Copy the folder to it, and run in the folder there:\n"
               "    sudo sh install.sh");
    if (o->page)
        print_item(PRINT_PLAIN, "", 3,
                   "Then do the same with the folder %s on the server %s. It has the page's part "
                   "alone, and no keys.",
                   page_folder(o, folder), o->page);
    print_item(PRINT_PLAIN, "3.", 3,
               "Delete the folder%s everywhere: %s the server's keys. Delete %s too.",
               o->page ? "s" : "", o->page ? "the first holds" : "it holds", o->from);
    outside_report_conf(o);
    print_item(PRINT_PLAIN, "5.", 3,
               "Open https://%s/ on a phone that uses mobile data. sudo porchlight setup tries it "
               "from here, and shows a code for it.",
               o->page ? o->page : o->broker->host);
    print_say("To shut the relay out one day:\n    sudo porchlight revoke --root FILE %s",
              o->account);
}

/* --- asked ------------------------------------------------------------------------------------ */

static bool outside_is_free(const char *folder)
{
    char settings[PATH_LEN + 16];
    snprintf(settings, sizeof settings, "%s/settings", folder);
    if (access(settings, F_OK) != 0)
        return output_place_check(folder, "outside", "The folder was not made") == 0;
    log_error(
        "The folder was not made: %s exists already, from an earlier run. Delete it, or choose "
        "a new name.",
        folder);
    return false;
}

static int outside_prepare(struct outside *o)
{
    char path[PATH_LEN + 64];
    if (path_under(o->cli->prefix, PATH_ETC "/outside", o->from) < 0 ||
        kiosk_config_load(o->cli->prefix, &o->config, "The folder was not made") != 0)
        return CLI_FAILED;
    for (size_t i = 0; i < o->config.brokers_count; i++)
        if (strcmp(o->config.brokers[i].name, "outside") == 0)
            o->broker = &o->config.brokers[i];
    snprintf(path, sizeof path, "%.500s/dynamic-security.json", o->from);
    if (!o->broker || access(path, R_OK) != 0) {
        if (o->broker)
            log_error("The folder was not made: %s is missing, without which a server has no "
                      "accounts. Make it again: run sudo porchlight setup, and give the root key's "
                      "file (root = FILE).",
                      path);
        else
            log_error(
                "The folder was not made: this kiosk has no server of your own. Run sudo "
                "porchlight setup, answer elsewhere or both where it asks for the broker, and "
                "make where it asks who runs it.");
        return CLI_FAILED;
    }
    if (o->page && strcmp(o->page, o->broker->host) == 0)
        o->page = NULL;
    return outside_is_free(o->out) && (!o->page || outside_is_free(page_folder(o, path)))
               ? CLI_OK
               : CLI_FAILED;
}

/* As install.sh and nginx take it. */
static bool is_host_name(const char *name)
{
    size_t n = strlen(name);
    return n > 0 && n < CONFIG_TEXT_MAX && name[0] != '-' && !values_host_refusal(name) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") == n;
}

static void outside_undo(const struct outside *o)
{
    char folder[PATH_LEN];
    files_remove(o->out);
    if (o->page)
        files_remove(page_folder(o, folder));
}

static int outside_run(const struct cli *cli, void *own, char **words)
{
    struct outside *o = own;
    o->cli = cli;
    o->out = words[0];
    output_place_trim(words[0]);
    if (strlen(o->out) > PATH_LEN - 128)
        return cli_misuse(&cli_outside, "the folder's name is too long");
    if (!o->root_file)
        return cli_misuse(&cli_outside,
                          "--root FILE is missing: only the root key lets the relay in");
    if (o->page && !is_host_name(o->page))
        return cli_misuse(
            &cli_outside,
            "\"%s\" is no host name: --page takes one like kettle.example.org, without "
            "https://",
            o->page);
    int code = root_check(&cli_outside, o->root_file);
    if (code != CLI_OK || (code = outside_prepare(o)) != CLI_OK)
        return code;
    code = outside_make(o);
    if (code == CLI_OK)
        outside_report(o);
    else
        outside_undo(o);
    return code;
}

static const struct cli_option outside_options[] = {
    OPTION_WORD("FOLDER", "a new folder, on a USB stick for instance"),
    OPTION(
        "root", "FILE", struct outside, root_file,
        "the root key's file, or - to type the key in from its paper: only it lets the relay in"),
    OPTION("page", "NAME", struct outside, page,
           "where members open the page, if that is another server: it gets a folder of its own"),
    OPTION("ntfy", NULL, struct outside, ntfy,
           "also an ntfy server, for phones with its app; needs Debian 13 there"),
    {0},
};

const struct cli_command cli_outside = {
    .name = "outside",
    .arguments = "--root FILE [--page NAME] [--ntfy] FOLDER",
    .summary = "make one folder with all that a server outside needs: broker, page, relay, ntfy",
    .options = outside_options,
    .size = sizeof(struct outside),
    .words_min = 1,
    .words_max = 1,
    .run = outside_run,
};
