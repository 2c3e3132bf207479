#ifndef PORCHLIGHT_NIGHTS_INTRUDER_H
#define PORCHLIGHT_NIGHTS_INTRUDER_H

#include "tests/nights/night.h"

/* Somebody who works with a broker's operator and holds keys: those of a member's phone, of a staff
 * phone that the root key revokes later, or of a kiosk that was taken away. He reads what these
 * keys open, and writes whatever he likes on every topic of that broker: with the product's own
 * functions, and signed by what he really has. */

void intruder_begins(struct night *n, const struct happening *h);

/* Whether who has this kiosk has a staff phone as well. */
bool intruder_has_staff_too(const struct happening *h);

/* Forgets those of the last night. */
void intruders_begin(void);

/* A message was published at this broker. */
void intruders_read(const struct broker *b, const struct packet *p);

/* What this kiosk says may be his since then; INT64_MAX: its keys are in nobody's hands. */
int64_t intruder_is_kiosk_since(size_t kiosk);

/* When he made up this alert in the name of a kiosk whose keys he has; -1: he did not. */
int64_t intruder_made_at(const struct alert_id *id);

#endif
