#include "kiosk/alertd/kiosk.h"

#include "config/secret.h"
#include "kiosk/alertd/control.h"
#include "kiosk/alertd/delivery.h"
#include "kiosk/alertd/inputs.h"
#include "kiosk/alertd/recorder.h"
#include "kiosk/alertd/screens.h"
#include "kiosk/alertd/status.h"
#include "kiosk/alertd/wiper.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* A record is waited for so long and no longer: half a hold-up loop's answering time of 500 ms is
 * left for the brokers. */
#define RECORD_PATIENCE (250 * NS_PER_MS)

enum { PASSWORD_MAX = 256 };

struct kiosk {
    char prefix[PATH_LEN];
    struct config config;
    struct loop *loop;
    struct alert alert;
    struct alert_rules rules;
    struct record record; /* as it was last written */
    bool record_fault;
    struct recorder *recorder;
    struct compose compose;
    char *passwords[CONFIG_BROKERS_MAX]; /* sodium_malloc; NULL: none */
    struct line_bus *bus;
    struct inputs *inputs;
    struct delivery *delivery;
    struct screens *screens;
    struct control *control;
    struct wiper *wiper;
    struct cue_facts facts;
    uint8_t nonce[MESSAGE_NONCE];
    bool wiped; /* all but the credentials is destroyed */
};

static struct alert_id fresh_id(void)
{
    struct alert_id id;
    randombytes_buf(id.bytes, sizeof id.bytes);
    id.bytes[6] = (uint8_t)((id.bytes[6] & 0x0f) | 0x40); /* RFC 9562: version 4, */
    id.bytes[8] = (uint8_t)((id.bytes[8] & 0x3f) | 0x80); /* variant 10 */
    return id;
}

/* --- doing what alert_step says ----------------------------------------------------------------
 */

static void do_record(struct kiosk *k)
{
    const struct alert_standing *now = &k->alert.now;
    if (memcmp(&k->record.standing, now, sizeof *now) == 0)
        return;
    if (!alert_id_equal(&k->record.standing.id, &now->id))
        k->record.began = clock_is_set() && !alert_id_is_none(&now->id) ? (int64_t)time(NULL) : 0;
    k->record.standing = *now;
    bool fault = recorder_write(k->recorder, &k->record, RECORD_PATIENCE) != 0;
    if (fault)
        log_error("the record is not durable yet: %s; the alert goes out all the same. Look at the "
                  "disk",
                  strerror(errno));
    k->record_fault = fault;
}

static void do_state(struct kiosk *k)
{
    const struct alert_standing *s = &k->alert.now;
    struct message m = {.kind = MSG_STATE,
                        .id = s->id,
                        .age_ms = -1,
                        .state = s->state,
                        .drill = s->drill,
                        .unconfirmed = s->unconfirmed,
                        .duress = s->duress,
                        .seen = k->facts.seen,
                        .safe = k->facts.safe};
    memcpy(m.nonce, k->nonce, sizeof m.nonce);
    delivery_state(k->delivery, &m);
}

static void do_notice(struct kiosk *k, enum message_kind kind, const char *detail)
{
    struct message m = {.kind = kind, .id = fresh_id(), .age_ms = 0};
    snprintf(m.detail, sizeof m.detail, "%s", detail);
    delivery_notice(k->delivery, &m);
}

/* One report for each broker, as message.h has it. */
static void do_report(struct kiosk *k, const struct alert_id *id)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(k->delivery, paths);
    for (size_t i = 0; i < n; i++) {
        struct message m = {.kind = MSG_DRILL_REPORT,
                            .id = *id,
                            .drill = true,
                            .age_ms = paths[i].latency < 0 ? -1 : paths[i].latency / NS_PER_MS,
                            .seen = k->facts.seen,
                            .safe = k->facts.safe};
        snprintf(m.detail, sizeof m.detail, "%.*s", (int)sizeof m.detail - 1, paths[i].name);
        delivery_notice(k->delivery, &m);
    }
}

/* Decided once more, just before what cannot be undone. */
static void do_wipe(struct kiosk *k, bool drill, int64_t now)
{
    if (drill)
        wiper_ask(k->wiper, WIPER_DRILL, now);
    else if (k->config.wipe.enabled && k->alert.now.wipe_pending)
        wiper_ask(k->wiper, WIPER_WIPE, now);
}

static void do_action(struct kiosk *k, const struct alert_action *a, bool resumed, int64_t now)
{
    switch (a->kind) {
    case ALERT_DO_RECORD:
        do_record(k);
        break;
    case ALERT_DO_PUBLISH:
        delivery_alert(k->delivery, a, resumed, now, resumed ? k->record.began : 0);
        break;
    case ALERT_DO_STATE:
        do_state(k);
        break;
    case ALERT_DO_WIPE:
        do_wipe(k, a->drill, now);
        break;
    case ALERT_DO_TICK:
        inputs_tick(k->inputs, a->ticks, now);
        break;
    case ALERT_DO_NOTICE:
        do_notice(k, MSG_FAULT, gesture_name(a->notice));
        break;
    case ALERT_DO_FORGET:
        k->facts.seen = k->facts.safe = 0;
        k->facts.handed_over = k->facts.delivered_lan = false;
        break;
    case ALERT_DO_REPORT:
        do_report(k, &a->id);
        break;
    }
}

static void do_all(struct kiosk *k, const struct alert_action *a, size_t n, bool resumed,
                   int64_t now)
{
    for (size_t i = 0; i < n; i++)
        do_action(k, &a[i], resumed, now);
}

static void step(struct kiosk *k, struct alert_event e, int64_t now)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    e.fresh_id = fresh_id();
    do_all(k, out, alert_step(&k->alert, &k->rules, &e, now, out), false, now);
}

static void gesture(struct kiosk *k, enum gesture g, int64_t now)
{
    step(k, (struct alert_event){.kind = ALERT_EV_GESTURE, .gesture = g}, now);
}

/* --- what the parts tell -----------------------------------------------------------------------
 */

static void on_gesture(void *context, const char *name, enum gesture g, int64_t now)
{
    struct kiosk *k = context;
    if (g == GESTURE_SENSED)
        k->facts.sensed_at = now;
    if (g == GESTURE_STUCK || g == GESTURE_FOUND || g == GESTURE_FREED)
        log_warning("switch %s: %s", name, gesture_name(g));
    gesture(k, g, now);
}

static void on_wires(void *context, const char *name, enum pair_event_kind fault, int64_t now)
{
    (void)now;
    log_warning("switch %s: wires %s", name, pair_event_name(fault));
    do_notice(context, MSG_FAULT, pair_event_name(fault));
}

/* Nothing about the door is logged: a journal lasts longer than an evening. */
static void on_door(void *context, const char *name, enum door_notice n, int64_t now)
{
    (void)name;
    (void)now;
    do_notice(context, MSG_DOOR, door_notice_name(n));
}

static bool lockdown_stands(void *context)
{
    const struct kiosk *k = context;
    return k->alert.now.state == ALERT_LOCKDOWN;
}

static bool is_alarm(enum alert_publish p)
{
    return p == ALERT_PUB_LOCKDOWN || p == ALERT_PUB_CAUTION || p == ALERT_PUB_UNCLEAR;
}

/* Felt twice: accepted outside. Only for what was pressed openly, so that duress feels like the
 * code. */
static void on_acked(void *context, const struct outbox_entry *e, size_t broker, bool outside,
                     bool news)
{
    struct kiosk *k = context;
    (void)broker;
    if (!alert_id_equal(&e->id, &k->alert.now.id) || !is_alarm(e->publish))
        return;
    if (!outside) {
        k->facts.delivered_lan = true;
    } else {
        k->facts.handed_over = true;
        if (news && !k->alert.now.calm)
            inputs_tick(k->inputs, 2, clock_now());
    }
}

static void on_heard(void *context, enum topic t, const char *account, const struct broker_event *e)
{
    struct kiosk *k = context;
    (void)account;
    (void)e;
    if (t == TOPIC_RELAY)
        k->facts.relay_at = clock_now();
}

static void on_path(void *context)
{
    (void)context; /* the cue is made anew after every turn */
}

static void on_wipe_ended(void *context, enum wiper_work work, uint32_t outcome, int64_t took)
{
    struct kiosk *k = context;
    (void)took;
    if (outcome == WIPE_FAILED)
        do_notice(k, MSG_FAULT, "wipe-failed");
    else if (outcome == WIPE_UNVERIFIED)
        do_notice(k, MSG_FAULT, "wipe-unverified");
    if (work == WIPER_WIPE)
        k->wiped = true;
    if (work == WIPER_FINISH && outcome != WIPE_FAILED)
        step(k, (struct alert_event){.kind = ALERT_EV_WIPED}, clock_now());
}

static size_t on_request(void *context, const char *request, char reply[CONTROL_REPLY_MAX])
{
    struct kiosk *k = context;
    int64_t now = clock_now();
    if (strcmp(request, "status") == 0) {
        struct status s = {.alert = &k->alert,
                           .facts = &k->facts,
                           .inputs = k->inputs,
                           .delivery = k->delivery,
                           .record_fault = k->record_fault,
                           .now = now};
        return status_write(&s, reply, CONTROL_REPLY_MAX);
    }
    if (strcmp(request, "code") == 0)
        gesture(k, GESTURE_CODE, now);
    else if (strcmp(request, "lockdown") == 0)
        gesture(k, GESTURE_LOCKDOWN, now);
    else if (strcmp(request, "caution") == 0)
        gesture(k, GESTURE_CAUTION, now);
    else if (strcmp(request, "drill") == 0 || strcmp(request, "drill wipe") == 0) {
        if (k->alert.now.state != ALERT_QUIET)
            return status_refuse("a drill cannot begin now; try again later", reply,
                                 CONTROL_REPLY_MAX);
        step(k, (struct alert_event){.kind = ALERT_EV_DRILL, .drill_wipe = request[5] == ' '}, now);
    } else {
        return status_refuse(
            "unknown request; known are: status, drill, drill wipe, code, lockdown, caution", reply,
            CONTROL_REPLY_MAX);
    }
    return status_accept(reply, CONTROL_REPLY_MAX);
}

/* --- time --------------------------------------------------------------------------------------
 */

/* The credentials' copies on the card die once the alert is outside, over, or too old to matter. */
static void finish_wipe(struct kiosk *k, int64_t now)
{
    int64_t expiry = topic_table[TOPIC_ALERT].expiry_s * NS_PER_S;
    if (!k->wiped || !(k->facts.handed_over || k->alert.now.state == ALERT_QUIET ||
                       now - k->alert.since > expiry))
        return;
    k->wiped = false;
    wiper_ask(k->wiper, WIPER_FINISH, now);
}

static void show_cue(struct kiosk *k, int64_t now)
{
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(k->delivery, paths);
    k->facts.path = false;
    k->facts.outside_configured = false;
    for (size_t i = 0; i < n; i++) {
        k->facts.path = k->facts.path || paths[i].up;
        k->facts.outside_configured = k->facts.outside_configured || paths[i].outside;
    }
    k->facts.relay_configured = k->config.alert.relay;
    k->facts.drill = k->alert.now.drill;
    k->facts.calm = k->alert.now.calm;
    k->facts.fault = inputs_at_fault(k->inputs) || k->record_fault;
    k->facts.alert_at = k->alert.now.state != ALERT_QUIET ? k->alert.since : NS_NEVER;
    struct cue cue = cue_of(&k->facts, now);
    screens_show(k->screens, &cue);
}

void kiosk_time(struct kiosk *k, int64_t now)
{
    inputs_time(k->inputs, now);
    if (alert_deadline(&k->alert, &k->rules) <= now)
        step(k, (struct alert_event){.kind = ALERT_EV_TIME}, now);
    finish_wipe(k, now);
    wiper_time(k->wiper, now);
    delivery_time(k->delivery, now);
    show_cue(k, now);
}

int64_t kiosk_deadline(const struct kiosk *k)
{
    const int64_t due[] = {inputs_deadline(k->inputs), alert_deadline(&k->alert, &k->rules),
                           wiper_deadline(k->wiper), delivery_deadline(k->delivery),
                           cue_deadline(&k->facts, clock_now())};
    int64_t first = NS_NEVER;
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        first = due[i] < first ? due[i] : first;
    return first;
}

/* --- set-up ------------------------------------------------------------------------------------
 */

static void complain(void *context, const char *sentence)
{
    (void)context;
    log_error("%s", sentence);
}

static void passwords_free(char *passwords[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++) {
        sodium_free(passwords[i]);
        passwords[i] = NULL;
    }
}

static int passwords_read(const char *prefix, const struct config *c,
                          char *passwords[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < c->brokers_count; i++) {
        if (c->brokers[i].password[0] == '\0')
            continue;
        passwords[i] = sodium_malloc(PASSWORD_MAX);
        if (passwords[i] == NULL || secret_read_line(prefix, c->brokers[i].password, passwords[i],
                                                     PASSWORD_MAX, complain, NULL) != 0)
            return -1;
    }
    return 0;
}

static void rules_set(struct kiosk *k)
{
    const struct config *c = &k->config;
    k->rules = (struct alert_rules){.wipe = c->wipe.enabled,
                                    .wipe_grace = c->wipe.grace,
                                    .abort_window = c->alert.abort_window,
                                    .drill_lasts = c->alert.drill_lasts,
                                    .plain = c->kiosk.plain};
}

static struct inputs_listener inputs_for(struct kiosk *k)
{
    return (struct inputs_listener){.context = k,
                                    .gesture = on_gesture,
                                    .wires = on_wires,
                                    .door = on_door,
                                    .lockdown = lockdown_stands};
}

/* Reads what stood before, and counts this start. A lost record must not let the epoch fall back,
 * or phones would refuse all that comes: then it is the wall clock's seconds. */
static int record_begin(struct kiosk *k)
{
    char path[PATH_LEN];
    if (path_under(k->prefix, PATH_RECORD, path) != 0) {
        log_error("%s%s: %s", k->prefix, PATH_RECORD, strerror(errno));
        return -1;
    }
    if (record_read(path, &k->record) == 0) {
        k->record.epoch++;
    } else {
        if (errno != ENOENT)
            log_error("%s: cannot be read (%s); begun anew, as if nothing had stood", path,
                      errno == EBADMSG ? "torn or foreign" : strerror(errno));
        k->record = (struct record){.epoch = clock_is_set() ? (uint64_t)time(NULL) : 1};
    }
    k->recorder = recorder_new(path);
    if (k->recorder == NULL) {
        log_error("no thread for the record: %s", strerror(errno));
        return -1;
    }
    k->record_fault = recorder_write(k->recorder, &k->record, NS_PER_S) != 0;
    if (k->record_fault)
        log_error("%s: cannot be written (%s); alerts go out, but would not outlive a power cut. "
                  "The folder must belong to the user of porchlightd",
                  path, strerror(errno));
    return 0;
}

static int sockets_open(struct kiosk *k)
{
    char screen[PATH_LEN], control[PATH_LEN], wipe[PATH_LEN];
    const struct wiper_listener ended = {.context = k, .ended = on_wipe_ended};
    if (path_under(k->prefix, PATH_SCREEN, screen) != 0 ||
        path_under(k->prefix, PATH_CONTROL, control) != 0 ||
        path_under(k->prefix, PATH_WIPE, wipe) != 0)
        goto complain;
    k->screens = screens_new(screen, k->loop);
    k->control = control_new(control, k->loop, on_request, k);
    k->wiper = wiper_new(wipe, k->loop, &ended);
    if (k->screens != NULL && k->control != NULL && k->wiper != NULL)
        return 0;
complain:
    log_error("the local sockets in %s%s cannot be opened: %s; the folder must exist and belong to "
              "the user of porchlightd, and no other porchlightd may run",
              k->prefix, PATH_RUN_DIR, strerror(errno));
    return -1;
}

static int wires_open(struct kiosk *k)
{
    char sim[PATH_LEN];
    const struct inputs_listener listener = inputs_for(k);
    if (k->config.simulated &&
        (path_under(k->prefix, PATH_SIM, sim) != 0 || (k->bus = line_bus_new(sim)) == NULL)) {
        log_error("%s%s: %s", k->prefix, PATH_SIM, strerror(errno));
        return -1;
    }
    k->inputs = inputs_new(&k->config, k->bus, k->loop, &listener);
    return k->inputs != NULL ? 0 : -1;
}

static int delivery_open(struct kiosk *k)
{
    const struct delivery_listener listener = {
        .context = k, .acked = on_acked, .heard = on_heard, .path = on_path};
    k->delivery = delivery_new(&k->config, &k->compose, k->passwords, k->loop, &listener);
    if (k->delivery == NULL)
        log_error("no threads for the brokers: %s", strerror(errno));
    return k->delivery != NULL ? 0 : -1;
}

static void resume(struct kiosk *k, int64_t now)
{
    struct alert_action out[ALERT_ACTIONS_MAX];
    size_t n = alert_resume(&k->alert, &k->record.standing, now, out);
    if (k->alert.now.state != ALERT_QUIET)
        log_info("resumed what stood before the restart");
    do_all(k, out, n, true, now);
    inputs_begin(k->inputs, now);
}

struct kiosk *kiosk_new(const char *prefix, const struct config *config, struct loop *loop)
{
    struct kiosk *k = calloc(1, sizeof *k);
    if (k == NULL)
        return NULL;
    snprintf(k->prefix, sizeof k->prefix, "%s", prefix);
    k->config = *config;
    k->loop = loop;
    k->facts =
        (struct cue_facts){.sensed_at = NS_NEVER, .alert_at = NS_NEVER, .relay_at = clock_now()};
    randombytes_buf(k->nonce, sizeof k->nonce);
    rules_set(k);
    if (record_begin(k) != 0 ||
        compose_init(&k->compose, prefix, config, k->record.epoch, complain, NULL) != 0 ||
        passwords_read(prefix, config, k->passwords) != 0 || wires_open(k) != 0 ||
        sockets_open(k) != 0 || delivery_open(k) != 0) {
        kiosk_free(k);
        return NULL;
    }
    resume(k, clock_now());
    return k;
}

void kiosk_free(struct kiosk *k)
{
    if (k == NULL)
        return;
    delivery_free(k->delivery);
    wiper_free(k->wiper);
    control_free(k->control);
    screens_free(k->screens);
    inputs_free(k->inputs);
    line_bus_free(k->bus);
    passwords_free(k->passwords);
    compose_finish(&k->compose);
    recorder_free(k->recorder);
    free(k);
}

/* --- a new config ------------------------------------------------------------------------------
 */

static bool same_wires(const struct config *a, const struct config *b)
{
    return a->wipe.enabled == b->wipe.enabled && a->switches_count == b->switches_count &&
           a->doors_count == b->doors_count &&
           memcmp(a->switches, b->switches, sizeof a->switches) == 0 &&
           memcmp(a->doors, b->doors, sizeof a->doors) == 0 &&
           memcmp(&a->feel, &b->feel, sizeof a->feel) == 0;
}

static int wires_swap(struct kiosk *k, const struct config *config)
{
    const struct inputs_listener listener = inputs_for(k);
    inputs_free(k->inputs);
    k->inputs = inputs_new(config, k->bus, k->loop, &listener);
    int rc = k->inputs != NULL ? 0 : -1;
    if (rc != 0)
        k->inputs = inputs_new(&k->config, k->bus, k->loop, &listener);
    if (k->inputs == NULL) {
        log_error("neither the new wires nor the old ones can be opened; ending, to be restarted");
        exit(1);
    }
    inputs_begin(k->inputs, clock_now());
    return rc;
}

int kiosk_reload(struct kiosk *k, const struct config *config)
{
    char *passwords[CONFIG_BROKERS_MAX] = {0};
    if (strcmp(config->venue.id, k->config.venue.id) != 0 ||
        strcmp(config->kiosk.id, k->config.kiosk.id) != 0 ||
        config->kiosk.plain != k->config.kiosk.plain || config->simulated != k->config.simulated) {
        log_error("another venue, kiosk, make of lines or plain = needs a restart; the config that "
                  "runs stands");
        return -1;
    }
    if (passwords_read(k->prefix, config, passwords) != 0 ||
        (!same_wires(config, &k->config) && wires_swap(k, config) != 0)) {
        passwords_free(passwords);
        return -1;
    }
    bool brokers = memcmp(config->brokers, k->config.brokers, sizeof config->brokers) != 0 ||
                   config->brokers_count != k->config.brokers_count ||
                   memcmp(&config->timing, &k->config.timing, sizeof config->timing) != 0;
    k->config = *config;
    rules_set(k);
    if (brokers && delivery_swap(k->delivery, config, passwords) != 0)
        log_error("not every broker's thread could be started: %s", strerror(errno));
    passwords_free(k->passwords);
    memcpy(k->passwords, passwords, sizeof passwords);
    return 0;
}
