#ifndef PORCHLIGHT_CONFIG_READER_H
#define PORCHLIGHT_CONFIG_READER_H

#include "config/keys.h"

/* The one reader of INI files with sections and keys: a table (keys.h) says what a file may hold,
 * and the reader puts it into the table's struct. Each complaint names file, line, section and key,
 * what was found, what is expected and how to fix it; all of a file's are made. */

/* Reads `path` into *base, which is cleared first. 0, or -1 after at least one complaint; *base is
 * then not to be used. The opened file must be a regular one that not everybody may write to, of at
 * most READER_FILE_MAX bytes. */
int reader_load(const struct table *t, void *base, const char *path, config_complain *complain,
                void *context);

/* The same with text that is in memory; `path` is named in the complaints. */
int reader_parse(const struct table *t, void *base, const char *path, const char *text, size_t len,
                 config_complain *complain, void *context);

/* For a program that must run whatever the file says: leaves out what is wrong, and no more. A key
 * that cannot be used keeps its default; a [name NAME] that then lacks something is left out; the
 * table's rules decide about the rest. The complaints are the same. 0: nothing was wrong; 1: *base
 * can be used, without what was complained of; -1: it cannot. */
int reader_load_most(const struct table *t, void *base, const char *path, config_complain *complain,
                     void *context);
int reader_parse_most(const struct table *t, void *base, const char *path, const char *text,
                      size_t len, config_complain *complain, void *context);

enum { READER_FILE_MAX = 64 * 1024 };

/* --- for a table's rules ------------------------------------------------------------------- */

struct instance { /* one section of the file, or a [name] that is not in it */
    const struct section *section;
    char name[TABLE_NAME_MAX]; /* of [section NAME]; else empty */
    void *base;                /* where its keys' offsets count from */
    int line;                  /* of its header; 0: not in the file */
    int key_line[TABLE_KEYS_MAX];
    bool key_bad[TABLE_KEYS_MAX]; /* written, but not so that it can be used */
    bool out;                     /* left out (reader_leave_out) */
};

enum { READER_INSTANCES_MAX = 80, READER_SENTENCE_MAX = 640 }; /* bytes of one complaint */

struct reader {
    const struct table *table;
    const char *path;
    void *base;
    config_complain *complain;
    void *context;
    int complaints;
    struct instance instances[READER_INSTANCES_MAX]; /* as the file has them, then the rest */
    size_t count;
    struct instance *current; /* NULL: none yet, or one that was refused */
    bool silent;              /* keys are skipped: their section was refused */
    bool refused;             /* any section was: what seems missing may be in it */
    bool most;                /* reader_load_most: the rules run although something was wrong */
    bool quiet;               /* complaints are no longer made: what is wrong has been said */
    bool useless;             /* *base cannot be used at all */
};

/* "PATH:LINE: [section NAME] key: ..." ; key may be NULL, in too (then `line` alone is named). */
void reader_complain(struct reader *r, const struct instance *in, int line, const char *key,
                     const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The line of a key, or of its section where the key was not written. */
int reader_line(const struct reader *r, const struct instance *in, const char *key);

/* Whether the key was written. */
bool reader_is_written(const struct reader *r, const struct instance *in, const char *key);

/* Whether the key was written with a value that was complained of. */
bool reader_is_bad(const struct reader *r, const struct instance *in, const char *key);

/* The key has its default again. */
void reader_reset(struct reader *r, struct instance *in, const char *key);

/* A [name NAME] is left out of the array; without a [name] nothing can be used. */
void reader_leave_out(struct reader *r, struct instance *in);

/* The one section of that name, or NULL: it is optional and not there. */
struct instance *reader_single(struct reader *r, const char *section);

#endif
