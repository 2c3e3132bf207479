#ifndef PORCHLIGHT_CLI_SETUP_ANSWERS_H
#define PORCHLIGHT_CLI_SETUP_ANSWERS_H

#include "kiosk/common/paths.h"

#include <stdbool.h>
#include <stddef.h>

/* What set-up asks. Each answer is one row of the table in setup_answers.c, with its question, the
 * sentences that explain it, what is accepted and its default. The answers are kept in
 * /etc/porchlight/setup.conf, from which the next run takes its defaults; --answers reads the same
 * format: one section [setup], `key = value`. */

enum { ANSWER_MAX = 160 };

/* In the order of the questions. */
enum answer {
    ANSWER_SWITCH,
    ANSWER_OTHER_CONTACT,
    ANSWER_DOOR,
    ANSWER_CODE,
    ANSWER_BROKER,
    ANSWER_HOST,
    ANSWER_OUTSIDE,
    ANSWER_OUTSIDE_ACCOUNT,
    ANSWER_WAYS,
    ANSWER_PAGE,
    ANSWER_SCREEN,
    ANSWER_CITY,
    ANSWER_LANGUAGES,
    ANSWER_LIGHTS,
    ANSWER_ROOT,
    ANSWER_DRILL,
    ANSWER_KIOSK,
    ANSWER_PORT,
    ANSWER_PAGE_PORT,
    ANSWER_WEBSOCKET_PORT,
    ANSWER_LOCAL_PORT,
    ANSWER_DRILL_WAIT,
    ANSWERS,
};

struct answer_rule {
    const char *key;
    const char *fallback;
    const char *question; /* NULL: not asked, only in --answers */
    const char *because;  /* what to type, and what it does */
    const char *expected; /* "yes or no" */
    bool (*good)(const char *value);
    bool kept; /* in setup.conf */
};

extern const struct answer_rule answer_rules[ANSWERS];

struct answers {
    char value[ANSWERS][ANSWER_MAX]; /* first, for the reader of files */
    bool given[ANSWERS];             /* by this run, not by a default or an earlier one */
};

/* Defaults. */
void answers_init(struct answers *a);

/* Reads a file over them, and marks them as given if `now`. 0, or -1 after an error message
 * "FILE:LINE: ..." for each mistake. */
int answers_read(struct answers *a, const char *path, bool now);

/* Sets one. False: not as expected. */
bool answers_set(struct answers *a, enum answer which, const char *value);

/* Why that is no switch which a kiosk can do with alone; NULL: it is one. A sentence, not to be
 * freed. */
const char *answers_why_no_switch(const struct answers *a);

/* Whether they fit together. 0, or -1 after error messages. */
int answers_check(const struct answers *a);

/* As setup.conf holds them. */
void answers_write(const struct answers *a, char *out, size_t size);

bool answer_yes(const struct answers *a, enum answer which);
int answer_number(const struct answers *a, enum answer which);
bool answer_is(const struct answers *a, enum answer which, const char *word);
bool answers_broker_here(const struct answers *a);    /* here or both */
bool answers_broker_outside(const struct answers *a); /* elsewhere or both */

/* Splits the answer "mqtt.example.org:8883"; the port is `usual` where it has none. */
void answers_host_port(const struct answers *a, enum answer which, int usual, char host[ANSWER_MAX],
                       int *port);
/* The broker elsewhere. */
void answers_outside(const struct answers *a, char host[ANSWER_MAX], int *port);

#endif
