#include "kiosk/alertd/status.h"

#include "config/uses.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/version.h"
#include "kiosk/core/command.h"
#include "kiosk/core/message.h"
#include "kiosk/core/ns.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

/* What became of the alert, as far as it is known. */
static const char *delivery_text(const struct cue_facts *f)
{
    return f->handed_over     ? "handed over"
           : f->no_subscriber ? "no subscriber"
           : f->unproved      ? "unproved"
           : f->denied        ? "denied"
           : f->delivered_lan ? "lan"
                              : "pending";
}

static void add_alert(cJSON *o, const struct kiosk_state *s, int64_t now)
{
    int64_t since = alert_on_site_since(&s->alert);
    if (since == NS_NEVER) {
        cJSON_AddNullToObject(o, "alert");
        return;
    }
    char id[37];
    const struct cue_facts shown = cue_facts_on_site(&s->facts);
    cJSON *a = cJSON_AddObjectToObject(o, "alert");
    message_id_write(alert_on_site_id(&s->alert), id);
    cJSON_AddStringToObject(a, "id", id);
    cJSON_AddNumberToObject(a, "age_ms", (double)((now - since) / NS_PER_MS));
    cJSON_AddBoolToObject(a, "handed_over", shown.handed_over);
    cJSON_AddStringToObject(a, "delivery", delivery_text(&shown));
}

static void add_fault(cJSON *b, enum mqtt_fault f, const char *detail)
{
    char error[MQTT_DETAIL_MAX + 384];
    snprintf(error, sizeof error, "%s%s%s: %s", mqtt_fault_name(f), detail[0] ? ", " : "", detail,
             mqtt_fault_sentence(f));
    cJSON_AddStringToObject(b, "fault", mqtt_fault_name(f));
    if (f == MQTT_FAULT_FINE)
        cJSON_AddNullToObject(b, "error");
    else
        cJSON_AddStringToObject(b, "error", error);
}

/* Of the path of this number. */
static void add_registrar(cJSON *b, const struct members *who, size_t i)
{
    const char *registrar = who ? members_registrar(who, i) : NULL;
    if (registrar)
        cJSON_AddStringToObject(b, "registrar", registrar);
    else
        cJSON_AddNullToObject(b, "registrar");
    cJSON_AddNumberToObject(b, "registrar_dropped",
                            who ? (double)members_registrar_dropped(who, i) : 0);
}

static cJSON *add_broker(cJSON *all, const struct delivery_path *p, int64_t now)
{
    cJSON *b = cJSON_CreateObject();
    cJSON_AddItemToArray(all, b);
    cJSON_AddStringToObject(b, "name", p->name);
    cJSON_AddBoolToObject(b, "connected", p->up);
    if (p->interface[0] != '\0')
        cJSON_AddStringToObject(b, "interface", p->interface);
    cJSON_AddBoolToObject(b, "lost", p->lost);
    cJSON_AddBoolToObject(b, "outside", p->outside);
    add_fault(b, p->fault, p->detail);
    cJSON_AddStringToObject(b, "losses", p->losses);
    cJSON_AddNumberToObject(b, "dropped", (double)p->dropped);
    if (p->up)
        cJSON_AddStringToObject(b, "mqtt", p->version == 5 ? "5" : "3.1.1");
    if (p->up && p->echo_at != NS_NEVER)
        cJSON_AddNumberToObject(b, "beat_ms", (double)((now - p->echo_at) / NS_PER_MS));
    else
        cJSON_AddNullToObject(b, "beat_ms");
    return b;
}

static void status_add_brokers(cJSON *o, const struct status *s)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(s->delivery, paths);
    cJSON *all = cJSON_AddArrayToObject(o, "brokers");
    for (size_t i = 0; i < n; i++)
        add_registrar(add_broker(all, &paths[i], s->now), s->who, i);
}

/* The worst one first. */
static void add_button_faults(cJSON *in, unsigned faults)
{
    char text[512] = "";
    size_t len = 0;
    for (unsigned f = 1u << (BUTTON_FAULTS - 1); f > 0; f >>= 1)
        if (faults & f && len < sizeof text)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", len > 0 ? "; " : "",
                                    button_fault_sentence((enum button_fault)f));
    cJSON_AddStringToObject(in, "fault", text);
}

/* The broker that buttons by radio are read from. */
static void add_buttons(cJSON *o, const struct buttons *buttons)
{
    const char *detail;
    if (!buttons)
        return;
    enum mqtt_fault f = buttons_fault(buttons, &detail);
    cJSON *b = cJSON_AddObjectToObject(o, "buttons");
    cJSON_AddBoolToObject(b, "connected", f == MQTT_FAULT_FINE || f == MQTT_FAULT_RIGHTS);
    add_fault(b, f, detail);
}

static cJSON *add_inputs(cJSON *o, const struct inputs *inputs)
{
    struct inputs_view views[INPUTS_MAX];
    size_t n = inputs_view(inputs, views);
    cJSON *all = cJSON_AddArrayToObject(o, "inputs");
    for (size_t i = 0; i < n; i++) {
        cJSON *in = cJSON_CreateObject();
        cJSON_AddItemToArray(all, in);
        cJSON_AddStringToObject(in, "name", views[i].name);
        cJSON_AddStringToObject(in, "kind", views[i].door ? "door" : "switch");
        cJSON_AddBoolToObject(in, "active", views[i].active);
        if (views[i].why)
            cJSON_AddBoolToObject(in, "missing", true);
        if (views[i].battery >= 0)
            cJSON_AddNumberToObject(in, "battery", views[i].battery);
        if (views[i].button)
            add_button_faults(in, views[i].button);
        else if (views[i].why)
            cJSON_AddStringToObject(in, "fault", views[i].why);
        else if (views[i].fault)
            cJSON_AddStringToObject(in, "fault", "check its wires, then press and release it once");
        else
            cJSON_AddNullToObject(in, "fault");
    }
    return all;
}

static void add_ups(cJSON *in, const struct ups *u)
{
    if (u->charge >= 0)
        cJSON_AddNumberToObject(in, "charge", u->charge);
    if (u->seconds >= 0)
        cJSON_AddNumberToObject(in, "lasts_s", u->seconds);
}

/* What watches the kiosk itself. Of a lid, a tilt sensor or a tamper contact nothing is said but
 * that its line is missing: who opens the box must not learn that staff know. */
static void add_sensors(cJSON *all, const struct sensors *sensors, int64_t now)
{
    static const char *const kinds[] = {[CONFIG_INPUT_MAINS] = "mains",
                                        [CONFIG_INPUT_LID] = "lid",
                                        [CONFIG_INPUT_TILT] = "tilt",
                                        [CONFIG_INPUT_TAMPER] = "tamper"};
    struct sensor_view views[CONFIG_INPUTS_MAX];
    size_t n = sensors_view(sensors, now, views);
    for (size_t i = 0; i < n; i++) {
        const struct sensor_view *v = &views[i];
        cJSON *in = cJSON_CreateObject();
        cJSON_AddItemToArray(all, in);
        cJSON_AddStringToObject(in, "name", v->name);
        cJSON_AddStringToObject(in, "kind", kinds[v->kind]);
        if (v->hidden)
            cJSON_AddNullToObject(in, "active");
        else
            cJSON_AddBoolToObject(in, "active", v->active);
        if (v->ups)
            add_ups(in, v->ups);
        if (v->missing)
            cJSON_AddStringToObject(in, "fault", v->why ? v->why : "its UPS does not answer");
        else
            cJSON_AddNullToObject(in, "fault");
    }
}

static void add_troubles(cJSON *o, const struct troubles *t)
{
    trouble_set shown = t->standing & ~trouble_flagged(TROUBLE_HIDDEN);
    cJSON *all = cJSON_AddArrayToObject(o, "troubles");
    for (enum trouble k = 0; k < TROUBLE_COUNT; k++) {
        if (!(shown & TROUBLE_BIT(k)))
            continue;
        cJSON *one = cJSON_CreateObject();
        cJSON_AddItemToArray(all, one);
        cJSON_AddStringToObject(one, "code", trouble_kind(k)->code);
        cJSON_AddNumberToObject(one, "since", (double)t->since[k]);
        cJSON_AddStringToObject(one, "said", trouble_kind(k)->sentence);
    }
}

static void add_relays(cJSON *o, const struct relay_watch *w)
{
    size_t live = 0;
    uint64_t dropped = 0;
    for (size_t i = 0; i < w->count; i++) {
        live += w->each[i].pinged && !w->each[i].silent;
        dropped += w->each[i].dropped;
    }
    cJSON_AddNumberToObject(o, "relays", (double)w->count);
    cJSON_AddNumberToObject(o, "relays_alive", (double)live);
    cJSON_AddNumberToObject(o, "relay_dropped", (double)dropped);
}

static void add_outputs(cJSON *o, const struct indicators *indicators)
{
    struct indicators_view views[CONFIG_OUTPUTS_MAX + 1];
    size_t n = indicators_view(indicators, views);
    cJSON *all = cJSON_AddArrayToObject(o, "outputs");
    for (size_t i = 0; i < n; i++) {
        const struct config_output *output = views[i].output;
        cJSON *one = cJSON_CreateObject();
        cJSON_AddItemToArray(all, one);
        cJSON_AddStringToObject(one, "name", output->name);
        cJSON_AddStringToObject(one, "kind", config_output_kind_name(output->kind));
        cJSON_AddBoolToObject(one, "active", views[i].active);
        if (views[i].why)
            cJSON_AddStringToObject(one, "fault", views[i].why);
        else
            cJSON_AddNullToObject(one, "fault");
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

static void status_add_drill(cJSON *o, const struct drill_result *last)
{
    if (last->at[0] == '\0') {
        cJSON_AddNullToObject(o, "last_drill");
        return;
    }
    cJSON *d = cJSON_AddObjectToObject(o, "last_drill");
    cJSON_AddStringToObject(d, "at", last->at);
    cJSON_AddNumberToObject(d, "seen", last->seen);
    cJSON_AddNumberToObject(d, "safe", last->safe);
    cJSON_AddNumberToObject(d, "rang", last->rang);
}

/* Counts of the current alert; zero where the alert is hidden on site. */
static void add_counts(cJSON *o, const struct kiosk_state *s, size_t pending)
{
    bool calm = s->alert.now.calm; /* also in a drill that only the site is shown */
    cJSON_AddNumberToObject(o, "seen", calm ? 0 : s->facts.seen);
    cJSON_AddNumberToObject(o, "safe", calm ? 0 : s->facts.safe);
    cJSON_AddNumberToObject(o, "help", calm ? 0 : s->facts.help);
    cJSON_AddNumberToObject(o, "pending",
                            calm || s->alert.now.state == ALERT_QUIET ? 0 : (double)pending);
}

/* A CA file is read again at each attempt, so that this fault ends by itself. */
static void add_ca_faults(cJSON *all, const struct delivery *d)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    char sentence[FAULT_SENTENCE_MAX];
    size_t n = delivery_paths(d, paths);
    for (size_t i = 0; i < n; i++) {
        if (paths[i].fault != MQTT_FAULT_CA)
            continue;
        snprintf(sentence, sizeof sentence, "broker %s: %s", paths[i].name, paths[i].detail);
        cJSON_AddItemToArray(all, cJSON_CreateString(sentence));
    }
}

static void status_add_faults(cJSON *o, const struct status *s)
{
    cJSON *all = cJSON_AddArrayToObject(o, "faults");
    for (size_t i = 0; i < s->faults->count; i++)
        cJSON_AddItemToArray(all, cJSON_CreateString(s->faults->each[i].sentence));
    add_ca_faults(all, s->delivery);
}

size_t status_write(const struct status *status, char reply[CONTROL_REPLY_MAX])
{
    const struct kiosk_state *s = status->state;
    const char *shown = alert_state_name(alert_on_site(&s->alert));
    cJSON *o = cJSON_CreateObject();
    cJSON_AddTrueToObject(o, "ok");
    cJSON_AddStringToObject(o, "state", shown);
    cJSON_AddStringToObject(o, "on_site", shown);
    cJSON_AddBoolToObject(o, "drill", alert_drill_on_site(&s->alert));
    add_alert(o, s, status->now);
    status_add_brokers(o, status);
    add_sensors(add_inputs(o, status->inputs), status->sensors, status->now);
    add_troubles(o, status->troubles);
    add_buttons(o, status->buttons);
    add_outputs(o, status->indicators);
    add_counts(o, s, delivery_pending(status->delivery));
    cJSON_AddBoolToObject(o, "screen", status->screen);
    cJSON_AddNumberToObject(o, "cue", cue_of(&s->facts, status->now).signs);
    cJSON_AddBoolToObject(o, "record_fault", s->record_fault);
    cJSON_AddBoolToObject(o, "wipe_fault", s->wipe_fault);
    status_add_faults(o, status);
    cJSON_AddBoolToObject(o, "retired", s->retired);
    cJSON_AddBoolToObject(o, "relay", s->facts.relay_configured);
    add_relays(o, &s->relays);
    add_refused(o, s->refused);
    status_add_drill(o, &s->last_drill);
    cJSON_AddNumberToObject(o, "members", (double)status->members);
    cJSON_AddNumberToObject(o, "staff", (double)status->staff);
    cJSON_AddNumberToObject(o, "rang", s->rang);
    cJSON_AddNumberToObject(o, "phones", s->phones);
    if (s->month_known)
        cJSON_AddNumberToObject(o, "month", s->month);
    cJSON_AddBoolToObject(o, "clock_set", clock_is_set());
    cJSON_AddStringToObject(o, "version", PORCHLIGHT_VERSION);
    bool fits = cJSON_PrintPreallocated(o, reply, CONTROL_REPLY_MAX, 0);
    cJSON_Delete(o);
    return fits ? strlen(reply) : control_refuse("the status is too long for one packet", reply);
}
