#ifndef PORCHLIGHT_CONFIG_PARSE_H
#define PORCHLIGHT_CONFIG_PARSE_H

#include "config/keys.h"

/* A file on its way to a struct config: which sections and keys stood where, for complaints. */

struct instance { /* one section of the file, or a [name] that did not stand in it */
    const struct section *section;
    char name[CONFIG_NAME_MAX]; /* of [section NAME]; else empty */
    void *base;                 /* where its keys' offsets count from */
    int line;                   /* of its header; 0: not in the file */
    int key_line[CONFIG_KEYS_MAX];
};

enum { INSTANCES_MAX = 32, SENTENCE_MAX = 640 }; /* SENTENCE_MAX: bytes of one complaint */

struct parse {
    const char *path;
    struct config *c;
    config_complain *complain;
    void *context;
    int complaints;
    struct instance instances[INSTANCES_MAX];
    size_t count;
    struct instance *current; /* NULL: none yet, or one that was refused */
    bool silent;              /* keys are skipped: their section was refused */
    bool refused;             /* any section was: what seems missing may stand there */
};

/* "PATH:LINE: [section NAME] key: ..." ; key may be NULL, in too (then `line` alone is named). */
void parse_complain(struct parse *p, const struct instance *in, int line, const char *key,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The line of a key, or of its section where the key was not written. */
int parse_line_of(const struct instance *in, const char *key);

#endif
