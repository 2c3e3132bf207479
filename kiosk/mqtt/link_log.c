#include "kiosk/mqtt/link_log.h"

#include <stdio.h>

static void link_log_write(struct link_log *l, const char *lasts, char line[LINK_LOG_LINE])
{
    char times[64] = "";
    if (l->unsaid > 0)
        snprintf(times, sizeof times, " (it has come and gone %u times since)", l->unsaid);
    if (l->up)
        snprintf(line, LINK_LOG_LINE, "connected%s%s%s", lasts, l->as, times);
    else
        snprintf(line, LINK_LOG_LINE, "not connected%s (%s%s%s)%s. %s", lasts,
                 mqtt_fault_name(l->fault), l->detail[0] ? ": " : "", l->detail, times,
                 mqtt_fault_sentence(l->fault));
    l->withheld = false;
    l->unsaid = 0;
}

/* What it is has changed. */
static bool link_log_say(struct link_log *l, int64_t now, char line[LINK_LOG_LINE])
{
    l->known = true;
    l->since = now;
    if (l->lines == 0 || now - l->began_at >= LINK_LOG_EVERY) {
        l->began_at = now;
        l->lines = 0;
    }
    if (l->lines == LINK_LOG_BURST) {
        l->unsaid += !l->up;
        l->withheld = true;
        return false;
    }
    l->lines++;
    link_log_write(l, "", line);
    return true;
}

bool link_log_up(struct link_log *l, const char *as, int64_t now, char line[LINK_LOG_LINE])
{
    l->up = true;
    snprintf(l->as, sizeof l->as, "%s", as);
    return link_log_say(l, now, line);
}

bool link_log_down(struct link_log *l, enum mqtt_fault fault, const char *detail, int64_t now,
                   char line[LINK_LOG_LINE])
{
    bool news = !l->known || l->up || l->fault != fault;
    l->up = false;
    l->fault = fault;
    snprintf(l->detail, sizeof l->detail, "%s", detail);
    return news && link_log_say(l, now, line);
}

bool link_log_time(struct link_log *l, int64_t now, char line[LINK_LOG_LINE])
{
    if (!l->withheld || now - l->since < LINK_LOG_STEADY)
        return false;
    link_log_write(l, " for 30 s", line);
    return true;
}

int64_t link_log_deadline(const struct link_log *l)
{
    return l->withheld ? l->since + LINK_LOG_STEADY : INT64_MAX;
}
