#ifndef PORCHLIGHT_CONFIG_HOST_WORDS_H
#define PORCHLIGHT_CONFIG_HOST_WORDS_H

#include "config/config.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* words.conf: what members' phones say is to be done now, in the host's own words. An INI file:
 *
 *   [words]
 *   link = tel:+994501234567
 *   [az]
 *   contact = Vəkil, gecə-gündüz
 *   lockdown-way = Geri qayıdın.
 *
 * A section for each language that the members' page has. What is not written is said by the page
 * in its own words (config/what-to-do.conf, the same kind of file). */

enum {
    HOST_WORDS_LANGUAGES = 5,
    HOST_WORDS_LINES = 7,
    HOST_WORDS_CHARACTERS = 150, /* of a line: four lines on a narrow phone */
    HOST_WORDS_TEXT = 461,       /* bytes, of which quotes and backslashes count twice */
    HOST_WORDS_LINK = 201,
};

/* "ar", "az", "en", "ka", "ru"; and the keys, "lockdown-staff" and so on, "contact" last. */
extern const char *const host_words_languages[HOST_WORDS_LANGUAGES];
extern const char *const host_words_keys[HOST_WORDS_LINES];

struct host_words_language {
    char lines[HOST_WORDS_LINES][HOST_WORDS_TEXT]; /* empty: not written */
};

struct host_words {
    uint64_t revision;          /* of what phones have; 0: none was ever sent */
    char link[HOST_WORDS_LINK]; /* tel: or https:; empty: none */
    struct host_words_language languages[HOST_WORDS_LANGUAGES];
};

/* Whether anything is written. */
bool host_words_any(const struct host_words *w);

/* How many lines of that language are written. */
size_t host_words_count(const struct host_words *w, size_t language);

/* What is wrong with one line or the link, as the host typed it; NULL: nothing. Static storage. */
const char *host_words_line_wrong(const char *text);
const char *host_words_link_wrong(const char *text);

/* The file at `path`; text that is in memory. 0, or -1 after at least one complaint: *w is then not
 * to be used. */
int host_words_load(const char *path, struct host_words *w, config_complain *complain,
                    void *context);
int host_words_parse(const char *path, const char *text, size_t len, struct host_words *w,
                     config_complain *complain, void *context);

/* The same as a file. What is not written is there as a comment, in the words of `standard` (NULL:
 * is left out). */
void host_words_write(FILE *out, const struct host_words *w, const struct host_words *standard);

#endif
