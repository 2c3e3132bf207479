#ifndef PORCHLIGHT_CONFIG_KEYS_H
#define PORCHLIGHT_CONFIG_KEYS_H

#include "config/config.h"

/* Tables of INI files: what each section and key is called, what it may be, what it is unless it
 * is set, and where it goes. reader.h reads a file by one. porchlight.conf's is config_table. */

struct key;
struct reader;

/* How a kind of value is read. `set` writes the field (base + key->offset) and returns true, or
 * returns false; *hint may then point at static text that says what to write instead.
 * `expect` says what is expected: "a duration from 1ms to 200ms". */
struct value_type {
    bool (*set)(const struct key *k, const char *text, void *base, const char **hint);
    void (*expect)(const struct key *k, char *out, size_t size);
    bool literal; /* all that is written is the value: quotes, semicolons and # too */
};

struct section {
    const char *name;
    size_t max;                    /* 0: one [name]; else up to so many [name NAME] */
    size_t offset, element, count; /* of its array in the struct, and of the array's size_t count;
                                      an element begins with its name */
    bool required;                 /* at least one [name NAME] must be there */
    const char *why;               /* what would be missing without it */
    bool optional; /* a [name] that need not be there: its keys then get no defaults */
};

struct key {
    const char *section, *name;
    const struct value_type *type;
    const char *fallback; /* as it would be written; "": may be empty; NULL: must be given */
    size_t offset;        /* of the field, in the struct or in the array's element */
    size_t also;          /* of the field's second half: a count, the end of a span */
    int64_t min, max;     /* numbers and durations; for text its size in bytes */
    const char *words;    /* choices, separated by | */
};

struct table {
    const struct section *sections;
    size_t sections_count;
    const char *sections_are; /* what they are, said where one is unknown; NULL: nothing */
    const struct key *keys;
    size_t keys_count;                        /* at most TABLE_KEYS_MAX */
    size_t size;                              /* of the struct that all offsets count from */
    size_t name_size;                         /* of each element's name, at most TABLE_NAME_MAX */
    const char *name_letters, *name_expected; /* which letters it may have, and the same in words */
    const char *maker; /* which command makes such a file: "porchlight setup"; NULL: none */
    void (*rules)(struct reader *r); /* what no single key shows; called when each is right */
};

enum { TABLE_KEYS_MAX = 128, TABLE_NAME_MAX = 64 };

/* Fields of struct table: the arrays of its sections and keys, and names as the config has them. */
#define TABLE_ROWS(s, k)                                                                           \
    .sections = (s), .sections_count = sizeof(s) / sizeof(s)[0], .keys = (k),                      \
    .keys_count = sizeof(k) / sizeof(k)[0]
#define TABLE_NAMES                                                                                \
    .name_size = CONFIG_NAME_MAX, .name_letters = "abcdefghijklmnopqrstuvwxyz0123456789-_",        \
    .name_expected = "lower-case letters, digits, - and _"

extern const struct table config_table;

const struct section *table_section(const struct table *t, const char *name);
const struct key *table_key(const struct table *t, const struct section *s, const char *name);

/* Text of at most k->max - 1 bytes into the field: the end of most setters. */
bool value_put_text(const struct key *k, const char *text, void *base, const char **hint);

/* The kinds of values (values.c, and hours.c for those of the week). */
extern const struct value_type value_duration; /* int64_t, ns; 0 is not allowed unless min is 0 */
extern const struct value_type value_off_or_more; /* the same, but 0 is allowed beside min..max */
extern const struct value_type value_seconds;     /* int64_t, ns; whole seconds */
extern const struct value_type value_number;      /* int */
extern const struct value_type value_yes_no;      /* bool */
extern const struct value_type value_level;       /* bool: low is true */
extern const struct value_type value_choice;      /* enum: the index in words */
extern const struct value_type value_word;        /* char[max]: one of words */
extern const struct value_type value_one_of;      /* int: one of words, which are numbers */
extern const struct value_type value_degrees;     /* double; min and max in degrees */
extern const struct value_type value_id;          /* char[17] */
extern const struct value_type value_line;        /* char[max] */
extern const struct value_type value_switch_line; /* the same, or mqtt:TOPIC, or key:DEVICE:KEY */
extern const struct value_type value_source;      /* char[max]: a line, or a UPS */
extern const struct value_type value_host;        /* char[max] */
extern const struct value_type value_interface;   /* char[max] */
extern const struct value_type value_topic;       /* char[max], no wildcard; may be empty */
extern const struct value_type value_path;        /* char[max] */
extern const struct value_type value_store;       /* char[max]: a full path or nvmem:NAME */
extern const struct value_type value_account;     /* char[max] */
extern const struct value_type value_user;        /* char[max]: any printable characters */
extern const struct value_type value_credential;  /* char[max] */
extern const struct value_type value_timezone;    /* char[max] */
extern const struct value_type value_city;        /* char[max]; rules.c looks it up */
extern const struct value_type value_address;     /* char[max]: begins with one of words */
extern const struct value_type value_url;         /* the same, with ? and # too */
extern const struct value_type value_wording;     /* char[max]: any words */
extern const struct value_type value_languages;   /* char[][8], count in also */
extern const struct value_type value_hours;       /* struct config_hours[], count in also */
extern const struct value_type value_uses;        /* struct config_use[], count in also */
extern const struct value_type value_week_moment; /* int from, int to in also; -1 unless set */
extern const struct value_type value_day_span;    /* int from, int to in also; -1 unless set */

#endif
