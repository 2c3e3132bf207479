#include "kiosk/cli/setup/setup_undo.h"

#include "kiosk/cli/files.h"
#include "kiosk/cli/kiosk_idle.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/prompt.h"
#include "kiosk/cli/setup/setup_before.h"
#include "kiosk/cli/setup/setup_terminal.h"
#include "kiosk/cli/setup/setup_units.h"
#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/common/unix_socket.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KIOSK_KEY PATH_CREDENTIALS "/kiosk.key"
#define MADE_HERE PATH_ETC "/outside/install.sh"

struct undo {
    const struct cli *cli;
    char *list; /* what set-up kept */
    struct etc_transaction *stage;
    int returned, removed;
};

/* --- whether it may begin --------------------------------------------------------------------- */

enum undo_verdict undo_decide(const struct undo_facts *f)
{
    if (!f->copy)
        return f->key ? UNDO_NO_COPY : UNDO_NOTHING;
    if (f->answers)
        return f->idle ? UNDO_MAY_BEGIN : UNDO_NOT_NOW;
    return f->off || f->begun || !f->key ? UNDO_MAY_BEGIN : UNDO_NO_ANSWER;
}

static bool undo_is_there(const struct undo *u, const char *path)
{
    char whole[PATH_LEN];
    return path_under(u->cli->prefix, path, whole) == 0 && access(whole, F_OK) == 0;
}

static bool undo_is_answered(const struct undo *u)
{
    char path[PATH_LEN];
    int fd = path_under(u->cli->prefix, PATH_ADMIN, path) == 0 ? unix_socket_connect(path) : -1;
    file_close(fd);
    return fd >= 0;
}

static enum undo_verdict undo_look(const struct undo *u)
{
    struct undo_facts f = {.copy = u->list,
                           .key = undo_is_there(u, KIOSK_KEY),
                           .begun = undo_is_there(u, PATH_BEFORE_BEGUN),
                           .off = !setup_can_start(u->cli->prefix) ||
                                  !setup_unit_is_enabled("porchlightd.service"),
                           .answers = undo_is_answered(u)};
    f.idle = f.copy && f.answers && kiosk_idle(u->cli) == CLI_OK;
    return undo_decide(&f);
}

static void undo_complain(enum undo_verdict verdict)
{
    static const char *const why[] = {
        [UNDO_NO_COPY] =
            "Nothing was undone: this kiosk was set up by an older version, or restored from a "
            "backup, and nothing was kept of what was before. To remove it as a whole: sudo apt "
            "purge porchlight",
        [UNDO_NOT_NOW] =
            "Nothing was undone. As before an upgrade, no alert or drill may be open, no wipe "
            "under way, and no switch pressed. porchlight status shows what is.",
        [UNDO_NO_ANSWER] =
            "Nothing was undone: porchlightd does not answer, so an alert may be open. Start it: "
            "sudo systemctl start porchlightd. If it cannot start, take it out of service first: "
            "sudo systemctl disable --now porchlightd",
    };
    log_error("%s", why[verdict]);
}

/* 0, or -1: the host does not want it. */
static int undo_ask(bool yes)
{
    int answer = yes ? 1
                     : prompt_yes("This takes the set-up of this kiosk back, and stops the alarm. "
                                  "Its keys,\nconfig, papers, phones and accounts are deleted: "
                                  "after another set-up, every\nphone has to be invited again. "
                                  "If you may want this kiosk back, make a backup\nfirst: sudo "
                                  "porchlight backup FILE\nTake it back? Type yes: ");
    if (answer < 0)
        log_error("Nothing was undone: there is no terminal to ask at. To undo without a "
                  "question, run: sudo porchlight setup --undo --yes");
    else if (answer == 0)
        log_error("Nothing was undone.");
    return answer > 0 ? 0 : -1;
}

/* --- files ------------------------------------------------------------------------------------ */

static int undo_return(struct undo *u, const struct before_entry *e)
{
    size_t len;
    char *bytes = before_copy(u->cli->prefix, e->name, &len);
    if (!bytes) {
        log_error("The copy of %s in " PATH_BEFORE " cannot be read: %s.", e->name,
                  strerror(errno));
        return -1;
    }
    int result = e->etc ? etc_transaction_put(u->stage, e->etc, bytes, len, e->mode)
                        : etc_transaction_put_beside(u->stage, e->name, bytes, len, e->mode,
                                                     "porchlight-broker");
    sodium_memzero(bytes, len);
    free(bytes);
    u->returned++;
    return result;
}

static int undo_file(void *context, const struct before_entry *e)
{
    struct undo *u = context;
    if (e->kind == BEFORE_KEPT)
        return undo_return(u, e);
    if (e->kind != BEFORE_NEW)
        return 0;
    u->removed++;
    return e->etc ? etc_transaction_drop(u->stage, e->etc) : 0;
}

/* After the files. It stays if others put files there. */
static int undo_folder(void *context, const struct before_entry *e)
{
    const struct undo *u = context;
    if (e->kind == BEFORE_FOLDER)
        rmdir(etc_transaction_path(u->stage, e->etc));
    return 0;
}

static int undo_files(struct undo *u)
{
    int result = before_each(u->list, undo_file, u);
    if (result < 0 && errno == EBADMSG)
        log_error(PATH_BEFORE_LIST " is damaged, so it does not say what was there before.");
    return result < 0 || before_each(u->list, undo_folder, u) < 0
               ? -1
               : etc_transaction_commit(u->stage);
}

/* What porchlightd, the registrar and the broker wrote for the kiosk, which is gone. */
static int undo_remove_state(const struct undo *u)
{
    static const struct {
        const char *of, *folder;
    } made[] = {{KIOSK_KEY, PATH_STATE_DIR},
                {PATH_REGISTRAR "/registrar.conf", PATH_REGISTRAR_DIR},
                {PATH_ACCOUNTS, "/var/lib/porchlight-broker"}};
    int result = 0;
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        char path[PATH_LEN];
        if (before_has(u->list, BEFORE_NEW, made[i].of) &&
            (path_under(u->cli->prefix, made[i].folder, path) < 0 || files_empty(path) < 0)) {
            log_error("%s could not be deleted: %s.", made[i].folder, strerror(errno));
            result = -1;
        }
    }
    return result;
}

/* --- all of it -------------------------------------------------------------------------------- */

static int undo_unit(void *context, const struct before_entry *e)
{
    (void)context;
    if (e->kind == BEFORE_UNIT)
        setup_unit_return(e->name, e->enabled, e->active);
    return 0;
}

static int undo_mark_begun(const struct undo *u)
{
    char path[PATH_LEN];
    int result = path_under(u->cli->prefix, PATH_BEFORE_BEGUN, path);
    if (result == 0)
        result = file_replace(path, "", 0, 0600);
    if (result < 0)
        log_error("Nothing was undone: %s cannot be written: %s.", PATH_BEFORE_BEGUN,
                  strerror(errno));
    return result;
}

static void undo_print_done(const struct undo *u, bool outside)
{
    enum { LABEL = 2 };
    print_item(PRINT_OK, "Undone.", 8, "Files as they were before set-up: %d. Files deleted: %d.",
               u->returned, u->removed);
    print_say("\nThis cannot be taken back from here:");
    print_item(PRINT_PLAIN, "-", LABEL,
               "Phones keep the kiosk in their page until somebody removes it there.");
    print_item(PRINT_PLAIN, "-", LABEL,
               "Printed cards, the root key on paper or on its stick, and backups: destroy what "
               "you do not need.");
    if (outside)
        print_item(PRINT_PLAIN, "-", LABEL,
                   "The accounts, certificate and page on the server outside: remove them there, "
                   "or ask the broker's operator.");
    print_item(PRINT_PLAIN, "-", LABEL, "What the wipe destroyed, and its record.");
    fflush(stdout);
}

/* The services are stopped. A power cut before the commit leaves the kiosk as it was, and after it
 * what the next undo finishes. */
static int undo_act(struct undo *u)
{
    const char *prefix = u->cli->prefix;
    u->stage = etc_transaction_begin(prefix);
    int result = u->stage ? undo_files(u) : -1;
    etc_transaction_free(u->stage);
    if (result < 0) {
        log_error("Nothing was undone.");
        setup_restart(u->cli);
        return CLI_FAILED;
    }
    if (undo_remove_state(u) < 0) {
        log_error("The rest is undone. Correct that, then run it again: sudo porchlight setup "
                  "--undo");
        return CLI_FAILED;
    }
    before_each(u->list, undo_unit, NULL);
    before_forget(prefix);
    return CLI_OK;
}

static int undo_begin(struct undo *u, bool yes)
{
    enum undo_verdict verdict = undo_look(u);
    sigset_t before;
    if (verdict == UNDO_NOTHING) {
        before_forget(u->cli->prefix); /* an undo was interrupted at its very end */
        print_say("There is nothing to undo: this kiosk is not set up.");
        return CLI_OK;
    }
    if (verdict == UNDO_MAY_BEGIN && undo_ask(yes) < 0)
        return CLI_FAILED;
    if (verdict == UNDO_MAY_BEGIN)
        verdict = undo_look(u); /* the answer may have taken an hour */
    if (verdict != UNDO_MAY_BEGIN) {
        undo_complain(verdict);
        return CLI_FAILED;
    }
    bool outside = undo_is_there(u, MADE_HERE);
    terminal_hold(&before);
    int code = CLI_FAILED;
    if (undo_mark_begun(u) == 0) {
        if (setup_can_start(u->cli->prefix))
            print_say("Stopping the services.");
        fflush(stdout);
        setup_units_stop(u->cli->prefix);
        code = undo_act(u);
    }
    terminal_release(&before);
    if (code == CLI_OK)
        undo_print_done(u, outside);
    return code;
}

int setup_undo(const struct cli *cli, bool yes)
{
    struct undo u = {.cli = cli};
    int code = CLI_FAILED;
    if (etc_transaction_settle(cli->prefix) < 0)
        return CLI_FAILED;
    u.list = before_read(cli->prefix);
    if (!u.list && errno != ENOENT)
        log_error("Nothing was undone: %s: %s.", PATH_BEFORE_LIST, strerror(errno));
    else
        code = undo_begin(&u, yes);
    free(u.list);
    return code;
}
