#include "config/secret.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/keys/root_paper.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *place_of(const struct setup *s)
{
    return s->now.value[ANSWER_ROOT];
}

static bool goes_to_file(const struct setup *s)
{
    return place_of(s)[0] == '/';
}

const char *setup_root_option(const struct setup *s)
{
    return goes_to_file(s) ? place_of(s) : "-";
}

/* --- an existing one ------------------------------------------------------------------------- */

static int check_venue(struct setup *s, const char *where)
{
    char *known;
    size_t len;
    char mine[2 * ENVELOPE_PUBLIC + 1];
    keyset_root(s->keys);
    s->has_root = true;
    known = etc_transaction_read(s->stage, "credentials/root.pub", &len);
    if (!known)
        return 0;
    sodium_bin2hex(mine, sizeof mine, s->keys->root_public, ENVELOPE_PUBLIC);
    bool same = strncmp(known, mine, sizeof mine - 1) == 0;
    free(known);
    if (!same)
        log_error("Nothing was changed: %s is another venue's root key; expected the one that "
                  "root.pub belongs to.",
                  where);
    return same ? 0 : -1;
}

static int type_root_key(struct setup *s)
{
    print_say("\nThis needs the venue's root key. Type in the four lines of its paper.");
    if (root_paper_ask(s->keys->root_seed) == 0)
        return check_venue(s, "what you typed");
    log_error("The root key was not typed in. Nothing was changed.");
    return -1;
}

static int make_root_key(struct setup *s)
{
    keyset_make(s->keys);
    s->fresh_root = s->has_root = true;
    if (goes_to_file(s) || s->terminal)
        return 0;
    log_error("Nothing was changed: root = %s needs a terminal, where the key can be written down; "
              "expected the path of a file on a USB stick.",
              place_of(s));
    return -1;
}

int setup_root_find(struct setup *s)
{
    bool there = goes_to_file(s) && access(place_of(s), F_OK) == 0;
    bool joins = answer_number(&s->now, ANSWER_KIOSK) > 1;
    if (!s->first && !s->brokers_changed &&
        !(there && (setup_outside_lacks(s) || setup_here_lacks(s))))
        return 0;
    if (there && root_seed_read(NULL, place_of(s), s->keys->root_seed) < 0) {
        log_error("Nothing was changed, because the root key could not be read.");
        return -1;
    }
    if (there)
        return check_venue(s, place_of(s));
    if (s->first && !joins)
        return make_root_key(s);
    if (s->terminal)
        return type_root_key(s);
    log_error(
        "Nothing was changed: another broker or kiosk needs the venue's root key, %s. Expected "
        "root = FILE, the key's file.",
        goes_to_file(s) ? "and there is no such file" : "and none was given");
    return -1;
}

/* --- handing over a new one ------------------------------------------------------------------ */

const char *setup_root_why_not(const struct setup *s)
{
    struct stat there, here;
    char folder[PATH_LEN], etc[PATH_LEN], var[PATH_LEN];
    const char *slash = strrchr(place_of(s), '/');

    snprintf(folder, sizeof folder, "%.*s", slash > place_of(s) ? (int)(slash - place_of(s)) : 1,
             place_of(s));
    if (stat(folder, &there) < 0)
        return "Its folder does not exist. Is the USB stick mounted?";
    if (path_under(s->prefix, PATH_ETC, etc) < 0 ||
        path_under(s->prefix, PATH_STATE_DIR, var) < 0 || path_is_below(place_of(s), etc) ||
        path_is_below(place_of(s), var))
        return "This folder is the kiosk's own. The root key belongs off site, for example on a "
               "USB "
               "stick.";
    if (s->prefix[0] == '\0' && stat("/", &here) == 0 && here.st_dev == there.st_dev)
        return "This folder is on the Pi's own card. The root key belongs off site: mount a USB "
               "stick, or type print.";
    return NULL;
}

static int write_to_file(const struct setup *s)
{
    uint8_t *back = sodium_malloc(KEYSET_SEED);
    const char *why = setup_root_why_not(s);
    int result = -1;
    if (!back)
        return -1;
    if (why)
        log_error("Nothing was changed: the root key cannot be written to %s. %s", place_of(s),
                  why);
    else if (secret_write_key(place_of(s), s->keys->root_seed, KEYSET_SEED, 0600) < 0)
        log_error("Nothing was changed: the root key could not be written to %s: %s. Is the stick "
                  "full or write-protected?",
                  place_of(s), strerror(errno));
    else if (secret_read_file(place_of(s), false, back, KEYSET_SEED, config_complain_stderr, NULL) <
                 0 ||
             sodium_memcmp(back, s->keys->root_seed, KEYSET_SEED) != 0)
        log_error(
            "Nothing was changed: %s reads back differently from what was written; use another "
            "stick.",
            place_of(s));
    else
        result = 0;
    sodium_free(back);
    return result;
}

static int show_on_paper(const struct setup *s)
{
    uint8_t *back = sodium_malloc(KEYSET_SEED);
    int result = -1;
    if (!back)
        return -1;
    print_say(
        "\nThis is the venue's root key. Write it down on paper, with the number of each line. "
        "It is shown only once, now.");
    root_paper_print(s->keys->root_seed);
    print_say("\nTo be sure that the paper is right, type in its four lines.");
    while ((result = root_paper_ask(back)) == 0 &&
           sodium_memcmp(back, s->keys->root_seed, KEYSET_SEED) != 0)
        print_say("    This is another key. Type in the four lines again.");
    sodium_free(back);
    /* Off the screen, and out of what can be scrolled back to. */
    fputs("\033[H\033[2J\033[3J", stdout);
    fflush(stdout);
    if (result < 0)
        log_error("Nothing was changed, because the root key was not typed in from its paper.");
    return result;
}

int setup_root_hand_over(struct setup *s)
{
    if (!s->fresh_root)
        return 0;
    return goes_to_file(s) ? write_to_file(s) : show_on_paper(s);
}

void setup_root_take_back(struct setup *s)
{
    if (s->fresh_root && goes_to_file(s))
        unlink(place_of(s));
}
