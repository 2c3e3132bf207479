#include "kiosk/core/path_watch.h"

#include "kiosk/core/ns.h"

enum path_change path_watch_step(struct path_watch *w, bool up, bool lives, bool another,
                                 int64_t beat, int64_t now)
{
    w->stepped = now;
    if (lives == w->bad) {
        w->bad = !lives;
        w->bad_since = now;
        w->good = lives && w->lost;
        w->good_since = now;
    }
    if (w->bad && !w->lost && another && (up || now - w->bad_since >= beat)) {
        w->lost = true;
        return PATH_WATCH_LOST;
    }
    if (w->good && now - w->good_since >= PATH_WATCH_STEADY) {
        w->lost = w->good = false;
        return PATH_WATCH_BACK;
    }
    return PATH_WATCH_SAME;
}

int64_t path_watch_deadline(const struct path_watch *w, int64_t beat)
{
    if (w->good)
        return w->good_since + PATH_WATCH_STEADY;
    bool waits = w->bad && !w->lost && w->bad_since + beat > w->stepped;
    return waits ? w->bad_since + beat : NS_NEVER;
}
