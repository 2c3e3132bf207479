#include "kiosk/alertd/members/staff.h"

#include "config/secret.h"
#include "kiosk/common/log.h"
#include "kiosk/common/paths.h"
#include "kiosk/core/ns.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ending[] = ".cert";

/* The folder of the certificates, and the file of one account in it. 0, or -1 with errno. */
static int certificate_path(const char *prefix, const char *account, char folder[PATH_LEN],
                            char path[2 * PATH_LEN])
{
    if (path_under(prefix, PATH_STAFF, folder) != 0)
        return -1;
    snprintf(path, 2 * PATH_LEN, "%s/%s%s", folder, account, ending);
    return 0;
}

static void staff_complain(void *context, const char *sentence)
{
    (void)context;
    log_warning("%s", sentence);
}

static int staff_load(struct command_staff *one, const char *folder, const char *name,
                      const struct sealer *sealer)
{
    char path[2 * PATH_LEN];
    if (strlen(name) != TOPIC_ID_LEN + strlen(ending) || strcmp(name + TOPIC_ID_LEN, ending) != 0 ||
        sodium_hex2bin(one->account, sizeof one->account, name, TOPIC_ID_LEN, NULL, NULL, NULL) !=
            0)
        return -1;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (secret_read_file(path, false, one->cert, sizeof one->cert, staff_complain, NULL) != 0)
        return -1;
    if (command_staff_check(one, sealer->venue, sealer->keys->root))
        return 0;
    log_warning("%s: not signed by this venue's root key; commands of that phone are refused",
                path);
    return -1;
}

static int accounts_compare(const void *a, const void *b)
{
    const struct command_staff *one = a, *other = b;
    return memcmp(one->account, other->account, sizeof one->account);
}

/* Keeps the phones in the order of their accounts: whatever the folder's order, the same are left
 * out. */
static void staff_add(struct staff *s, const struct command_staff *one)
{
    struct command_staff all[STAFF_MAX + 1];
    memcpy(all, s->phones, s->count * sizeof all[0]);
    all[s->count] = *one;
    qsort(all, s->count + 1, sizeof all[0], accounts_compare);
    if (s->count == STAFF_MAX)
        log_warning("%d staff phones are certified, and no more can be: a certificate is ignored. "
                    "Revoke one (porchlight revoke)",
                    STAFF_MAX);
    else
        s->count++;
    memcpy(s->phones, all, s->count * sizeof all[0]);
}

void staff_read(struct staff *s, const char *prefix, const struct sealer *sealer,
                const struct root_word *root)
{
    char folder[PATH_LEN];
    struct command_staff one;
    s->count = 0;
    if (!sealer->keys || path_under(prefix, PATH_STAFF, folder) != 0)
        return;
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (const struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.' && staff_load(&one, folder, e->d_name, sealer) == 0 &&
            !root_word_revokes(root, one.account))
            staff_add(s, &one);
    closedir(d);
}

const uint8_t *staff_certificate(const struct staff *s, const char *account)
{
    char id[2 * ENVELOPE_ID + 1];
    for (size_t i = 0; i < s->count; i++) {
        sodium_bin2hex(id, sizeof id, s->phones[i].account, ENVELOPE_ID);
        if (strcmp(id, account) == 0)
            return s->phones[i].cert;
    }
    return NULL;
}

int64_t staff_stamp(const char *prefix)
{
    char folder[PATH_LEN];
    struct stat st;
    if (path_under(prefix, PATH_STAFF, folder) != 0 || stat(folder, &st) != 0)
        return 0;
    return (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
}

bool staff_readers(const struct staff *s, struct sealer *sealer)
{
    uint8_t readers[STAFF_BOX_SLOTS][ENVELOPE_PUBLIC] = {{0}};
    for (size_t i = 0; i < s->count; i++)
        memcpy(readers[i], s->phones[i].cert, sizeof readers[i]);
    bool changed =
        s->count != sealer->staff_count || memcmp(readers, sealer->staff, sizeof readers) != 0;
    memcpy(sealer->staff, readers, sizeof readers);
    sealer->staff_count = s->count;
    return changed;
}

int staff_certificate_write(const char *prefix, const char *account,
                            const uint8_t certificate[CERT_STAFF])
{
    char folder[PATH_LEN], path[2 * PATH_LEN];
    if (certificate_path(prefix, account, folder, path) != 0 ||
        (mkdir(folder, 0755) != 0 && errno != EEXIST))
        return -1;
    return secret_write_key(path, certificate, CERT_STAFF, 0644);
}

int staff_certificate_delete(const char *prefix, const char *account)
{
    char folder[PATH_LEN], path[2 * PATH_LEN];
    if (certificate_path(prefix, account, folder, path) != 0)
        return -1;
    return unlink(path) != 0 && errno != ENOENT ? -1 : 0;
}

/* --- the proof ------------------------------------------------------------------------------- */

static void staff_ignore(void *context, const char *sentence)
{
    (void)context;
    (void)sentence;
}

int staff_proof_write(const char *prefix, const uint8_t proof[CERT_PROOF])
{
    char path[PATH_LEN];
    return path_under(prefix, PATH_PROOF, path) != 0
               ? -1
               : secret_write_key(path, proof, CERT_PROOF, 0600);
}

int staff_proof_read(const char *prefix, uint8_t proof[CERT_PROOF])
{
    char path[PATH_LEN];
    return path_under(prefix, PATH_PROOF, path) != 0
               ? -1
               : secret_read_file(path, false, proof, CERT_PROOF, staff_ignore, NULL);
}

void staff_proof_delete(const char *prefix)
{
    char path[PATH_LEN];
    if (path_under(prefix, PATH_PROOF, path) == 0)
        unlink(path);
}
