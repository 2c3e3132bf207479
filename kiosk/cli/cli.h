#ifndef PORCHLIGHT_CLI_CLI_H
#define PORCHLIGHT_CLI_CLI_H

#include <stdbool.h>

/* porchlight SUBCOMMAND: one file a subcommand, each with one struct cli_command. A new one is
 * its file, one line below and one in main.c's table. */

/* Exit codes, the same for every subcommand (documented in porchlight.1). */
enum cli_exit {
    CLI_OK = 0,
    CLI_FAILED = 1, /* what was asked for failed, or a check found something */
    CLI_USAGE = 2,  /* wrong usage */
    CLI_NOBODY = 3, /* the program asked is not running, or does not answer */
    CLI_DENIED = 4, /* not permitted: not in the group, not root */
};

/* The options that every subcommand takes, before or behind its name. They are taken out of argv
 * before the subcommand sees it. */
struct cli {
    const char *prefix; /* --prefix DIR; "" unless given */
    bool json;          /* --json; refused by main where the command has none */
};

struct cli_command {
    const char *name;
    const char *arguments; /* what follows the name in a usage line; may be "" */
    const char *summary;   /* one line, for the list */
    const char *help;      /* what --help adds: options of its own, one a line; may be "" */
    bool json;             /* --json is meant for it */

    /* argv[0] is the subcommand's name, argv[argc] NULL; getopt_long works (optind is 1, opterr is
     * 0). Returns an enum cli_exit. */
    int (*run)(const struct cli *cli, int argc, char **argv);
};

extern const struct cli_command cli_all_clear;
extern const struct cli_command cli_backup;
extern const struct cli_command cli_check;
extern const struct cli_command cli_command;
extern const struct cli_command cli_console;
extern const struct cli_command cli_doctor;
extern const struct cli_command cli_drill;
extern const struct cli_command cli_invite;
extern const struct cli_command cli_keys;
extern const struct cli_command cli_listen;
extern const struct cli_command cli_phones;
extern const struct cli_command cli_relay;
extern const struct cli_command cli_restore;
extern const struct cli_command cli_retire;
extern const struct cli_command cli_revoke;
extern const struct cli_command cli_rights;
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

/* Wrong usage: the sentence and where to read more, to stderr. Returns CLI_USAGE. */
int cli_misuse(const struct cli_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* What --help prints for one subcommand. */
void cli_help(const struct cli_command *command);

#endif
