#include "kiosk/cli/papers/papers.h"

#include "kiosk/cli/templates.h"
#include "kiosk/common/log.h"

#include <string.h>

static void papers_complain(void *context, const char *sentence)
{
    (void)context;
    log_error("%s", sentence);
}

void papers_standard_words(struct host_words *w)
{
    host_words_parse("what-to-do.conf", template_what_to_do, strlen(template_what_to_do), w,
                     papers_complain, NULL);
}

int papers_cards(struct etc_transaction *t, const char *prefix, const struct config *c,
                 const struct host_words *words)
{
    (void)t;
    (void)prefix;
    (void)c;
    (void)words;
    return 0;
}
