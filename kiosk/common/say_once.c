#include "kiosk/common/say_once.h"

#include "kiosk/common/topics.h"

#include <stddef.h>

static size_t say_once_place(const struct say_once *s, uint64_t key)
{
    size_t oldest = 0;
    for (size_t i = 0; i < SAY_ONCE_MAX; i++) {
        if (s->all[i].key == key)
            return i;
        if (s->all[oldest].key != 0 && (s->all[i].key == 0 || s->all[i].at < s->all[oldest].at))
            oldest = i;
    }
    return oldest;
}

bool say_once(struct say_once *s, const char *thing, int64_t now, unsigned *before)
{
    uint64_t key = topic_hash(thing);
    size_t i = say_once_place(s, key);
    bool known = s->all[i].key == key;
    *before = known ? s->all[i].unsaid : 0;
    if (known && now - s->all[i].at < SAY_ONCE_EVERY) {
        s->all[i].unsaid++;
        return false;
    }
    s->all[i].key = key;
    s->all[i].at = now;
    s->all[i].unsaid = 0;
    return true;
}

unsigned say_once_unsaid(struct say_once *s, const char *thing)
{
    uint64_t key = topic_hash(thing);
    size_t i = say_once_place(s, key);
    unsigned unsaid = s->all[i].key == key ? s->all[i].unsaid : 0;
    if (s->all[i].key == key)
        s->all[i].unsaid = 0;
    return unsaid;
}
