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

void plain_discovery_topic(const char *prefix, const struct sealer *c, char out[PLAIN_TOPIC_MAX])
{
    snprintf(out, PLAIN_TOPIC_MAX, "%s/device/porchlight_%s/config", prefix, c->kiosk_id);
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

static void sensors(cJSON *all, const struct sealer *c, const char *base)
{
    static const char *const safety[] = {
        "dev_cla", "safety",
        "stat_t",  "~/state",
        "val_tpl", "{{'OFF' if value_json.state=='quiet' or value_json.drill else 'ON'}}",
        NULL};
    static const char *const door[] = {
        "dev_cla",
        "door",
        "stat_t",
        "~/notice",
        "val_tpl",
        "{{('OFF' if value_json.detail=='closed' else 'ON') if value_json.kind=='door'}}",
        NULL};
    static const char fault[] = "{{('OFF' if value_json.detail in ('freed','mended') else 'ON') "
                                "if value_json.kind=='fault'}}";
    static const char *const problem[] = {"dev_cla", "problem", "stat_t", "~/notice",
                                          "val_tpl", fault,     NULL};
    /* It says itself what availability would hide; any state makes it available. */
    static const char *const link[] = {
        "dev_cla",  "connectivity",
        "stat_t",   "~/presence",
        "val_tpl",  "{{'ON' if value_json.kind=='online' else 'OFF'}}",
        "avty_t",   "~/state",
        "avty_tpl", "online",
        NULL};

    cJSON *e = entity(all, c, base, "binary_sensor", "safety", safety);
    cJSON_AddNumberToObject(e, "exp_aft", 180);
    entity(all, c, base, "binary_sensor", "door", door);
    entity(all, c, base, "binary_sensor", "problem", problem);
    entity(all, c, base, "binary_sensor", "link", link);
}

static void alerts(cJSON *all, const struct sealer *c, const char *base, bool button)
{
    static const char *const kinds[] = {"lockdown", "caution", "all-clear"};
    static const char *const alert[] = {
        "stat_t", "~/alert", "val_tpl",
        "{{{'event_type':value_json.kind,'drill':value_json.drill}|tojson}}", NULL};
    static const char topic[] = "~/command/" PLAIN_BUTTON_ACCOUNT;
    static const char *const press[] = {"cmd_t", topic, "pl_prs", PLAIN_BUTTON_PRESS, NULL};
    cJSON *e = entity(all, c, base, "event", "alert", alert);
    cJSON_AddItemToObject(e, "evt_typ",
                          cJSON_CreateStringArray(kinds, sizeof kinds / sizeof kinds[0]));
    if (button)
        entity(all, c, base, "button", "drill", press);
}

size_t plain_discovery(const struct config_plain *p, const struct sealer *c,
                       char out[PLAIN_DISCOVERY_MAX])
{
    char base[PLAIN_TOPIC_MAX], id[64], presence[PLAIN_TOPIC_MAX + 16];
    cJSON *json = cJSON_CreateObject();
    base_of(c, base);
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
    cJSON *all = cJSON_AddObjectToObject(json, "cmps");
    alerts(all, c, base, p->button);
    sensors(all, c, base);
    bool fits = cJSON_PrintPreallocated(json, out, PLAIN_DISCOVERY_MAX - 8, 0);
    cJSON_Delete(json);
    return fits ? strlen(out) : 0;
}
