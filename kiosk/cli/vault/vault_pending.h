#ifndef PORCHLIGHT_CLI_VAULT_PENDING_H
#define PORCHLIGHT_CLI_VAULT_PENDING_H

/* A wipe that is asked for comes first: what it has not reached must not be opened. Asks
 * porchlight-wipe --pending, which reads the records themselves and needs nobody to be started.
 * 0: none is pending; `mark` then tells this moment from one with a wipe in between. -1 after a
 * sentence on stderr: one is, or that cannot be told. */
enum { VAULT_MARK = 128 };
int vault_nothing_pending(const char *prefix, char mark[VAULT_MARK]);

#endif
