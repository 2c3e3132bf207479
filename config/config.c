#include "config/config.h"

#include "config/reader.h"
#include "kiosk/common/log.h"

void config_complain_stderr(void *context, const char *sentence)
{
    (void)context;
    log_error("%s", sentence);
}

int config_parse(const char *path, const char *text, size_t len, struct config *c,
                 config_complain *complain, void *context)
{
    return reader_parse(&config_table, c, path, text, len, complain, context);
}

int config_load(const char *path, struct config *c, config_complain *complain, void *context)
{
    return reader_load(&config_table, c, path, complain, context);
}

int config_parse_most(const char *path, const char *text, size_t len, struct config *c,
                      config_complain *complain, void *context)
{
    return reader_parse_most(&config_table, c, path, text, len, complain, context);
}

int config_load_most(const char *path, struct config *c, config_complain *complain, void *context)
{
    return reader_load_most(&config_table, c, path, complain, context);
}
