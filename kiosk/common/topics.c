#include "kiosk/common/topics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PHONES  (ROLE_MEMBER | ROLE_STAFF)
#define READERS (PHONES | ROLE_RELAY)

/* Expiry: an alert or notice that a phone could not fetch within the hour is history, the retained
 * state says which alert is active; the state outlives two of its one-minute repeats; a command is
 * worth nothing once its sender has looked away.
 * state, presence: the kiosk reads what is kept of its own (kiosk/core/own_retained.h).
 * push, wake: how a phone asks a relay to be rung (kiosk/core/push_offer.h); the kiosk writes to
 * wake that an account is revoked, or vouches for what a phone asked there. beat: the kiosk
 * receives its own, or opens that connection again. answer: why a phone's command was refused.
 * enrol: the newcomer writes its request, the kiosk answers there, and later sends that same
 * account a rotated venue key. ring: whom a relay is to wake; root: what the root key says of the
 * kiosk (kiosk/core/root_word.h). Relays and the root's account read nothing that is sealed. words:
 * the host's own lines, a piece on each (kiosk/core/words_piece.h); the number of the piece is in
 * the account's place, and every phone reads all. registrar, registered: requests for accounts, and
 * their answers (kiosk/core/registration.h). */
const struct topic_rule topic_table[TOPIC_COUNT] = {
    [TOPIC_ALERT] = {"alert", false, false, 1, ROLE_KIOSK, PHONES, 3600},
    [TOPIC_NOTICE] = {"notice", false, false, 1, ROLE_KIOSK, ROLE_STAFF, 3600},
    [TOPIC_STAFF] = {"staff", false, true, 1, ROLE_KIOSK, ROLE_STAFF, 180},
    [TOPIC_STATE] = {"state", false, true, 1, ROLE_KIOSK, PHONES | ROLE_KIOSK, 180},
    [TOPIC_PRESENCE] = {"presence", false, true, 1, ROLE_KIOSK, READERS | ROLE_KIOSK, 0},
    [TOPIC_BEAT] = {"beat", false, false, 0, ROLE_KIOSK, READERS | ROLE_KIOSK | ROLE_ROOT, 0},
    [TOPIC_ACK] = {"ack", true, false, 1, ROLE_MEMBER | ROLE_STAFF, ROLE_KIOSK, 3600},
    [TOPIC_COMMAND] = {"command", true, false, 1, ROLE_STAFF, ROLE_KIOSK, 60},
    [TOPIC_ENROL] = {"enrol", true, false, 1, ROLE_NEWCOMER | ROLE_KIOSK,
                     ROLE_KIOSK | ROLE_NEWCOMER | PHONES, 600},
    [TOPIC_RELAY] = {"relay", true, false, 0, ROLE_RELAY, ROLE_KIOSK, 0},
    [TOPIC_PUSH] = {"push", false, true, 1, ROLE_RELAY, ROLE_MEMBER | ROLE_STAFF, 0},
    [TOPIC_WAKE] = {"wake", true, false, 1, PHONES | ROLE_KIOSK, ROLE_RELAY, 600},
    [TOPIC_ANSWER] = {"answer", true, false, 1, ROLE_KIOSK, PHONES, 60},
    [TOPIC_RING] = {"ring", false, true, 1, ROLE_KIOSK, ROLE_RELAY | ROLE_ROOT, 0},
    [TOPIC_ROOT] = {"root", false, true, 1, ROLE_ROOT, READERS | ROLE_KIOSK | ROLE_ROOT, 0},
    [TOPIC_WORDS] = {"words", true, true, 1, ROLE_KIOSK, PHONES, 0},
    [TOPIC_REGISTRAR] = {"registrar", false, false, 1, ROLE_KIOSK | ROLE_ROOT, ROLE_REGISTRAR, 60},
    [TOPIC_REGISTERED] = {"registered", false, false, 1, ROLE_REGISTRAR, ROLE_KIOSK | ROLE_ROOT,
                          60},
};

static const char root[] = "porchlight/";

bool topic_is_id(const char *text)
{
    return strlen(text) == TOPIC_ID_LEN && strspn(text, "0123456789abcdef") == TOPIC_ID_LEN;
}

static bool is_part(const char *text)
{
    return text && (strcmp(text, "+") == 0 || topic_is_id(text));
}

int topic_name(enum topic t, const char *venue, const char *kiosk, const char *account,
               char out[TOPIC_NAME_MAX])
{
    bool named = account && account[0];
    out[0] = '\0';
    if ((unsigned)t >= TOPIC_COUNT || !is_part(venue) || !is_part(kiosk) ||
        named != topic_table[t].per_account || (named && !is_part(account))) {
        errno = EINVAL;
        return -1;
    }
    snprintf(out, TOPIC_NAME_MAX, "%s%s/%s/%s%s%s", root, venue, kiosk, topic_table[t].name,
             named ? "/" : "", named ? account : "");
    return 0;
}

int topic_of_role(enum topic t, enum topic_role who, const char *venue, const char *kiosk,
                  const char *account, char out[TOPIC_NAME_MAX])
{
    bool all = who == ROLE_KIOSK || who == ROLE_REGISTRAR || t == TOPIC_WORDS ||
               (who == ROLE_RELAY && t == TOPIC_WAKE);
    bool own = t == TOPIC_REGISTRAR || t == TOPIC_REGISTERED;
    return topic_name(t, venue, who == ROLE_ROOT && !own ? "+" : kiosk,
                      !topic_table[t].per_account ? NULL
                      : all                       ? "+"
                                                  : account,
                      out);
}

/* Behind `prefix` in text, or NULL. */
static const char *topics_behind(const char *text, const char *prefix)
{
    size_t n = strlen(prefix);
    return text && strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

int topic_parse(const char *full, const char *venue, const char *kiosk, enum topic *t,
                char account[TOPIC_ID_LEN + 1])
{
    const char *rest = topics_behind(
        topics_behind(topics_behind(topics_behind(topics_behind(full, root), venue), "/"), kiosk),
        "/");
    for (size_t i = 0; rest && i < TOPIC_COUNT; i++) {
        const char *tail = topics_behind(rest, topic_table[i].name);
        if (tail && topic_table[i].per_account)
            tail = topics_behind(tail, "/");
        if (!tail)
            continue;
        if (topic_table[i].per_account ? !topic_is_id(tail) : tail[0] != '\0')
            continue;
        memcpy(account, tail, strlen(tail) + 1);
        *t = (enum topic)i;
        return 0;
    }
    errno = EINVAL;
    return -1;
}

bool topic_matches(const char *filter, const char *name)
{
    for (; *filter; filter++) {
        if (*filter == '+')
            name += strcspn(name, "/");
        else if (*filter != *name++)
            return false;
    }
    return *name == '\0';
}

uint64_t topic_hash(const char *name)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *name; name++)
        h = (h ^ (unsigned char)*name) * UINT64_C(1099511628211);
    return h ? h : 1;
}
