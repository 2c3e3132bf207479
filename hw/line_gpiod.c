#include "hw/line_gpiod.h"

#include <errno.h>
#include <stdio.h>

const char *line_gpiod_consumer(const char *name, char out[LINE_CONSUMER_MAX])
{
    snprintf(out, LINE_CONSUMER_MAX, "porchlight %s", name);
    return out;
}

void line_gpiod_refuse(const char *name, const struct line_spec *spec, const char *consumer,
                       struct line_error *e)
{
    enum line_trouble trouble = LINE_OTHER;
    const char *detail = "the kernel refused the request";
    if (errno == EBUSY) {
        trouble = LINE_BUSY;
        detail = consumer;
    } else if (spec->bias != LINE_BIAS_AS_IS && (errno == ENOTSUP || errno == EINVAL)) {
        trouble = LINE_NO_BIAS;
    }
    line_refuse(e, name, spec->address, trouble, detail);
}

struct line *line_gpiod_open(const char *name, const struct line_spec *spec,
                             const struct line_address *a, struct line_error *e)
{
    char detail[LINE_SEEN_MAX];
    struct line_address want = *a;
    struct line_find f;
    enum line_trouble trouble = line_find_on("/dev", &f, &want, line_gpiod_report, detail);
    if (trouble != LINE_FINE)
        return line_refuse(e, name, spec->address, trouble, detail);
    return line_gpiod_open_at(&f, name, spec, e);
}
