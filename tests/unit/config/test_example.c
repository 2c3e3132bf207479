#include "config/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* config/porchlight.conf, which explains every key, against the table that reads it. */

enum { TEXT_MAX = 32768 };

struct example {
    char text[TEXT_MAX];     /* as it is shipped */
    char revealed[TEXT_MAX]; /* with every "#key = value" brought to life */
};

static bool is_hidden_key(const char *line)
{
    size_t n = strspn(line + 1, "abcdefghijklmnopqrstuvwxyz_");

    return line[0] == '#' && n > 0 && strncmp(line + 1 + n, " = ", 3) == 0;
}

static int read_example(void **state)
{
    static struct example e;
    FILE *f = fopen("config/porchlight.conf", "re");
    char line[512];

    e = (struct example){0};
    if (!f)
        return -1;
    while (fgets(line, sizeof line, f)) {
        strncat(e.text, line, sizeof e.text - strlen(e.text) - 1);
        strncat(e.revealed, line + is_hidden_key(line), sizeof e.revealed - strlen(e.revealed) - 1);
    }
    fclose(f);
    *state = &e;
    return strlen(e.text) < TEXT_MAX - 1 ? 0 : -1;
}

static void fail_with(void *context, const char *sentence)
{
    (void)context;
    fail_msg("%s", sentence);
}

static void count(void *context, const char *sentence)
{
    int *n = context;

    assert_non_null(strstr(sentence, "id: is missing"));
    (*n)++;
}

/* Shipped, it lacks the two ids and nothing else: no two installations share an example's. */
static void wants_only_ids(void **state)
{
    struct example *e = *state;
    struct config *c = calloc(1, sizeof *c);
    int complaints = 0;
    const char with_ca[] = "host = mqtt.example.org\nca = /ca.pem\n";
    char text[TEXT_MAX + 64];
    char *host = strstr(e->text, "host = mqtt.example.org\n");

    assert_non_null(host);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(host - e->text), e->text, with_ca,
             host + strlen("host = mqtt.example.org\n"));
    assert_int_equal(config_parse("x", text, strlen(text), c, count, &complaints), -1);
    assert_int_equal(complaints, 2);
    free(c);
}

static void every_value_is_accepted(void **state)
{
    struct example *e = *state;
    struct config *c = calloc(1, sizeof *c);

    assert_int_equal(
        config_parse("porchlight.conf", e->revealed, strlen(e->revealed), c, fail_with, NULL), 0);
    assert_int_equal(c->switches_count, 1);
    assert_string_equal(c->switches[0].name, "counter");
    assert_string_equal(c->brokers[0].ca, "/etc/porchlight/broker-ca.pem");
    assert_int_equal(c->doors[0].hours_count, 6);
    free(c);
}

/* The value shown for a key, and the explanation above it; NULL: the key is not there. */
static const char *shown(const char *text, const struct key *k, char value[256], bool *explained)
{
    char header[64], wanted[64], line[512];
    bool inside = false, comment = false;
    const char *found = NULL;

    snprintf(header, sizeof header, "[%s", k->section);
    snprintf(wanted, sizeof wanted, "%s = ", k->name);
    for (const char *p = text; *p; p += strcspn(p, "\n") + 1) {
        snprintf(line, sizeof line, "%.*s", (int)strcspn(p, "\n"), p);
        if (line[0] == '[')
            inside = strncmp(line, header, strlen(header)) == 0 &&
                     strchr(" ]", line[strlen(header)]) != NULL;
        if (inside && strncmp(line, wanted, strlen(wanted)) == 0) {
            assert_null(found);
            found = p;
            *explained = comment;
            snprintf(value, 256, "%s", line + strlen(wanted));
        }
        /* Two keys may stand together below one explanation. */
        comment = (line[0] == '#' && line[1] == ' ') || (comment && strstr(line, " = "));
    }
    return found;
}

static void every_key_is_explained(void **state)
{
    struct example *e = *state;

    for (size_t i = 0; i < config_table.keys_count; i++) {
        const struct key *k = &config_table.keys[i];
        char value[256];
        bool explained = false;
        if (!shown(e->revealed, k, value, &explained))
            fail_msg("[%s] %s is not in porchlight.conf", k->section, k->name);
        if (!explained)
            fail_msg("[%s] %s has no comment above it", k->section, k->name);
        if (k->fallback && k->fallback[0] && strcmp(k->fallback, value) != 0)
            fail_msg("[%s] %s is shown as %s, but is %s unless set", k->section, k->name, value,
                     k->fallback);
    }
}

/* What is optional is a comment as shipped; what is required in a named section is not. */
static void only_what_must_be_set_is_alive(void **state)
{
    struct example *e = *state;

    for (size_t i = 0; i < config_table.keys_count; i++) {
        const struct key *k = &config_table.keys[i];
        char value[256];
        bool explained, alive = shown(e->text, k, value, &explained) != NULL;
        if (alive != (!k->fallback && table_section(&config_table, k->section)->max > 0))
            fail_msg("[%s] %s is %s as shipped", k->section, k->name, alive ? "set" : "hidden");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wants_only_ids),
        cmocka_unit_test(every_value_is_accepted),
        cmocka_unit_test(every_key_is_explained),
        cmocka_unit_test(only_what_must_be_set_is_alive),
    };
    return cmocka_run_group_tests(tests, read_example, NULL);
}
