#include "config/config.h"

#include "config/reader.h"
#include "kiosk/common/log.h"

#include <string.h>

void config_complain_stderr(void *context, const char *sentence)
{
    (void)context;
    log_error("%s", sentence);
}

/* The motor of a config from before there were outputs. */
static int config_add_feel(int result, struct config *c)
{
    if (result < 0 || !c->feel.line.address[0])
        return result;
    struct config_output *o = &c->outputs[c->outputs_count++];
    memset(o, 0, sizeof *o); /* configs are compared byte by byte */
    strcpy(o->name, "feel");
    memcpy(&o->line, &c->feel.line, sizeof o->line);
    o->kind = CONFIG_MOTOR;
    o->uses[o->uses_count++] = (struct config_use){CONFIG_SENSED, CONFIG_ONE_SHORT};
    o->uses[o->uses_count++] = (struct config_use){CONFIG_ACCEPTED, CONFIG_TWO_SHORT};
    o->tick = c->feel.tick;
    return result;
}

int config_parse(const char *path, const char *text, size_t len, struct config *c,
                 config_complain *complain, void *context)
{
    return config_add_feel(reader_parse(&config_table, c, path, text, len, complain, context), c);
}

int config_load(const char *path, struct config *c, config_complain *complain, void *context)
{
    return config_add_feel(reader_load(&config_table, c, path, complain, context), c);
}

int config_parse_most(const char *path, const char *text, size_t len, struct config *c,
                      config_complain *complain, void *context)
{
    return config_add_feel(reader_parse_most(&config_table, c, path, text, len, complain, context),
                           c);
}

int config_load_most(const char *path, struct config *c, config_complain *complain, void *context)
{
    return config_add_feel(reader_load_most(&config_table, c, path, complain, context), c);
}

bool config_is_same_broker(const struct config_broker *a, const struct config_broker *b)
{
    return a->port == b->port && strcmp(a->host, b->host) == 0;
}

size_t config_home(const struct config *c, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (config_is_same_broker(&c->brokers[k], &c->brokers[i]))
            return k;
    return i;
}

const char *config_button_topic(const struct config_line *line)
{
    size_t len = strlen(CONFIG_BUTTON);
    return strncmp(line->address, CONFIG_BUTTON, len) == 0 ? line->address + len : NULL;
}
