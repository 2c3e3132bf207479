#include "config/secret.h"
#include "kiosk/alertd/kiosk.h"
#include "kiosk/alertd/kiosk_parts.h"
#include "kiosk/alertd/passwords.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

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
    int rc = kiosk_lines_take(k, config, true);
    if (rc != 0) {
        lines_drop(k);
        if (kiosk_lines_take(k, &k->config, false) != 0) {
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
        kiosk_buttons_open(k);
    kiosk_rules_set(k);
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
