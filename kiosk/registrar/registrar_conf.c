#include "kiosk/registrar/registrar_conf.h"

#include "config/reader.h"
#include "config/rules.h"
#include "kiosk/common/topics.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(field)      offsetof(struct registrar_conf, field)
#define VENUE(field)   offsetof(struct registrar_venue, field)
#define ACCOUNT(field) offsetof(struct registrar_account, field)

/* --- registrar.conf -------------------------------------------------------------------------- */

static const struct section conf_sections[] = {{.name = "broker"}};

static const struct key conf_keys[] = {
    {"broker", "host", &value_host, "localhost", AT(broker.host), 0, 0, CONFIG_TEXT_MAX, NULL},
    {"broker", "port", &value_number, "1884", AT(broker.port), 0, 1, 65535, NULL},
    {"broker", "tls", &value_yes_no, "no", AT(broker.tls), 0, 0, 0, NULL},
    {"broker", "ca", &value_path, "", AT(broker.ca), 0, 0, CONFIG_PATH_MAX, NULL},
    {"broker", "accounts", &value_word, "dynsec", AT(broker.accounts), 0, 0, CONFIG_NAME_MAX,
     "dynsec|rabbitmq"},
    {"broker", "management", &value_url, "http://127.0.0.1:15672", AT(broker.management), 0, 0,
     CONFIG_TEXT_MAX, "https://|http://localhost:|http://127.0.0.1:|http://[::1]:"},
    {"broker", "vhost", &value_wording, "/", AT(broker.vhost), 0, 0, CONFIG_NAME_MAX, NULL},
    {"broker", "user", &value_account, "registrar", AT(broker.user), 0, 0, CONFIG_TEXT_MAX, NULL},
};

static void registrar_conf_rules(struct reader *r)
{
    const struct registrar_conf *c = r->base;
    rules_check_tls(r, reader_single(r, "broker"), c->broker.tls, c->broker.host, c->broker.ca);
}

static const struct table conf_table = {
    TABLE_ROWS(conf_sections, conf_keys),
    .size = sizeof(struct registrar_conf),
    .rules = registrar_conf_rules,
};

int registrar_conf_load(const char *path, struct registrar_conf *c, config_complain *complain,
                        void *context)
{
    return reader_load(&conf_table, c, path, complain, context);
}

/* --- a venue's file -------------------------------------------------------------------------- */

static const struct section venue_sections[] = {
    {.name = "venue"},
    {"account", REGISTRAR_ACCOUNTS_MAX, VENUE(accounts), sizeof(struct registrar_account),
     VENUE(accounts_count), false, "", false},
};

static const struct key venue_keys[] = {
    {"venue", "id", &value_id, NULL, VENUE(venue.id), 0, 0, 17, NULL},
    {"venue", "name", &value_wording, "", VENUE(venue.name), 0, 0, CONFIG_TEXT_MAX, NULL},
    {"venue", "root", &value_wording, NULL, VENUE(venue.root), 0, 0, 2 * ENVELOPE_PUBLIC + 1, NULL},
    {"account", "role", &value_word, NULL, ACCOUNT(role), 0, 0, 16, "kiosk|root"},
    {"account", "kiosk", &value_id, NULL, ACCOUNT(kiosk), 0, 0, 17, NULL},
    {"account", "password", &value_wording, NULL, ACCOUNT(password), 0, 0,
     REGISTRATION_PASSWORD_MAX + 1, NULL},
};

static void registrar_venue_rules(struct reader *r)
{
    struct registrar_venue *v = r->base;
    const struct instance *venue = reader_single(r, "venue");
    size_t got;
    if (sodium_hex2bin(v->root, sizeof v->root, v->venue.root, strlen(v->venue.root), NULL, &got,
                       NULL) != 0 ||
        got != sizeof v->root)
        reader_complain(r, venue, reader_line(r, venue, "root"), "root",
                        "expected the venue's root public key, 64 hex digits");
    sodium_hex2bin(v->id, sizeof v->id, v->venue.id, strlen(v->venue.id), NULL, NULL, NULL);
    for (size_t i = 0; i < r->count; i++)
        if (r->instances[i].name[0] && !topic_is_id(r->instances[i].name))
            reader_complain(r, &r->instances[i], r->instances[i].line, NULL,
                            "expected an account of 16 hex digits");
}

static const struct table venue_table = {
    TABLE_ROWS(venue_sections, venue_keys),
    .maker = "porchlight registrar",
    .size = sizeof(struct registrar_venue),
    .rules = registrar_venue_rules,
    TABLE_NAMES,
};

int registrar_venue_parse(const char *path, const char *text, size_t len, struct registrar_venue *v,
                          config_complain *complain, void *context)
{
    return reader_parse(&venue_table, v, path, text, len, complain, context);
}

/* --- the folder ------------------------------------------------------------------------------ */

/* The folder, and what its files' names begin with. */
static int registrar_folder(const char *prefix, char out[PATH_LEN], const char **begin)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    bool handed = credentials && credentials[0];
    *begin = handed ? "registrar_" : "";
    return path_under(handed ? "" : prefix, handed ? credentials : PATH_REGISTRAR, out);
}

int registrar_path(const char *prefix, const char *name, char out[PATH_LEN])
{
    char folder[PATH_LEN];
    const char *begin;
    if (registrar_folder(prefix, folder, &begin) != 0)
        return -1;
    int n = snprintf(out, PATH_LEN, "%s/%s%s", folder, begin, name);
    errno = ENAMETOOLONG;
    return n > 0 && n < PATH_LEN ? 0 : -1;
}

int registrar_venues_load(const char *prefix, struct registrar_venue *out,
                          config_complain *complain, void *context)
{
    char folder[PATH_LEN], path[2 * PATH_LEN], word[32];
    const char *begin;
    struct dirent **found;
    int count = 0;
    if (registrar_folder(prefix, folder, &begin) != 0)
        return -1;
    snprintf(word, sizeof word, "%svenue-", begin);
    int n = scandir(folder, &found, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, found[i]->d_name);
        if (count < REGISTRAR_VENUES_MAX && strncmp(found[i]->d_name, word, strlen(word)) == 0 &&
            registrar_venue_load(path, &out[count], complain, context) == 0)
            count++;
        free(found[i]);
    }
    if (n >= 0)
        free(found);
    return n < 0 ? -1 : count;
}

int registrar_venue_load(const char *path, struct registrar_venue *v, config_complain *complain,
                         void *context)
{
    return reader_load(&venue_table, v, path, complain, context);
}
