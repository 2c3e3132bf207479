#include "config/host_words.h"
#include "config/secret.h"
#include "kiosk/cli/keys/venue_sheet.h"
#include "kiosk/cli/papers/papers.h"
#include "kiosk/cli/qr_output.h"
#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/templates.h"

#include <stdio.h>
#include <stdlib.h>
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

static int staged_ca(void *setup, const struct config_broker *b, char path[PATH_LEN])
{
    const struct setup *s = setup;
    const char *name = strrchr(b->ca, '/');
    bool staged = name && etc_transaction_has(s->stage, name + 1);
    snprintf(path, PATH_LEN, "%s", staged ? etc_transaction_path(s->stage, name + 1) : b->ca);
    return 0;
}

static int sheet_make(struct setup *s, struct venue_sheet *sheet)
{
    struct config *c = calloc(1, sizeof *c);
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s", etc_transaction_path(s->stage, "porchlight.conf"));
    int rc = !c;
    if (!rc && !(rc = config_load(path, c, config_complain_stderr, NULL) != 0))
        venue_sheet_of_config(sheet, c, staged_ca, s);
    free(c);
    static const char *const keys[] = {"credentials/root.pub", "credentials/kiosk.pub"};
    uint8_t *const into[] = {sheet->root, sheet->key};
    for (size_t i = 0; i < 2 && !rc; i++) {
        snprintf(path, sizeof path, "%s", etc_transaction_path(s->stage, keys[i]));
        rc = secret_read_file(path, false, into[i], ENVELOPE_PUBLIC, config_complain_stderr, NULL) <
             0;
    }
    return rc ? -1 : 0;
}

/* The sheet's lines, and the same as a QR code (empty if they are too long for one); you free both.
 * 0 or -1. */
static int sheet_text(struct setup *s, char **lines, char **code)
{
    size_t len;
    int rc = -1;
    struct venue_sheet *sheet = calloc(1, sizeof *sheet);
    FILE *f = sheet && sheet_make(s, sheet) == 0 ? open_memstream(lines, &len) : NULL;
    if (f) {
        rc = venue_sheet_write(sheet, f);
        rc = fclose(f) || rc ? -1 : 0;
    }
    free(sheet);
    f = rc == 0 ? open_memstream(code, &len) : NULL;
    if (!f)
        return -1;
    qr_output_svg(f, *lines);
    return fclose(f) ? -1 : 0;
}

/* With the host's own lines, where there are some. */
static int setup_cards(struct setup *s)
{
    struct config *c = calloc(1, sizeof *c);
    struct host_words *w = calloc(1, sizeof *w);
    char path[PATH_LEN];
    snprintf(path, sizeof path, "%s", etc_transaction_path(s->stage, "porchlight.conf"));
    int rc = !c || !w || config_load_most(path, c, config_complain_stderr, NULL) < 0 ? -1 : 0;
    snprintf(path, sizeof path, "%s", etc_transaction_path(s->stage, "words.conf"));
    if (rc == 0 && etc_transaction_has(s->stage, "words.conf") &&
        host_words_load(path, w, config_complain_stderr, NULL) != 0)
        memset(w, 0, sizeof *w);
    rc = rc == 0 ? papers_cards(s->stage, c, w) : -1;
    free(c);
    free(w);
    return rc;
}

/* The papers to print. They hold nothing secret, least of all the code. */
int setup_papers(struct setup *s)
{
    const char *root = s->now.value[ANSWER_ROOT];
    const char *where = root[0] == '/' ? root : "on paper, in your handwriting";
    const char *brokers = answer_is(&s->now, ANSWER_BROKER, "here")
                              ? "on this Pi only, so alerts reach only phones on this network"
                          : answer_is(&s->now, ANSWER_BROKER, "both") ? "on this Pi and outside"
                                                                      : "outside";
    char *lines = NULL, *code = NULL;
    int rc = sheet_text(s, &lines, &code);
    const struct template_word words[] = {
        {"VENUE", s->venue},           {"KIOSK", s->kiosk}, {"ROOT", where}, {"BROKERS", brokers},
        {"KEY", setup_root_option(s)}, {"SHEET", lines},    {"CODE", code},  {NULL, NULL},
    };
    rc = rc < 0 || setup_cards(s) < 0 ||
                 setup_fill(s, "papers/keep.html", template_keep, words, 0644) < 0
             ? -1
             : 0;
    free(lines);
    free(code);
    return rc;
}
