#ifndef PORCHLIGHT_CLI_DOCTOR_H
#define PORCHLIGHT_CLI_DOCTOR_H

#include "config/config.h"
#include "kiosk/core/trouble.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* porchlight doctor: one file an area, each a list of checks that look at what is there, below the
 * prefix, and change nothing. GPIO lines and brokers are asked directly; everything else is read
 * from files, /sys, /proc and /etc below the prefix included. */

enum doctor_verdict { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILURE };

enum { DOCTOR_SAID_MAX = 1536, DOCTOR_DAYS_URGENT = 14 /* that a certificate is valid for */ };

struct doctor {
    const char *prefix;
    const char *area;            /* of the checks that run now: "board" */
    const struct config *config; /* NULL where it cannot be used */
    const cJSON *daemon;         /* porchlightd's status; NULL where it does not answer */
    cJSON *checks;               /* every result so far, as --json prints them */
    unsigned count[3];           /* results by verdict */
    trouble_set troubles;        /* what of the results staff phones should learn */
};

/* One result. `check` is "undervoltage", or the name of an input or a broker. The sentences say
 * what was found and, unless all is well, why it matters. `fix` is what to do: sentences, then
 * commands on lines of their own that begin with four spaces. It is left out where all is well. */
void doctor_say(struct doctor *d, const char *check, enum doctor_verdict verdict, const char *fix,
                const char *format, ...) __attribute__((format(printf, 5, 6)));

/* How many messages `who` has not looked at since it started, because an account sent too many: a
 * warning, or nothing where `in` has no such number under `key`. */
void doctor_dropped(struct doctor *d, const char *check, const char *who, const cJSON *in,
                    const char *key, const char *fix);

/* What was found is one of the kiosk's troubles. */
void doctor_trouble(struct doctor *d, enum trouble t);

/* The areas, in the order in which they are printed. */
void doctor_config(struct doctor *d);    /* the config, its credentials, what the wipe needs */
void doctor_package(struct doctor *d);   /* versions, units */
void doctor_lines(struct doctor *d);     /* chips, lines, bias */
void doctor_outputs(struct doctor *d);   /* what they show, and what that gives away */
void doctor_brokers(struct doctor *d);   /* address, TLS, how long certificates are valid */
void doctor_page(struct doctor *d);      /* whether phones can load the members' page */
void doctor_phones(struct doctor *d);    /* whether alerts can reach anybody */
void doctor_backup(struct doctor *d);    /* whether the last one has all that matters */
void doctor_clock(struct doctor *d);     /* set, synchronised */
void doctor_board(struct doctor *d);     /* power, batteries, temperature */
void doctor_card(struct doctor *d);      /* wear, errors, read-only, space */
void doctor_leftovers(struct doctor *d); /* what a wipe leaves on this system */

/* --- doctor_read.c: files below the prefix ---------------------------------------------------- */

/* NULL if it cannot be opened. */
FILE *doctor_open(const struct doctor *d, const char *path);

/* The first line of a file, without its end. False if there is none. */
bool doctor_line_of(const struct doctor *d, const char *path, char *out, size_t size);

/* A file's number, decimal or 0x. False if it holds none. */
bool doctor_number_of(const struct doctor *d, const char *path, long *out);

/* The mount that holds `path`: its type and options from /proc/mounts. False if not known. */
bool doctor_mount_of(const struct doctor *d, const char *path, char type[32], char options[256]);

bool doctor_exists(const struct doctor *d, const char *path);

/* Each match of a pattern, its path without the prefix. How many there were. */
size_t doctor_each(struct doctor *d, const char *pattern,
                   void (*visit)(struct doctor *d, const char *path));

#endif
