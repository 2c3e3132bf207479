#ifndef PORCHLIGHT_CLI_DOCTOR_H
#define PORCHLIGHT_CLI_DOCTOR_H

#include "config/config.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* porchlight doctor: one file an area, each a list of checks that look at what is, below the
 * prefix, and change nothing. Lines and brokers are asked themselves; all else is read from files:
 * /sys, /proc and /etc below the prefix, too. */

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILURE };

enum { DOCTOR_SAID_MAX = 512 };

struct doctor_result {
    const char *area;  /* "power" */
    const char *check; /* "undervoltage", or an input's or a broker's name */
    enum doctor_verdict verdict;
    const char *said; /* what was found, one clause */
    const char *mend; /* what to do; empty when all is well */
};

typedef void doctor_tell(void *context, const struct doctor_result *r);

struct doctor {
    const char *prefix;
    const char *area;            /* of the checks that run now */
    const struct config *config; /* NULL where it cannot be used */
    const cJSON *daemon;         /* porchlightd's status; NULL where it does not answer */
    doctor_tell *tell;
    void *context;
    unsigned count[3]; /* results by verdict */
};

/* One result. The mend is not said of what is well. */
void doctor_say(struct doctor *d, const char *check, enum doctor_verdict verdict, const char *mend,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* The areas, in the order in which they are told. */
void doctor_config(struct doctor *d);  /* the config, its credentials, what the wipe wants */
void doctor_package(struct doctor *d); /* versions, units */
void doctor_lines(struct doctor *d);   /* chips, lines, bias */
void doctor_brokers(struct doctor *d); /* address, TLS, how long certificates last */
void doctor_phones(struct doctor *d);  /* whether anyone listens */
void doctor_clock(struct doctor *d);   /* set, kept right */
void doctor_board(struct doctor *d);   /* power, temperature */
void doctor_card(struct doctor *d);    /* wear, errors, read-only, space */
void doctor_leftovers(struct doctor *d);

/* --- doctor_read.c: files below the prefix ---------------------------------------------------- */

/* The first line of a file, without its end. False if there is none. */
bool doctor_line_of(const struct doctor *d, const char *path, char *out, size_t size);

/* A file's number, decimal or 0x. False if it holds none. */
bool doctor_number_of(const struct doctor *d, const char *path, long *out);

/* The mount that holds `path`: its type and options out of /proc/mounts. False if not known. */
bool doctor_mount_of(const struct doctor *d, const char *path, char type[32], char options[256]);

bool doctor_exists(const struct doctor *d, const char *path);

/* Each match of a pattern, its path without the prefix. How many there were. */
size_t doctor_each(struct doctor *d, const char *pattern,
                   void (*visit)(struct doctor *d, const char *path));

#endif
