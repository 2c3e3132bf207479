#ifndef PORCHLIGHT_CLI_SETUP_H
#define PORCHLIGHT_CLI_SETUP_H

#include "config/config.h"
#include "kiosk/cli/cli.h"
#include "kiosk/cli/conf_edit.h"
#include "kiosk/cli/etc_transaction.h"
#include "kiosk/cli/keys/keyset.h"
#include "kiosk/cli/keys/pki.h"
#include "kiosk/cli/setup/setup_answers.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

/* One run of set-up, from answers to a staged /etc/porchlight. All functions return 0, or -1 after
 * an error message. */

enum { SETUP_KIOSKS = 4 }; /* a venue's kiosks that brokers know from the start */

enum { SETUP_WHY_MAX = 512 };

struct setup {
    const char *prefix;
    struct answers now, before; /* before: the last run's, or the defaults on the first */
    bool first;                 /* this kiosk has no keys yet */
    bool fresh_root;            /* this run makes the root key, and has to move it off the Pi */
    bool has_root;              /* keys->root_seed is valid */
    bool terminal;              /* a person answers at the terminal */
    bool brokers_changed;       /* answers about brokers differ from the last run's */
    bool relay_has_place;       /* a broker outside that phones use, as porchlight relay needs */
    struct keyset *keys;
    struct pki_pair *ca; /* locked memory */
    struct etc_transaction *stage;
    struct conf_text *conf; /* porchlight.conf as it will be */
    char venue[KEYSET_ID_TEXT], kiosk[KEYSET_ID_TEXT];
};

/* setup_root.c: reads an existing root key from its file (or has it typed in), else makes one.
 * Where the key is only useful, for accounts in the folder outside, reads it if its file exists. */
int setup_root_find(struct setup *s);
/* NULL, or why a new one may not be written to the path that the answer gives. */
const char *setup_root_why_not(const struct setup *s);
/* What --root takes for it later: its file's path, or "-" where it is on paper. */
const char *setup_root_option(const struct setup *s);
/* Writes a new one to its place and reads it back there; called just before the commit. */
int setup_root_hand_over(struct setup *s);
/* The commit failed: deletes a file that setup_root_hand_over wrote. */
void setup_root_take_back(struct setup *s);

/* setup_make.c: everything below /etc/porchlight. */
int setup_make(struct setup *s);

/* setup_outside.c: all brokers; the one outside. */
int setup_brokers(struct setup *s);
/* The folder for the venue's own server is gone (copied there), or has no accounts in it. */
bool setup_outside_lacks(const struct setup *s);
/* The broker here was set up by an older version, or without the root key: what was made for it
 * later has no account there yet. */
bool setup_here_lacks(const struct setup *s);

/* setup_broker.c: the one on this Pi, and what both need. `name` is a staged file, `where` the word
 * that passwords are derived with ("here", "outside"), `broker` a section's name. */
int setup_here(struct setup *s);
int setup_authority(struct setup *s);
int setup_certificate(struct setup *s, const char *name, const char *host, bool here);
int setup_accounts(struct setup *s, const char *where, bool beside);
int setup_own_section(struct setup *s, const char *broker, const char *where, const char *host,
                      int port, bool outside);

/* setup_ways.c: a second way to the broker outside, where the answers have one: its section, and
 * its accounts for every kiosk of the venue among all of that broker. */
#define SETUP_SECOND_WAY "outside-2"
int setup_ways(struct setup *s, const char *host, int port);
int setup_ways_accounts(const struct setup *s, cJSON *all);
bool setup_has_two_interfaces(const struct setup *s);

/* setup_put.c, which all the above use. Fills a template of templates.h and stages it. */
struct template_word;
int setup_fill(struct setup *s, const char *name, const char *template,
               const struct template_word *words, mode_t mode);

/* Where phones find the page or its WebSocket ("wss", "mqtt"): on `host`, else on this Pi, else on
 * the broker outside. */
void setup_address(const struct setup *s, const char *host, const char *scheme, const char *path,
                   char out[3 * ANSWER_MAX]);

/* setup_page_address.c: where members open their page. */
bool setup_page_is_named(const struct answers *a);
/* Offers the broker's name, where none was given. */
void setup_page_offer(struct answers *a);
/* With a name, the address is there; without one, on this Pi or else on the broker outside. */
void setup_page_address(const struct setup *s, char out[3 * ANSWER_MAX]);
/* Whether it opens, as seen from here, and then a code to try it with a phone; for the terminal. */
void setup_page_try(const struct setup *s);

/* The section of a broker in the config. */
int setup_section(struct setup *s, const char *broker, const char *host, int port, const char *ca,
                  const char *user, const char *phones, bool outside);

/* setup_page.c: the members' page and what is to be printed. */
int setup_page(struct setup *s);
int setup_papers(struct setup *s);

/* setup_drawing.c: how the switch, the door and the outputs of the config that is in use are wired,
 * for the terminal. */
void setup_drawing(const struct answers *a, const char *prefix);

/* setup_look_button.c: lists the buttons without wires, and waits for a press of one, for at most
 * `seconds`. 0: its address for the switch's line; 1: there was no press, and what to do was said;
 * -1: the host leaves. */
int setup_look_button(const char *prefix, int seconds, char address[ANSWER_MAX]);

/* setup_drawing.c: a bare number may be a pin's or a GPIO's. True: it is one that either could be,
 * and `why` asks which; the header is drawn. */
bool setup_is_pin_number(const char *address, char why[SETUP_WHY_MAX]);

/* setup_look.c: whether the kiosk itself could not use this line, as far as this machine can say:
 * it has GPIO chips, and is the one that is set up. `why` says it. */
bool setup_line_is_refused(const struct setup *s, const char *address, char why[SETUP_WHY_MAX]);

/* setup_look.c: shows for at most `seconds` how switch and door move, until both have. -1: the host
 * leaves. */
int setup_look(const struct answers *a, const char *prefix, int seconds);

/* setup_ask.c: asks what was not given. -1: the host leaves. */
int setup_ask(struct setup *s);

/* setup_host.c: NULL, or why no broker can be made on this Pi. */
const char *setup_why_not_here(const struct setup *s);
/* What has to be in order before anything is made: clock, packages, ports. */
int setup_check_host(const struct setup *s);

/* setup_undo.c: back to what was before the first set-up, after a question unless `yes`. An enum
 * cli_exit, after a message. */
int setup_undo(const struct cli *cli, bool yes);

/* setup_drill.c: a drill, until a phone answers. `may_wait`: at a terminal and before any phone has
 * joined, it says how to hold one later instead. An enum cli_exit. */
int setup_drill(const struct cli *cli, int wait_s, bool may_wait);

#endif
