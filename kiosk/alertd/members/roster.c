#include "kiosk/alertd/members/roster.h"

#include "kiosk/common/file.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char title[] = "porchlight phones 1", title_rotated[] = "porchlight phones 1 rotated";
static const char *const standings[] = {"invited", "in", "gone"};

struct roster {
    char path[PATH_LEN];
    bool rotated;
    struct phone *all; /* by account */
    size_t count, room;
};

/* --- in memory ------------------------------------------------------------------------------- */

/* The place of this account in the list, or where it would be inserted. */
static size_t roster_place_of(const struct roster *p, const char *account)
{
    size_t low = 0, high = p->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(p->all[middle].account, account) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct roster *p, size_t i, const char *account)
{
    return i < p->count && strcmp(p->all[i].account, account) == 0;
}

static int insert(struct roster *p, size_t i, const struct phone *one)
{
    if (p->count == ROSTER_MAX) {
        errno = ENOBUFS;
        return -1;
    }
    if (p->count == p->room) {
        size_t room = p->room == 0 ? 32 : 2 * p->room;
        struct phone *more = realloc(p->all, room * sizeof *more);
        if (!more)
            return -1;
        p->all = more;
        p->room = room;
    }
    memmove(p->all + i + 1, p->all + i, (p->count - i) * sizeof *p->all);
    p->all[i] = *one;
    p->count++;
    return 0;
}

static void roster_take_out(struct roster *p, size_t i)
{
    p->count--;
    memmove(p->all + i, p->all + i + 1, (p->count - i) * sizeof *p->all);
}

/* --- on disk --------------------------------------------------------------------------------- */

static void write_one(FILE *f, const struct phone *one)
{
    char hex[2 * ENVELOPE_PUBLIC + 1];
    sodium_bin2hex(hex, sizeof hex, one->public, sizeof one->public);
    fprintf(f, "%s %s %s %s\n", one->account,
            one->relay   ? "relay"
            : one->staff ? "staff"
                         : "member",
            standings[one->standing], hex);
}

static int save(const struct roster *p)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return -1;
    fprintf(f, "%s\n", p->rotated ? title_rotated : title);
    for (size_t i = 0; i < p->count; i++)
        write_one(f, &p->all[i]);
    int bad = ferror(f);
    bad |= fclose(f);
    int result = bad ? -1 : file_replace(p->path, text, len, 0600), saved = errno;
    free(text);
    errno = saved;
    return result;
}

static int standing_of(const char *word)
{
    for (int i = 0; i < 3; i++)
        if (strcmp(standings[i], word) == 0)
            return i;
    return -1;
}

static int read_one(struct roster *p, const char *line)
{
    struct phone one = {0};
    char role[8], standing[8], hex[2 * ENVELOPE_PUBLIC + 1];
    int end = 0;
    if (sscanf(line, "%16[0-9a-f] %7[a-z] %7[a-z] %64[0-9a-f]%n", one.account, role, standing, hex,
               &end) != 4 ||
        strcmp(line + end, "\n") != 0 || strlen(one.account) != TOPIC_ID_LEN ||
        strlen(hex) != 2 * sizeof one.public || standing_of(standing) < 0)
        return -1;
    one.staff = strcmp(role, "staff") == 0;
    one.relay = strcmp(role, "relay") == 0;
    if (!one.staff && !one.relay && strcmp(role, "member") != 0)
        return -1;
    one.standing = (enum phone_standing)standing_of(standing);
    sodium_hex2bin(one.public, sizeof one.public, hex, strlen(hex), NULL, NULL, NULL);
    size_t i = roster_place_of(p, one.account);
    return is_at(p, i, one.account) ? -1 : insert(p, i, &one);
}

static int roster_read_all(struct roster *p, FILE *f, size_t *line)
{
    char text[160];
    for (*line = 1; fgets(text, sizeof text, f); ++*line) {
        if (*line > 1) {
            if (read_one(p, text) != 0)
                return -1;
            continue;
        }
        text[strcspn(text, "\n")] = '\0';
        p->rotated = strcmp(text, title_rotated) == 0;
        if (!p->rotated && strcmp(text, title) != 0)
            return -1;
    }
    return *line > 1 && !ferror(f) ? 0 : -1;
}

struct roster *roster_open(const char *path, size_t *line)
{
    struct roster *p = calloc(1, sizeof *p);
    *line = 0;
    if (!p)
        return NULL;
    snprintf(p->path, sizeof p->path, "%s", path);
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
    if (fd < 0 && errno == ENOENT)
        return p;
    if (!f)
        goto free_phones;
    int rc = roster_read_all(p, f, line);
    fclose(f);
    if (rc == 0)
        return p;
    errno = EBADMSG;
free_phones:;
    int saved = errno;
    if (!f && fd >= 0)
        close(fd);
    roster_free(p);
    errno = saved;
    return NULL;
}

void roster_free(struct roster *p)
{
    if (!p)
        return;
    free(p->all);
    free(p);
}

/* --- asked and changed ----------------------------------------------------------------------- */

const struct phone *roster_find(const struct roster *p, const char *account)
{
    size_t i = roster_place_of(p, account);
    return is_at(p, i, account) ? &p->all[i] : NULL;
}

const struct phone *roster_after(const struct roster *p, const char *account)
{
    size_t i = roster_place_of(p, account);
    i += is_at(p, i, account);
    return i < p->count ? &p->all[i] : NULL;
}

size_t roster_count(const struct roster *p, enum phone_standing standing, bool staff)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++)
        n += p->all[i].standing == standing && p->all[i].staff == staff && !p->all[i].relay;
    return n;
}

size_t roster_relays(const struct roster *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count; i++)
        n += p->all[i].relay && p->all[i].standing == PHONE_IN;
    return n;
}

size_t roster_relay_accounts(const struct roster *p, char out[][TOPIC_ID_LEN + 1], size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < p->count && n < max; i++)
        if (p->all[i].relay && p->all[i].standing == PHONE_IN)
            strcpy(out[n++], p->all[i].account);
    return n;
}

int roster_put(struct roster *p, const struct phone *one)
{
    size_t i = roster_place_of(p, one->account);
    bool known = is_at(p, i, one->account);
    struct phone before = {0};
    if (known) {
        before = p->all[i];
        p->all[i] = *one;
    } else if (insert(p, i, one) != 0) {
        return -1;
    }
    if (save(p) == 0)
        return 0;
    if (known)
        p->all[i] = before;
    else
        roster_take_out(p, i);
    return -1;
}

int roster_remove(struct roster *p, const char *account)
{
    size_t i = roster_place_of(p, account);
    if (!is_at(p, i, account))
        return 0;
    struct phone before = p->all[i];
    roster_take_out(p, i);
    if (save(p) == 0)
        return 0;
    int saved = errno;
    insert(p, i, &before);
    errno = saved;
    return -1;
}

bool roster_readmit(struct roster *p, const char *account, size_t broker)
{
    size_t i = roster_place_of(p, account);
    uint8_t bit = (uint8_t)(1u << broker);
    if (!is_at(p, i, account) || (p->all[i].readmitted & bit) != 0)
        return false;
    p->all[i].readmitted |= bit;
    return true;
}

bool roster_rotated(const struct roster *p)
{
    return p->rotated;
}

int roster_set_rotated(struct roster *p)
{
    bool before = p->rotated;
    p->rotated = true;
    if (before || save(p) == 0)
        return 0;
    p->rotated = false;
    return -1;
}
