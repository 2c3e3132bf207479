#ifndef PORCHLIGHT_CLI_CONF_EDIT_H
#define PORCHLIGHT_CLI_CONF_EDIT_H

#include <stdbool.h>
#include <stddef.h>

/* Changes single keys in a config's text, so that the host's own comments are kept. Pure. */

enum { CONF_TEXT_MAX = 65536 };

struct conf_text {
    char text[CONF_TEXT_MAX];
    size_t len;
};

/* 0, or -1: too long. */
int conf_text_set(struct conf_text *c, const char *text, size_t len);

/* `section` is the text between the brackets: "broker here". A missing section is added at the end,
 * a missing key at the section's end, or in place of a commented "#key =". `value` NULL: the key is
 * commented out. 0, or -1: too long. */
int conf_set(struct conf_text *c, const char *section, const char *key, const char *value);

bool conf_has(const struct conf_text *c, const char *section);

/* Removes the section's header and keys; the comments above it are kept. */
int conf_drop(struct conf_text *c, const char *section);

#endif
