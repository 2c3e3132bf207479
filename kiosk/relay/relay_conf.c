#include "kiosk/relay/relay_conf.h"

#include "config/reader.h"
#include "config/rules.h"
#include "kiosk/core/ns.h"

#define AT(field)    offsetof(struct relay_conf, field)
#define KIOSK(field) offsetof(struct relay_kiosk, field)
#define PUSH(field)  offsetof(struct relay_push, field)

#define DAYS(n) ((n)*24 * 3600 * NS_PER_S)

#define SERVICES                                                                                   \
    "fcm.googleapis.com updates.push.services.mozilla.com *.push.apple.com *.notify.windows.com"

#define URLS                                                                                       \
    "https://|http://localhost:|http://localhost/|http://127.0.0.1:|http://127.0.0.1/|"            \
    "http://[::1]:|http://[::1]/"

#define MANY(field, type)                                                                          \
    offsetof(struct relay_conf, field), sizeof(struct type),                                       \
        offsetof(struct relay_conf, field##_count)

static const struct section relay_sections[] = {
    {.name = "relay"},
    {.name = "venue"},
    {.name = "broker"},
    {"kiosk", RELAY_KIOSKS_MAX, MANY(kiosks, relay_kiosk), true,
     "there is nothing to watch without one", false},
    {"push", RELAY_PUSHES_MAX, MANY(pushes, relay_push), false, "", false},
    {.name = "webpush", .optional = true},
};

static const struct key relay_keys[] = {
    {"relay", "account", &value_id, NULL, AT(relay.account), 0, 0, 17, NULL},
    {"relay", "word", &value_wording, "The kettle is on", AT(relay.word), 0, 0, CONFIG_TEXT_MAX,
     NULL},
    {"relay", "beat", &value_duration, "5s", AT(relay.beat), 0, NS_PER_S / 10, 60 * NS_PER_S, NULL},
    {"relay", "blind", &value_off_or_more, "60s", AT(relay.blind), 0, NS_PER_S, 3600 * NS_PER_S,
     NULL},
    {"relay", "again", &value_off_or_more, "60s", AT(relay.again), 0, NS_PER_S, 600 * NS_PER_S,
     NULL},
    {"venue", "id", &value_id, NULL, AT(venue.id), 0, 0, 17, NULL},
    {"broker", "host", &value_host, NULL, AT(broker.host), 0, 0, CONFIG_TEXT_MAX, NULL},
    {"broker", "port", &value_number, "8883", AT(broker.port), 0, 1, 65535, NULL},
    {"broker", "tls", &value_yes_no, "yes", AT(broker.tls), 0, 0, 0, NULL},
    {"broker", "ca", &value_path, "", AT(broker.ca), 0, 0, CONFIG_PATH_MAX, NULL},
    {"kiosk", "id", &value_id, NULL, KIOSK(id), 0, 0, 17, NULL},
    {"push", "url", &value_url, NULL, PUSH(url), 0, 0, RELAY_URL_MAX, URLS},
    {"push", "token", &value_credential, "", PUSH(token), 0, 0, CONFIG_NAME_MAX, NULL},
    {"push", "staff", &value_yes_no, "no", PUSH(staff), 0, 0, 0, NULL},
    {"push", "click", &value_url, "", PUSH(click), 0, 0, RELAY_URL_MAX, URLS},
    {"webpush", "contact", &value_url, NULL, AT(web.contact), 0, 0, RELAY_URL_MAX,
     "mailto:|https://"},
    {"webpush", "services", &value_wording, SERVICES, AT(web.services), 0, 0, RELAY_URL_MAX, NULL},
    {"webpush", "ca", &value_path, "", AT(web.ca), 0, 0, CONFIG_PATH_MAX, NULL},
    {"webpush", "check", &value_off_or_more, "7d", AT(web.check), 0, NS_PER_S, DAYS(28), NULL},
};

/* What no single key shows. */
static void relay_conf_rules(struct reader *r)
{
    const struct relay_conf *c = r->base;

    if (c->pushes_count == 0 && !c->web.contact[0])
        reader_complain(r, NULL, 0, NULL,
                        "no [push NAME] and no [webpush] section: no phone would ring; expected at "
                        "least one");
    rules_check_tls(r, reader_single(r, "broker"), c->broker.tls, c->broker.host, c->broker.ca);
}

static const struct table relay_table = {
    TABLE_ROWS(relay_sections, relay_keys),
    .size = sizeof(struct relay_conf),
    TABLE_NAMES,
    .maker = "porchlight relay",
    .rules = relay_conf_rules,
};

int relay_conf_parse(const char *path, const char *text, size_t len, struct relay_conf *c,
                     config_complain *complain, void *context)
{
    return reader_parse(&relay_table, c, path, text, len, complain, context);
}

int relay_conf_load(const char *path, struct relay_conf *c, config_complain *complain,
                    void *context)
{
    return reader_load(&relay_table, c, path, complain, context);
}
