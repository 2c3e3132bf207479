#include "kiosk/alertd/events.h"
#include "kiosk/alertd/idle.h"
#include "kiosk/alertd/kiosk.h"
#include "kiosk/alertd/kiosk_parts.h"
#include "kiosk/alertd/members/admin_requests.h"
#include "kiosk/alertd/passwords.h"
#include "kiosk/alertd/root_orders.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void kiosk_rules_set(struct kiosk *k)
{
    const struct config *c = &k->config;
    k->state.rules = (struct alert_rules){.wipe = c->wipe.enabled,
                                          .wipe_grace = c->wipe.grace,
                                          .abort_window = c->alert.abort_window,
                                          .drill_lasts = c->alert.drill_lasts,
                                          .plain = c->kiosk.plain};
    k->state.help_again = c->timing.help_again;
    drill_plan_init(&k->drill, c->alert.drill_from, c->alert.drill_to);
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

int kiosk_lines_take(struct kiosk *k, const struct config *config, bool whole)
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
    return kiosk_lines_take(k, &k->config, false);
}

static int troubles_open(struct kiosk *k)
{
    k->troubles = trouble_watch_new(k->prefix, clock_now());
    if (!k->troubles)
        log_error("the list of troubles: %s", strerror(errno));
    return k->troubles ? 0 : -1;
}

void kiosk_buttons_open(struct kiosk *k)
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
    kiosk_rules_set(k);
    struct record_place at;
    /* The lines come first: what is pressed while a slow card is waited for waits in them. */
    int bad = lines_open(k) || kiosk_record_read(k, &at);
    if (bad == 0) {
        keys_open(k);
        passwords_open(k);
        bad = kiosk_record_open(k, &at) || sockets_open(k) || troubles_open(k) ||
              delivery_open(k) || admin_open(k);
    }
    if (bad) {
        kiosk_free(k);
        return NULL;
    }
    actions_resume(&k->state, &k->outputs, clock_now());
    events_obey_root(k);
    inputs_begin(k->outputs.inputs, clock_now());
    kiosk_buttons_open(k);
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
