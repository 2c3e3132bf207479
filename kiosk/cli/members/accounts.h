#ifndef PORCHLIGHT_CLI_MEMBERS_ACCOUNTS_H
#define PORCHLIGHT_CLI_MEMBERS_ACCOUNTS_H

#include "kiosk/common/topics.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* The file in which mosquitto's dynamic security plugin keeps its accounts, for a broker that does
 * not run yet. A running one gets requests over MQTT instead (dynsec.h), which give the same
 * rights. */

/* An empty one, which refuses what no role allows. NULL: no memory. You cJSON_Delete it. */
cJSON *accounts_new(void);

/* The text that a broker wrote. NULL if it is not such a file. */
cJSON *accounts_read(const char *text);

/* Makes or replaces an account and its role "<role>-<account>", of which it holds no other. 0, or
 * -1 (see dynsec.h). */
int accounts_put(cJSON *all, enum topic_role who, const char *venue, const char *kiosk,
                 const char *account, const char *password);

/* Whether anybody there has such a role. */
bool accounts_have_role(const cJSON *all, enum topic_role who);

/* Of a file of 0.1.0, in which each kiosk's account administered the broker: takes that role away
 * from all of them, and says of this venue's kiosks whose they are. NULL is safe. */
void accounts_take_stewards(cJSON *all, const char *venue);

/* The account of the registrar beside that broker. */
int accounts_put_registrar(cJSON *all, const char *user, const char *password);

/* The same for a bridge from another of the venue's brokers, which passes on what phones publish
 * there. `kiosks` are all of the venue's, `count` of them. */
int accounts_put_bridge(cJSON *all, const char *venue, char kiosks[][TOPIC_ID_LEN + 1],
                        size_t count, const char *account, const char *password);

bool accounts_have(const cJSON *all, const char *account);

#endif
