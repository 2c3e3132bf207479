#ifndef PORCHLIGHT_CLI_RELAY_FOLDER_H
#define PORCHLIGHT_CLI_RELAY_FOLDER_H

#include "kiosk/cli/cli.h"

/* A relay for a server that does not run yet, as `porchlight outside` makes it. */
struct relay_folder {
    const char *folder;    /* new */
    const char *root_file; /* as --root takes it */
    const char *ntfy;      /* the topic that it rings; NULL: none */
    const char *contact;   /* for push services, mailto: or https: */
    const char *broker;    /* a broker's name in porchlight.conf */
    const char *accounts;  /* that broker's accounts, to which the relay's is added */
    char *account;         /* takes it, KEYSET_ID_TEXT bytes */
};

/* An enum cli_exit; complains itself. */
int relay_folder_make(const struct cli *cli, const struct relay_folder *f);

#endif
