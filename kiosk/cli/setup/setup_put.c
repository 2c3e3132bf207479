#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/templates.h"
#include "kiosk/common/log.h"

#include <stdio.h>
#include <stdlib.h>

int setup_fill(struct setup *s, const char *name, const char *template,
               const struct template_word *words, mode_t mode)
{
    char *text = template_fill(name, template, words);
    int result = text ? etc_transaction_put_text(s->stage, name, text, mode) : -1;
    free(text);
    return result;
}

void setup_address(const struct setup *s, const char *host, const char *scheme, const char *path,
                   char out[3 * ANSWER_MAX])
{
    char other[ANSWER_MAX];
    int port;
    bool usual = host || answer_is(&s->now, ANSWER_PAGE_PORT, "443");
    if (!host && !answers_broker_here(&s->now)) {
        answers_outside(&s->now, other, &port);
        host = other;
        usual = true;
    }
    snprintf(out, 3 * ANSWER_MAX, "%s://%s%s%s/%s", scheme, host ? host : s->now.value[ANSWER_HOST],
             usual ? "" : ":", usual ? "" : s->now.value[ANSWER_PAGE_PORT], path);
}

int setup_section(struct setup *s, const char *broker, const char *host, int port, const char *ca,
                  const char *user, const char *phones, bool outside)
{
    char section[32], path[PATH_LEN], number[16], credential[48];
    snprintf(section, sizeof section, "broker %s", broker);
    snprintf(path, sizeof path, "%.256s" PATH_ETC "/%.64s", s->prefix, ca);
    snprintf(number, sizeof number, "%d", port);
    snprintf(credential, sizeof credential, "broker-%s", broker);
    if (conf_set(s->conf, section, "host", host) == 0 &&
        conf_set(s->conf, section, "port", number) == 0 &&
        conf_set(s->conf, section, "ca", path) == 0 &&
        conf_set(s->conf, section, "user", user) == 0 &&
        conf_set(s->conf, section, "password", credential) == 0 &&
        conf_set(s->conf, section, "phones", phones) == 0 &&
        conf_set(s->conf, section, "outside", outside ? "yes" : "no") == 0)
        return 0;
    log_error("Nothing was changed: " PATH_CONF
              " would be longer than %d bytes; shorten its comments.",
              CONF_TEXT_MAX);
    return -1;
}
