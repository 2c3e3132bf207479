#include "config/config.h"
#include "kiosk/cli/backup/backup_read.h"
#include "kiosk/cli/files.h"
#include "kiosk/cli/print.h"
#include "kiosk/common/file.h"
#include "kiosk/common/paths.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without one of these no kiosk runs. */
static const char *const needed[] = {PATH_CONF, PATH_CREDENTIALS "/venue.key",
                                     PATH_CREDENTIALS "/kiosk.key"};
enum { NEEDED = sizeof needed / sizeof needed[0], CHANGED_LISTED = 6 };

struct checking {
    const char *prefix, *file;
    bool has[NEEDED];
    unsigned files, strange, wrong;
    bool here, another;    /* a kiosk is set up here; it is another than the backup's */
    unsigned changed;      /* files of this kiosk that are not as in the backup */
    char names[512];       /* the first of them */
    struct config *config; /* of the backup */
    bool config_good;
};

static void check_config_complain(void *context, const char *sentence)
{
    struct checking *k = context;
    if (k->wrong++ < 3)
        print_complaint(sentence);
}

static bool is_key(const uint8_t *bytes, size_t len)
{
    char text[64 + 1];
    if (len < 64 || len > 66)
        return false;
    memcpy(text, bytes, 64);
    text[64] = '\0';
    return strspn(text, "0123456789abcdefABCDEF") == 64;
}

static void check_needed(struct checking *k, const char *path, const uint8_t *bytes, size_t len)
{
    for (int i = 0; i < NEEDED; i++) {
        if (strcmp(path, needed[i]) != 0)
            continue;
        k->has[i] = i == 0 ? len > 0 : is_key(bytes, len);
        if (!k->has[i]) {
            print_complaint(i == 0 ? "porchlight.conf in the backup is empty."
                                   : "A key in the backup is no key.");
            k->wrong++;
        }
    }
    if (strcmp(path, PATH_CONF) == 0)
        k->config_good =
            config_parse(path, (const char *)bytes, len, k->config, check_config_complain, k) == 0;
}

static void compare_with_here(struct checking *k, const char *path, const uint8_t *bytes,
                              size_t len)
{
    char whole[PATH_LEN];
    size_t now_len = 0, used = strlen(k->names);
    char *now =
        path_under(k->prefix, path, whole) < 0 ? NULL : file_read(whole, FILES_READ_MAX, &now_len);
    bool same = now && now_len == len && memcmp(now, bytes, len) == 0;

    if (now)
        sodium_memzero(now, now_len);
    free(now);
    if (strcmp(path, PATH_CREDENTIALS "/kiosk.key") == 0)
        k->another = !same;
    if (same)
        return;
    if (k->changed++ < CHANGED_LISTED)
        snprintf(k->names + used, sizeof k->names - used, "%s%s", used ? ", " : "",
                 strrchr(path, '/') + 1);
}

static int check_entry(void *context, const char *path, mode_t mode, const uint8_t *bytes,
                       size_t len)
{
    struct checking *k = context;
    const char *below;

    (void)mode;
    k->files++;
    if (backup_place_of(path, &below) == BACKUP_NOWHERE)
        k->strange++;
    check_needed(k, path, bytes, len);
    if (k->here)
        compare_with_here(k, path, bytes, len);
    return 0;
}

static bool is_kiosk_here(const char *prefix)
{
    char key[PATH_LEN];
    size_t len;
    char *bytes = path_under(prefix, PATH_CREDENTIALS "/kiosk.key", key) < 0
                      ? NULL
                      : file_read(key, FILES_READ_MAX, &len);
    bool found = bytes;

    if (bytes)
        sodium_memzero(bytes, len);
    free(bytes);
    return found;
}

static void check_say_missing(struct checking *k)
{
    for (int i = 0; i < NEEDED; i++) {
        char sentence[PATH_LEN];
        if (k->has[i])
            continue;
        snprintf(sentence, sizeof sentence, "%s is not in it, or cannot be used.", needed[i]);
        print_complaint(sentence);
        k->wrong++;
    }
}

static int check_report(struct checking *k, int listed)
{
    check_say_missing(k);
    if (listed < 0)
        print_complaint("Its list of files is damaged.");
    if (k->strange)
        print_complaint("It contains files that are not Porchlight's.");
    if (listed < 0 || k->strange || k->wrong || !k->config_good) {
        print_say("%s is not a good backup: a kiosk could not run from it. Make a new one.",
                  k->file);
        return CLI_FAILED;
    }
    print_say("%s is good: a kiosk can run from it. It has %u files of kiosk %s of venue %s.",
              k->file, k->files, k->config->kiosk.id, k->config->venue.id);
    if (k->here && k->another)
        print_say("It is of another kiosk, not of this one.");
    else if (k->changed)
        print_say(
            "%u of its files %s since changed here: %s%s. Make a new backup, under a new name.",
            k->changed, k->changed == 1 ? "has" : "have", k->names,
            k->changed > CHANGED_LISTED ? " and more" : "");
    return CLI_OK;
}

int backup_check(const struct cli *cli, const char *file, const char *passphrase_file)
{
    struct backup backup = {0};
    struct checking k = {.prefix = cli->prefix, .file = file};
    int code = CLI_FAILED;

    k.config = calloc(1, sizeof *k.config);
    if (k.config && backup_unlock(&backup, file, passphrase_file, "It was not checked") == 0) {
        k.here = is_kiosk_here(cli->prefix);
        code = check_report(&k, backup_each(&backup, check_entry, &k));
    }
    backup_finish(&backup);
    free(k.config);
    return code;
}
