#include "kiosk/cli/setup/setup.h"

#include "kiosk/cli/print.h"
#include "kiosk/cli/setup/setup_before.h"
#include "kiosk/cli/setup/setup_name.h"
#include "kiosk/cli/setup/setup_terminal.h"
#include "kiosk/cli/setup/setup_units.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
    const char *answers;
    bool drill_only, settle, undo, yes;
};

static bool is_unchanged(const struct setup *s, enum answer which)
{
    return strcmp(s->now.value[which], s->before.value[which]) == 0;
}

/* False after a complaint: what answers in a file name must be there too. */
static bool lines_exist(const struct setup *s)
{
    static const enum answer lines[] = {ANSWER_SWITCH, ANSWER_OTHER_CONTACT, ANSWER_DOOR};
    char why[SETUP_WHY_MAX];
    bool good = true;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (!setup_line_is_refused(s, s->now.value[lines[i]], why))
            continue;
        log_error("%s: %s", answer_rules[lines[i]].key, why);
        good = false;
    }
    return good;
}

/* The last run's answers, then this one's over them. */
static int find_answers(struct setup *s, const struct options *o)
{
    static const enum answer brokers[] = {ANSWER_BROKER, ANSWER_OUTSIDE, ANSWER_OUTSIDE_ACCOUNT,
                                          ANSWER_WAYS, ANSWER_KIOSK};
    char path[PATH_LEN];

    answers_init(&s->now);
    setup_own_name(s->prefix, s->now.value[ANSWER_HOST]);
    snprintf(path, sizeof path, "%s", etc_transaction_path(s->stage, "setup.conf"));
    if (access(path, F_OK) == 0 && answers_read(&s->now, path, false) < 0)
        return -1;
    s->before = s->now;
    s->first = !etc_transaction_has(s->stage, "credentials/kiosk.key");
    if (o->answers && answers_read(&s->now, o->answers, true) < 0) {
        log_error("Nothing was changed. Correct the file, then run set-up again.");
        return -1;
    }
    if (s->terminal && setup_ask(s) < 0) {
        fputc('\n', stdout);
        log_error("You left before the last answer. Nothing was changed.");
        return -1;
    }
    for (size_t i = 0; i < sizeof brokers / sizeof brokers[0]; i++)
        s->brokers_changed |= !is_unchanged(s, brokers[i]);
    if (answers_check(&s->now) == 0 && lines_exist(s))
        return 0;
    log_error("Nothing was changed. Correct the answers, then run set-up again.");
    return -1;
}

enum { STEP_LABEL = 16 }; /* of any number, with its dot */

static const char *step_label(int *steps, char out[STEP_LABEL])
{
    snprintf(out, STEP_LABEL, "%d.", ++*steps);
    return out;
}

/* What the host does next, in this order. */
static void print_next_steps(const struct setup *s)
{
    enum { LABEL = 3 };
    char folder[PATH_LEN], accounts[PATH_LEN + 32], label[STEP_LABEL];
    int n = 0;
    snprintf(folder, sizeof folder, "%.300s%s/outside", s->prefix, PATH_ETC);
    snprintf(accounts, sizeof accounts, "%s/dynamic-security.json", folder);
    bool carry = answers_broker_outside(&s->now) &&
                 answer_is(&s->now, ANSWER_OUTSIDE_ACCOUNT, "make") &&
                 answer_number(&s->now, ANSWER_KIOSK) == 1 && access(folder, F_OK) == 0;
    print_say("\nWhat to do next:");
    bool begins = carry && access(accounts, F_OK) == 0;
    if (begins)
        print_item(
            PRINT_PLAIN, step_label(&n, label), LABEL,
            "Set up the server outside: broker, page and relay. This makes a folder to carry "
            "there, on a second stick, with an install.sh:\n"
            "    sudo porchlight outside --root %s /media/usb2/outside",
            setup_root_option(s));
    else if (carry)
        print_item(PRINT_PLAIN, step_label(&n, label), LABEL,
                   "Renew the server outside: copy the folder below to it, run install.sh there as "
                   "root, then delete the folder here.\n    %s",
                   folder);
    print_item(
        PRINT_PLAIN, step_label(&n, label), LABEL,
        "Invite two or more staff phones, and then each member's. Run the first line once for "
        "each staff phone:\n"
        "    sudo porchlight invite --staff --root %s\n"
        "    sudo porchlight invite",
        setup_root_option(s));
    if (s->relay_has_place && !begins)
        print_item(PRINT_PLAIN, step_label(&n, label), LABEL,
                   "Make a relay, which rings phones that are locked, on a second stick:\n"
                   "    sudo porchlight relay --root %s /media/usb2/relay",
                   setup_root_option(s));
    print_item(
        PRINT_PLAIN, step_label(&n, label), LABEL,
        "Print the cards staff.html, member.html and keep.html. They are in\n    %s%s/papers",
        s->prefix, PATH_ETC);
    print_item(PRINT_PLAIN, step_label(&n, label), LABEL,
               "Make a backup, and keep it away from the venue:\n    sudo porchlight backup FILE");
    print_item(PRINT_PLAIN, step_label(&n, label), LABEL,
               "Check that everything is in order:\n    sudo porchlight doctor");
    if (answer_is(&s->now, ANSWER_BROKER, "here"))
        print_say(
            "\nThis venue is LAN only: its broker is on this Pi, so whoever takes the Pi takes "
            "the alert with it. Run set-up again when you have a broker elsewhere.");
    print_say("\nThe wipe is off. Before you turn it on, read its page of the handbook: "
              "/usr/share/doc/porchlight/handbook/wipe.html.");
    fflush(stdout);
}

/* After the units were started, or could not be. */
static void print_done(const struct setup *s)
{
    bool runs = setup_can_start(s->prefix);
    fputc('\n', stdout);
    print_item(PRINT_OK, "Done.", 6,
               runs ? "This kiosk is set up, in %s%s, and its services run."
                    : "This kiosk is set up, in %s%s. No service was started, because systemd "
                      "does not run there.",
               s->prefix, PATH_ETC);
    print_next_steps(s);
}

static int apply_answers(struct setup *s, const struct options *o)
{
    if (find_answers(s, o) < 0 || setup_check_host(s) < 0 || setup_make(s) < 0 ||
        setup_root_hand_over(s) < 0)
        return CLI_FAILED;
    bool ended = terminal_ended();
    if (ended)
        log_error("Interrupted. Nothing was changed.");
    int kept = ended ? -1 : before_keep(s->prefix, s->stage, s->first);
    if (kept < 0 || etc_transaction_commit(s->stage) < 0) {
        if (kept > 0)
            before_forget(s->prefix);
        setup_root_take_back(s);
        return CLI_FAILED;
    }
    return CLI_OK;
}

static int set_up(const struct cli *cli, const struct options *o)
{
    struct setup s = {.prefix = cli->prefix, .terminal = !o->answers && isatty(STDIN_FILENO)};
    sigset_t before;
    int code = CLI_FAILED;

    if (!o->answers && !s.terminal)
        return cli_misuse(&cli_setup,
                          "Set-up needs a terminal to ask its questions. Without one, give it "
                          "--answers FILE");
    if (s.terminal && terminal_is_taken(ttyname(STDIN_FILENO))) {
        log_error(
            "Nothing was set up: the picture takes this screen over while set-up runs, and the "
            "login here ends. Log in from another computer by ssh, and run: sudo porchlight "
            "setup");
        return CLI_DENIED;
    }
    terminal_hold(&before);
    s.stage = etc_transaction_begin(cli->prefix);
    s.keys = keyset_new();
    s.ca = s.keys ? sodium_malloc(sizeof *s.ca) : NULL;
    s.conf = calloc(1, sizeof *s.conf);
    if (s.stage && s.ca && s.conf)
        code = apply_answers(&s, o);
    etc_transaction_free(s.stage);
    keyset_free(s.keys);
    sodium_free(s.ca);
    free(s.conf);
    terminal_release(&before);
    bool applied = code == CLI_OK;
    if (applied)
        code = setup_start(cli, &s);
    if (applied && code == CLI_OK)
        print_done(&s);
    else if (applied)
        log_error("Then run set-up again (sudo porchlight setup): it keeps your answers, and shows "
                  "what to do next.");
    if (code == CLI_OK && answer_yes(&s.now, ANSWER_DRILL))
        code = setup_drill(cli, answer_number(&s.now, ANSWER_DRILL_WAIT), true);
    return code;
}

static int setup_run(const struct cli *cli, void *own, char **words)
{
    const struct options *o = own;
    struct answers a;
    (void)words;
    if (!!o->answers + o->drill_only + o->settle + o->undo > 1)
        return cli_misuse(&cli_setup, "--answers, --drill, --settle and --undo cannot be combined");
    if (o->yes && !o->undo)
        return cli_misuse(&cli_setup, "--yes belongs to --undo");
    if (o->drill_only) {
        answers_init(&a);
        return setup_drill(cli, answer_number(&a, ANSWER_DRILL_WAIT), false);
    }
    if (cli->prefix[0] == '\0' && geteuid() != 0) {
        log_error("Only root may change /etc/porchlight. Run: sudo porchlight setup");
        return CLI_DENIED;
    }
    umask(022);
    if (o->settle)
        return etc_transaction_settle(cli->prefix) < 0 ? CLI_FAILED : CLI_OK;
    if (o->undo)
        return setup_undo(cli, o->yes);
    return set_up(cli, o);
}

static const struct cli_option setup_options[] = {
    OPTION("answers", "FILE", struct options, answers,
           "take the answers from a file, so that nobody is asked"),
    OPTION("drill", NULL, struct options, drill_only,
           "only hold the drill at its end, which waits for a phone's answer"),
    OPTION("settle", NULL, struct options, settle,
           "only finish or remove what an interrupted set-up left"),
    OPTION("undo", NULL, struct options, undo, "go back to what was before the first set-up"),
    OPTION("yes", NULL, struct options, yes, "with --undo: do not ask first"),
    {0},
};

const struct cli_command cli_setup = {
    .name = "setup",
    .arguments = "[--answers FILE | --drill | --settle | --undo [--yes]]",
    .summary = "make this Pi a kiosk: keys, certificates, brokers, a drill",
    .options = setup_options,
    .size = sizeof(struct options),
    .run = setup_run,
};
