#include "kiosk/registrar/answer_log.h"

#include <inttypes.h>
#include <stdio.h>

enum { KEY = 512 };

static bool answer_log_has_room(struct answer_log *l, int64_t now)
{
    if (l->lines == 0 || now - l->began_at >= ANSWER_LOG_EVERY) {
        l->began_at = now;
        l->lines = 0;
    }
    return l->lines < ANSWER_LOG_BURST;
}

bool answer_log_note(struct answer_log *l, const char *who, const char *why, bool refused,
                     int64_t now, unsigned *before)
{
    char key[KEY];
    snprintf(key, sizeof key, "%s %s", who, why);
    *before = 0;
    bool say = answer_log_has_room(l, now) && say_once(&l->said, key, now, before);
    l->lines += say;
    tally_add(&l->refused, refused, say, now);
    return say;
}

bool answer_log_time(struct answer_log *l, int64_t now, char line[ANSWER_LOG_LINE])
{
    if (!tally_due(&l->refused, now))
        return false;
    snprintf(line, ANSWER_LOG_LINE,
             "since this start %" PRIu64 " requests and greetings were refused", l->refused.total);
    return true;
}

int64_t answer_log_deadline(const struct answer_log *l)
{
    return tally_deadline(&l->refused);
}
