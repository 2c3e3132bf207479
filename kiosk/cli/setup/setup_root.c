#include "config/secret.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/keys/root_paper.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/setup/setup_terminal.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *setup_root_place(const struct setup *s)
{
    return s->now.value[ANSWER_ROOT];
}

static int setup_root_ask_line(const char *question, char *out, size_t size)
{
    fputs(question, stdout);
    return terminal_line(out, size);
}

/* --- an existing one ------------------------------------------------------------------------- */

static int setup_root_belongs(struct setup *s, const char *where)
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
        log_error("%s: is another venue's root key; expected the one that root.pub belongs to",
                  where);
    return same ? 0 : -1;
}

int setup_root_find(struct setup *s)
{
    bool file = setup_root_place(s)[0] == '/';
    bool there = file && access(setup_root_place(s), F_OK) == 0;
    bool joins = s->first && answer_number(&s->now, ANSWER_KIOSK) > 1;
    if (!s->first && !s->brokers_changed && !(there && setup_outside_lacks(s)))
        return 0;
    if (there) {
        if (root_seed_read(NULL, setup_root_place(s), s->keys->root_seed) < 0)
            return -1;
        return setup_root_belongs(s, setup_root_place(s));
    }
    if (s->first && !joins) {
        keyset_make(s->keys);
        s->fresh_root = s->has_root = true;
        if (!file && !s->terminal) {
            log_error("root: found %s, but nobody is at the terminal to write it down; expected "
                      "the path of a file on a USB stick",
                      setup_root_place(s));
            return -1;
        }
        return 0;
    }
    if (!s->terminal) {
        log_error("root: %s; a new broker or another kiosk wants the venue's root key: root = its "
                  "file",
                  file ? "there is no such file" : "none was given");
        return -1;
    }
    puts("\nThe venue's root key is needed for this. Type it in from its paper.");
    return root_paper_ask(setup_root_ask_line, s->keys->root_seed) < 0
               ? -1
               : setup_root_belongs(s, "what was typed");
}

/* --- a fresh one leaves ---------------------------------------------------------------------- */

static bool setup_root_is_below(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    return strncmp(path, folder, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

const char *setup_root_why_not(const struct setup *s)
{
    struct stat there, here;
    char folder[PATH_LEN], etc[PATH_LEN], var[PATH_LEN];
    const char *slash = strrchr(setup_root_place(s), '/');

    snprintf(folder, sizeof folder, "%.*s",
             slash > setup_root_place(s) ? (int)(slash - setup_root_place(s)) : 1,
             setup_root_place(s));
    if (stat(folder, &there) < 0)
        return "its folder is not there; is the stick mounted?";
    if (path_under(s->prefix, PATH_ETC, etc) < 0 ||
        path_under(s->prefix, PATH_STATE_DIR, var) < 0 ||
        setup_root_is_below(setup_root_place(s), etc) ||
        setup_root_is_below(setup_root_place(s), var))
        return "it lies among the kiosk's own files; the root key belongs off site, say on a USB "
               "stick";
    if (s->prefix[0] == '\0' && stat("/", &here) == 0 && here.st_dev == there.st_dev)
        return "it lies on this Pi's own card; the root key belongs off site: mount a USB stick, "
               "or say print";
    return NULL;
}

const char *setup_root_word(const struct setup *s)
{
    return setup_root_place(s)[0] == '/' ? setup_root_place(s) : "-";
}

static int to_file(const struct setup *s)
{
    uint8_t *back = sodium_malloc(KEYSET_SEED);
    const char *why = setup_root_why_not(s);
    int result = -1;
    if (!back)
        return -1;
    if (why)
        log_error("root: %s: %s", setup_root_place(s), why);
    else if (secret_write_key(setup_root_place(s), s->keys->root_seed, KEYSET_SEED, 0600) < 0)
        log_error("root: %s: %s; a stick may be full, or write-protected", setup_root_place(s),
                  strerror(errno));
    else if (secret_read_file(setup_root_place(s), false, back, KEYSET_SEED, config_complain_stderr,
                              NULL) < 0 ||
             sodium_memcmp(back, s->keys->root_seed, KEYSET_SEED) != 0)
        log_error("root: %s: reads back as something else; use another stick", setup_root_place(s));
    else
        result = 0;
    sodium_free(back);
    return result;
}

static int to_paper(const struct setup *s)
{
    uint8_t *back = sodium_malloc(KEYSET_SEED);
    int result = -1;
    if (!back)
        return -1;
    puts("\nThe venue's root key. Write it down, on paper, and keep it off site. It is\nshown "
         "once.");
    root_paper_print(s->keys->root_seed);
    puts("\nNow read it back from the paper, so that a slip shows today.");
    while ((result = root_paper_ask(setup_root_ask_line, back)) == 0 &&
           sodium_memcmp(back, s->keys->root_seed, KEYSET_SEED) != 0)
        puts("    That is another key; read it back once more.");
    sodium_free(back);
    /* Off the screen, and out of what can be scrolled back to. */
    fputs("\033[H\033[2J\033[3J", stdout);
    fflush(stdout);
    if (result < 0)
        log_error("root: it was not read back, so nothing was changed");
    return result;
}

int setup_root_leave(struct setup *s)
{
    if (!s->fresh_root)
        return 0;
    return setup_root_place(s)[0] == '/' ? to_file(s) : to_paper(s);
}

void setup_root_take_back(struct setup *s)
{
    if (s->fresh_root && setup_root_place(s)[0] == '/')
        unlink(setup_root_place(s));
}
