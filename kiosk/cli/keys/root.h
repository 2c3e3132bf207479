#ifndef PORCHLIGHT_CLI_KEYS_ROOT_H
#define PORCHLIGHT_CLI_KEYS_ROOT_H

#include "kiosk/cli/cli.h"
#include "kiosk/cli/keys/keyset.h"
#include "kiosk/core/cert.h"
#include "kiosk/core/registration.h"
#include "kiosk/core/root_word.h"

#include <stdint.h>

/* The venue's root key for a moment, from the stick or the paper that it is kept on. `file` is the
 * value of --root: a file with 64 hex digits or with the paper's four lines; or "-", where the
 * paper's lines are typed in at the terminal. */
struct root;

/* CLI_OK; or CLI_USAGE after a complaint: it is "-", and there is no terminal to type at. */
int root_check(const struct cli_command *command, const char *file);

/* The key itself, into locked memory. If `prefix` is not NULL, it must be the key that the root.pub
 * there belongs to. 0, or -1 after a complaint. */
int root_seed_read(const char *prefix, const char *file, uint8_t seed[KEYSET_SEED]);

/* The same, kept in locked memory. NULL after a complaint. */
struct root *root_open(const char *prefix, const char *file);

/* The same; the key must be the one with this public half. */
struct root *root_open_of(const uint8_t public[ENVELOPE_PUBLIC], const char *file);
void root_close(struct root *r); /* erases; NULL is safe */

/* The Ed25519 secret key, ENVELOPE_SECRET bytes; its second half is the public key. */
const uint8_t *root_secret(const struct root *r);

/* keyset_root_account of this key. */
void root_account_of(const struct root *r, const char *broker, char account[KEYSET_ID_TEXT],
                     char password[KEYSET_PASSWORD]);

/* What the root signs. Ids are 16 hex digits, keys 64; 0, or -1 where one is not. All of it can be
 * made anywhere and again, as it follows from the root key alone. */

/* A staff phone's certificate: the signature behind its public key. */
int root_sign_staff(const struct root *r, const char *venue, const char *account,
                    const char *public, uint8_t signature[CERT_SIGNATURE]);

/* The root's grant, as kiosk/core/registration.h has it: an account is made or shut out that no
 * kiosk may touch by itself. `password` is "" where there is none. */
int root_grant(const struct root *r, const char *venue, enum registration_kind kind,
               enum registration_role role, const char *account, const char *password,
               uint8_t grant[CERT_SIGNATURE]);

/* The root key's message about a kiosk (root_word.h). */
int root_sign_word(const struct root *r, const char *venue, const char *kiosk,
                   const struct root_word *w, uint8_t wire[ENVELOPE_SIZE]);

/* The key by which phones trust the venue's relays with their subscriptions, as a seed, and the
 * root's signature of it. It is drawn from the root key, so that all relays of a venue have the
 * same one: a phone's browser keeps one subscription only. `seed` is in locked memory. */
int root_push_key(const struct root *r, const char *venue, uint8_t seed[KEYSET_SEED],
                  uint8_t signature[CERT_SIGNATURE]);

#endif
