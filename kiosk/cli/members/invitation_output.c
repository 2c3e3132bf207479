#include "kiosk/cli/members/invitation_output.h"

#include "kiosk/cli/members/admin_client.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/qr_output.h"
#include "kiosk/common/log.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int show_png(const char *file, const char *link)
{
    if (qr_output_png(file, link) == 0) {
        print_say("The invitation is in %s. Delete the file once it has been used.", file);
        return CLI_OK;
    }
    log_error("The invitation was withdrawn, because %s cannot be written: %s.", file,
              errno == EEXIST ? "the file exists. Choose another one" : strerror(errno));
    return CLI_FAILED;
}

static int show_screen(const cJSON *reply)
{
    if (admin_client_number(reply, "screens") > 0) {
        puts("The invitation is on the kiosk's screen for a minute.");
        return CLI_OK;
    }
    log_error("The invitation was withdrawn, because no screen is connected to show it. Start one "
              "(sudo systemctl start porchlight-screen), or leave out --on-screen to see the code "
              "here.");
    return CLI_FAILED;
}

/* The code in the terminal, above the lines of text that follow it. */
static int show_code(const char *link)
{
    enum { LINES_BELOW = 5 };
    struct qr_room room = {SIZE_MAX, SIZE_MAX}, needed;
    if (print_terminal_size(stdout, &room.columns, &room.lines) == 0)
        room.lines -= room.lines > LINES_BELOW ? LINES_BELOW : 0;
    int drawn = qr_output_print(stdout, link, room, &needed);
    if (drawn == 0)
        return CLI_OK;
    if (drawn < 0) {
        log_error(
            "The invitation was withdrawn, because its code does not fit this terminal: it needs "
            "%zu columns. Enlarge the window or choose a smaller font and try again. Or show the "
            "code elsewhere: --png FILE, --on-screen",
            needed.columns);
        return CLI_FAILED;
    }
    print_say(
        "\nThe code is higher than this terminal. Enlarge the window, or choose a smaller font, "
        "until you see all of it (%zu lines). Or press Ctrl-C, and give the same command again "
        "with "
        "--png FILE or --on-screen.",
        needed.lines + LINES_BELOW);
    return CLI_OK;
}

int invitation_output_show(const struct invitation_output *o, const struct cli *cli,
                           const cJSON *reply, bool staff)
{
    const char *link = admin_client_text(reply, "link");
    int code = CLI_OK;
    if (cli->json) {
        print_json(reply);
        return CLI_OK;
    }
    if (o->png)
        code = show_png(o->png, link);
    else if (o->on_screen)
        code = show_screen(reply);
    else if (!o->link)
        code = show_code(link);
    if (code != CLI_OK)
        return code;
    if (o->link)
        puts(link);
    print_say(
        "The invitation is for one %s phone, and valid for 10 minutes.\nThe phone's account, by "
        "which you can revoke it: %s",
        staff ? "staff" : "member's", admin_client_text(reply, "account"));
    if (staff)
        print_say("A staff phone can end an alert, so watch who uses it. It will show six digits, "
                  "which you type in here.");
    fflush(stdout);
    return CLI_OK;
}
