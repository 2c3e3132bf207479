#ifndef PORCHLIGHT_CLI_CONF_EDIT_H
#define PORCHLIGHT_CLI_CONF_EDIT_H

#include <stdbool.h>
#include <stddef.h>

/* A config's text changed in single keys, so that the host's own words and comments stay. Pure. */

enum { CONF_TEXT_MAX = 65536 };

struct conf_text {
    char text[CONF_TEXT_MAX];
    size_t len;
};

/* 0, or -1: too long. */
int conf_text_set(struct conf_text *c, const char *text, size_t len);

/* `section` is what stands in the brackets: "broker here". It is added at the end where it is
 * missing, and so is the key at the section's end; a commented "#key =" gives its place to the
 * first. `value` NULL: the key is commented out. 0, or -1: too long. */
int conf_set(struct conf_text *c, const char *section, const char *key, const char *value);

bool conf_has(const struct conf_text *c, const char *section);
int conf_rename(struct conf_text *c, const char *section, const char *to);

/* The section's header and keys go; its comments above stay. */
int conf_drop(struct conf_text *c, const char *section);

#endif
