#include "kiosk/cli/keys/root_command.h"

#include "kiosk/cli/keys/broker_ca.h"
#include "kiosk/cli/keys/pinned_ca.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/keys/root_account.h"
#include "kiosk/cli/kiosk_config.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/prompt.h"
#include "kiosk/common/clock.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/topics.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAPER_MOST = 1 << 20 };

/* One broker. */
struct root_way {
    struct root_account *account; /* NULL: it is not reached */
    int ca;                       /* keeps a certificate readable; -1: none */
    bool done;
    char why[BROKERS_WHY_MAX]; /* not done: a clause */
};

struct root_command {
    const struct cli *cli;
    const struct root_command_options *o;
    enum root_verb verb;
    char **accounts;
    struct venue_sheet sheet;
    struct root *root;
    struct root_way ways[CONFIG_BROKERS_MAX];
    struct root_account_seen seen; /* at all brokers together */
    struct root_word word;         /* what is said now */
    uint8_t wire[ENVELOPE_SIZE];
    char topic[TOPIC_NAME_MAX];
};

/* --- the sheet ------------------------------------------------------------------------------- */

static char *paper_text(const char *file, size_t *len)
{
    static char typed[PAPER_MOST + 1];
    if (strcmp(file, "-") != 0)
        return file_read(file, PAPER_MOST, len);
    if (isatty(STDIN_FILENO))
        fputs("Paste the lines of keep.html, from \"porchlight paper\" to the last one.\n"
              "Then press Ctrl-D on a new line.\n",
              stderr);
    ssize_t got = file_read_all(STDIN_FILENO, typed, PAPER_MOST);
    if (got < 0)
        return NULL;
    typed[got] = '\0';
    *len = (size_t)got;
    return strdup(typed);
}

static int paper_read(struct root_command *r)
{
    size_t len;
    const char *file = r->o->paper, *where = strcmp(file, "-") == 0 ? "what you pasted" : file;
    char *text = paper_text(file, &len);
    if (!text) {
        log_error("Nothing was done: %s: %s. Expected keep.html, or a file with its lines.", where,
                  errno == ENOENT ? "there is no such file" : strerror(errno));
        return -1;
    }
    int rc = venue_sheet_read(&r->sheet, where, text);
    free(text);
    return rc;
}

static int sheet_get(struct root_command *r)
{
    if (r->o->paper)
        return paper_read(r);
    if (kiosk_config_is_here(r->cli->prefix))
        return venue_sheet_of_kiosk(&r->sheet, r->cli->prefix);
    log_error("Nothing was done: no kiosk is set up on this machine, so it does not know which one "
              "you mean. Add what set-up gave you to print: --paper keep.html");
    return -1;
}

/* --- ways ------------------------------------------------------------------------------------ */

/* The broker's authority in a file: below the prefix; or from the paper's pin; or from --ca. */
static int way_trust(struct root_command *r, struct root_way *w, struct venue_sheet_broker *b)
{
    char path[PATH_LEN];
    if (!b->at.tls)
        return 0;
    if (!r->o->paper && !r->o->ca)
        return broker_ca_set(r->cli->prefix, &b->at) == 0
                   ? 0
                   : (snprintf(w->why, sizeof w->why, "its CA file cannot be used"), -1);
    if (b->pinned) {
        w->ca =
            pinned_ca_find(b->at.host, b->at.port, b->pin, r->o->ca, path, w->why, sizeof w->why);
        if (w->ca < 0)
            return -1;
    } else if (r->o->ca) {
        snprintf(path, sizeof path, "%s", r->o->ca);
    } else {
        snprintf(w->why, sizeof w->why,
                 "the paper does not say by which authority it is known: name its file with --ca "
                 "FILE");
        return -1;
    }
    if ((size_t)snprintf(b->at.ca, sizeof b->at.ca, "%s", path) < sizeof b->at.ca)
        return 0;
    snprintf(w->why, sizeof w->why, "the path of its CA is too long");
    return -1;
}

static bool ways_open(struct root_command *r)
{
    bool any = false;
    for (size_t i = 0; i < r->sheet.brokers_count; i++) {
        struct root_way *w = &r->ways[i];
        struct venue_sheet_broker *b = &r->sheet.brokers[i];
        w->ca = -1;
        if (way_trust(r, w, b) == 0)
            w->account = root_account_open(r->root, &r->sheet, &b->at, w->why);
        any = any || w->account;
    }
    return any;
}

static void ways_close(struct root_command *r)
{
    for (size_t i = 0; i < r->sheet.brokers_count; i++) {
        root_account_close(r->ways[i].account);
        if (r->ways[i].ca >= 0)
            close(r->ways[i].ca);
    }
}

static bool root_is_later(uint64_t epoch, uint64_t seq, uint64_t than, uint64_t than_seq)
{
    return epoch > than || (epoch == than && seq > than_seq);
}

/* An operator may keep something back: the newest of all brokers counts. */
static void root_seen_join(struct root_account_seen *all, const struct root_account_seen *one)
{
    root_word_join(&all->word, &one->word);
    if (one->received &&
        (!all->received || root_is_later(one->epoch, one->seq, all->epoch, all->seq))) {
        all->received = true;
        all->epoch = one->epoch;
        all->seq = one->seq;
    }
    if (one->asked && (!all->asked || root_is_later(one->ring_epoch, one->ring_seq, all->ring_epoch,
                                                    all->ring_seq))) {
        all->asked = true;
        all->ring_epoch = one->ring_epoch;
        all->ring_seq = one->ring_seq;
        all->on = one->on;
        all->id = one->id;
    }
}

static void ways_look(struct root_command *r)
{
    for (size_t i = 0; i < r->sheet.brokers_count; i++)
        if (r->ways[i].account)
            root_seen_join(&r->seen, root_account_look(r->ways[i].account));
}

static bool is_active(const struct root_account_seen *s)
{
    return s->asked && s->on && !root_word_ends(&s->word, &s->id, s->ring_epoch, s->ring_seq);
}

/* --- what is said ---------------------------------------------------------------------------- */

/* Everything that the kiosk has said up to now is over. Of two ends the later one counts: a kiosk
 * that has lost its record may have begun again below what was ended before. */
static int word_end(struct root_command *r)
{
    const struct root_account_seen *s = &r->seen;
    struct root_word *w = &r->word;
    if (!s->received) {
        log_error("Nothing was ended: no broker that was reached has a message of this kiosk, so "
                  "it is not known what there is to end. Try again while the kiosk, or another of "
                  "its brokers, is on.");
        return -1;
    }
    bool later = !w->ended || root_is_later(s->epoch, s->seq, w->epoch, w->seq);
    if (!later && !is_active(s))
        return 0;
    w->ended = true;
    w->id = s->on ? s->id : (struct alert_id){{0}};
    w->epoch = later ? s->epoch : w->epoch;
    w->seq = later ? s->seq : w->seq + 1;
    return 0;
}

static int word_revoke(struct root_command *r)
{
    uint8_t account[ENVELOPE_ID];
    for (char **a = r->accounts; *a; a++) {
        keyset_id_bytes(*a, account);
        if (root_word_revoke(&r->word, account) != 0) {
            log_error("Nothing was revoked: %d accounts are revoked already, and one message holds "
                      "no more. Set up a new kiosk (porchlight setup), and retire this one.",
                      ROOT_WORD_REVOKED_MAX);
            return -1;
        }
    }
    return 0;
}

static int word_make(struct root_command *r)
{
    struct root_word *w = &r->word;
    *w = r->seen.word;
    if ((r->verb == ROOT_END && word_end(r) != 0) ||
        (r->verb == ROOT_REVOKE && word_revoke(r) != 0))
        return -1;
    if (r->verb == ROOT_RETIRE) {
        w->retired = true;
        memcpy(w->public, r->sheet.key, sizeof w->public);
    }
    w->made = clock_is_set() ? (uint64_t)clock_wall_seconds() : w->made + 1;
    return topic_name(TOPIC_ROOT, r->sheet.venue, r->sheet.kiosk, NULL, r->topic) |
           root_sign_word(r->root, r->sheet.venue, r->sheet.kiosk, w, r->wire);
}

/* --- at a broker ----------------------------------------------------------------------------- */

/* First the message, while the kiosk can still read it; then its account. */
static int way_retire(struct root_command *r, struct root_way *w, const struct config_broker *b)
{
    struct registration_request q = {.kind = REGISTRATION_DISOWN};
    snprintf(q.account, sizeof q.account, "%.16s", b->user);
    snprintf(q.kiosk, sizeof q.kiosk, "%s", r->sheet.kiosk);
    return root_account_order(w->account, &q, w->why);
}

static int way_revoke(struct root_command *r, struct root_way *w)
{
    int rc = 0;
    for (char **a = r->accounts; *a && rc == 0; a++) {
        struct registration_request q = {.kind = REGISTRATION_SUSPEND};
        snprintf(q.account, sizeof q.account, "%s", *a);
        rc = root_account_order(w->account, &q, w->why);
    }
    return rc;
}

static void way_say(struct root_command *r, size_t i)
{
    struct root_way *w = &r->ways[i];
    const struct config_broker *b = &r->sheet.brokers[i].at;
    int rc = !w->account ||
             root_account_publish(w->account, r->topic, true, r->wire, sizeof r->wire, w->why) != 0;
    if (rc == 0 && r->verb == ROOT_RETIRE)
        rc = way_retire(r, w, b);
    else if (rc == 0 && r->verb == ROOT_REVOKE)
        rc = way_revoke(r, w);
    w->done = rc == 0;
}

/* --- reported -------------------------------------------------------------------------------- */

static const char *not_done(enum root_verb verb)
{
    return verb == ROOT_RETIRE   ? "The kiosk is not disowned"
           : verb == ROOT_REVOKE ? "Not every phone is shut out"
           : verb == ROOT_END    ? "Nothing is ended"
                                 : "Nothing was read";
}

static void say_retired(const struct root_command *r)
{
    bool all = true;
    for (size_t i = 0; i < r->sheet.brokers_count; i++)
        all = all && r->ways[i].done;
    print_say(
        "Done: %s shuts that kiosk out, and phones show it as removed, for good. Phones that it "
        "had revoked can connect again: revoke them at the venue's next kiosk, which you set up "
        "from the start, not from a backup.",
        all ? "every broker" : "each broker that was reached");
    if (!all)
        print_say("A broker on the kiosk itself went with it: nothing is left to do there. For any "
                  "other, run the same command again when it can be reached.");
}

static void say_done(const struct root_command *r, bool was_active)
{
    if (r->verb == ROOT_REVOKE)
        print_say(
            "Done: no phone, relay or kiosk obeys those phones any more. The kiosk gives all "
            "other phones a new key as soon as it reads this, so that they read nothing new.");
    else if (was_active)
        print_say("Done: the alert is over. Phones and relays see it at once, or when they next "
                  "connect, and so does the kiosk.");
    else
        print_say("Done: no alert was active at these brokers. What a phone may still show of an "
                  "earlier one is over too.");
}

static void show_print(const struct root_command *r, bool all)
{
    const struct root_account_seen *s = &r->seen;
    char hex[KEYSET_ID_TEXT];
    print_say("Venue %s, kiosk %s", r->sheet.venue, r->sheet.kiosk);
    print_say("Retired: %s", root_word_retires(&s->word, r->sheet.key) ? "yes" : "no");
    print_say("Alert: %s", is_active(s)  ? "one is active. To end it: porchlight root end"
                           : s->asked    ? all ? "none is active"
                                               : "none is active at the brokers that were reached"
                           : s->received ? "not known"
                                         : "not known: no broker has a message of this kiosk");
    print_say("Ended by the root key: %s", s->word.ended ? "an earlier alert" : "nothing");
    if (s->word.revoked_count == 0)
        print_say("Revoked staff phones: none");
    for (size_t i = 0; i < s->word.revoked_count; i++)
        print_say("Revoked staff phone: %s",
                  sodium_bin2hex(hex, sizeof hex, s->word.revoked[i], ENVELOPE_ID));
}

static void root_print_json(const struct root_command *r, bool ok, bool was_active)
{
    const struct root_word *w = r->verb == ROOT_SHOW ? &r->seen.word : &r->word;
    char hex[KEYSET_ID_TEXT];
    cJSON *o = cJSON_CreateObject();
    cJSON_AddBoolToObject(o, "ok", ok);
    cJSON_AddBoolToObject(o, "active", was_active);
    cJSON_AddBoolToObject(o, "retired", root_word_retires(w, r->sheet.key));
    cJSON_AddBoolToObject(o, "ended", w->ended);
    cJSON *revoked = cJSON_AddArrayToObject(o, "revoked");
    for (size_t i = 0; i < w->revoked_count; i++)
        cJSON_AddItemToArray(revoked, cJSON_CreateString(sodium_bin2hex(
                                          hex, sizeof hex, w->revoked[i], ENVELOPE_ID)));
    cJSON *all = cJSON_AddArrayToObject(o, "brokers");
    for (size_t i = 0; i < r->sheet.brokers_count; i++) {
        cJSON *b = cJSON_CreateObject();
        cJSON_AddItemToArray(all, b);
        cJSON_AddStringToObject(b, "name", r->sheet.brokers[i].at.name);
        cJSON_AddBoolToObject(b, "done", r->ways[i].done);
        if (r->ways[i].done)
            cJSON_AddNullToObject(b, "why");
        else
            cJSON_AddStringToObject(b, "why", r->ways[i].why);
    }
    print_json(o);
    cJSON_Delete(o);
}

/* The broker on a seized kiosk went with it: what is left there makes nothing fail. */
static int root_report(const struct root_command *r)
{
    bool ok = true, any = false, was_active = is_active(&r->seen);
    for (size_t i = 0; i < r->sheet.brokers_count; i++) {
        ok = ok && r->ways[i].done;
        any = any || r->ways[i].done;
        if (!r->ways[i].done)
            log_error("%s at broker %s: %s.", not_done(r->verb), r->sheet.brokers[i].at.name,
                      r->ways[i].why);
        else if (!r->cli->json && r->verb != ROOT_SHOW)
            print_say("Broker %s: done.", r->sheet.brokers[i].at.name);
    }
    ok = ok || (any && r->verb == ROOT_RETIRE);
    if (r->cli->json)
        root_print_json(r, ok, was_active);
    else if (r->verb == ROOT_SHOW && any)
        show_print(r, ok);
    else if (r->verb == ROOT_RETIRE && any)
        say_retired(r);
    else if (ok)
        say_done(r, was_active);
    else if (any)
        print_say("Run the same command again when the other brokers can be reached.");
    return ok ? CLI_OK : CLI_FAILED;
}

/* Nothing takes it back, so a person is asked; a script is not. */
static bool may_retire(const struct root_command *r)
{
    char question[512];
    if (!isatty(STDIN_FILENO))
        return true;
    snprintf(
        question, sizeof question,
        "This disowns kiosk %s of venue %s%s.\nPhones, relays and brokers ignore it from now on, "
        "and nothing takes that back.\nDisown it? Type yes: ",
        r->sheet.kiosk, r->sheet.venue, r->o->paper ? "" : ",\nwhich this machine is set up as");
    if (prompt_yes(question) > 0)
        return true;
    log_error("Nothing was done: you did not type yes.");
    return false;
}

/* --- the whole ------------------------------------------------------------------------------- */

static int root_command_do(struct root_command *r)
{
    if (!r->cli->json) {
        print_say("Asking the venue's brokers. This can take a minute.");
        fflush(stdout);
    }
    bool any = ways_open(r);
    ways_look(r);
    if (r->verb != ROOT_SHOW && any && word_make(r) != 0)
        return CLI_FAILED;
    for (size_t i = 0; i < r->sheet.brokers_count; i++)
        if (r->verb == ROOT_SHOW)
            r->ways[i].done = r->ways[i].account;
        else if (any)
            way_say(r, i);
    return root_report(r);
}

int root_command_run(const struct cli *cli, const struct cli_command *of,
                     const struct root_command_options *o, enum root_verb verb, char **accounts)
{
    if (!o->root_file)
        return cli_misuse(of,
                          "--root FILE is missing: name the root key's file, or - to type it in "
                          "from its paper");
    if (root_check(of, o->root_file) != CLI_OK)
        return CLI_USAGE;
    struct root_command *r = calloc(1, sizeof *r);
    int code = CLI_FAILED;
    if (!r || sodium_init() < 0)
        goto free_command;
    r->cli = cli;
    r->o = o;
    r->verb = verb;
    r->accounts = accounts;
    if (sheet_get(r) == 0 && (r->root = root_open_of(r->sheet.root, o->root_file)) &&
        (verb != ROOT_RETIRE || may_retire(r)))
        code = root_command_do(r);
    if (r->root)
        ways_close(r);
    root_close(r->root);
free_command:
    free(r);
    return code;
}

int root_command_paper(const struct cli *cli)
{
    struct venue_sheet *sheet = calloc(1, sizeof *sheet);
    int code = sheet && sodium_init() >= 0 && venue_sheet_of_kiosk(sheet, cli->prefix) == 0 &&
                       venue_sheet_write(sheet, stdout) == 0
                   ? CLI_OK
                   : CLI_FAILED;
    free(sheet);
    return code;
}
