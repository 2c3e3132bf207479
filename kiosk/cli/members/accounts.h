#ifndef PORCHLIGHT_CLI_MEMBERS_ACCOUNTS_H
#define PORCHLIGHT_CLI_MEMBERS_ACCOUNTS_H

#include "kiosk/common/topics.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* The file that mosquitto's dynamic security plugin keeps its accounts in, before a broker runs
 * over it. A running broker is asked over MQTT instead (dynsec.h), which gives the same rights. */

/* Empty, refusing whatever no role allows. NULL: no memory. The caller's to cJSON_Delete. */
cJSON *accounts_new(void);

/* What a broker left. NULL if the text is no such file. */
cJSON *accounts_read(const char *text);

/* Makes or replaces an account and its role "<role>-<account>". A kiosk's account is a steward too:
 * it may ask the plugin for accounts, since it invites phones. 0, or -1 (see dynsec.h). */
int accounts_put(cJSON *all, enum topic_role who, const char *venue, const char *kiosk,
                 const char *account, const char *password);

/* The same for a bridge from another of the venue's brokers: it hands over what phones say there.
 * `kiosks` are all the venue's, `count` of them. */
int accounts_put_bridge(cJSON *all, const char *venue, char kiosks[][TOPIC_ID_LEN + 1],
                        size_t count, const char *account, const char *password);

bool accounts_have(const cJSON *all, const char *account);

#endif
