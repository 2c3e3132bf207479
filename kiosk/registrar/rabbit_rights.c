#include "kiosk/registrar/rabbit_rights.h"

#include "kiosk/common/topics.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TAG_ROLE      "porchlight-"
#define TAG_VENUE     "venue-"
#define TAG_KIOSK     "kiosk-"
#define TAG_SUSPENDED "suspended"

/* --- patterns -------------------------------------------------------------------------------- */

/* A name as the regular expression that fits it alone, + as one word. The new length. */
static size_t pattern_add(char out[RABBIT_PATTERN_MAX], size_t len, const char *name)
{
    for (const char *c = name; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || *c == '-' || *c == '_';
        char one[8] = {*c};
        if (*c == '+')
            strcpy(one, "[^.]+");
        else if (!plain)
            snprintf(one, sizeof one, "\\%c", *c == '/' ? '.' : *c);
        len += (size_t)snprintf(out + len, RABBIT_PATTERN_MAX - len, "%s", one);
        if (len >= RABBIT_PATTERN_MAX)
            return RABBIT_PATTERN_MAX;
    }
    return len;
}

int rabbit_rights_topics(enum topic_role who, const char *venue, const char *kiosk,
                         const char *account, bool writes, char out[RABBIT_PATTERN_MAX])
{
    char name[TOPIC_NAME_MAX];
    size_t len = 0;
    for (enum topic t = 0; t < TOPIC_COUNT; t++) {
        if (!((writes ? topic_table[t].writes : topic_table[t].reads) & who))
            continue;
        if (topic_of_role(t, who, venue, kiosk, account, name) != 0)
            return -1;
        len += (size_t)snprintf(out + len, RABBIT_PATTERN_MAX - len, "%s", len ? "|" : "^(");
        len = len < RABBIT_PATTERN_MAX ? pattern_add(out, len, name) : RABBIT_PATTERN_MAX;
        if (len > RABBIT_PATTERN_MAX - 3) {
            errno = EINVAL;
            return -1;
        }
    }
    strcpy(out + len, len ? ")$" : "^$");
    return 0;
}

void rabbit_rights_queues(const char *account, char out[RABBIT_PATTERN_MAX])
{
    size_t len = (size_t)sprintf(out, "^(mqtt-(subscription|will)-");
    len = pattern_add(out, len, account);
    snprintf(out + len, RABBIT_PATTERN_MAX - len, "(qos[01])?|amq\\.topic)$");
}

/* --- tags ------------------------------------------------------------------------------------ */

static void add_tag(cJSON *tags, const char *begin, const char *rest)
{
    char text[64];
    snprintf(text, sizeof text, "%s%s", begin, rest);
    cJSON_AddItemToArray(tags, cJSON_CreateString(text));
}

cJSON *rabbit_rights_tags(enum registration_role role, const char *venue, const char *kiosk,
                          bool suspended)
{
    cJSON *tags = cJSON_CreateArray();
    const char *name = registration_role_name(role);
    if (name)
        add_tag(tags, TAG_ROLE, name);
    if (venue[0])
        add_tag(tags, TAG_VENUE, venue);
    if (kiosk[0])
        add_tag(tags, TAG_KIOSK, kiosk);
    if (suspended)
        add_tag(tags, TAG_SUSPENDED, "");
    return tags;
}

static const char *tag_behind(const char *tag, const char *begin)
{
    size_t n = strlen(begin);
    return strncmp(tag, begin, n) == 0 ? tag + n : NULL;
}

static void tag_id(const char *tag, const char *begin, char out[REGISTRATION_ACCOUNT + 1])
{
    const char *id = tag_behind(tag, begin);
    if (id && topic_is_id(id))
        memcpy(out, id, REGISTRATION_ACCOUNT + 1);
}

static void tag_read(const char *tag, struct registration_account *a)
{
    const char *role = tag_behind(tag, TAG_ROLE);
    if (role && a->role == REGISTRATION_NOBODY)
        a->role = registration_role_of(role);
    tag_id(tag, TAG_VENUE, a->venue);
    tag_id(tag, TAG_KIOSK, a->kiosk);
    a->suspended = a->suspended || strcmp(tag, TAG_SUSPENDED) == 0;
}

struct registration_account rabbit_rights_account(const cJSON *tags)
{
    struct registration_account a = {.there = true};
    const cJSON *one;
    cJSON_ArrayForEach(one, tags) if (cJSON_IsString(one)) tag_read(one->valuestring, &a);
    for (const char *at = cJSON_IsString(tags) ? tags->valuestring : ""; *at; at += *at == ',') {
        char word[64];
        size_t n = strcspn(at, ",");
        snprintf(word, sizeof word, "%.*s", (int)n, at);
        tag_read(word, &a);
        at += n;
    }
    return a;
}
