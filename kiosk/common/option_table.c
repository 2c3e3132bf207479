#include "kiosk/common/option_table.h"

#include "kiosk/common/duration.h"
#include "kiosk/common/topics.h"
#include "kiosk/common/wrap.h"

#include <getopt.h>
#include <string.h>

enum { OPTIONS_MAX = 32, LONG = 256, HELP_COLUMN = 19 };

/* --- the kinds ------------------------------------------------------------------------------- */

const char *option_flag(void *field, const char *value)
{
    (void)value;
    *(bool *)field = true;
    return NULL;
}

const char *option_text(void *field, const char *value)
{
    *(const char **)field = value;
    return NULL;
}

const char *option_time(void *field, const char *value)
{
    int64_t *ns = field;
    return duration_parse(value, ns) == 0 && *ns > 0 ? NULL : "a time such as 30s";
}

const char *option_list(void *field, const char *value)
{
    struct option_list *list = field;
    if (list->count == OPTION_LIST_MAX)
        return "it at most 8 times";
    list->texts[list->count++] = value;
    return NULL;
}

const char *option_id(void *field, const char *value)
{
    *(const char **)field = value;
    return topic_is_id(value) ? NULL : "16 hex digits (0-9, a-f)";
}

/* --- reading --------------------------------------------------------------------------------- */

/* getopt's view of all tables. */
struct option_reader {
    struct option longs[OPTIONS_MAX + 1];
    char letters[OPTIONS_MAX + 3];
    const struct cli_option *rows[OPTIONS_MAX];
    void *into[OPTIONS_MAX];
    int count;
};

static void reader_add(struct option_reader *r, const struct option_set *set)
{
    for (const struct cli_option *o = set->table; o->name && r->count < OPTIONS_MAX; o++) {
        if (!o->take)
            continue;
        r->longs[r->count] = (struct option){o->name, o->argument ? required_argument : no_argument,
                                             NULL, LONG + r->count};
        if (o->letter)
            strncat(r->letters, &o->letter, 1);
        r->rows[r->count] = o;
        r->into[r->count++] = (char *)set->into + o->at;
    }
}

/* Which row getopt means; -1: none. */
static int row_of(const struct option_reader *r, int c)
{
    for (int i = 0; i < r->count; i++)
        if (c == LONG + i || (r->rows[i]->letter && c == r->rows[i]->letter))
            return i;
    return -1;
}

static int refuse(const struct option_reader *r, int c, char **argv, char wrong[OPTION_WRONG])
{
    int row = row_of(r, optopt);
    if (row < 0)
        snprintf(wrong, OPTION_WRONG, "There is no option %.64s", argv[optind - 1]);
    else
        snprintf(wrong, OPTION_WRONG,
                 c == ':' ? "--%s needs a value: --%s %s" : "--%s takes no value",
                 r->rows[row]->name, r->rows[row]->name, r->rows[row]->argument);
    return -1;
}

int options_read(const struct option_set *sets, bool stop, int argc, char **argv,
                 char wrong[OPTION_WRONG])
{
    struct option_reader r = {.letters = "+:"};
    if (!stop)
        r.letters[0] = ':', r.letters[1] = '\0';
    for (; sets->table; sets++)
        reader_add(&r, sets);
    optind = 0; /* begins again, with other letters */
    for (int c; (c = getopt_long(argc, argv, r.letters, r.longs, NULL)) != -1;) {
        int row = row_of(&r, c);
        if (row < 0)
            return refuse(&r, c, argv, wrong);
        const char *expected = r.rows[row]->take(r.into[row], optarg);
        if (expected) {
            snprintf(wrong, OPTION_WRONG, "--%s %.64s: expected %s", r.rows[row]->name,
                     optarg ? optarg : "", expected);
            return -1;
        }
    }
    return 0;
}

/* --- help ------------------------------------------------------------------------------------ */

void options_print_row(FILE *out, const struct cli_option *row)
{
    char left[64];
    int n = snprintf(left, sizeof left, "  %s%s%s%s", row->take ? "--" : "", row->name,
                     row->argument ? " " : "", row->argument ? row->argument : "");
    if (n < HELP_COLUMN)
        fprintf(out, "%-*s", HELP_COLUMN, left);
    else
        fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
    wrap_text(out, WRAP_COLUMNS, HELP_COLUMN, HELP_COLUMN, row->help);
}

void options_print(FILE *out, const struct cli_option *table)
{
    for (; table->name; table++)
        options_print_row(out, table);
}
