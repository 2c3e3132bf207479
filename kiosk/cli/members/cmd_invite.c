#include "config/config.h"
#include "kiosk/cli/keys/root.h"
#include "kiosk/cli/locked_memory.h"
#include "kiosk/cli/members/admin_client.h"
#include "kiosk/cli/members/invitation_output.h"
#include "kiosk/cli/members/new_key.h"
#include "kiosk/cli/members/spare_accounts.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/hex.h"

#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One invitation: made, shown, and waited for until a phone has used it. */
enum { SETTLE_MS = 8000, LOOK_MS = 500 };

struct invite {
    const struct cli *cli;
    struct invitation_output output;
    bool staff, leave;
    const char *root_file, *accounts_file;
    struct spare_account *spare; /* locked memory; NULL: none */
    struct root *root;
    char account[17], venue[17];
    enum { WANTS_NOTHING, WANTS_DIGITS, WANTS_SIGNATURE } wants; /* what was asked of the host */
};

static volatile sig_atomic_t stopped;

static void invite_on_signal(int number)
{
    (void)number;
    stopped = 1;
}

/* --- a staff phone's digits ------------------------------------------------------------------ */

static void ask_digits(struct invite *i)
{
    FILE *out = i->cli->json ? stderr : stdout;
    if (i->wants == WANTS_DIGITS)
        return;
    i->wants = WANTS_DIGITS;
    fputs("\nA phone has answered. Type in the six digits that the phone in front of you shows: ",
          out);
    fflush(out);
}

/* One line that was typed: spaces between the digits do no harm. */
static int digits_typed(struct invite *i, const char *line)
{
    enum { DIGITS = 6 };
    char digits[DIGITS + 1];
    size_t n = 0, typed = 0;
    cJSON *reply;
    for (const char *c = line; *c != '\0'; c++) {
        if (*c == ' ')
            continue;
        typed++;
        if (*c >= '0' && *c <= '9' && n < DIGITS)
            digits[n++] = *c;
    }
    digits[n] = '\0';
    i->wants = WANTS_NOTHING; /* asked again, if they are waited for */
    if (n != DIGITS || typed != DIGITS) {
        fputs("Those are not six digits; this does not count as a try.\n", stderr);
        return CLI_OK;
    }
    if (admin_client_ask(i->cli, &reply, "confirm %s %s", i->account, digits) == CLI_OK)
        cJSON_Delete(reply);
    return CLI_OK; /* a wrong one was named, and what is left of the invitation shows at the next
                      look */
}

/* --- a staff phone's signature --------------------------------------------------------------- */

static int certify(const struct invite *i, const char *signature)
{
    cJSON *reply;
    int code = admin_client_ask(i->cli, &reply, "certify %s %s", i->account, signature);
    if (code == CLI_OK)
        cJSON_Delete(reply);
    return code;
}

static int sign_here(const struct invite *i, const char *public)
{
    uint8_t signature[CERT_SIGNATURE];
    char hex[2 * CERT_SIGNATURE + 1];
    if (root_sign_staff(i->root, i->venue, i->account, public, signature) < 0)
        return CLI_FAILED;
    sodium_bin2hex(hex, sizeof hex, signature, sizeof signature);
    return certify(i, hex);
}

static void ask_signature(const struct invite *i, const char *public)
{
    printf("\nThe phone has answered. Where the root key is, run (with --root - if it is on "
           "paper):\n\n"
           "  porchlight keys sign --root FILE --venue %s \\\n"
           "    --account %s \\\n"
           "    --public %s\n\n"
           "Then type or paste here what it prints: ",
           i->venue, i->account, public);
    fflush(stdout);
}

/* The line that the root key's owner typed. */
static int take_signature(struct invite *i, const char *line)
{
    if (hex_is(line, (size_t)2 * CERT_SIGNATURE) && certify(i, line) == CLI_OK)
        return CLI_OK;
    fputs("That is not the root key's signature for this phone. Type or paste it again: ", stderr);
    return CLI_OK;
}

static int on_claimed(struct invite *i, const char *public)
{
    if (i->root)
        return sign_here(i, public);
    if (i->wants != WANTS_SIGNATURE)
        ask_signature(i, public);
    i->wants = WANTS_SIGNATURE;
    return CLI_OK;
}

static int take_line(struct invite *i)
{
    char line[512];
    if (!fgets(line, sizeof line, stdin)) {
        log_error("The invitation was withdrawn, because %s typed in.",
                  i->wants == WANTS_DIGITS ? "the phone's digits were not" : "no signature was");
        return CLI_FAILED;
    }
    line[strcspn(line, "\r\n")] = '\0';
    if (i->wants == WANTS_DIGITS)
        return digits_typed(i, line);
    line[strcspn(line, " ")] = '\0';
    return take_signature(i, line);
}

/* --- waited for ------------------------------------------------------------------------------ */

/* Waits for what the host is to type in, if anything, or until it is time to look again. */
static int pause_or_line(struct invite *i)
{
    struct pollfd p = {.fd = i->wants != WANTS_NOTHING ? STDIN_FILENO : -1, .events = POLLIN};
    return poll(&p, 1, LOOK_MS) > 0 ? take_line(i) : CLI_OK;
}

/* Whether all connected brokers have the phone, and at least one is connected. */
static bool is_in_where_it_can(const cJSON *reply)
{
    const cJSON *b;
    size_t up = 0;
    cJSON_ArrayForEach(b, cJSON_GetObjectItemCaseSensitive(reply, "brokers"))
    {
        if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(b, "connected")))
            continue;
        if (admin_client_number(b, "left") > 0)
            return false;
        up++;
    }
    return up > 0;
}

/* What to do if the phone that joined is not the one that was invited. */
static void say_joined(const struct invite *i, const char *stage)
{
    bool in = strcmp(stage, "in") == 0;
    if (i->cli->json)
        puts(in ? "{\"ok\":true,\"stage\":\"in\"}" : "{\"ok\":true,\"stage\":\"joined\"}");
    else
        print_say(
            "A phone has joined.%s If the phone in front of you does not say so, somebody else "
            "has used the invitation. Shut that phone out: sudo porchlight revoke %s",
            in ? "" : " The brokers named above will know it once they are back.", i->account);
}

/* One of the two may have been sent the members' key already. */
static int on_copy(const struct invite *i)
{
    log_error("No phone joined: two phones have answered this invitation, so somebody has copied "
              "it. All phones get a new key now. Then invite again where nobody else can see the "
              "code.");
    new_key_give(i->cli, true);
    return CLI_FAILED;
}

static int say_gone(const struct invite *i)
{
    log_error("No phone joined, and the invitation has ended. For a new one: sudo porchlight "
              "invite%s",
              i->staff ? " --staff" : "");
    return CLI_FAILED;
}

/* One look. CLI_OK, and *over once a phone has joined. */
static int invite_look(struct invite *i, bool *over)
{
    cJSON *reply;
    int code = admin_client_ask(i->cli, &reply, "joining %s", i->account);
    if (code != CLI_OK)
        return code;
    const char *stage = admin_client_text(reply, "stage");
    *over = strcmp(stage, "in") == 0 || (strcmp(stage, "joined") == 0 && is_in_where_it_can(reply));
    if (*over) {
        if (strcmp(stage, "joined") == 0)
            admin_client_warn(reply);
        say_joined(i, stage);
    } else if (strcmp(stage, "gone") == 0) {
        code = say_gone(i);
    } else if (strcmp(stage, "copied") == 0) {
        code = on_copy(i);
    } else if (strcmp(stage, "confirming") == 0) {
        ask_digits(i);
    } else if (strcmp(stage, "claimed") == 0) {
        code = on_claimed(i, admin_client_text(reply, "public"));
    } else {
        i->wants = WANTS_NOTHING; /* signed: nothing more is read */
    }
    cJSON_Delete(reply);
    return code;
}

static int withdraw(const struct invite *i)
{
    cJSON *reply;
    if (admin_client_ask(i->cli, &reply, "withdraw %s", i->account) == CLI_OK)
        cJSON_Delete(reply);
    return CLI_FAILED;
}

static int wait_for_phone(struct invite *i)
{
    bool over = false;
    int code = CLI_OK;
    setvbuf(stdin, NULL, _IONBF, 0); /* poll must see what is left of it */
    while (code == CLI_OK && !over && !stopped) {
        code = invite_look(i, &over);
        if (code == CLI_OK && !over)
            code = pause_or_line(i);
    }
    if (over)
        return CLI_OK;
    if (stopped)
        log_error("Stopped before a phone joined: the invitation is withdrawn.");
    return withdraw(i);
}

/* --- made ------------------------------------------------------------------------------------ */

/* Ready as soon as one broker knows the account; warns about those that do not. */
static int make_ready(const struct invite *i)
{
    cJSON *reply;
    int code = admin_client_settle(i->cli, i->account, SETTLE_MS, &reply);
    if (code != CLI_OK)
        return code;
    struct admin_client_brokers n = admin_client_brokers(reply);
    admin_client_warn(reply);
    cJSON_Delete(reply);
    if (n.done > 0)
        return CLI_OK;
    log_error(
        "The invitation was withdrawn, because no broker has accepted it. To see why: porchlight "
        "status");
    return withdraw(i);
}

static int invite_make(struct invite *i)
{
    struct sigaction stop = {.sa_handler = invite_on_signal};
    const struct spare_account *a = i->spare;
    char password[2 * SPARE_PASSWORD_MAX + 1] = ""; /* in hex: requests are lower-case words */
    cJSON *made;
    if (a)
        sodium_bin2hex(password, sizeof password, (const uint8_t *)a->password,
                       strlen(a->password));
    if (!i->leave) { /* from now on, a signal withdraws the invitation */
        sigaction(SIGINT, &stop, NULL);
        sigaction(SIGTERM, &stop, NULL);
    }
    int code = admin_client_await_broker(i->cli);
    if (code == CLI_OK)
        code = admin_client_ask(i->cli, &made, "invite %s%s%s%s%s%s", i->staff ? "staff" : "member",
                                i->output.on_screen ? " screen" : "", a ? " spare " : "",
                                a ? a->account : "", a ? " " : "", password);
    sodium_memzero(password, sizeof password);
    if (code != CLI_OK)
        return code;
    if (a && spare_account_use(i->accounts_file, a) != 0)
        log_warning("The invitation is valid all the same.");
    snprintf(i->account, sizeof i->account, "%s", admin_client_text(made, "account"));
    code = make_ready(i);
    if (code == CLI_OK &&
        (code = invitation_output_show(&i->output, i->cli, made, i->staff)) != CLI_OK)
        withdraw(i);
    cJSON_Delete(made);
    return code != CLI_OK || i->leave ? code : wait_for_phone(i);
}

/* What a staff phone's signature needs: the venue's id, and the root key if it is given. */
static int staff_prepare(struct invite *i)
{
    char path[PATH_LEN];
    struct config *c = calloc(1, sizeof *c);
    int rc = !c || path_under(i->cli->prefix, PATH_CONF, path) != 0 ||
                     config_load(path, c, config_complain_stderr, NULL) != 0
                 ? -1
                 : 0;
    if (rc == 0)
        snprintf(i->venue, sizeof i->venue, "%s", c->venue.id);
    free(c);
    if (rc == 0 && i->root_file) {
        i->root = root_open(i->cli->prefix, i->root_file);
        rc = i->root ? 0 : -1;
    }
    return rc;
}

/* An account of the file, which is used up once its invitation was shown. */
static int spare_prepare(struct invite *i)
{
    if (!i->accounts_file)
        return 0;
    i->spare = locked_memory(sizeof *i->spare);
    return i->spare ? spare_account_find(i->accounts_file, i->staff, i->spare) : -1;
}

static int invite_check_options(const struct invite *i)
{
    if (i->output.on_screen + !!i->output.png + i->output.link > 1)
        return cli_misuse(&cli_invite, "only one of --on-screen, --png and --link can be given");
    if (!i->staff && i->root_file)
        return cli_misuse(&cli_invite, "--root goes with --staff");
    if (i->staff && i->leave)
        return cli_misuse(&cli_invite,
                          "--leave is for members: a staff phone's key has to be signed here");
    return i->root_file ? root_check(&cli_invite, i->root_file) : CLI_OK;
}

static int invite_run(const struct cli *cli, void *own, char **words)
{
    struct invite *i = own;
    (void)words;
    i->cli = cli;
    int code = invite_check_options(i);
    if (code != CLI_OK)
        return code;
    bool ready = spare_prepare(i) == 0 && (!i->staff || staff_prepare(i) == 0);
    code = ready ? invite_make(i) : CLI_FAILED;
    sodium_free(i->spare);
    root_close(i->root);
    return code;
}

static const struct cli_option invite_options[] = {
    OPTION("staff", NULL, struct invite, staff,
           "invite a staff phone, which may command this kiosk"),
    OPTION("root", "FILE", struct invite, root_file,
           "with --staff: the root key, which signs the phone's; - to type it in from its paper. "
           "Without it, porchlight keys sign does that, where the root key is"),
    OPTION("accounts", "FILE", struct invite, accounts_file,
           "for brokers without a registrar: the spare accounts that their operators made"),
    OPTION("on-screen", NULL, struct invite, output.on_screen,
           "show the code on the kiosk's screen, for a minute"),
    OPTION("png", "FILE", struct invite, output.png,
           "write the code as a picture, into a new file"),
    OPTION("link", NULL, struct invite, output.link, "print a link, for somebody who cannot scan"),
    OPTION("leave", NULL, struct invite, leave, "do not wait for the phone"),
    {0},
};

const struct cli_command cli_invite = {
    .name = "invite",
    .arguments = "[OPTIONS]",
    .summary = "let one phone join: a code to scan, valid for 10 minutes",
    .options = invite_options,
    .size = sizeof(struct invite),
    .json = true,
    .run = invite_run,
};
