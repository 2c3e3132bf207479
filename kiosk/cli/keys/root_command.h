#ifndef PORCHLIGHT_CLI_KEYS_ROOT_COMMAND_H
#define PORCHLIGHT_CLI_KEYS_ROOT_COMMAND_H

#include "kiosk/cli/cli.h"

/* What the root key says of a kiosk (root_word.h), from any machine: as the root's own account it
 * reads at every broker what was said before, adds to it, and publishes the whole again. So it can
 * be repeated, and a broker that cannot be reached is named and holds up none of the others. */

struct root_command_options {
    const char *root_file; /* --root: the root key */
    const char *paper;     /* --paper: the venue's sheet; NULL: this machine's porchlight.conf */
    const char *ca;        /* --ca: authorities to look for a pinned one in */
};

/* The rows that fill member `options` of `type`. */
#define ROOT_COMMAND_OPTIONS(type)                                                                 \
    OPTION("root", "FILE", type, options.root_file,                                                \
           "the root key's file, or - to type the key in from its paper"),                         \
        OPTION("paper", "FILE", type, options.paper,                                               \
               "on a machine that is not the kiosk: keep.html, which set-up made, or a file with " \
               "its lines; - to paste them"),                                                      \
        OPTION("ca", "FILE", type, options.ca,                                                     \
               "with --paper: certificates of authorities, for a broker that does not show its "   \
               "own")

enum root_verb { ROOT_SHOW, ROOT_END, ROOT_REVOKE, ROOT_RETIRE };

/* `accounts`: what to revoke, 16 hex digits each, NULL at the end; else NULL. An enum cli_exit. */
int root_command_run(const struct cli *cli, const struct cli_command *of,
                     const struct root_command_options *o, enum root_verb verb, char **accounts);

/* Prints the sheet's lines. An enum cli_exit. */
int root_command_paper(const struct cli *cli);

#endif
