#include "kiosk/cli/members/spare_accounts.h"

#include "kiosk/common/file.h"
#include "kiosk/common/log.h"
#include "kiosk/common/topics.h"
#include "kiosk/core/enrol.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPARE_FILE_MOST = 1 << 16 };

static char *spare_text(const char *file, size_t *len)
{
    char *text = file_read(file, SPARE_FILE_MOST, len);
    if (!text)
        log_error("No invitation was made: %s: %s. Expected a file of spare accounts, as the "
                  "broker's operator gave you.",
                  file, strerror(errno));
    return text;
}

static void spare_free(char *text, size_t len)
{
    if (text)
        sodium_memzero(text, len);
    free(text);
}

/* One line. 1: an account of `role`; 0: something else that is right; -1: neither. */
static int spare_line(const char *line, size_t len, const char *role, struct spare_account *a)
{
    char word[3][SPARE_PASSWORD_MAX + 2] = {"", "", ""}, more[2] = "", all[256];
    if (len == 0 || line[0] == '#')
        return 0;
    if (len >= sizeof all)
        return -1;
    memcpy(all, line, len);
    all[len] = '\0';
    int n = sscanf(all, "%65s %65s %65s %1s", word[0], word[1], word[2], more);
    sodium_memzero(all, sizeof all);
    bool id = topic_is_id(word[1]);
    if (n <= 0 || (n == 2 && id && strcmp(word[0], "used") == 0))
        return 0;
    if (n != 3 || !id || !enrol_is_password(word[2]) ||
        (strcmp(word[0], "member") != 0 && strcmp(word[0], "staff") != 0))
        return -1;
    snprintf(a->account, sizeof a->account, "%.16s", word[1]);
    snprintf(a->password, sizeof a->password, "%.64s", word[2]);
    sodium_memzero(word, sizeof word);
    return strncmp(line, role, strlen(role)) == 0;
}

int spare_account_find(const char *file, bool staff, struct spare_account *out)
{
    const char *role = staff ? "staff" : "member";
    int found = 0;
    size_t size, number = 0;
    char *text = spare_text(file, &size);
    if (!text)
        return -1;
    for (const char *at = text; *at && found == 0; number++) {
        size_t len = strcspn(at, "\r\n");
        found = spare_line(at, len, role, out);
        at += len + strspn(at + len, "\r") + (at[len + strspn(at + len, "\r")] == '\n');
    }
    spare_free(text, size);
    if (found < 0)
        log_error("No invitation was made: %s: line %zu is none of a file of spare accounts. "
                  "Expected member or staff, an account of 16 hex digits, and a password of 16 to "
                  "64 out of A-Z a-z 0-9 - _.",
                  file, number);
    else if (found == 0)
        log_error("No invitation was made: %s has no account for a %s phone left. Ask the brokers' "
                  "operators for more.",
                  file, role);
    else if (access(file, W_OK) != 0)
        log_error("No invitation was made: %s: %s. The account would have to be marked there as "
                  "used.",
                  file, strerror(errno));
    else
        return 0;
    return -1;
}

int spare_account_use(const char *file, const struct spare_account *used)
{
    size_t size, len = 0;
    char *text = spare_text(file, &size), *fresh = NULL;
    FILE *f = text ? open_memstream(&fresh, &len) : NULL;
    if (f)
        for (const char *at = text, *next; *at; at = next) {
            size_t n = strcspn(at, "\n");
            next = at + n + (at[n] == '\n');
            const char *account = memmem(at, n, used->account, strlen(used->account));
            if (account && at[0] != '#')
                fprintf(f, "used %s\n", used->account);
            else
                fwrite(at, 1, (size_t)(next - at), f);
        }
    int rc = f && fclose(f) == 0 && file_replace(file, fresh, len, 0600) == 0 ? 0 : -1;
    if (text && rc != 0)
        log_error("%s: %s. Remove the account %s from it by hand: it is used.", file,
                  strerror(errno), used->account);
    spare_free(fresh, len);
    spare_free(text, size);
    return rc;
}
