#include "kiosk/common/clock.h"
#include "kiosk/common/log.h"
#include "kiosk/relay/webpush_parts.h"

#include <string.h>

enum { FAILS_MAX = 8 };

bool webpush_sender_allows(const char *list, const char *endpoint)
{
    static const char scheme[] = "https://";
    if (strncmp(endpoint, scheme, strlen(scheme)) != 0)
        return false;
    const char *host = endpoint + strlen(scheme);
    size_t len = strcspn(host, "/?#");
    if (memchr(host, '@', len))
        return false;
    for (const char *p = list; *p; p += strspn(p, " ")) {
        size_t n = strcspn(p, " ");
        bool below = n > 2 && p[0] == '*' && p[1] == '.';
        if (below ? len > n - 1 && memcmp(host + len - (n - 1), p + 1, n - 1) == 0
                  : len == n && memcmp(host, p, n) == 0)
            return true;
        p += n;
    }
    return false;
}

struct service *webpush_service_of(struct webpush_sender *r, const struct sub *one)
{
    char origin[VAPID_ORIGIN_MAX] = "";
    struct service *oldest = &r->services[0];
    vapid_origin(one->endpoint, origin);
    for (size_t i = 0; i < r->services_count; i++) {
        if (strcmp(r->services[i].origin, origin) == 0)
            return &r->services[i];
        oldest = r->services[i].good_at < oldest->good_at ? &r->services[i] : oldest;
    }
    struct service *s =
        r->services_count < VAPID_SERVICES ? &r->services[r->services_count++] : oldest;
    *s = (struct service){.good_at = 0};
    memcpy(s->origin, origin, sizeof origin);
    return s;
}

static size_t subs_at(const struct webpush_sender *r, const struct service *s)
{
    size_t n = 0, len = strlen(s->origin);
    for (size_t i = 0; i < r->subs.count; i++)
        n += strncmp(r->subs.all[i]->endpoint, s->origin, len) == 0;
    return n;
}

/* One service that fails does not make the relay fail, or one phone at a service of its own could
 * silence it; but where all fail that are in use, no locked phone rings. */
void webpush_services_judge_all(struct webpush_sender *r)
{
    bool any = false, all_down = true;
    for (size_t i = 0; i < r->services_count; i++) {
        if (subs_at(r, &r->services[i]) == 0)
            continue;
        any = true;
        all_down &= r->services[i].down;
    }
    r->works = !any || !all_down;
}

void webpush_service_judge(struct webpush_sender *r, struct service *s, bool good, CURLcode code,
                           long status)
{
    bool was_down = s->down;
    if (good) {
        if (s->down)
            log_info("web push: %s works again", s->origin);
        s->fails = 0;
        s->down = false;
        s->good_at = clock_now();
    } else {
        if (s->fails++ == 0 && code != CURLE_OK)
            log_warning("web push: %s: %s; trying again", s->origin, curl_easy_strerror(code));
        else if (s->fails == 1)
            log_warning("web push: %s answered %ld%s; trying again", s->origin, status,
                        status == 401 || status == 403 ? ": look at [webpush] contact and the clock"
                                                       : "");
        s->down = s->down || s->fails >= FAILS_MAX || s->fails >= subs_at(r, s);
    }
    if (s->down != was_down)
        webpush_services_judge_all(r);
}
