#ifndef PORCHLIGHT_CONFIG_USES_H
#define PORCHLIGHT_CONFIG_USES_H

#include "config/config.h"

/* How a use is written in the config: "help: three long". */
enum { CONFIG_USE_MAX = 32 };
void config_use_write(const struct config_use *u, char *out, size_t size);

/* Whether whoever is in the room learns of a press or an alert by it. */
bool config_use_betrays(enum config_condition c);

/* The kind's name: "motor". Static storage. */
const char *config_output_kind_name(enum config_output_kind k);

#endif
