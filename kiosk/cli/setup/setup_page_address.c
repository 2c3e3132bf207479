#include "kiosk/cli/doctor/doctor_tls.h"
#include "kiosk/cli/print.h"
#include "kiosk/cli/qr_output.h"
#include "kiosk/cli/setup/setup.h"

#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

enum { HTTPS = 443, INDENT = 3 };

bool setup_page_is_named(const struct answers *a)
{
    return a->value[ANSWER_PAGE][0] && !answer_is(a, ANSWER_PAGE, "none");
}

void setup_page_offer(struct answers *a)
{
    int port;
    if (!setup_page_is_named(a))
        answers_outside(a, a->value[ANSWER_PAGE], &port);
}

void setup_page_address(const struct setup *s, char out[3 * ANSWER_MAX])
{
    if (answers_broker_outside(&s->now) && setup_page_is_named(&s->now))
        snprintf(out, 3 * ANSWER_MAX, "https://%s/", s->now.value[ANSWER_PAGE]);
    else
        setup_address(s, NULL, "https", "", out);
}

/* The authorities that browsers know; below a prefix its own, where it has some. */
static void page_authorities(const char *prefix, char out[PATH_LEN])
{
    if (path_under(prefix, DOCTOR_TLS_PUBLIC, out) < 0 || access(out, R_OK) < 0)
        snprintf(out, PATH_LEN, "%s", DOCTOR_TLS_PUBLIC);
}

static void show_page_code(const char *address)
{
    struct qr_room room = {SIZE_MAX, SIZE_MAX}, needed;
    print_terminal_size(stdout, &room.columns, &room.lines);
    qr_output_print(stdout, address, room, &needed); /* one that does not fit is typed in instead */
}

void setup_page_try(const struct setup *s)
{
    char host[ANSWER_MAX], address[3 * ANSWER_MAX], ca[PATH_LEN];
    struct doctor_tls t;
    int port;

    setup_page_address(s, address);
    answers_host_port(&s->now, ANSWER_PAGE, HTTPS, host, &port);
    page_authorities(s->prefix, ca);
    print_item(PRINT_PLAIN, "", INDENT, "Trying %s. This can take a few seconds.", address);
    fflush(stdout);
    if (doctor_tls_look(host, port, "", ca, &t) < 0) {
        print_item(PRINT_WARNING, "", INDENT,
                   "It does not open yet: %s. If its server is still to be set up, go on: the list "
                   "at the end says how. Run set-up again afterwards, to try the address again.",
                   t.said);
        return;
    }
    print_item(
        PRINT_OK, "", INDENT,
        "It opens from here, with a certificate that browsers know. Now scan this code with a "
        "phone that uses mobile data, to see that it opens there too.");
    show_page_code(address);
}
