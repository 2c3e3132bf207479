#ifndef PORCHLIGHT_CLI_VAULT_PENDING_H
#define PORCHLIGHT_CLI_VAULT_PENDING_H

/* A requested wipe comes first: what it has not reached yet must not be opened. This asks
 * porchlight-wipe --pending, which reads the records itself and needs no running program. 0: none
 * is pending; comparing two marks then shows whether a wipe ran in between. -1 after a complaint:
 * one is pending, or that is not known. */
enum { VAULT_MARK = 128 };
int vault_nothing_pending(const char *prefix, char mark[VAULT_MARK]);

#endif
