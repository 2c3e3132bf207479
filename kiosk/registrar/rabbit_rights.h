#ifndef PORCHLIGHT_REGISTRAR_RABBIT_RIGHTS_H
#define PORCHLIGHT_REGISTRAR_RABBIT_RIGHTS_H

#include "kiosk/common/topics.h"
#include "kiosk/registrar/broker_admin.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* What RabbitMQ stores of an account, and how it is read back. Pure. The rights are topic_table's,
 * nothing else: a topic permission on the exchange amq.topic, where the plugin publishes MQTT's
 * topics with dots for slashes; and permissions on the account's own queues, which are named after
 * its client id, the same as its name. */

#define RABBIT_EXCHANGE "amq.topic"

enum { RABBIT_PATTERN_MAX = 4096 };

/* The regular expression of the topics that `who` may write, or read: "^$" where there is none. 0,
 * or -1 with errno EINVAL. */
int rabbit_rights_topics(enum topic_role who, const char *venue, const char *kiosk,
                         const char *account, bool writes, char out[RABBIT_PATTERN_MAX]);

/* That of the queues and exchanges which it may declare and use. */
void rabbit_rights_queues(const char *account, char out[RABBIT_PATTERN_MAX]);

/* The tags of an account: they say whose it is, and give no rights. NULL: no memory. */
cJSON *rabbit_rights_tags(enum registration_role role, const char *venue, const char *kiosk,
                          bool suspended);

/* From the tags of a user as the API gives them, a list or (before 3.9) words with commas. What is
 * not ours is nobody's. */
struct registration_account rabbit_rights_account(const cJSON *tags);

#endif
