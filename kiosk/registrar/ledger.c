#include "kiosk/registrar/ledger.h"

#include "kiosk/common/file.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_MAX = 256, LINE = REGISTRATION_ACCOUNT + 1 };
enum { FILE_MAX = HEAD_MAX + LEDGER_SUSPENDED_MAX * LINE };

#define HEAD "2 %" PRIu64 " %32[0-9a-f] %d %d %d %" PRId64 " %" PRId64 " %d %d %d %n"

static int ledger_path(const char *prefix, const char *venue, const char *kiosk, char out[PATH_LEN])
{
    char name[PATH_LEN];
    snprintf(name, sizeof name, PATH_REGISTRAR_DIR "/%s-%s", venue, kiosk);
    return path_under(prefix, name, out);
}

int ledger_suspended_add(struct ledger_entry *e, const char *account)
{
    for (size_t i = 0; i < e->suspended_count; i++)
        if (strcmp(e->suspended[i], account) == 0)
            return 0;
    if (e->suspended_count == LEDGER_SUSPENDED_MAX) {
        errno = ENOBUFS;
        return -1;
    }
    char(*more)[REGISTRATION_ACCOUNT + 1] =
        realloc(e->suspended, (e->suspended_count + 1) * sizeof *more);
    if (!more)
        return -1;
    e->suspended = more;
    snprintf(more[e->suspended_count++], sizeof *more, "%s", account);
    return 0;
}

void ledger_entry_free(struct ledger_entry *e)
{
    free(e->suspended);
    *e = (struct ledger_entry){.suspended = NULL};
}

static int ledger_parse(const char *text, struct ledger_entry *e)
{
    struct registration_slot *s = &e->slot;
    char digest[2 * REGISTRATION_DIGEST + 1], account[REGISTRATION_ACCOUNT + 1];
    int pending, disowned, outcome, used = 0;
    if (sscanf(text, HEAD, &s->last, digest, &pending, &disowned, &outcome, &s->hour, &s->day,
               &s->created_hour, &s->created_day, &s->suspended_day, &used) != 10 ||
        used == 0 || strlen(digest) != 2 * sizeof s->digest || outcome < 0 ||
        outcome > REGISTRATION_OLD)
        return -1;
    sodium_hex2bin(s->digest, sizeof s->digest, digest, strlen(digest), NULL, NULL, NULL);
    s->pending = pending != 0;
    s->disowned = disowned != 0;
    s->outcome = (enum registration_outcome)outcome;
    for (text += used; *text; text += LINE) {
        if (sscanf(text, "%16[0-9a-f]", account) != 1 || strlen(account) != LINE - 1 ||
            text[LINE - 1] != '\n' || ledger_suspended_add(e, account) != 0)
            return -1;
    }
    return 0;
}

int ledger_read(const char *prefix, const char *venue, const char *kiosk, struct ledger_entry *e)
{
    char path[PATH_LEN];
    size_t len;
    *e = (struct ledger_entry){.suspended = NULL};
    if (ledger_path(prefix, venue, kiosk, path) != 0)
        return -1;
    char *text = file_read(path, FILE_MAX, &len);
    if (!text)
        return errno == ENOENT ? 0 : -1;
    int rc = ledger_parse(text, e);
    free(text);
    if (rc == 0)
        return 0;
    ledger_entry_free(e);
    errno = EINVAL;
    return -1;
}

int ledger_write(const char *prefix, const char *venue, const char *kiosk,
                 const struct ledger_entry *e)
{
    const struct registration_slot *s = &e->slot;
    char path[PATH_LEN], digest[2 * REGISTRATION_DIGEST + 1];
    char *text = malloc(FILE_MAX);
    if (!text || ledger_path(prefix, venue, kiosk, path) != 0) {
        free(text);
        return -1;
    }
    sodium_bin2hex(digest, sizeof digest, s->digest, sizeof s->digest);
    int n = snprintf(text, HEAD_MAX, "2 %" PRIu64 " %s %d %d %d %" PRId64 " %" PRId64 " %d %d %d\n",
                     s->last, digest, s->pending, s->disowned, (int)s->outcome, s->hour, s->day,
                     s->created_hour, s->created_day, s->suspended_day);
    for (size_t i = 0; i < e->suspended_count; i++)
        n += sprintf(text + n, "%s\n", e->suspended[i]);
    int rc = file_replace(path, text, (size_t)n, 0600);
    free(text);
    return rc;
}
