#ifndef PORCHLIGHT_CLI_BACKUP_BACKUP_READ_H
#define PORCHLIGHT_CLI_BACKUP_BACKUP_READ_H

#include "kiosk/cli/backup/backup_file.h"
#include "kiosk/cli/cli.h"

/* What restore and backup --check share. */

/* Before a host is asked anything: 0, or -1 after a complaint, which `nothing` begins, if the file
 * is no backup. */
int backup_find(const char *file, const char *nothing);

/* Asks for the passphrase, or reads it, and opens the backup. `nothing` begins the complaint:
 * "Nothing was changed". 0, or -1 after it. */
int backup_unlock(struct backup *b, const char *file, const char *passphrase_file,
                  const char *nothing);

enum backup_place {
    BACKUP_NOWHERE, /* no file of Porchlight's: a damaged list could name any */
    BACKUP_ETC,     /* below /etc/porchlight; *below is what follows */
    BACKUP_BESIDE,  /* one of those that are kept elsewhere */
};

/* Where a file of a backup belongs. Pure. */
enum backup_place backup_place_of(const char *path, const char **below);

/* porchlight backup --check FILE: what is in it, and whether a kiosk could run from it. Starts
 * nothing, writes nothing. An enum cli_exit. */
int backup_check(const struct cli *cli, const char *file, const char *passphrase_file);

#endif
