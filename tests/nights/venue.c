#include "tests/nights/venue.h"

#include "kiosk/common/paths.h"
#include "kiosk/core/cert.h"
#include "tests/nights/seals.h"
#include "tests/nights/world.h"

#include <dirent.h>
#include <ftw.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct venue venues[2];
static char folder[PATH_LEN];
static bool made[2];

static void need(bool done, const char *what)
{
    if (done)
        return;
    perror(what);
    exit(2);
}

/* Those above this file. */
static void folders_make(const char *prefix, const char *name, char path[2 * PATH_LEN])
{
    snprintf(path, 2 * PATH_LEN, "%s%s", prefix, name);
    for (char *slash = path + strlen(prefix) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
}

static void file_put(const char *prefix, const char *name, const char *text)
{
    char path[2 * PATH_LEN];
    folders_make(prefix, name, path);
    FILE *f = fopen(path, "w");
    need(f && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0600) == 0, path);
}

static void hex_put(const char *prefix, const char *name, const uint8_t *bytes, size_t len)
{
    char hex[1024];
    sodium_bin2hex(hex, sizeof hex - 1, bytes, len);
    strcat(hex, "\n");
    file_put(prefix, name, hex);
}

/* Keys and ids are made of a number, so that a night is the same on every machine. */
static void fill(uint8_t *out, size_t len, uint8_t what)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(what * 29 + i * 7 + 1);
}

static void id_make(char hex[17], uint8_t bytes[ENVELOPE_ID], uint8_t what)
{
    fill(bytes, ENVELOPE_ID, what);
    sodium_bin2hex(hex, 17, bytes, ENVELOPE_ID);
}

static void staff_certify(const struct venue *v, const char *prefix, const struct venue_phone *p)
{
    struct cert_staff c;
    uint8_t cert[CERT_STAFF];
    char name[64];
    memcpy(c.venue, v->id_bytes, sizeof c.venue);
    memcpy(c.account, p->account_bytes, sizeof c.account);
    memcpy(c.public, p->public, sizeof c.public);
    memcpy(cert, p->public, sizeof p->public);
    cert_staff_sign(&c, v->root_secret, cert + 32);
    snprintf(name, sizeof name, "/var/lib/porchlight/staff/%s.cert", p->account);
    hex_put(prefix, name, cert, sizeof cert);
}

static void kiosk_files(const struct venue *v, const struct venue_kiosk *k)
{
    static const char credentials[] = "/etc/porchlight/credentials/";
    char name[96];
    struct cert_kiosk c;
    uint8_t cert[CERT_SIGNATURE];
    memcpy(c.venue, v->id_bytes, sizeof c.venue);
    memcpy(c.kiosk, k->id_bytes, sizeof c.kiosk);
    memcpy(c.public, k->public, sizeof c.public);
    cert_kiosk_sign(&c, v->root_secret, cert);
    hex_put(k->prefix, "/etc/porchlight/credentials/kiosk.cert", cert, sizeof cert);
    hex_put(k->prefix, "/etc/porchlight/credentials/venue.key", v->key, sizeof v->key);
    hex_put(k->prefix, "/etc/porchlight/credentials/root.pub", v->root_public, 32);
    hex_put(k->prefix, "/etc/porchlight/credentials/kiosk.key", k->seed, sizeof k->seed);
    file_put(k->prefix, "/etc/porchlight/credentials/buttons", "a password\n");
    for (int i = 0; i < VENUE_BROKERS; i++) {
        snprintf(name, sizeof name, "%sbroker-b%d", credentials, i);
        file_put(k->prefix, name, "a password\n");
    }
}

static void relay_files(struct venue *v, const char *below)
{
    char name[96], path[2 * PATH_LEN];
    uint8_t unused[ENVELOPE_ID];
    id_make(v->relay_account, unused, 60);
    snprintf(v->relay_prefix, sizeof v->relay_prefix, "%.*s/relay", PATH_LEN - 8, below);
    need(mkdir(v->relay_prefix, 0700) == 0, v->relay_prefix);
    hex_put(v->relay_prefix, "/etc/porchlight/credentials/venue.key", v->key, sizeof v->key);
    hex_put(v->relay_prefix, "/etc/porchlight/credentials/root.pub", v->root_public, 32);
    file_put(v->relay_prefix, "/etc/porchlight/credentials/relay-broker", "a password\n");
    folders_make(v->relay_prefix, PATH_RELAY_DIR "/", path);
    for (int i = 0; i < VENUE_KIOSKS; i++) {
        snprintf(name, sizeof name, "/etc/porchlight/credentials/kiosk-%s.pub", v->kiosks[i].id);
        hex_put(v->relay_prefix, name, v->kiosks[i].public, ENVELOPE_PUBLIC);
    }
}

static void venue_make(struct venue *v, const char *below)
{
    uint8_t seed[32], unused[ENVELOPE_ID];
    id_make(v->id, v->id_bytes, 1);
    fill(v->key, sizeof v->key, 2);
    fill(seed, sizeof seed, 3);
    crypto_sign_seed_keypair(v->root_public, v->root_secret, seed);
    for (int i = 0; i < VENUE_PHONES; i++) {
        struct venue_phone *p = &v->phones[i];
        id_make(p->account, p->account_bytes, (uint8_t)(10 + i));
        fill(p->seed, sizeof p->seed, (uint8_t)(20 + i));
        crypto_sign_seed_keypair(p->public, p->secret, p->seed);
        p->staff = i < 2;
    }
    for (int i = 0; i < VENUE_KIOSKS; i++) {
        struct venue_kiosk *k = &v->kiosks[i];
        id_make(k->id, k->id_bytes, (uint8_t)(30 + i));
        id_make(k->account, unused, (uint8_t)(40 + i));
        fill(k->seed, sizeof k->seed, (uint8_t)(50 + i));
        crypto_sign_seed_keypair(k->public, k->secret, k->seed);
        snprintf(k->prefix, sizeof k->prefix, "%.*s/k%d", PATH_LEN - 8, below, i);
        need(mkdir(k->prefix, 0700) == 0, k->prefix);
        kiosk_files(v, k);
    }
    relay_files(v, below);
}

const struct venue *venue_of(bool real)
{
    if (folder[0] == '\0') {
        const char *temporary = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%.200s/nights-XXXXXX", temporary ? temporary : "/tmp");
        need(mkdtemp(folder) != NULL, folder);
    }
    seals_choose(real);
    if (!made[real]) {
        char below[PATH_LEN + 16];
        snprintf(below, sizeof below, "%s/%s", folder, real ? "real" : "modelled");
        need(mkdir(below, 0700) == 0, below);
        venue_make(&venues[real], below);
        made[real] = true;
    }
    return &venues[real];
}

/* Staff that joined in another night. */
static void staff_clear(const char *prefix)
{
    char path[PATH_LEN + 64];
    snprintf(path, sizeof path, "%s" PATH_STAFF, prefix);
    DIR *d = opendir(path);
    for (const struct dirent *e; d && (e = readdir(d));)
        unlinkat(dirfd(d), e->d_name, 0);
    if (d)
        closedir(d);
}

void venue_restore(const struct venue *v)
{
    static const char *const made_in_nights[] = {"/var/lib/porchlight/all-clear", PATH_ROOT_WORD,
                                                 PATH_WORDS, PATH_NEW_KEY};
    char text[1024] = "porchlight phones 1\n", hex[65], path[PATH_LEN + 64];
    size_t used = strlen(text);
    for (size_t i = 0; i < VENUE_PHONES; i++) {
        const struct venue_phone *p = &v->phones[i];
        sodium_bin2hex(hex, sizeof hex, p->public, sizeof p->public);
        used += (size_t)snprintf(text + used, sizeof text - used, "%s %s in %s\n", p->account,
                                 p->staff ? "staff" : "member", hex);
    }
    for (size_t i = 0; i < VENUE_KIOSKS; i++) {
        const char *prefix = v->kiosks[i].prefix;
        file_put(prefix, "/var/lib/porchlight/phones", text);
        hex_put(prefix, "/etc/porchlight/credentials/venue.key", v->key, sizeof v->key);
        staff_clear(prefix);
        for (size_t p = 0; p < VENUE_PHONES; p++)
            if (v->phones[p].staff)
                staff_certify(v, prefix, &v->phones[p]);
        for (size_t k = 0; k < sizeof made_in_nights / sizeof made_in_nights[0]; k++) {
            snprintf(path, sizeof path, "%s%s", prefix, made_in_nights[k]);
            unlink(path);
        }
        for (size_t k = 0; k < 2; k++) {
            snprintf(path, sizeof path, "%s" PATH_RELAY_DIR "/%s-%s", v->relay_prefix,
                     k == 0 ? "root" : "ring", v->kiosks[i].id);
            unlink(path);
        }
    }
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void venue_clean(void)
{
    if (folder[0] != '\0')
        nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char conf[] = "[venue]\nid = %s\n"
                           "[kiosk]\nid = %s\n"
                           "[switch counter]\nline = sim:front\n"
                           "[door entrance]\nline = sim:door\n"
                           "[feel]\nline = sim:feel\n"
                           "[wipe]\nenabled = yes\n"
                           "[broker b0]\nhost = b0.example.org\nca = /ca.pem\nuser = %s\n"
                           "password = broker-b0\noutside = yes\n"
                           "[broker b1]\nhost = b1.example.org\nca = /ca.pem\nuser = %s\n"
                           "password = broker-b1\noutside = yes\n"
                           "[broker b2]\nhost = b2.example.org\nca = /ca.pem\nuser = %s\n"
                           "password = broker-b2\noutside = yes\n";

static const char with_button[] = "[switch porch]\nline = mqtt:" VENUE_BUTTON "\n"
                                  "[buttons]\nhost = gateway.example.org\nca = /ca.pem\n"
                                  "user = kiosk\npassword = buttons\n";

void venue_config(const struct venue *v, size_t kiosk, bool button, struct config *c)
{
    static struct config parsed[VENUE_KIOSKS][2];
    static bool done[VENUE_KIOSKS][2];
    const struct venue_kiosk *k = &v->kiosks[kiosk];
    if (!done[kiosk][button]) {
        char text[2048];
        int len =
            snprintf(text, sizeof text, conf, v->id, k->id, k->account, k->account, k->account);
        if (button)
            len += snprintf(text + len, sizeof text - (size_t)len, "%s", with_button);
        if (config_parse("nights", text, (size_t)len, &parsed[kiosk][button],
                         config_complain_stderr, NULL) != 0)
            exit(2);
        done[kiosk][button] = true;
    }
    *c = parsed[kiosk][button];
}

void venue_phone_client(const struct venue *v, size_t phone, size_t kiosks, struct phone_client *m)
{
    memcpy(m->venue, v->id, sizeof v->id);
    memcpy(m->venue_bytes, v->id_bytes, sizeof m->venue_bytes);
    m->venue_key = world_memory(sizeof v->key);
    memcpy(m->venue_key, v->key, sizeof v->key);
    memcpy(m->root, v->root_public, sizeof m->root);
    memcpy(m->account, v->phones[phone].account, sizeof v->phones[phone].account);
    if (v->phones[phone].staff) {
        m->secret = world_memory(ENVELOPE_SECRET);
        memcpy(m->secret, v->phones[phone].secret, ENVELOPE_SECRET);
        memcpy(m->public, v->phones[phone].public, sizeof m->public);
    }
    m->kiosks_count = kiosks;
    for (size_t i = 0; i < kiosks; i++) {
        struct phone_client_kiosk *k = &m->kiosks[i];
        memcpy(k->id, v->kiosks[i].id, sizeof v->kiosks[i].id);
        memcpy(k->bytes, v->kiosks[i].id_bytes, sizeof k->bytes);
        memcpy(k->public, v->kiosks[i].public, sizeof k->public);
        view_init(&k->view);
    }
}
