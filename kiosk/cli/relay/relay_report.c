#include "kiosk/cli/relay/relay_report.h"

#include "kiosk/cli/print.h"
#include "kiosk/common/paths.h"

#include <stdio.h>
#include <string.h>

enum { STEP = 12, STEP_WIDTH = 3 };

static const char *step(int *number, char label[STEP])
{
    snprintf(label, STEP, "%d.", ++*number);
    return label;
}

/* Without a registrar, the broker's operator makes the account. */
static void report_account(const struct relay_report *r, int *number)
{
    char label[STEP];
    if (!r->broker->registrar)
        print_item(PRINT_PLAIN, step(number, label), STEP_WIDTH,
                   "Ask the operator of broker %s for the account %s, with the password in "
                   "%s/credentials/relay-broker and the rights that this prints:\n"
                   "    porchlight rights relay",
                   r->broker->name, r->account, r->folder);
}

static void report_ntfy(const struct relay_report *r, int *number)
{
    char label[STEP];
    if (r->ntfy && !r->again)
        print_item(
            PRINT_PLAIN, step(number, label), STEP_WIDTH,
            "Have the ntfy server make a token that may write to the topic. Write it, on one "
            "line, to\n"
            "    %s/credentials/push-first\n"
            "If that server is your own, %s/ntfy.yml is meant to be its /etc/ntfy/server.yml.",
            r->folder, r->folder);
}

static void report_conf(const struct relay_report *r, int *number)
{
    char label[STEP];
    bool push = r->ntfy && strncmp(r->ntfy, "https://", 8) == 0 &&
                strcmp(r->ntfy, r->config->venue.push) != 0;
    bool relay = !r->config->alert.relay;
    if (push || relay)
        print_item(PRINT_PLAIN, step(number, label), STEP_WIDTH,
                   "On the kiosk, in " PATH_CONF ", set%s%s%s\n"
                   "Then run: sudo systemctl reload porchlightd",
                   push ? "\n    below [venue]: push = " : "", push ? r->ntfy : "",
                   relay ? "\n    below [alert]: relay = yes" : "");
}

void relay_report_print(const struct relay_report *r)
{
    char label[STEP];
    int number = 0;
    print_say(r->again ? "The relay in %s watches this kiosk too. What to do next:"
                       : "The relay is in the folder %s. What to do next:",
              r->folder);
    report_account(r, &number);
    report_ntfy(r, &number);
    print_item(PRINT_PLAIN, step(&number, label), STEP_WIDTH,
               "Copy the folder to a machine outside the venue that has the package "
               "porchlight-relay, and run in the folder there:\n"
               "    sudo sh install.sh");
    print_item(PRINT_PLAIN, step(&number, label), STEP_WIDTH,
               "Delete the folder everywhere: it holds the relay's password and keys. If the venue "
               "has another kiosk, first run the same command on that one, over this folder, and "
               "install.sh once more.");
    report_conf(r, &number);
    print_item(PRINT_PLAIN, step(&number, label), STEP_WIDTH,
               "Lock all phones, and see whether they ring: sudo porchlight drill");
    print_say("To shut this relay out one day:\n    sudo porchlight revoke --root FILE %s",
              r->account);
}
