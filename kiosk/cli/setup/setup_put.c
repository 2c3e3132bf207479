#include "kiosk/cli/setup/setup.h"
#include "kiosk/cli/templates.h"

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
