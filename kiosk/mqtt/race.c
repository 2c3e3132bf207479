#include "kiosk/mqtt/race.h"

#include <errno.h>
#include <string.h>

bool race_ip_equal(const union race_ip *a, const union race_ip *b)
{
    if (a->any.sa_family != b->any.sa_family)
        return false;
    if (a->any.sa_family == AF_INET)
        return a->four.sin_addr.s_addr == b->four.sin_addr.s_addr;
    return memcmp(&a->six.sin6_addr, &b->six.sin6_addr, sizeof a->six.sin6_addr) == 0 &&
           a->six.sin6_scope_id == b->six.sin6_scope_id;
}

void race_init(struct race *r, int64_t now)
{
    *r = (struct race){.next_at = now, .four_from = INT64_MAX};
}

void race_add(struct race *r, const union race_ip *ip, bool good, bool bad)
{
    for (size_t i = 0; i < r->count; i++)
        if (race_ip_equal(&r->all[i].ip, ip))
            return;
    if (r->count < RACE_MAX)
        r->all[r->count++] = (struct race_address){.ip = *ip, .good = good, .bad = bad};
}

/* The last good one; then those that were not bad; then the family that was not tried last, IPv6
 * first; then the order in DNS. */
static struct race_address *race_candidate(struct race *r, int64_t now)
{
    int wanted = r->last_family == AF_INET6 ? AF_INET : AF_INET6, best_rank = 4;
    struct race_address *best = NULL;
    for (struct race_address *a = r->all; a < r->all + r->count; a++) {
        int rank = a->good ? -1 : 2 * a->bad + (a->ip.any.sa_family != wanted);
        bool early = a->ip.any.sa_family == AF_INET && !a->good && now < r->four_from;
        if (a->state != RACE_WAITS || early)
            continue;
        if (rank < best_rank) {
            best = a;
            best_rank = rank;
        }
    }
    return best;
}

struct race_address *race_begin(struct race *r, int64_t now)
{
    struct race_address *a = now >= r->next_at ? race_candidate(r, now) : NULL;
    if (!a)
        return NULL;
    a->state = RACE_TRIES;
    a->began = now;
    r->last_family = a->ip.any.sa_family;
    r->next_at = now + RACE_DELAY;
    return a;
}

/* "Refused" comes from a machine that was reached; silence, from one that should be there;
 * "unreachable" often only says that this network has no IPv6. */
static int race_telling(int error)
{
    return error == ECONNREFUSED ? 3 : error == ETIMEDOUT ? 2 : error != 0;
}

void race_fail(struct race *r, struct race_address *a, int error, int64_t now)
{
    a->state = RACE_FAILED;
    r->next_at = now;
    if (race_telling(error) > race_telling(r->error))
        r->error = error;
}

size_t race_counted(const struct race *r, enum race_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < r->count; i++)
        n += r->all[i].state == state;
    return n;
}

int64_t race_deadline(const struct race *r)
{
    if (race_counted(r, RACE_WAITS) == 0)
        return INT64_MAX;
    bool six = false;
    for (size_t i = 0; i < r->count; i++)
        six = six || (r->all[i].state == RACE_WAITS && r->all[i].ip.any.sa_family == AF_INET6);
    return six || r->four_from < r->next_at ? r->next_at : r->four_from;
}
