#include "kiosk/alertd/button_payload.h"

#include <cjson/cJSON.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct button_report nothing = {
    .battery = -1, .battery_low = -1, .tamper = -1, .online = -1};

/* Lower case; one that is too long is no word of ours. */
static void action_set(const char *text, size_t len, struct button_report *out)
{
    if (len >= sizeof out->action)
        return;
    for (size_t i = 0; i < len; i++)
        out->action[i] = (char)tolower((unsigned char)text[i]);
    out->action[len] = '\0';
}

static bool is_word(const uint8_t *payload, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum(payload[i]) && payload[i] != '_' && payload[i] != '-')
            return false;
    return len > 0;
}

static void payload_item(const cJSON *item, struct button_report *out)
{
    const char *key = item->string ? item->string : "";
    if (strcasecmp(key, "action") == 0 && cJSON_IsString(item))
        action_set(item->valuestring, strlen(item->valuestring), out);
    else if (strcasecmp(key, "battery") == 0 && cJSON_IsNumber(item) && item->valuedouble >= 0 &&
             item->valuedouble <= 100)
        out->battery = (int)item->valuedouble;
    else if (strcasecmp(key, "battery_low") == 0 && cJSON_IsBool(item))
        out->battery_low = cJSON_IsTrue(item);
    else if (strcasecmp(key, "tamper") == 0 && cJSON_IsBool(item))
        out->tamper = cJSON_IsTrue(item);
}

static void payload_object(const cJSON *object, struct button_report *out)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        payload_item(item, out);
    }
}

void button_payload_read(const uint8_t *payload, size_t len, struct button_report *out)
{
    const cJSON *item;
    *out = nothing;
    if (is_word(payload, len)) {
        action_set((const char *)payload, len, out);
        return;
    }
    cJSON *json = cJSON_ParseWithLength((const char *)payload, len);
    cJSON_ArrayForEach(item, json)
    {
        payload_item(item, out);
        if (cJSON_IsObject(item))
            payload_object(item, out);
    }
    cJSON_Delete(json);
}

void button_payload_availability(const uint8_t *payload, size_t len, struct button_report *out)
{
    char word[16] = "";
    *out = nothing;
    cJSON *json = cJSON_ParseWithLength((const char *)payload, len);
    const cJSON *state = cJSON_GetObjectItemCaseSensitive(json, "state");
    if (cJSON_IsString(state))
        snprintf(word, sizeof word, "%s", state->valuestring);
    else if (is_word(payload, len) && len < sizeof word)
        memcpy(word, payload, len);
    cJSON_Delete(json);
    if (strcasecmp(word, "online") == 0)
        out->online = 1;
    else if (strcasecmp(word, "offline") == 0)
        out->online = 0;
}

void button_payload_bridge(const char *topic, const char *base, char *out, size_t size)
{
    size_t len = strlen(base);
    if (len == 0 || strncmp(topic, base, len) != 0 || topic[len] != '/')
        len = strcspn(topic, "/");
    snprintf(out, size, "%.*s/bridge/state", (int)len, topic);
}
