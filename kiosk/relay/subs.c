#include "kiosk/relay/subs.h"

#include "kiosk/common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUBS_FILE "subscriptions"

enum {
    VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
    POINT_TEXT = sodium_base64_ENCODED_LEN(PUSH_OFFER_POINT, VARIANT),
    AUTH_TEXT = sodium_base64_ENCODED_LEN(PUSH_OFFER_AUTH, VARIANT),
    LINE_MAX_ = 2 * SUBS_ID + POINT_TEXT + AUTH_TEXT + PUSH_OFFER_ENDPOINT_MAX + 16,
    DAYS_MAX = 999999, /* the year 4707 */
};

static void id_of(const struct subs *s, const char *account, uint8_t id[SUBS_ID])
{
    crypto_generichash(id, SUBS_ID, (const uint8_t *)account, strlen(account), s->key, SUBS_KEY);
}

/* The next one with that id, from *i on; *i is then behind it. NULL: there is no more. */
static struct sub *subs_next(const struct subs *s, const uint8_t id[SUBS_ID], size_t *i)
{
    while (*i < s->count) {
        struct sub *one = s->all[(*i)++];
        if (memcmp(one->id, id, SUBS_ID) == 0)
            return one;
    }
    return NULL;
}

/* The one with that id that is a spare, or the one that is none. */
static struct sub *subs_of(const struct subs *s, const uint8_t id[SUBS_ID], bool spare)
{
    struct sub *one;
    for (size_t i = 0; (one = subs_next(s, id, &i));)
        if (one->spare == spare)
            return one;
    return NULL;
}

struct sub *subs_find(const struct subs *s, const char *account,
                      const uint8_t auth[PUSH_OFFER_AUTH])
{
    uint8_t id[SUBS_ID];
    struct sub *one;
    id_of(s, account, id);
    for (size_t i = 0; (one = subs_next(s, id, &i));)
        if (sodium_memcmp(one->auth, auth, sizeof one->auth) == 0)
            return one;
    return NULL;
}

/* Room for one more, empty. NULL: full. */
static struct sub *subs_add(struct subs *s)
{
    if (s->count == SUBS_MAX)
        return NULL;
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        struct sub **longer = realloc(s->all, room * sizeof(void *));
        if (!longer)
            return NULL;
        s->all = longer;
        s->room = room;
    }
    struct sub *one = calloc(1, sizeof *one);
    if (one)
        s->all[s->count++] = one;
    return one;
}

struct sub *subs_put(struct subs *s, const struct push_offer_letter *l)
{
    struct sub *one = subs_find(s, l->account, l->auth);
    uint8_t id[SUBS_ID];

    if (one && strcmp(one->endpoint, l->endpoint) == 0 &&
        memcmp(one->p256dh, l->p256dh, sizeof one->p256dh) == 0)
        return one;
    id_of(s, l->account, id);
    struct sub *spare = subs_of(s, id, true);
    if (spare)
        subs_remove(s, spare);
    bool first = !subs_of(s, id, false);
    one = subs_add(s);
    if (!one)
        return NULL;
    one->spare = !first;
    memcpy(one->id, id, sizeof one->id);
    memcpy(one->endpoint, l->endpoint, sizeof one->endpoint);
    memcpy(one->p256dh, l->p256dh, sizeof one->p256dh);
    memcpy(one->auth, l->auth, sizeof one->auth);
    s->dirty = true;
    return one;
}

void subs_staff(struct subs *s, const char *account)
{
    uint8_t id[SUBS_ID];
    struct sub *one;
    id_of(s, account, id);
    for (size_t i = 0; (one = subs_next(s, id, &i));) {
        s->dirty = s->dirty || !one->staff;
        one->staff = true;
    }
}

static bool sub_has_hash(const struct sub *one, const uint8_t hash[MESSAGE_HASH])
{
    uint8_t own[MESSAGE_HASH];
    push_offer_auth_hash(one->auth, own);
    return sodium_memcmp(own, hash, sizeof own) == 0;
}

void subs_vouch(struct subs *s, const char *account, const uint8_t hash[MESSAGE_HASH])
{
    uint8_t id[SUBS_ID];
    struct sub *one;
    size_t i = 0;
    id_of(s, account, id);
    while ((one = subs_next(s, id, &i)) && !sub_has_hash(one, hash))
        continue;
    if (!one || (one->own && !one->spare))
        return;
    struct sub *first = subs_of(s, id, false);
    if (first)
        first->spare = true;
    one->spare = false;
    one->own = s->dirty = true;
}

void sub_note_awake(struct sub *one, const struct alert_id *id)
{
    if (sub_is_awake(one, id))
        return;
    memmove(one->awake + 1, one->awake, (SUBS_AWAKE - 1) * sizeof *id);
    one->awake[0] = *id;
}

bool sub_is_awake(const struct sub *one, const struct alert_id *id)
{
    for (size_t i = 0; i < SUBS_AWAKE; i++)
        if (!alert_id_is_none(id) && alert_id_equal(&one->awake[i], id))
            return true;
    return false;
}

static uint64_t sub_drawn(const struct subs *s, const struct sub *one, int64_t period,
                          uint8_t nonce[PUSH_OFFER_NONCE])
{
    static const char word[] = "porchlight-check";
    crypto_generichash_state h;
    uint8_t drawn[2 * PUSH_OFFER_NONCE];
    uint64_t number;
    crypto_generichash_init(&h, s->key, SUBS_KEY, sizeof drawn);
    crypto_generichash_update(&h, (const uint8_t *)word, sizeof word);
    crypto_generichash_update(&h, one->id, sizeof one->id);
    crypto_generichash_update(&h, one->auth, sizeof one->auth);
    crypto_generichash_update(&h, (const uint8_t *)&period, sizeof period);
    crypto_generichash_final(&h, drawn, sizeof drawn);
    memcpy(nonce, drawn, PUSH_OFFER_NONCE);
    memcpy(&number, drawn + PUSH_OFFER_NONCE, sizeof number);
    return number;
}

void sub_check(const struct subs *s, const struct sub *one, int64_t period,
               uint8_t nonce[PUSH_OFFER_NONCE])
{
    sub_drawn(s, one, period, nonce);
}

int64_t sub_check_offset(const struct subs *s, const struct sub *one, int64_t period, int64_t span)
{
    uint8_t nonce[PUSH_OFFER_NONCE];
    return (int64_t)(sub_drawn(s, one, period, nonce) % (uint64_t)span);
}

bool subs_arrived(struct subs *s, const uint8_t venue[ENVELOPE_ID], const char *account,
                  const uint8_t *wire, const int64_t periods[2], int64_t today)
{
    uint8_t id[SUBS_ID], who[ENVELOPE_ID], nonce[PUSH_OFFER_NONCE], made[ENVELOPE_SIZE];
    struct sub *one;
    id_of(s, account, id);
    sodium_hex2bin(who, sizeof who, account, strlen(account), NULL, NULL, NULL);
    for (size_t i = 0; (one = subs_next(s, id, &i));)
        for (size_t p = 0; p < 2; p++) {
            sub_check(s, one, periods[p], nonce);
            push_offer_arrived_write(venue, who, one->auth, nonce, made);
            if (sodium_memcmp(made, wire, sizeof made) != 0)
                continue;
            s->dirty = s->dirty || one->rang_on != today;
            one->rang_on = today;
            return true;
        }
    return false;
}

struct subs_count subs_count(const struct subs *s, int64_t today)
{
    struct subs_count c = {0};
    for (size_t i = 0; i < s->count; i++) {
        const struct sub *one = s->all[i];
        if (one->spare)
            continue;
        c.phones++;
        c.rang += one->own && one->rang_on > today - SUBS_RANG_DAYS ? 1 : 0;
        c.month += one->own && one->rang_on > today - SUBS_MONTH_DAYS ? 1 : 0;
    }
    return c;
}

static void discard(struct sub *one)
{
    sodium_memzero(one, sizeof *one);
    free(one);
}

void subs_remove(struct subs *s, struct sub *one)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->all[i] != one)
            continue;
        s->all[i] = s->all[--s->count];
        s->dirty = true;
        struct sub *spare = one->spare ? NULL : subs_of(s, one->id, true);
        if (spare)
            spare->spare = false;
        if (one->flying)
            one->gone = true;
        else
            discard(one);
        return;
    }
}

void subs_revoke(struct subs *s, const char *account)
{
    uint8_t id[SUBS_ID];
    struct sub *one;
    id_of(s, account, id);
    while ((one = subs_of(s, id, false)))
        subs_remove(s, one);
}

bool subs_landed(struct sub *one)
{
    one->flying = false;
    if (!one->gone)
        return false;
    discard(one);
    return true;
}

/* --- the file -------------------------------------------------------------------------------- */

static bool subs_take(const char *text, uint8_t *out, size_t len)
{
    size_t got = 0;
    return sodium_base642bin(out, len, text, strlen(text), NULL, &got, NULL, VARIANT) == 0 &&
           got == len;
}

static void subs_read_line(struct subs *s, char *line)
{
    char *rest = line, *id = strsep(&rest, " "), *point = strsep(&rest, " "),
         *auth = strsep(&rest, " "), *group = strsep(&rest, " ");
    struct sub one = {.wanted = false};
    size_t got = 0;

    if (rest && rest[0] >= '0' && rest[0] <= '9') {
        long long day = strtoll(strsep(&rest, " "), NULL, 10);
        one.rang_on = day > 0 && day <= DAYS_MAX ? day : 0;
    }
    if (!rest || strlen(rest) >= sizeof one.endpoint || strncmp(rest, "https://", 8) != 0 ||
        sodium_hex2bin(one.id, sizeof one.id, id, strlen(id), NULL, &got, NULL) != 0 ||
        got != sizeof one.id || !subs_take(point, one.p256dh, sizeof one.p256dh) ||
        !subs_take(auth, one.auth, sizeof one.auth) || subs_of(s, one.id, true))
        return;
    one.spare = subs_of(s, one.id, false); /* the spare is behind it */
    memcpy(one.endpoint, rest, strlen(rest) + 1);
    one.staff = strncmp(group, "staff", 5) == 0;
    one.own = strchr(group, '+');
    struct sub *kept = subs_add(s);
    if (kept)
        *kept = one;
}

int subs_load(struct subs *s, const char *prefix, const uint8_t seed[32])
{
    static const char word[] = "porchlight-subscriptions";
    char line[LINE_MAX_];
    *s = (struct subs){.count = 0};
    crypto_generichash(s->key, sizeof s->key, (const uint8_t *)word, sizeof word, seed, 32);
    if (path_under(prefix, PATH_RELAY_DIR, s->folder) < 0)
        return -1;
    snprintf(s->path, sizeof s->path, "%s/" SUBS_FILE, s->folder);
    FILE *f = fopen(s->path, "re");
    if (!f)
        return errno == ENOENT ? 0 : -1;
    s->kept = true;
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        subs_read_line(s, line);
    }
    fclose(f);
    return 0;
}

static void drop_all(struct subs *s)
{
    while (s->count > 0)
        subs_remove(s, s->all[s->count - 1]);
    s->dirty = false;
}

void subs_finish(struct subs *s)
{
    drop_all(s);
    free(s->all);
    sodium_memzero(s, sizeof *s);
}

/* Whoever writes or deletes the file holds this. */
static int folder_lock(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static int write_line(FILE *f, const struct sub *one)
{
    char id[2 * SUBS_ID + 1], point[POINT_TEXT], auth[AUTH_TEXT], day[16] = "";
    if (one->rang_on > 0 && one->rang_on <= DAYS_MAX)
        snprintf(day, sizeof day, "%lld ", (long long)one->rang_on);
    sodium_bin2hex(id, sizeof id, one->id, sizeof one->id);
    sodium_bin2base64(point, sizeof point, one->p256dh, sizeof one->p256dh, VARIANT);
    sodium_bin2base64(auth, sizeof auth, one->auth, sizeof one->auth, VARIANT);
    return fprintf(f, "%s %s %s %s%s %s%s\n", id, point, auth, one->staff ? "staff" : "member",
                   one->own ? "+" : "", day, one->endpoint) < 0
               ? -1
               : 0;
}

static int subs_write_all(const struct subs *s, int folder)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    int bad = 0;
    if (!f)
        return -1;
    for (int spare = 0; spare <= 1; spare++)
        for (size_t i = 0; i < s->count; i++)
            bad |= s->all[i]->spare == spare ? write_line(f, s->all[i]) : 0;
    bad |= fclose(f);
    int result = bad ? -1 : file_replace_at(folder, SUBS_FILE, text, len, 0600);
    if (text)
        sodium_memzero(text, len);
    free(text);
    return result;
}

bool subs_forgotten(struct subs *s)
{
    if (!s->kept || access(s->path, F_OK) == 0 || errno != ENOENT)
        return false;
    s->kept = false;
    drop_all(s);
    return true;
}

int subs_save(struct subs *s)
{
    if (!s->dirty)
        return 0;
    int lock = folder_lock(s->folder);
    if (lock < 0)
        return -1;
    subs_forgotten(s);
    int result = subs_write_all(s, lock);
    if (result == 0) {
        s->kept = true;
        s->dirty = false;
    }
    close(lock);
    return result;
}

int subs_forget(const char *prefix)
{
    static const uint8_t none[32];
    struct subs s;

    if (subs_load(&s, prefix, none) < 0)
        return -1;
    int count = (int)s.count, lock = s.kept ? folder_lock(s.folder) : -1;
    int result = !s.kept ? 0 : lock < 0 || unlink(s.path) < 0 ? -1 : fsync(lock) < 0 ? -1 : count;
    int saved = errno;
    if (lock >= 0)
        close(lock);
    subs_finish(&s);
    errno = saved;
    return result;
}
