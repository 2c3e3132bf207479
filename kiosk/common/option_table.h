#ifndef PORCHLIGHT_COMMON_OPTION_TABLE_H
#define PORCHLIGHT_COMMON_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* The options of a program or a subcommand, each written once: getopt's array, the --help text and
 * the place of the value all come from one table, which ends with {0}. */

/* Stores `value` (NULL for an option without one) in *field. NULL, or what is expected instead, as
 * in "a time such as 30s". */
typedef const char *option_taker(void *field, const char *value);

struct cli_option {
    const char *name;     /* without its dashes; or a plain word, which only --help shows */
    const char *argument; /* "FILE"; NULL: it takes no value */
    const char *help;     /* wrapped at 80 columns when it is printed */
    char letter;          /* 'h' for -h; 0: none */
    size_t at;            /* offset of the field */
    option_taker *take;   /* NULL: a plain word */
};

/* An option that may be given several times. */
enum { OPTION_LIST_MAX = 8 };
struct option_list {
    const char *texts[OPTION_LIST_MAX];
    size_t count;
};

option_taker option_flag; /* bool */
option_taker option_text; /* const char *: the string of argv itself */
option_taker option_time; /* int64_t: ns, more than 0 (duration.h) */
option_taker option_list; /* struct option_list */
option_taker option_id;   /* const char *: 16 hex digits */

/* A row whose kind follows from the field's type: `field` is a member of `type`. */
#define OPTION(name, argument, type, field, help)                                                  \
    OPTION_BY(name, argument, type, field,                                                         \
              _Generic(((type *)0)->field, bool                                                    \
                       : option_flag, const char *                                                 \
                       : option_text, int64_t                                                      \
                       : option_time, struct option_list                                           \
                       : option_list),                                                             \
              help)
#define OPTION_BY(name, argument, type, field, take, help)                                         \
    {                                                                                              \
        name, argument, help, 0, offsetof(type, field), take                                       \
    }
#define OPTION_WORD(word, help)                                                                    \
    {                                                                                              \
        word, NULL, help, 0, 0, NULL                                                               \
    }

/* Some tables, and the struct that each of them fills. Ends with a NULL table. */
struct option_set {
    const struct cli_option *table;
    void *into;
};

/* Reads argv[1] and further, and moves what is no option to the end, from argv[optind] on; with
 * `stop`, ends at the first word instead. 0, or -1 with the complaint in `wrong`. */
enum { OPTION_WRONG = 256 };
int options_read(const struct option_set *sets, bool stop, int argc, char **argv,
                 char wrong[OPTION_WRONG]);

/* For --help: a table's rows, or one. */
void options_print_row(FILE *out, const struct cli_option *row);
void options_print(FILE *out, const struct cli_option *table);

#endif
