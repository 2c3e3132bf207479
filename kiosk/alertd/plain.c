#include "kiosk/alertd/plain.h"

#include "kiosk/common/version.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

const char *plain_text(const struct config_plain *p, const struct message *m)
{
    switch (m->kind) {
    case MSG_LOCKDOWN:
        return m->drill ? p->drill : p->lockdown;
    case MSG_CAUTION:
        return m->drill ? p->drill : p->caution;
    case MSG_ALL_CLEAR: /* pressed at the door, it ends nothing */
        return strcmp(m->detail, "unconfirmed") == 0 ? NULL : p->all_clear;
    default:
        return NULL;
    }
}

static void base_of(const struct sealer *c, char out[PLAIN_TOPIC_MAX])
{
    snprintf(out, PLAIN_TOPIC_MAX, "porchlight/%s/%s", c->venue_id, c->kiosk_id);
}

void plain_text_topic(const struct sealer *c, char out[PLAIN_TOPIC_MAX])
{
    base_of(c, out);
    strcat(out, "/text");
}

bool plain_discovers(const struct config_plain *p)
{
    return strcmp(p->discovery, "no") != 0;
}

void plain_discovery_topic(const char *prefix, const struct sealer *c, size_t part,
                           char out[PLAIN_TOPIC_MAX])
{
    char number[24] = "";
    if (part > 0)
        snprintf(number, sizeof number, "_%zu", part + 1);
    snprintf(out, PLAIN_TOPIC_MAX, "%s/device/porchlight_%s%s/config", prefix, c->kiosk_id, number);
}

void plain_status_topic(const char *prefix, char out[PLAIN_TOPIC_MAX])
{
    snprintf(out, PLAIN_TOPIC_MAX, "%s/status", prefix);
}

/* --- Home Assistant, in its own abbreviations ------------------------------------------------ */

/* One entity; `pairs` are keys and values, NULL at the end. "~" stands for the kiosk's topics. */
static cJSON *entity(cJSON *all, const struct sealer *c, const char *base, const char *platform,
                     const char *name, const char *const pairs[])
{
    char id[64];
    cJSON *e = cJSON_AddObjectToObject(all, name);
    snprintf(id, sizeof id, "porchlight_%s_%s", c->kiosk_id, name);
    cJSON_AddStringToObject(e, "p", platform);
    cJSON_AddStringToObject(e, "uniq_id", id);
    cJSON_AddStringToObject(e, "name", name);
    cJSON_AddStringToObject(e, "~", base);
    for (size_t i = 0; pairs[i]; i += 2)
        cJSON_AddStringToObject(e, pairs[i], pairs[i + 1]);
    return e;
}

/* "safety" and "status" are unavailable when the state has not been repeated for three minutes. */
enum { STATE_EXPIRES_S = 180 };

static void status_sensors(cJSON *all, const struct sealer *c, const char *base)
{
    static const char *const safety[] = {
        "dev_cla", "safety",
        "stat_t",  "~/state",
        "val_tpl", "{{'OFF' if value_json.state=='quiet' or value_json.drill else 'ON'}}",
        NULL};
    static const char *const words[] = {"quiet", "caution", "lockdown", "unconfirmed", "drill"};
    static const char *const status[] = {"dev_cla",
                                         "enum",
                                         "stat_t",
                                         "~/state",
                                         "val_tpl",
                                         ("{{'drill' if value_json.drill else 'unconfirmed' if "
                                          "value_json.unconfirmed else value_json.state}}"),
                                         NULL};
    /* It says itself what availability would hide: that there was ever a kiosk makes it available,
     * also when its state has expired and Home Assistant starts again. */
    static const char *const link[] = {
        "dev_cla",  "connectivity",
        "stat_t",   "~/presence",
        "val_tpl",  "{{'ON' if value_json.kind=='online' else 'OFF'}}",
        "avty_t",   "~/presence",
        "avty_tpl", "online",
        NULL};

    cJSON_AddNumberToObject(entity(all, c, base, "binary_sensor", "safety", safety), "exp_aft",
                            STATE_EXPIRES_S);
    cJSON *s = entity(all, c, base, "sensor", "status", status);
    cJSON_AddNumberToObject(s, "exp_aft", STATE_EXPIRES_S);
    cJSON_AddItemToObject(s, "ops", cJSON_CreateStringArray(words, sizeof words / sizeof *words));
    entity(all, c, base, "binary_sensor", "link", link);
}

static void entity_id(const struct plain_entity *e, char out[PLAIN_TOPIC_MAX])
{
    static const char *const kinds[] = {
        [PLAIN_DOOR] = "door_", [PLAIN_SWITCH] = "switch_", [PLAIN_PROBLEM] = "problem"};
    snprintf(out, PLAIN_TOPIC_MAX, "%s%s", kinds[e->kind], e->name);
}

static void entity_sensor(cJSON *all, const struct sealer *c, const char *base,
                          const struct plain_entity *e)
{
    char id[PLAIN_TOPIC_MAX], topic[PLAIN_TOPIC_MAX + 16];
    entity_id(e, id);
    snprintf(topic, sizeof topic, "~/entity/%s", id);
    const char *const pairs[] = {"dev_cla", e->kind == PLAIN_DOOR ? "door" : "problem",
                                 "stat_t",  topic,
                                 "val_tpl", "{{value_json.state}}",
                                 NULL};
    entity(all, c, base, "binary_sensor", id, pairs);
}

/* The code that ends nothing, and an alert that is only continued after a restart, are events of
 * their own: an automation that opens doors at "all-clear" must not act on them. */
static void alert_entities(cJSON *all, const struct sealer *c, const char *base, bool button)
{
    static const char *const kinds[] = {"lockdown", "caution", "all-clear", "unconfirmed",
                                        "resumed"};
    static const char *const alert[] = {
        "stat_t", "~/alert", "val_tpl",
        ("{{{'event_type':'unconfirmed' if value_json.detail=='unconfirmed' else 'resumed' if "
         "value_json.resumed else value_json.kind,'alert':value_json.kind,"
         "'drill':value_json.drill}|tojson}}"),
        NULL};
    static const char topic[] = "~/command/" PLAIN_BUTTON_ACCOUNT;
    static const char *const press[] = {"cmd_t", topic, "pl_prs", PLAIN_BUTTON_PRESS, NULL};
    cJSON *e = entity(all, c, base, "event", "alert", alert);
    cJSON_AddItemToObject(e, "evt_typ",
                          cJSON_CreateStringArray(kinds, sizeof kinds / sizeof kinds[0]));
    if (button)
        entity(all, c, base, "button", "drill", press);
}

void plain_entity_add(struct plain_entities *all, enum plain_entity_kind kind, const char *name,
                      enum plain_state state)
{
    if (all->count == PLAIN_ENTITIES_MAX)
        return;
    struct plain_entity *e = &all->each[all->count++];
    *e = (struct plain_entity){.kind = kind, .state = state};
    snprintf(e->name, sizeof e->name, "%s", name);
}

void plain_entity_topic(const struct plain_entity *e, const struct sealer *c,
                        char out[PLAIN_TOPIC_MAX])
{
    char id[PLAIN_TOPIC_MAX];
    size_t n;
    base_of(c, out);
    n = strlen(out);
    entity_id(e, id);
    snprintf(out + n, PLAIN_TOPIC_MAX - n, "/entity/%s", id);
}

const char *plain_entity_state(const struct plain_entity *e)
{
    static const char *const states[] = {[PLAIN_UNKNOWN] = "{\"state\":\"None\"}",
                                         [PLAIN_OFF] = "{\"state\":\"OFF\"}",
                                         [PLAIN_ON] = "{\"state\":\"ON\"}"};
    return states[e->state];
}

/* What each part begins with; the device is the same in all of them. */
static cJSON *discovery_begin(const struct sealer *c, const char *base)
{
    char id[64], presence[PLAIN_TOPIC_MAX + 16];
    cJSON *json = cJSON_CreateObject();
    snprintf(id, sizeof id, "porchlight_%s", c->kiosk_id);
    snprintf(presence, sizeof presence, "%s/presence", base);
    cJSON *device = cJSON_AddObjectToObject(json, "dev");
    cJSON_AddStringToObject(device, "ids", id);
    cJSON_AddStringToObject(device, "name", "Kiosk");
    cJSON *origin = cJSON_AddObjectToObject(json, "o");
    cJSON_AddStringToObject(origin, "name", "porchlight");
    cJSON_AddStringToObject(origin, "sw", PORCHLIGHT_VERSION);
    cJSON_AddStringToObject(json, "avty_t", presence);
    cJSON_AddStringToObject(json, "avty_tpl",
                            "{{'online' if value_json.kind=='online' else 'offline'}}");
    cJSON_AddObjectToObject(json, "cmps");
    return json;
}

size_t plain_discovery(const struct config_plain *p, const struct sealer *c,
                       const struct plain_entities *entities, size_t part, size_t *next,
                       char out[PLAIN_DISCOVERY_MAX])
{
    char base[PLAIN_TOPIC_MAX];
    size_t len = 0;
    base_of(c, base);
    cJSON *json = discovery_begin(c, base);
    cJSON *all = cJSON_GetObjectItemCaseSensitive(json, "cmps");
    if (part == 0) {
        *next = 0;
        alert_entities(all, c, base, p->button);
        status_sensors(all, c, base);
    }
    bool any = part == 0 || *next < entities->count;
    while (any && cJSON_PrintPreallocated(json, out, PLAIN_DISCOVERY_MAX, 0)) {
        len = strlen(out);
        if (*next == entities->count)
            break;
        entity_sensor(all, c, base, &entities->each[(*next)++]);
        if (!cJSON_PrintPreallocated(json, out, PLAIN_DISCOVERY_MAX, 0)) {
            cJSON_DeleteItemFromArray(all, cJSON_GetArraySize(all) - 1);
            --*next;
            cJSON_PrintPreallocated(json, out, PLAIN_DISCOVERY_MAX, 0);
            break;
        }
    }
    cJSON_Delete(json);
    return len;
}
