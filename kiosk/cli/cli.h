#ifndef PORCHLIGHT_CLI_CLI_H
#define PORCHLIGHT_CLI_CLI_H

#include "kiosk/common/option_table.h"

#include <stdbool.h>
#include <stddef.h>

/* porchlight SUBCOMMAND: each subcommand has a file of its own with one struct cli_command. To add
 * one, write its file, and add a line below and one in main.c's table. */

/* Exit codes, the same for every subcommand (documented in porchlight.1). */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1, /* it failed, or a check found something */
    CLI_USAGE = 2,  /* wrong usage */
    CLI_NOBODY = 3, /* the other program is not running, or does not answer */
    CLI_DENIED = 4, /* not permitted: not in the group, not root */
};

/* The options that all subcommands take, before or after their name. */
struct cli {
    const char *prefix; /* --prefix DIR; "" unless given */
    bool json;          /* --json; refused where the command has none */
};

struct cli_command {
    const char *name;
    const char *arguments;            /* what follows the name in a usage line; may be "" */
    const char *summary;              /* one line, for the list */
    const struct cli_option *options; /* its own; NULL: none */
    size_t size;                      /* of what the options are stored in */
    int words_min, words_max;         /* how many words (not options) it takes */
    bool json;                        /* --json is meant for it */

    /* `own` is `size` zeroed bytes, filled from the options and freed by the caller; `words` ends
     * with NULL. Returns an enum cli_exit. */
    int (*run)(const struct cli *cli, void *own, char **words);
};

extern const struct cli_command cli_all_clear;
extern const struct cli_command cli_backup;
extern const struct cli_command cli_check;
extern const struct cli_command cli_command;
extern const struct cli_command cli_console;
extern const struct cli_command cli_doctor;
extern const struct cli_command cli_drill;
extern const struct cli_command cli_idle;
extern const struct cli_command cli_invite;
extern const struct cli_command cli_keys;
extern const struct cli_command cli_listen;
extern const struct cli_command cli_outside;
extern const struct cli_command cli_logs;
extern const struct cli_command cli_phones;
extern const struct cli_command cli_registrar;
extern const struct cli_command cli_relay;
extern const struct cli_command cli_restore;
extern const struct cli_command cli_retire;
extern const struct cli_command cli_revoke;
extern const struct cli_command cli_rights;
extern const struct cli_command cli_root;
extern const struct cli_command cli_rotate;
extern const struct cli_command cli_sim;
extern const struct cli_command cli_status;
extern const struct cli_command cli_book;
extern const struct cli_command cli_keygen;
extern const struct cli_command cli_seal;
extern const struct cli_command cli_setup;
extern const struct cli_command cli_unseal;
extern const struct cli_command cli_vault;
extern const struct cli_command cli_wipe;
extern const struct cli_command cli_words;

/* Runs a subcommand: argv[0] is its name. `asked` may already hold the options before it. Returns
 * an enum cli_exit. */
struct cli_asked {
    struct cli cli;
    bool help, version;
};
int cli_call(const struct cli_command *command, struct cli_asked *asked, int argc, char **argv);

int cli_version(void); /* prints it; CLI_OK */

/* The options that every subcommand takes, for struct cli_asked. */
extern const struct cli_option cli_common_options[];

/* Wrong usage: prints a sentence, given without its period, and then the usage line, to stderr.
 * Returns CLI_USAGE. All other errors are a log_error: what did not happen, why, what to do next.
 */
int cli_misuse(const struct cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
