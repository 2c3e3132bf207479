#include "kiosk/alertd/status.h"

#include "kiosk/common/clock.h"
#include "kiosk/common/version.h"
#include "kiosk/core/command.h"
#include "kiosk/core/message.h"
#include "kiosk/core/ns.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

static size_t status_print(cJSON *o, char *out, size_t size)
{
    if (!o || !cJSON_PrintPreallocated(o, out, (int)size, 0))
        snprintf(out, size, "{\"ok\":false,\"error\":\"no memory for the answer; try again\"}");
    cJSON_Delete(o);
    return strlen(out);
}

size_t status_accept(char *out, size_t size)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddTrueToObject(o, "ok");
    return status_print(o, out, size);
}

size_t status_refuse(const char *why, char *out, size_t size)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddFalseToObject(o, "ok");
    cJSON_AddStringToObject(o, "error", why);
    return status_print(o, out, size);
}

static void add_alert(cJSON *o, const struct status *s, bool calm)
{
    if (s->alert->now.state == ALERT_QUIET || calm) {
        cJSON_AddNullToObject(o, "alert");
        return;
    }
    char id[37];
    cJSON *a = cJSON_AddObjectToObject(o, "alert");
    message_id_write(&s->alert->now.id, id);
    cJSON_AddStringToObject(a, "id", id);
    cJSON_AddNumberToObject(a, "age_ms", (double)((s->now - s->alert->since) / NS_PER_MS));
    cJSON_AddBoolToObject(a, "handed_over", s->facts->handed_over);
}

static void add_fault(cJSON *b, enum mqtt_fault f)
{
    char error[320];
    snprintf(error, sizeof error, "%s: %s", mqtt_fault_name(f), mqtt_fault_sentence(f));
    cJSON_AddStringToObject(b, "fault", mqtt_fault_name(f));
    if (f == MQTT_FAULT_FINE)
        cJSON_AddNullToObject(b, "error");
    else
        cJSON_AddStringToObject(b, "error", error);
}

static void status_add_brokers(cJSON *o, const struct status *s)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(s->delivery, paths);
    cJSON *all = cJSON_AddArrayToObject(o, "brokers");
    for (size_t i = 0; i < n; i++) {
        const struct delivery_path *p = &paths[i];
        cJSON *b = cJSON_CreateObject();
        cJSON_AddItemToArray(all, b);
        cJSON_AddStringToObject(b, "name", p->name);
        cJSON_AddBoolToObject(b, "connected", p->up);
        cJSON_AddBoolToObject(b, "outside", p->outside);
        add_fault(b, p->fault);
        if (p->up)
            cJSON_AddStringToObject(b, "mqtt", p->version == 5 ? "5" : "3.1.1");
        if (p->up && p->echo_at != NS_NEVER)
            cJSON_AddNumberToObject(b, "beat_ms", (double)((s->now - p->echo_at) / NS_PER_MS));
        else
            cJSON_AddNullToObject(b, "beat_ms");
    }
}

static void add_inputs(cJSON *o, const struct status *s)
{
    struct inputs_view views[INPUTS_MAX];
    size_t n = inputs_view(s->inputs, views);
    cJSON *all = cJSON_AddArrayToObject(o, "inputs");
    for (size_t i = 0; i < n; i++) {
        cJSON *in = cJSON_CreateObject();
        cJSON_AddItemToArray(all, in);
        cJSON_AddStringToObject(in, "name", views[i].name);
        cJSON_AddStringToObject(in, "kind", views[i].door ? "door" : "switch");
        cJSON_AddBoolToObject(in, "active", views[i].active);
        if (views[i].missing)
            cJSON_AddStringToObject(in, "fault", "a line is missing; porchlight doctor says why");
        else if (views[i].fault)
            cJSON_AddStringToObject(in, "fault", "check its wires; it must be let go once");
        else
            cJSON_AddNullToObject(in, "fault");
    }
}

static void add_refused(cJSON *o, const uint64_t refused[COMMAND_RESULTS])
{
    uint64_t all = 0;
    for (int k = COMMAND_ACCEPTED + 1; k < COMMAND_RESULTS; k++)
        all += refused[k];
    cJSON_AddNumberToObject(o, "refused", (double)all);
    cJSON *kinds = cJSON_AddObjectToObject(o, "refused_for");
    for (int k = COMMAND_ACCEPTED + 1; k < COMMAND_RESULTS; k++)
        if (refused[k] > 0)
            cJSON_AddNumberToObject(kinds, command_result_name((enum command_result)k),
                                    (double)refused[k]);
}

static void status_add_drill(cJSON *o, const struct status *s)
{
    if (s->last_drill.at[0] == '\0') {
        cJSON_AddNullToObject(o, "last_drill");
        return;
    }
    cJSON *d = cJSON_AddObjectToObject(o, "last_drill");
    cJSON_AddStringToObject(d, "at", s->last_drill.at);
    cJSON_AddNumberToObject(d, "seen", s->last_drill.seen);
    cJSON_AddNumberToObject(d, "safe", s->last_drill.safe);
}

size_t status_write(const struct status *s, char *out, size_t size)
{
    bool calm = s->alert->now.calm;
    const char *shown = alert_state_name(alert_on_site(s->alert));
    struct cue cue = cue_of(s->facts, s->now);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddTrueToObject(o, "ok");
    cJSON_AddStringToObject(o, "state", shown);
    cJSON_AddStringToObject(o, "on_site", shown);
    cJSON_AddBoolToObject(o, "drill", s->alert->now.drill);
    add_alert(o, s, calm);
    status_add_brokers(o, s);
    add_inputs(o, s);
    cJSON_AddNumberToObject(o, "seen", calm ? 0 : s->facts->seen);
    cJSON_AddNumberToObject(o, "safe", calm ? 0 : s->facts->safe);
    cJSON_AddNumberToObject(
        o, "pending",
        calm || s->alert->now.state == ALERT_QUIET ? 0 : (double)delivery_pending(s->delivery));
    cJSON_AddNumberToObject(o, "cue", cue.signs);
    cJSON_AddBoolToObject(o, "record_fault", s->record_fault);
    cJSON_AddBoolToObject(o, "wipe_fault", s->wipe_fault);
    add_refused(o, s->refused);
    status_add_drill(o, s);
    cJSON_AddNumberToObject(o, "members", (double)s->members);
    cJSON_AddNumberToObject(o, "staff", (double)s->staff);
    cJSON_AddBoolToObject(o, "clock_set", clock_is_set());
    cJSON_AddStringToObject(o, "version", PORCHLIGHT_VERSION);
    return status_print(o, out, size);
}
