#include "kiosk/alertd/members/staff.h"

#include "config/secret.h"
#include "kiosk/common/log.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* --- who may command ------------------------------------------------------------------------- */

static void staff_complain(void *context, const char *sentence)
{
    (void)context;
    log_warning("%s", sentence);
}

static int staff_load(struct kiosk *k, const char *folder, const char *name)
{
    static const char ending[] = ".cert";
    struct command_staff *s = &k->staff[k->staff_count];
    char path[2 * PATH_LEN];
    size_t len = strlen(name);
    if (len != TOPIC_ID_LEN + strlen(ending) || strcmp(name + TOPIC_ID_LEN, ending) != 0 ||
        sodium_hex2bin(s->account, sizeof s->account, name, TOPIC_ID_LEN, NULL, NULL, NULL) != 0)
        return -1;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (secret_read_file(path, false, s->cert, sizeof s->cert, staff_complain, NULL) != 0)
        return -1;
    if (!command_staff_check(s, k->sealer.venue, k->sealer.keys->root)) {
        log_warning("%s: not signed by this venue's root key; no command of that phone is taken",
                    path);
        return -1;
    }
    return 0;
}

void staff_read(struct kiosk *k)
{
    char folder[PATH_LEN];
    k->staff_count = 0;
    if (k->sealer.plain || path_under(k->prefix, PATH_STAFF, folder) != 0)
        return;
    DIR *d = opendir(folder);
    if (!d)
        return;
    for (const struct dirent *e; k->staff_count < STAFF_MAX && (e = readdir(d));)
        if (e->d_name[0] != '.' && staff_load(k, folder, e->d_name) == 0)
            k->staff_count++;
    closedir(d);
}

/* --- the proof ------------------------------------------------------------------------------- */

static void proof_path(const struct kiosk *k, char path[PATH_LEN])
{
    path_under(k->prefix, PATH_PROOF, path);
}

void staff_prove(struct kiosk *k, const uint8_t *proof, size_t len)
{
    char path[PATH_LEN];
    memcpy(k->proof, proof, len);
    k->proof_len = len;
    delivery_prove(k->delivery, k->proof, k->proof_len);
    proof_path(k, path);
    if (secret_write_key(path, k->proof, k->proof_len, 0600) != 0)
        log_warning("%s: %s; phones that sleep now may keep an old lockdown after a restart", path,
                    strerror(errno));
}

static void staff_ignore(void *context, const char *sentence)
{
    (void)context;
    (void)sentence;
}

void staff_proof_read(struct kiosk *k)
{
    char path[PATH_LEN];
    proof_path(k, path);
    if (secret_read_file(path, false, k->proof, CERT_PROOF, staff_ignore, NULL) != 0)
        return;
    k->proof_len = CERT_PROOF;
    delivery_prove(k->delivery, k->proof, k->proof_len);
}
