#include "kiosk/alertd/kiosk.h"

#include "config/secret.h"
#include "kiosk/alertd/door_box.h"
#include "kiosk/alertd/events.h"
#include "kiosk/alertd/idle.h"
#include "kiosk/alertd/kiosk_parts.h"
#include "kiosk/alertd/members/admin_requests.h"
#include "kiosk/alertd/passwords.h"
#include "kiosk/alertd/root_orders.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often the plan of the weekly drill is asked; the loop turns for the beat anyway. */
#define DRILL_ASKED (15 * NS_PER_S)

/* A thousand phones answer within a second: the state with their count is published this often at
 * most. */
#define STATE_PACE (2 * NS_PER_S)

/* A record that is not written by then is a fault. */
#define RECORD_SLOW NS_PER_S

/* --- time ------------------------------------------------------------------------------------ */

/* The credentials' copies on the card are destroyed once the alert is outside, over, or too old to
 * matter. */
static void kiosk_finish_wipe(struct kiosk_state *s, struct wiper *wiper, int64_t now)
{
    int64_t expiry = topic_table[TOPIC_ALERT].expiry_s * NS_PER_S;
    if (!s->wiped || !(s->facts.handed_over || s->alert.now.state == ALERT_QUIET ||
                       now - s->alert.since > expiry))
        return;
    s->wiped = false;
    wiper_ask(wiper, WIPER_FINISH, now);
}

static void weekly_drill(struct kiosk *k, int64_t now)
{
    if (now - k->drill_asked_at < DRILL_ASKED)
        return;
    k->drill_asked_at = now;
    if (drill_due(&k->drill, clock_week_minute(), randombytes_random()))
        actions_drill(&k->state, &k->outputs, false, now);
}

static const char *record_trouble(int error)
{
    return error == EBUSY    ? "it holds a vault's key; use another cell"
           : error == ENOSPC ? "there is no room; the record takes 50 bytes"
                             : strerror(error);
}

/* What became of the newest record. One that failed is tried again, and is a fault meanwhile, as is
 * one that takes long. */
static enum recorder_result record_check(struct kiosk_state *s, struct recorder *recorder,
                                         int64_t now)
{
    enum recorder_result result = recorder_look(recorder);
    bool fault = result == RECORDER_FAILED ||
                 (result == RECORDER_PENDING && now - s->recorded_at >= RECORD_SLOW);
    if (fault && !s->record_fault)
        log_error("the record is not on the card yet: %s. The alert is sent all the same, but a "
                  "power cut now would lose it. Check the card (porchlight doctor)",
                  result == RECORDER_FAILED ? record_trouble(errno) : "the card does not answer");
    /* While the next record is being written, nobody knows yet whether the card is well again. */
    if (result != RECORDER_PENDING || fault) {
        if (s->record_fault && !fault)
            log_info("the record is on the card again");
        s->record_fault = fault;
    }
    return result;
}

/* "Handed over" is said when the alert has left the venue and its record is written, or cannot be,
 * which is a fault of its own. */
static void hand_over(struct kiosk_state *s, const struct outputs *o, int64_t now)
{
    enum recorder_result result = record_check(s, o->recorder, now);
    s->facts.handed_over |= s->left && result != RECORDER_PENDING;
}

/* Returns whether one of them refuses what the kiosk needs, or has failed beside others. */
static bool brokers_check(struct cue_facts *f, const struct delivery *d)
{
    bool refuses = false;
    struct delivery_path paths[CONFIG_BROKERS_MAX];
    size_t n = delivery_paths(d, paths);
    f->path = false;
    f->outside_configured = false;
    for (size_t i = 0; i < n; i++) {
        f->path = f->path || paths[i].carries;
        f->outside_configured = f->outside_configured || paths[i].outside;
        refuses = refuses || paths[i].refuses || paths[i].lost;
    }
    return refuses;
}

static void cue_show(struct kiosk *k, int64_t now)
{
    struct kiosk_state *s = &k->state;
    bool refuses = brokers_check(&s->facts, k->outputs.delivery);
    s->facts.relay_configured = k->config.alert.relay;
    s->facts.drill = alert_drill_on_site(&s->alert);
    s->facts.feigned = s->facts.drill && !s->alert.now.drill;
    s->facts.calm = alert_on_site(&s->alert) == ALERT_QUIET;
    s->facts.fault = inputs_at_fault(k->outputs.inputs) || indicators_at_fault(k->indicators) ||
                     s->record_fault || s->wipe_fault || k->faults.count > 0 || refuses ||
                     sensors_at_fault(k->sensors) || trouble_watch_is_cued(k->troubles);
    s->facts.alert_at = alert_on_site_since(&s->alert);
    s->facts.members = (uint32_t)members_count(k->members, false);
    s->staff = (uint32_t)members_count(k->members, true);
    struct cue cue = cue_of(&s->facts, now);
    screens_show(k->screens, &cue);
    const struct indicators_facts facts = indicators_facts(s, now);
    indicators_show(k->indicators, &facts, now);
}

static void troubles_look(struct kiosk *k, int64_t now)
{
    const struct trouble_parts parts = {.config = &k->config,
                                        .state = &k->state,
                                        .sensors = k->sensors,
                                        .delivery = k->outputs.delivery,
                                        .phones = members_count(k->members, false) +
                                                  members_count(k->members, true)};
    sensors_time(k->sensors, now);
    trouble_watch_time(k->troubles, &parts, now);
}

/* What Home Assistant shows. A door that is not reported is unknown, whatever it does: its comings
 * and goings are nobody's history. */
static void entities_show(struct kiosk *k)
{
    struct plain_entities all = {.count = 0};
    struct inputs_view views[INPUTS_MAX];
    size_t n = inputs_view(k->outputs.inputs, views);
    if (!k->config.kiosk.plain)
        return;
    for (size_t i = 0; i < n; i++) {
        const struct inputs_view *v = &views[i];
        if (!v->door)
            plain_entity_add(&all, PLAIN_SWITCH, v->name,
                             v->fault || v->missing ? PLAIN_ON : PLAIN_OFF);
        else
            plain_entity_add(&all, PLAIN_DOOR, v->name,
                             v->missing  ? PLAIN_UNKNOWN
                             : v->said   ? PLAIN_ON
                             : v->silent ? PLAIN_UNKNOWN
                             : v->active ? PLAIN_ON
                                         : PLAIN_OFF);
    }
    plain_entity_add(&all, PLAIN_PROBLEM, "", k->state.facts.fault ? PLAIN_ON : PLAIN_OFF);
    delivery_entities(k->outputs.delivery, &all);
}

void kiosk_time(struct kiosk *k, int64_t now)
{
    struct kiosk_state *s = &k->state;
    const struct outputs *o = &k->outputs;
    const struct own_messages_parts own = events_own_parts(k);
    inputs_time(o->inputs, now);
    if (alert_deadline(&s->alert, &s->rules) <= now)
        actions_step(s, o, (struct alert_event){.kind = ALERT_EV_TIME}, now);
    weekly_drill(k, now);
    hand_over(s, o, now);
    actions_release_wipe(s, o, now);
    if (s->publish_state && now - s->published_at >= STATE_PACE)
        actions_publish_state(s, o->delivery);
    kiosk_finish_wipe(s, o->wiper, now);
    wiper_time(o->wiper, now);
    own_messages_time(&k->own, &own, now);
    words_file_look(&k->words, k->prefix, o->delivery, now);
    delivery_time(o->delivery, now);
    members_time(k->members, now);
    troubles_look(k, now);
    cue_show(k, now);
    entities_show(k);
}

int64_t kiosk_deadline(const struct kiosk *k)
{
    const struct kiosk_state *s = &k->state;
    const int64_t due[] = {s->publish_state ? s->published_at + STATE_PACE : NS_NEVER,
                           inputs_deadline(k->outputs.inputs),
                           indicators_deadline(k->indicators),
                           sensors_deadline(k->sensors),
                           trouble_watch_deadline(k->troubles),
                           s->wipe_by,
                           recorder_look(k->outputs.recorder) == RECORDER_PENDING &&
                                   !s->record_fault
                               ? s->recorded_at + RECORD_SLOW
                               : NS_NEVER,
                           alert_deadline(&s->alert, &s->rules),
                           wiper_deadline(k->outputs.wiper),
                           own_messages_deadline(&k->own),
                           delivery_deadline(k->outputs.delivery),
                           members_deadline(k->members),
                           cue_deadline(&s->facts, clock_now())};
    int64_t first = NS_NEVER;
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        first = due[i] < first ? due[i] : first;
    return first;
}

/* --- set-up ---------------------------------------------------------------------------------- */

static void rules_set(struct kiosk *k)
{
    const struct config *c = &k->config;
    k->state.rules = (struct alert_rules){.wipe = c->wipe.enabled,
                                          .wipe_grace = c->wipe.grace,
                                          .abort_window = c->alert.abort_window,
                                          .drill_lasts = c->alert.drill_lasts,
                                          .plain = c->kiosk.plain};
    drill_plan_init(&k->drill, c->alert.drill_from, c->alert.drill_to);
}

/* An epoch is above that of the record by up to this. An old card that is put back then hardly ever
 * begins an epoch again that a later start has used: phones would refuse its messages as old until
 * it has sent as many, and nothing would show the kiosk why. It is less than the seconds between
 * two starts, mostly, for a lost record's epoch is the wall clock's. */
enum { EPOCH_STEP = 1 << 10 };

/* Reads what was active before, and gives this start its epoch. If the record is lost, its epoch
 * should not fall back, or phones would refuse all that follows: it becomes the wall clock's
 * seconds. Where that is not enough, brokers show it (own_messages.h). */
static void record_load(struct record *r, const struct record_place *at, bool wipe,
                        struct own_messages *own)
{
    if (record_file_read(at, r) == 0) {
        uint64_t before = r->epoch;
        r->epoch += 1 + randombytes_uniform(EPOCH_STEP);
        own_messages_init(own, r->epoch, before);
        /* Switched off since: it is cancelled, not postponed until the wipe is enabled again. */
        if (!wipe)
            r->standing.wipe_pending = false;
        return;
    }
    if (errno != ENOENT)
        log_error("%s: cannot be read (%s); starting as if no alert had been active", at->path,
                  errno == EBADMSG ? "it is damaged or no record" : strerror(errno));
    *r = (struct record){.epoch = clock_is_set() ? (uint64_t)clock_wall_seconds() : 1};
    own_messages_init(own, r->epoch, 0);
}

/* What follows from it is done by kiosk_time, after each turn of the loop. */
static void on_recorded(void *context, int fd, short revents)
{
    const struct kiosk *k = context;
    (void)fd;
    (void)revents;
    recorder_drain(k->outputs.recorder);
}

static int record_read(struct kiosk *k, struct record_place *at)
{
    if (record_place(at, k->prefix, k->config.kiosk.record) != 0) {
        log_error("%s%s: %s", k->prefix, k->config.kiosk.record, strerror(errno));
        return -1;
    }
    record_load(&k->state.record, at, k->config.wipe.enabled, &k->own);
    return 0;
}

/* Counts this start in the record, with what staff are told: so the keys come first. */
static int record_open(struct kiosk *k, const struct record_place *at)
{
    struct kiosk_state *s = &k->state;
    door_box_resume(s, &k->sealer);
    s->box_is_new = false;
    k->outputs.recorder = recorder_new(at);
    if (!k->outputs.recorder) {
        log_error("no thread for the record: %s", strerror(errno));
        return -1;
    }
    s->recorded_at = clock_now();
    enum recorder_result result = recorder_write(k->outputs.recorder, &s->record, RECORD_SLOW);
    s->record_fault = result != RECORDER_DURABLE;
    if (s->record_fault)
        log_error("%s: cannot be written (%s); alerts are sent, but a power cut would lose them. "
                  "%s must belong to the user of porchlightd",
                  at->path,
                  result == RECORDER_FAILED ? record_trouble(errno) : "the card does not answer",
                  at->cell ? "The cell" : "The folder");
    if (loop_add(k->loop, recorder_fd(k->outputs.recorder), POLLIN, on_recorded, k) == 0)
        return 0;
    log_error("the record: %s", strerror(errno));
    return -1;
}

static int sockets_open(struct kiosk *k)
{
    char screen[PATH_LEN], control[PATH_LEN], wipe[PATH_LEN];
    const struct wiper_listener listener = events_of_wiper(k);
    if (path_under(k->prefix, PATH_SCREEN, screen) != 0 ||
        path_under(k->prefix, PATH_CONTROL, control) != 0 ||
        path_under(k->prefix, PATH_WIPE, wipe) != 0)
        goto complain;
    k->screens = screens_new(screen, k->loop);
    k->control = control_new(control, 0660, k->loop, events_on_request, k);
    k->outputs.wiper = wiper_new(wipe, k->loop, &listener);
    if (k->screens && k->control && k->outputs.wiper)
        return 0;
complain:
    log_error("the local sockets in %s%s cannot be opened: %s; the folder must exist and belong to "
              "the user of porchlightd, and no other porchlightd may run",
              k->prefix, PATH_RUN_DIR, strerror(errno));
    return -1;
}

/* 0: every line is open; -1: one is not, with `whole` then nothing is. */
static int lines_take(struct kiosk *k, const struct config *config, bool whole)
{
    const struct inputs_listener listener = events_of_inputs(k);
    k->outputs.inputs = inputs_new(config, k->prefix, whole, k->bus, k->loop, &listener);
    k->indicators = indicators_new(config, whole, k->bus);
    k->sensors = sensors_new(config, k->bus, k->loop);
    return k->outputs.inputs && k->indicators && k->sensors ? 0 : -1;
}

static int lines_open(struct kiosk *k)
{
    char sim[PATH_LEN];
    if (k->config.simulated &&
        (path_under(k->prefix, PATH_SIM, sim) != 0 || !(k->bus = sim_bus_new(sim)))) {
        char sentence[PATH_LEN + 128];
        snprintf(sentence, sizeof sentence, "no simulated line works: %s%s: %s", k->prefix,
                 PATH_SIM, strerror(errno));
        faults_add(&k->faults, FAULT_OF_LINES, sentence);
    }
    return lines_take(k, &k->config, false);
}

static int troubles_open(struct kiosk *k)
{
    k->troubles = trouble_watch_new(k->prefix, clock_now());
    if (!k->troubles)
        log_error("the list of troubles: %s", strerror(errno));
    return k->troubles ? 0 : -1;
}

/* Without its password nothing is asked for: each such button is then a fault by itself. */
static void buttons_open(struct kiosk *k)
{
    const struct config_broker *b = &k->config.buttons.broker;
    const struct buttons_listener listener = events_of_buttons(k);
    struct faults_reader reader = {&k->faults, FAULT_OF_PASSWORD};
    char *password = NULL;
    buttons_free(k->buttons);
    k->buttons = NULL;
    if (!buttons_are_used(&k->config))
        return;
    if (b->password[0] != '\0' &&
        !(password = passwords_read_one(k->prefix, b->password, faults_complain, &reader)))
        return;
    k->buttons = buttons_new(&k->config, password, k->loop, &listener);
    sodium_free(password);
    if (!k->buttons)
        faults_add(&k->faults, FAULT_OF_LINES,
                   "no button by radio works: there is no thread for their broker");
}

static int delivery_open(struct kiosk *k)
{
    const struct delivery_listener listener = events_of_delivery(k);
    k->outputs.delivery = delivery_new(&k->config, &k->sealer, k->passwords, k->loop, &listener);
    if (!k->outputs.delivery)
        log_error("no threads for the brokers: %s", strerror(errno));
    return k->outputs.delivery ? 0 : -1;
}

static void kiosk_staff_changed(void *context)
{
    struct kiosk *k = context;
    actions_staff_changed(&k->state, &k->outputs);
}

/* The brokers hold wills that are sealed with the old key: every connection is made again. */
static int kiosk_change_key(void *context, const uint8_t key[ENVELOPE_KEY])
{
    struct kiosk *k = context;
    struct sealer_keys *old;
    if (sealer_rekey(&k->sealer, key, &old) != 0)
        return -1;
    delivery_swap(k->outputs.delivery, &k->config, k->passwords);
    sodium_free(old);
    actions_publish_state(&k->state, k->outputs.delivery);
    return 0;
}

static bool switch_pressed(const struct inputs *inputs)
{
    struct inputs_view views[INPUTS_MAX];
    size_t n = inputs_view(inputs, views);
    for (size_t i = 0; i < n; i++)
        if (!views[i].door && views[i].active && !views[i].fault)
            return true;
    return false;
}

static size_t on_admin_request(void *context, const char *request, char reply[CONTROL_REPLY_MAX])
{
    const struct kiosk *k = context;
    if (strncmp(request, TROUBLE_WATCH_WORD, strlen(TROUBLE_WATCH_WORD)) == 0)
        return trouble_watch_answer(k->troubles, request, reply);
    if (strcmp(request, "idle") != 0)
        return admin_requests_answer(k->members, request, reply);
    return idle(&k->state.alert, wiper_busy(k->outputs.wiper), switch_pressed(k->outputs.inputs))
               ? control_accept(reply)
               : control_refuse("not now; try again later", reply);
}

static int admin_open(struct kiosk *k)
{
    char path[PATH_LEN];
    const struct members_needs needs = {.prefix = k->prefix,
                                        .config = &k->config,
                                        .sealer = &k->sealer,
                                        .delivery = k->outputs.delivery,
                                        .screens = k->screens,
                                        .alert = &k->state.alert,
                                        .last_drill = &k->state.last_drill,
                                        .root = &k->state.root,
                                        .context = k,
                                        .change_key = kiosk_change_key,
                                        .staff_changed = kiosk_staff_changed};
    k->members = members_new(&needs);
    if (!k->members) {
        log_error("the list of phones: %s", strerror(errno));
        return -1;
    }
    if (path_under(k->prefix, PATH_ADMIN, path) == 0)
        k->admin = control_new(path, 0600, k->loop, on_admin_request, k);
    if (!k->admin)
        log_error("%s%s: %s; alerts are sent all the same, but no phone can be invited or revoked",
                  k->prefix, PATH_ADMIN, strerror(errno));
    return 0;
}

/* Without its keys the kiosk can seal nothing, so no broker is used. The wipe, the cue and the
 * record work all the same. */
static void keys_open(struct kiosk *k)
{
    struct faults_reader reader = {&k->faults, FAULT_OF_KEYS};
    struct staff staff;
    k->outputs.sealer = &k->sealer;
    if (sealer_init(&k->sealer, k->prefix, &k->config, k->state.record.epoch, faults_complain,
                    &reader) == 0) {
        root_orders_read(k->prefix, &k->state.root);
        staff_read(&staff, k->prefix, &k->sealer, &k->state.root);
        staff_readers(&staff, &k->sealer);
        return;
    }
    k->config.brokers_count = 0;
    faults_add(&k->faults, FAULT_OF_KEYS,
               "this kiosk cannot read its own keys, so nobody can be alerted; the wipe and the "
               "cue work. porchlight restore brings keys back from a backup");
}

static void passwords_open(struct kiosk *k)
{
    struct faults_reader reader = {&k->faults, FAULT_OF_PASSWORD};
    passwords_read(k->prefix, &k->config, k->passwords, faults_complain, &reader);
}

struct kiosk *kiosk_new(const char *prefix, const struct config *config,
                        const struct faults *faults, struct loop *loop)
{
    struct kiosk *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    snprintf(k->prefix, sizeof k->prefix, "%s", prefix);
    k->config = *config;
    k->loop = loop;
    if (faults)
        k->faults = *faults;
    k->state.facts =
        (struct cue_facts){.sensed_at = NS_NEVER, .alert_at = NS_NEVER, .relay_at = clock_now()};
    k->state.wipe_by = k->state.all_clear_at = NS_NEVER;
    randombytes_buf(k->state.nonce, sizeof k->state.nonce);
    rules_set(k);
    struct record_place at;
    int bad = record_read(k, &at);
    if (bad == 0) {
        keys_open(k);
        passwords_open(k);
        bad = record_open(k, &at) || lines_open(k) || sockets_open(k) || troubles_open(k) ||
              delivery_open(k) || admin_open(k);
    }
    if (bad) {
        kiosk_free(k);
        return NULL;
    }
    actions_resume(&k->state, &k->outputs, clock_now());
    events_obey_root(k);
    inputs_begin(k->outputs.inputs, clock_now());
    buttons_open(k);
    wiper_check(k->outputs.wiper, config->wipe.enabled, clock_now());
    if (k->faults.count > 0)
        actions_notice(k->outputs.delivery, MSG_FAULT, "", "setup");
    return k;
}

void kiosk_free(struct kiosk *k)
{
    if (!k)
        return;
    delivery_free(k->outputs.delivery);
    buttons_free(k->buttons);
    wiper_free(k->outputs.wiper);
    control_free(k->control);
    control_free(k->admin);
    members_free(k->members);
    screens_free(k->screens);
    trouble_watch_free(k->troubles);
    sensors_free(k->sensors);
    inputs_free(k->outputs.inputs);
    indicators_free(k->indicators);
    sim_bus_free(k->bus);
    passwords_free(k->passwords);
    sealer_finish(&k->sealer);
    if (k->outputs.recorder)
        loop_remove(k->loop, recorder_fd(k->outputs.recorder));
    recorder_free(k->outputs.recorder);
    free(k);
}

/* --- a new config ---------------------------------------------------------------------------- */

/* What cannot change while porchlightd runs. */
static bool same_kiosk(const struct config *a, const struct config *b)
{
    return strcmp(a->venue.id, b->venue.id) == 0 && strcmp(a->kiosk.id, b->kiosk.id) == 0 &&
           a->kiosk.plain == b->kiosk.plain && a->simulated == b->simulated &&
           strcmp(a->kiosk.record, b->kiosk.record) == 0;
}

static bool same_lines(const struct config *a, const struct config *b)
{
    return a->wipe.enabled == b->wipe.enabled && a->switches_count == b->switches_count &&
           a->doors_count == b->doors_count &&
           memcmp(a->switches, b->switches, sizeof a->switches) == 0 &&
           memcmp(a->doors, b->doors, sizeof a->doors) == 0 &&
           memcmp(&a->buttons, &b->buttons, sizeof a->buttons) == 0 &&
           a->inputs_count == b->inputs_count &&
           memcmp(a->inputs, b->inputs, sizeof a->inputs) == 0 &&
           a->outputs_count == b->outputs_count &&
           memcmp(a->outputs, b->outputs, a->outputs_count * sizeof a->outputs[0]) == 0;
}

static bool same_brokers(const struct config *a, const struct config *b)
{
    return a->kiosk.cover == b->kiosk.cover && memcmp(&a->plain, &b->plain, sizeof a->plain) == 0 &&
           a->brokers_count == b->brokers_count &&
           memcmp(a->brokers, b->brokers, sizeof a->brokers) == 0 &&
           memcmp(&a->timing, &b->timing, sizeof a->timing) == 0;
}

static void lines_drop(struct kiosk *k)
{
    inputs_free(k->outputs.inputs);
    sensors_free(k->sensors);
    indicators_free(k->indicators);
}

static int lines_swap(struct kiosk *k, const struct config *config)
{
    lines_drop(k);
    int rc = lines_take(k, config, true);
    if (rc != 0) {
        lines_drop(k);
        if (lines_take(k, &k->config, false) != 0) {
            log_error(
                "there is no memory for the lines; porchlightd ends, so that it is started again");
            exit(1);
        }
    }
    inputs_begin(k->outputs.inputs, clock_now());
    return rc;
}

/* Lines that cannot be opened leave the old ones in use: a switch that works is not given up for
 * one that does not. `config` then has the old ones too. */
static void lines_reload(struct kiosk *k, struct config *config)
{
    const struct config *old = &k->config;
    faults_clear(&k->faults, FAULT_OF_LINES);
    if (same_lines(config, old) || lines_swap(k, config) == 0)
        return;
    memcpy(config->switches, old->switches, sizeof config->switches);
    memcpy(config->doors, old->doors, sizeof config->doors);
    config->switches_count = old->switches_count;
    config->doors_count = old->doors_count;
    memcpy(config->inputs, old->inputs, sizeof config->inputs);
    config->inputs_count = old->inputs_count;
    config->buttons = old->buttons;
    memcpy(config->outputs, old->outputs, sizeof config->outputs);
    config->outputs_count = old->outputs_count;
    config->wipe.enabled = old->wipe.enabled;
    faults_add(&k->faults, FAULT_OF_LINES,
               "a line of the new config cannot be opened, so switches, doors, inputs and outputs "
               "are as they were before. porchlight doctor shows why");
}

/* A password that can no longer be read is the one that was read before. */
static void passwords_keep(const struct kiosk *k, const struct config *config,
                           char *passwords[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < config->brokers_count; i++)
        for (size_t j = 0; j < k->config.brokers_count && !passwords[i]; j++) {
            if (!k->passwords[j] || strcmp(config->brokers[i].name, k->config.brokers[j].name) != 0)
                continue;
            if ((passwords[i] = sodium_malloc(SECRET_FILE_MAX)))
                strcpy(passwords[i], k->passwords[j]);
        }
}

/* Takes the passwords over. */
static void brokers_swap(struct kiosk *k, char *passwords[CONFIG_BROKERS_MAX])
{
    delivery_swap(k->outputs.delivery, &k->config, passwords);
    members_brokers_changed(k->members);
    passwords_free(k->passwords);
    memcpy(k->passwords, passwords, sizeof k->passwords);
}

static void kiosk_apply(struct kiosk *k, const struct config *config)
{
    char *passwords[CONFIG_BROKERS_MAX] = {0};
    struct faults_reader reader = {&k->faults, FAULT_OF_PASSWORD};
    faults_clear(&k->faults, FAULT_OF_PASSWORD);
    passwords_read(k->prefix, config, passwords, faults_complain, &reader);
    passwords_keep(k, config, passwords);
    bool same = same_brokers(config, &k->config) && passwords_equal(passwords, k->passwords);
    bool lines = same_lines(config, &k->config);
    k->config = *config;
    if (!lines || !k->buttons)
        buttons_open(k);
    rules_set(k);
    wiper_check(k->outputs.wiper, config->wipe.enabled, clock_now());
    members_staff_read(k->members);
    if (same)
        passwords_free(passwords);
    else
        brokers_swap(k, passwords);
}

int kiosk_reload(struct kiosk *k, const struct config *config)
{
    struct config fresh = *config;
    size_t before = k->faults.count;
    faults_clear(&k->faults, FAULT_OF_RELOAD);
    if (!same_kiosk(config, &k->config)) {
        faults_add(&k->faults, FAULT_OF_RELOAD,
                   "another venue, kiosk, record or plain =, and a change between real and "
                   "simulated lines, need a restart (systemctl restart porchlightd); the old "
                   "config stays in use");
        return -1;
    }
    faults_clear(&k->faults, FAULT_OF_CONFIG);
    if (!k->sealer.keys && !k->sealer.plain)
        fresh.brokers_count = 0;
    lines_reload(k, &fresh);
    kiosk_apply(k, &fresh);
    if (k->faults.count > before)
        actions_notice(k->outputs.delivery, MSG_FAULT, "", "setup");
    return 0;
}

void kiosk_reload_refused(struct kiosk *k, const struct faults *mistakes)
{
    faults_clear(&k->faults, FAULT_OF_RELOAD);
    for (size_t i = 0; i < mistakes->count && k->faults.count < FAULTS_MAX; i++) {
        k->faults.each[k->faults.count] = mistakes->each[i];
        k->faults.each[k->faults.count++].of = FAULT_OF_RELOAD;
    }
    actions_notice(k->outputs.delivery, MSG_FAULT, "", "setup");
}
