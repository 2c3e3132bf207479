#ifndef PORCHLIGHT_COMMON_PATHS_H
#define PORCHLIGHT_COMMON_PATHS_H

#include <stdbool.h>
#include <stddef.h>

/* Every path Porchlight uses, below one prefix (--prefix DIR, empty on a real kiosk) that
 * `make run` and the tests move.
 *
 *   /etc/porchlight/
 *     porchlight.conf  root root 0644                    INI, config/
 *     languages/       root root 0755                    the host's own: kiosk/screen/language.h
 *     words.conf       root root 0644                    INI, config/host_words.h
 *     wipe.plan        root root 0644                    INI, kiosk/wipe/plan.h
 *     seal.public      root root 0644                    64 hex digits: kiosk/cli/sealing/sealing.h
 *     vaults/NAME      root root 0600                    cli/vault/vault_file.h
 *     credentials/     root root 0700                    one secret a file; by LoadCredential
 *     setup.conf       root root 0644                    the answers: cli/setup/setup_answers.h
 *     broker-ca.pem    root root 0644                    what phones and kiosks pin
 *     ca/              root root 0700                    the authority that renews certificates
 *     broker/, page/   root root 0700                    of the broker and page server on this Pi
 *     outside/         root root 0700                    to be carried to a broker outside
 *     registrar/       root root 0700                    kiosk/registrar/registrar_conf.h; by
 *                                                        LoadCredential
 *     papers/          root root 0755                    what to print
 *     dark             root root 0644                    empty: the board's lights are off
 *   /var/lib/porchlight/
 *     record           porchlight porchlight 0600        kiosk/core/record.h
 *     staff/           porchlight porchlight 0755        ACCOUNT.cert: CERT_STAFF of core/cert.h
 *     phones           porchlight porchlight 0600        kiosk/alertd/members/roster.h
 *     new-key-wanted   porchlight porchlight 0600        empty: the root key has revoked a phone
 *     troubles         porchlight porchlight 0600        kiosk/core/trouble.h
 *     backed-up        root root 0644                    empty: when the last backup was made
 *     all-clear        porchlight porchlight 0600        kiosk/core/cert.h, the last proof, in hex
 *   /var/lib/porchlight-wipe/
 *     progress, drill  root root 0600 in a 0700 folder   kiosk/wipe/progress.h
 *     places           root root 0600                    kiosk/wipe/remembered.h
 *   /var/lib/porchlight-books/
 *     NAME.book        porchlight-book 0600 in 0700      entries: kiosk/cli/sealing/cmd_book.h
 *   /var/lib/porchlight-broker/
 *     dynamic-security.json  porchlight-broker 0600      accounts at the broker on this Pi
 *   /var/lib/porchlight-relay/
 *     subscriptions    porchlight-relay 0600 in 0700     kiosk/relay/subs.h
 *     root-KIOSK, ring-KIOSK  porchlight-relay 0600      kiosk/relay/root_kept.h, ring_kept.h
 *   /var/lib/porchlight-registrar/
 *     key, VENUE-KIOSK porchlight-registrar 0600 in 0700 kiosk/registrar/ledger.h
 *   /var/lib/porchlight-setup/
 *     before/          root root 0700                    kiosk/cli/setup/setup_before.h
 *   /run/porchlight/
 *     control.sock     porchlight porchlight-staff 0660  messages.h, control
 *     admin.sock       porchlight porchlight 0600        messages.h, admin: in effect root only
 *     screen.sock      porchlight porchlight-screen 0660 messages.h, cue
 *     wipe.sock        root porchlight 0660              messages.h, wipe
 *     book.sock        root porchlight-book 0660         messages.h, book
 *     sim.sock         porchlight porchlight 0600        hw/sim/sim_command.h; only while every
 *                                                        line is simulated
 */
#define PATH_ETC           "/etc/porchlight"
#define PATH_CONF          "/etc/porchlight/porchlight.conf"
#define PATH_LANGUAGES     "/etc/porchlight/languages"
#define PATH_WORDS         "/etc/porchlight/words.conf"
#define PATH_RELAY_CONF    "/etc/porchlight/relay.conf"
#define PATH_PLAN          "/etc/porchlight/wipe.plan"
#define PATH_SEAL_KEY      "/etc/porchlight/seal.public"
#define PATH_VAULTS        "/etc/porchlight/vaults"
#define PATH_ACCOUNTS      "/var/lib/porchlight-broker/dynamic-security.json"
#define PATH_BOOKS         "/var/lib/porchlight-books"
#define PATH_CREDENTIALS   "/etc/porchlight/credentials"
#define PATH_STATE_DIR     "/var/lib/porchlight"
#define PATH_STAFF         "/var/lib/porchlight/staff"
#define PATH_RECORD        "/var/lib/porchlight/record"
#define PATH_STAFF_BOX     "/var/lib/porchlight/staff-box"
#define PATH_WIPE_DIR      "/var/lib/porchlight-wipe"
#define PATH_PROOF         "/var/lib/porchlight/all-clear"
#define PATH_ROOT_WORD     "/var/lib/porchlight/root"
#define PATH_NEW_KEY       "/var/lib/porchlight/new-key-wanted"
#define PATH_RELAY_DIR     "/var/lib/porchlight-relay"
#define PATH_REGISTRAR     "/etc/porchlight/registrar"
#define PATH_REGISTRAR_DIR "/var/lib/porchlight-registrar"
#define PATH_PHONES        "/var/lib/porchlight/phones"
#define PATH_BACKED_UP     "/var/lib/porchlight/backed-up"
#define PATH_TROUBLES      "/var/lib/porchlight/troubles"
#define PATH_RUN_DIR       "/run/porchlight"
#define PATH_CONTROL       "/run/porchlight/control.sock"
#define PATH_ADMIN         "/run/porchlight/admin.sock"
#define PATH_SCREEN        "/run/porchlight/screen.sock"
#define PATH_WIPE          "/run/porchlight/wipe.sock"
#define PATH_BOOK          "/run/porchlight/book.sock"
#define PATH_SIM           "/run/porchlight/sim.sock"

enum { PATH_LEN = 512 };

/* prefix + path into out. 0, or -1 with errno ENAMETOOLONG. */
int path_under(const char *prefix, const char *path, char out[PATH_LEN]);

/* share/porchlight/NAME of what was installed together with this program, beside the folder that
 * the program is in. 0, or -1 with errno. */
int path_installed(const char *name, char out[PATH_LEN]);

/* Whether `path` is `folder` or below it, by their names alone. */
bool path_is_below(const char *path, const char *folder);

/* A credential's file: $CREDENTIALS_DIRECTORY/porchlight_NAME where systemd set one (so does
 * LoadCredential=porchlight:FOLDER name the files of a folder), else below the prefix.
 * 0, or -1 with errno ENAMETOOLONG, or EINVAL for a name with a slash or a leading dot. */
int path_credential(const char *prefix, const char *name, char out[PATH_LEN]);

#endif
