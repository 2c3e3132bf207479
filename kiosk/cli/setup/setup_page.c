#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/templates.h"

#include <stdio.h>
#include <string.h>

#define HANDED "/run/credentials/porchlight-page.service/broker_server.pem"

/* The members' page, and its connection to the broker on this Pi. */
int setup_page(struct setup *s)
{
    char state[PATH_LEN], server[PATH_LEN], page[PATH_LEN], handbook[PATH_LEN];
    char brokers[2 * ANSWER_MAX] = "";
    char host[ANSWER_MAX];
    int port;
    if (!answers_broker_here(&s->now) || answer_number(&s->now, ANSWER_KIOSK) > 1)
        return etc_transaction_drop(s->stage, "page/nginx.conf");
    snprintf(state, sizeof state, "%.400s/run/porchlight-page", s->prefix);
    snprintf(page, sizeof page, "%.400s/usr/share/porchlight/page", s->prefix);
    snprintf(handbook, sizeof handbook, "%.400s/usr/share/doc/porchlight/handbook", s->prefix);
    if (s->prefix[0])
        snprintf(server, sizeof server, "%.400s" PATH_ETC "/broker/server.pem", s->prefix);
    else
        snprintf(server, sizeof server, HANDED);
    if (answers_broker_outside(&s->now)) {
        answers_outside(&s->now, host, &port);
        snprintf(brokers, sizeof brokers, "wss://%s", host);
    }
    const struct template_word words[] = {
        {"STATE", state},
        {"LISTEN", s->now.value[ANSWER_PAGE_PORT]},
        {"HOST", s->now.value[ANSWER_HOST]},
        {"CERTIFICATE", server},
        {"KEY", server},
        {"PAGE", page},
        {"HANDBOOK", handbook},
        {"BROKERS", brokers},
        {"PORT_WEBSOCKET", s->now.value[ANSWER_WEBSOCKET_PORT]},
        {NULL, NULL},
    };
    return setup_fill(s, "page/nginx.conf", template_nginx, words, 0644);
}

/* The cards to print. They hold nothing secret, least of all the code. */
int setup_papers(struct setup *s)
{
    const char *root = s->now.value[ANSWER_ROOT];
    const char *where = root[0] == '/' ? root : "on paper, in your handwriting";
    const char *brokers = answer_is(&s->now, ANSWER_BROKER, "here")
                              ? "on this Pi only, so alerts reach only phones on this network"
                          : answer_is(&s->now, ANSWER_BROKER, "both") ? "on this Pi and outside"
                                                                      : "outside";
    char address[3 * ANSWER_MAX];
    setup_address(s, NULL, "https", "", address);
    const struct template_word words[] = {
        {"VENUE", s->venue},  {"KIOSK", s->kiosk},           {"ROOT", where}, {"BROKERS", brokers},
        {"ADDRESS", address}, {"KEY", setup_root_option(s)}, {NULL, NULL},
    };
    return setup_fill(s, "papers/staff.html", template_staff, words, 0644) < 0 ||
                   setup_fill(s, "papers/member.html", template_member, words, 0644) < 0 ||
                   setup_fill(s, "papers/keep.html", template_keep, words, 0644) < 0
               ? -1
               : 0;
}
