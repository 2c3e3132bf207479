#ifndef PORCHLIGHT_ALERTD_FAULTS_H
#define PORCHLIGHT_ALERTD_FAULTS_H

#include <stdbool.h>
#include <stddef.h>

/* What is wrong with how this kiosk is set up: sentences for a person, each of which is true until
 * what it names is fixed and read again. The rest of the kiosk runs meanwhile. */
enum fault_of {
    FAULT_OF_CONFIG,   /* the config that is in use */
    FAULT_OF_RELOAD,   /* one that is not: it was refused, and the earlier one is in use */
    FAULT_OF_PASSWORD, /* a broker's credential */
    FAULT_OF_KEYS,     /* the kiosk's own */
    FAULT_OF_ROOT,     /* the root key has disowned this kiosk */
    FAULT_OF_LINES,    /* all of them; single ones are reported with their input */
    FAULT_OF_WORDS,    /* the host's own lines */
    FAULT_OF_COPY,     /* another kiosk with the same keys has spoken */
};

enum { FAULTS_MAX = 16, FAULT_SENTENCE_MAX = 400 };

struct faults {
    struct fault {
        enum fault_of of;
        char sentence[FAULT_SENTENCE_MAX];
    } each[FAULTS_MAX];
    size_t count;
};

/* One more; it is also logged. What is over FAULTS_MAX is logged alone. */
void faults_add(struct faults *f, enum fault_of of, const char *sentence);

/* Everything of that kind is over. */
void faults_clear(struct faults *f, enum fault_of of);

/* For readers that complain (config_complain): context is a struct faults_reader. */
struct faults_reader {
    struct faults *faults;
    enum fault_of of;
};
void faults_complain(void *reader, const char *sentence);

#endif
