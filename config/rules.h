#ifndef PORCHLIGHT_CONFIG_RULES_H
#define PORCHLIGHT_CONFIG_RULES_H

#include "config/parse.h"

/* What no single key can show: overlaps, contradictions, one line used twice; and what a city
 * gives. Called when every key alone is right. */
void rules_check(struct parse *p);

#endif
