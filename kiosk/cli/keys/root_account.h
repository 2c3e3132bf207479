#ifndef PORCHLIGHT_CLI_KEYS_ROOT_ACCOUNT_H
#define PORCHLIGHT_CLI_KEYS_ROOT_ACCOUNT_H

#include "config/config.h"
#include "kiosk/cli/brokers.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/keys/venue_sheet.h"
#include "kiosk/core/registration.h"
#include "kiosk/core/root_word.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A connection to one broker as the root key's own account, which needs no kiosk: to order things
 * of the registrar there, and to publish what only the root may say. Each function waits. */
struct root_account;

/* `broker` has its CA set. NULL and why. `root` and `sheet` must outlive it. */
struct root_account *root_account_open(const struct root *root, const struct venue_sheet *sheet,
                                       const struct config_broker *broker,
                                       char why[BROKERS_WHY_MAX]);
void root_account_close(struct root_account *a); /* NULL is safe */

/* What a broker has of the sheet's kiosk, as far as the root's account may read it. */
struct root_account_seen {
    struct root_word word; /* what the root key said before */
    bool received;         /* the kiosk, signed by its own key: its newest message there */
    uint64_t epoch, seq;
    bool asked; /* whom it wants woken: */
    uint64_t ring_epoch, ring_seq;
    bool on; /* all phones, for this alert or drill */
    struct alert_id id;
};

/* Looks for about a second; where the broker keeps nothing, for longer than a beat. */
const struct root_account_seen *root_account_look(struct root_account *a);

/* Has the registrar do it; number and key are filled in. 0: it is done; -1 and why. */
int root_account_order(struct root_account *a, struct registration_request *q,
                       char why[BROKERS_WHY_MAX]);

/* 0 once the broker has accepted it; -1 and why. */
int root_account_publish(struct root_account *a, const char *topic, bool retain,
                         const void *payload, size_t len, char why[BROKERS_WHY_MAX]);

#endif
