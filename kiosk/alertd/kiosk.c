#include "kiosk/alertd/kiosk.h"

#include "config/secret.h"
#include "kiosk/alertd/actions.h"
#include "kiosk/alertd/events.h"
#include "kiosk/alertd/members/admin_requests.h"
#include "kiosk/alertd/members/registry.h"
#include "kiosk/alertd/members/staff.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/core/ns.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How often the weekly drill's moment is looked at; the loop turns for the beat anyway. */
#define DRILL_ASKED (15 * NS_PER_S)

/* A thousand phones answer within a second: the state tells how many, but not at their pace. */
#define STATE_PACE (2 * NS_PER_S)

enum { PASSWORD_MAX = 256 };

/* --- time ------------------------------------------------------------------------------------ */

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

static void weekly_drill(struct kiosk *k, int64_t now)
{
    if (now - k->drill_asked_at < DRILL_ASKED)
        return;
    k->drill_asked_at = now;
    if (drill_due(&k->drill, clock_week_minute(), randombytes_random()))
        actions_step(k, (struct alert_event){.kind = ALERT_EV_DRILL}, now);
}

/* A disk that was full has room again, or what was slow is done. */
static void kiosk_look_at_record(struct kiosk *k)
{
    if (!k->record_fault || recorder_failing(k->recorder))
        return;
    k->record_fault = false;
    log_info("the record is durable again");
}

static void kiosk_show_cue(struct kiosk *k, int64_t now)
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
    k->facts.fault = inputs_at_fault(k->inputs) || k->record_fault || k->wipe_fault;
    k->facts.alert_at = k->alert.now.state != ALERT_QUIET ? k->alert.since : NS_NEVER;
    struct cue cue = cue_of(&k->facts, now);
    screens_show(k->screens, &cue);
}

void kiosk_time(struct kiosk *k, int64_t now)
{
    inputs_time(k->inputs, now);
    if (alert_deadline(&k->alert, &k->rules) <= now)
        actions_step(k, (struct alert_event){.kind = ALERT_EV_TIME}, now);
    weekly_drill(k, now);
    kiosk_look_at_record(k);
    if (k->state_stale && now - k->state_told_at >= STATE_PACE)
        actions_state(k);
    finish_wipe(k, now);
    wiper_time(k->wiper, now);
    delivery_time(k->delivery, now);
    registry_time(k, now);
    kiosk_show_cue(k, now);
}

int64_t kiosk_deadline(const struct kiosk *k)
{
    int64_t tell = k->state_stale ? k->state_told_at + STATE_PACE : NS_NEVER;
    const int64_t due[] = {tell,
                           inputs_deadline(k->inputs),
                           alert_deadline(&k->alert, &k->rules),
                           wiper_deadline(k->wiper),
                           delivery_deadline(k->delivery),
                           registry_deadline(k),
                           cue_deadline(&k->facts, clock_now())};
    int64_t first = NS_NEVER;
    for (size_t i = 0; i < sizeof due / sizeof due[0]; i++)
        first = due[i] < first ? due[i] : first;
    return first;
}

/* --- set-up ---------------------------------------------------------------------------------- */

static void kiosk_complain(void *context, const char *sentence)
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
        if (!passwords[i] || secret_read_line(prefix, c->brokers[i].password, passwords[i],
                                              PASSWORD_MAX, kiosk_complain, NULL) != 0)
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
    drill_plan_init(&k->drill, c->alert.drill_from, c->alert.drill_to);
}

static const char *record_trouble(int error)
{
    return error == EBUSY    ? "it holds a vault's key; take another cell"
           : error == ENOSPC ? "there is no room; the record takes 50 bytes"
                             : strerror(error);
}

/* Reads what stood before, and counts this start. A lost record must not let the epoch fall back,
 * or phones would refuse all that comes: then it is the wall clock's seconds. */
static int record_begin(struct kiosk *k)
{
    struct record_place at;
    if (record_place(&at, k->prefix, k->config.kiosk.record) != 0) {
        log_error("%s%s: %s", k->prefix, k->config.kiosk.record, strerror(errno));
        return -1;
    }
    if (record_read(&at, &k->record) == 0) {
        k->record.epoch++;
        /* Switched off since: taken back, not put off until it is switched on again. */
        if (!k->config.wipe.enabled)
            k->record.standing.wipe_pending = false;
    } else {
        if (errno != ENOENT)
            log_error("%s: cannot be read (%s); begun anew, as if nothing had stood", at.path,
                      errno == EBADMSG ? "torn or foreign" : strerror(errno));
        k->record = (struct record){.epoch = clock_is_set() ? (uint64_t)clock_wall_seconds() : 1};
    }
    k->recorder = recorder_new(&at);
    if (!k->recorder) {
        log_error("no thread for the record: %s", strerror(errno));
        return -1;
    }
    k->record_fault = recorder_write(k->recorder, &k->record, NS_PER_S) != 0;
    if (k->record_fault)
        log_error("%s: cannot be written (%s); alerts go out, but would not outlive a power cut. "
                  "%s must belong to the user of porchlightd",
                  at.path, record_trouble(errno), at.cell ? "The cell" : "The folder");
    return 0;
}

static int sockets_open(struct kiosk *k)
{
    char screen[PATH_LEN], control[PATH_LEN], wipe[PATH_LEN];
    const struct wiper_listener listener = events_wiper(k);
    if (path_under(k->prefix, PATH_SCREEN, screen) != 0 ||
        path_under(k->prefix, PATH_CONTROL, control) != 0 ||
        path_under(k->prefix, PATH_WIPE, wipe) != 0)
        goto complain;
    k->screens = screens_new(screen, k->loop);
    k->control = control_new(control, 0660, k->loop, events_request, k);
    k->wiper = wiper_new(wipe, k->loop, &listener);
    if (k->screens && k->control && k->wiper)
        return 0;
complain:
    log_error("the local sockets in %s%s cannot be opened: %s; the folder must exist and belong to "
              "the user of porchlightd, and no other porchlightd may run",
              k->prefix, PATH_RUN_DIR, strerror(errno));
    return -1;
}

/* Without it nobody joins or leaves; alerts go out all the same. */
static void registry_open(struct kiosk *k)
{
    char path[PATH_LEN];
    k->registry = registry_new(k);
    if (path_under(k->prefix, PATH_ADMIN, path) == 0)
        k->steward = control_new(path, 0600, k->loop, admin_requests_answer, k);
    if (!k->steward)
        log_error("%s%s: %s; phones can neither be invited nor revoked", k->prefix, PATH_ADMIN,
                  strerror(errno));
    registry_brokers(k);
}

static int wires_open(struct kiosk *k)
{
    char sim[PATH_LEN];
    const struct inputs_listener listener = events_inputs(k);
    if (k->config.simulated &&
        (path_under(k->prefix, PATH_SIM, sim) != 0 || !(k->bus = sim_bus_new(sim)))) {
        log_error("%s%s: %s", k->prefix, PATH_SIM, strerror(errno));
        return -1;
    }
    k->inputs = inputs_new(&k->config, false, k->bus, k->loop, &listener);
    return k->inputs ? 0 : -1;
}

static int delivery_open(struct kiosk *k)
{
    const struct delivery_listener listener = events_delivery(k);
    k->delivery = delivery_new(&k->config, &k->sealer, k->passwords, k->loop, &listener);
    if (!k->delivery)
        log_error("no threads for the brokers: %s", strerror(errno));
    return k->delivery ? 0 : -1;
}

struct kiosk *kiosk_new(const char *prefix, const struct config *config, struct loop *loop)
{
    struct kiosk *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    snprintf(k->prefix, sizeof k->prefix, "%s", prefix);
    k->config = *config;
    k->loop = loop;
    k->facts =
        (struct cue_facts){.sensed_at = NS_NEVER, .alert_at = NS_NEVER, .relay_at = clock_now()};
    randombytes_buf(k->nonce, sizeof k->nonce);
    rules_set(k);
    if (record_begin(k) != 0 ||
        sealer_init(&k->sealer, prefix, config, k->record.epoch, kiosk_complain, NULL) != 0 ||
        passwords_read(prefix, config, k->passwords) != 0 || wires_open(k) != 0 ||
        sockets_open(k) != 0 || delivery_open(k) != 0) {
        kiosk_free(k);
        return NULL;
    }
    registry_open(k);
    staff_read(k);
    staff_proof_read(k);
    actions_resume(k, clock_now());
    inputs_begin(k->inputs, clock_now());
    wiper_check(k->wiper, config->wipe.enabled, clock_now());
    return k;
}

void kiosk_free(struct kiosk *k)
{
    if (!k)
        return;
    delivery_free(k->delivery);
    wiper_free(k->wiper);
    control_free(k->control);
    control_free(k->steward);
    registry_free(k->registry);
    screens_free(k->screens);
    inputs_free(k->inputs);
    sim_bus_free(k->bus);
    passwords_free(k->passwords);
    sealer_finish(&k->sealer);
    recorder_free(k->recorder);
    free(k);
}

/* --- a new config ---------------------------------------------------------------------------- */

static bool same_wires(const struct config *a, const struct config *b)
{
    return a->wipe.enabled == b->wipe.enabled && a->switches_count == b->switches_count &&
           a->doors_count == b->doors_count &&
           memcmp(a->switches, b->switches, sizeof a->switches) == 0 &&
           memcmp(a->doors, b->doors, sizeof a->doors) == 0 &&
           memcmp(&a->feel, &b->feel, sizeof a->feel) == 0;
}

static bool same_paths(const struct config *a, const struct config *b)
{
    return a->kiosk.cover == b->kiosk.cover && memcmp(&a->plain, &b->plain, sizeof a->plain) == 0 &&
           a->brokers_count == b->brokers_count &&
           memcmp(a->brokers, b->brokers, sizeof a->brokers) == 0 &&
           memcmp(&a->timing, &b->timing, sizeof a->timing) == 0;
}

static bool same_passwords(char *const a[CONFIG_BROKERS_MAX], char *const b[CONFIG_BROKERS_MAX])
{
    for (size_t i = 0; i < CONFIG_BROKERS_MAX; i++)
        if ((!a[i]) != (!b[i]) || (a[i] && strcmp(a[i], b[i]) != 0))
            return false;
    return true;
}

static int wires_swap(struct kiosk *k, const struct config *config)
{
    const struct inputs_listener listener = events_inputs(k);
    inputs_free(k->inputs);
    k->inputs = inputs_new(config, true, k->bus, k->loop, &listener);
    int rc = k->inputs ? 0 : -1;
    if (rc != 0)
        k->inputs = inputs_new(&k->config, false, k->bus, k->loop, &listener);
    if (!k->inputs) {
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
        config->kiosk.plain != k->config.kiosk.plain || config->simulated != k->config.simulated ||
        strcmp(config->kiosk.record, k->config.kiosk.record) != 0) {
        log_error("another venue, kiosk, record, make of lines or plain = needs a restart; the "
                  "config that "
                  "runs stands");
        return -1;
    }
    if (passwords_read(k->prefix, config, passwords) != 0 ||
        (!same_wires(config, &k->config) && wires_swap(k, config) != 0)) {
        passwords_free(passwords);
        return -1;
    }
    bool same = same_paths(config, &k->config) && same_passwords(passwords, k->passwords);
    k->config = *config;
    rules_set(k);
    wiper_check(k->wiper, config->wipe.enabled, clock_now());
    staff_read(k);
    if (same) {
        passwords_free(passwords);
        return 0;
    }
    if (delivery_swap(k->delivery, config, passwords) != 0)
        log_error("not every broker's thread could be started: %s", strerror(errno));
    registry_brokers(k);
    passwords_free(k->passwords);
    memcpy(k->passwords, passwords, sizeof passwords);
    return 0;
}
