#ifndef PORCHLIGHT_CLI_KEYS_VENUE_SHEET_H
#define PORCHLIGHT_CLI_KEYS_VENUE_SHEET_H

#include "config/ca_pin.h"
#include "config/config.h"
#include "kiosk/cli/keys/keyset.h"
#include "kiosk/common/paths.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What the root key needs to reach a kiosk's brokers from any machine: ids, public keys, addresses,
 * and by which authority each broker is known. Nothing of it is secret. Set-up prints it on
 * keep.html, as lines and as a QR code; `porchlight root paper` prints it again:
 *
 *   porchlight paper 1
 *   venue ID
 *   root KEY                     its public half, 64 hex digits
 *   kiosk ID
 *   key KEY                      the kiosk's public key
 *   broker NAME HOST PORT tls|plain USER     USER: the kiosk's account there, - for none
 *   ca NAME SHA-256              of that broker's authority (ca_pin.h)
 *
 * Each line ends with "=" and four hex digits, which show a typing mistake. In names, bytes that
 * are no letter, digit or one of . _ - : are written as %XX. */

struct venue_sheet_broker {
    struct config_broker at; /* name, host, port, tls, user; ca only if the sheet is a config's */
    bool pinned;
    uint8_t pin[CA_PIN];
};

struct venue_sheet {
    char venue[KEYSET_ID_TEXT], kiosk[KEYSET_ID_TEXT];
    uint8_t root[ENVELOPE_PUBLIC], key[ENVELOPE_PUBLIC];
    struct venue_sheet_broker brokers[CONFIG_BROKERS_MAX];
    size_t brokers_count;
};

/* From a config; `root` and `key` are the caller's to fill in. Where an authority's file cannot be
 * read or holds several certificates, there is no pin. `ca_of` finds the file of a broker's ca: 0,
 * or -1. */
typedef int venue_sheet_ca(void *context, const struct config_broker *b, char path[PATH_LEN]);
void venue_sheet_of_config(struct venue_sheet *s, const struct config *c, venue_sheet_ca *ca_of,
                           void *context);

/* From the porchlight.conf and the credentials below a prefix. 0, or -1 after a complaint. */
int venue_sheet_of_kiosk(struct venue_sheet *s, const char *prefix);

/* From its lines in a text, whatever is around them: keep.html itself will do. 0; -1 after a
 * complaint that begins with `where`. */
int venue_sheet_read(struct venue_sheet *s, const char *where, const char *text);

/* Its lines. 0, or -1 with errno. */
int venue_sheet_write(const struct venue_sheet *s, FILE *out);

#endif
