/* Files: configs, the wipe's plan and records, lists of phones. */

#include "tests/fuzz/fuzz.h"

#include "config/config.h"
#include "config/secret.h"
#include "kiosk/alertd/members/roster.h"
#include "kiosk/alertd/members/staff.h"
#include "kiosk/cli/backup/same_card.h"
#include "kiosk/cli/conf_edit.h"
#include "kiosk/cli/members/spare_accounts.h"
#include "kiosk/common/duration.h"
#include "kiosk/core/big_endian.h"
#include "kiosk/registrar/ledger.h"
#include "kiosk/registrar/registrar_conf.h"
#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/ring_kept.h"
#include "kiosk/relay/root_kept.h"
#include "kiosk/relay/subs.h"
#include "kiosk/wipe/luks_facts.h"
#include "kiosk/wipe/place.h"
#include "kiosk/wipe/plan_read.h"
#include "kiosk/wipe/progress.h"
#include "kiosk/wipe/remembered.h"

#include <errno.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what a host edits ------------------------------------------------------------------------ */

static void config_one(const uint8_t *bytes, size_t len)
{
    static struct config c, most;
    int rc = config_parse("f", (const char *)bytes, len, &c, fuzz_complain, NULL);
    int some = config_parse_most("f", (const char *)bytes, len, &most, fuzz_complain, NULL);
    FUZZ_MUST(rc != 0 || (some == 0 && memcmp(&c, &most, sizeof c) == 0));
}

static void config_seeds(void)
{
    fuzz_seed_file("config/porchlight.conf");
    fuzz_seed_text("[venue]\nid = 0123456789abcdef\npage = https://p.example.org/\n[kiosk]\n"
                   "id = 0123456789abcdef\n[switch front]\nline = sim:front\nhold = 2s\n"
                   "[door main]\nline = sim:door=1\nhours = mon-fri 18:00-02:00, sat 12:00-04:00\n"
                   "[broker here]\nhost = 127.0.0.1\ntls = no\n[alert]\ndrill = sun 15:00-17:00\n"
                   "[screen]\nlanguages = az, ru, en\ncity = Baku\nquiet_hours = 02:00-09:00\n");
}

static void relay_conf_one(const uint8_t *bytes, size_t len)
{
    static struct relay_conf c;
    relay_conf_parse("f", (const char *)bytes, len, &c, fuzz_complain, NULL);
}

static void relay_conf_seeds(void)
{
    fuzz_seed_file("config/relay.conf");
}

static void registrar_one(const uint8_t *bytes, size_t len)
{
    static struct registrar_venue v;
    static struct registrar_conf c;
    registrar_venue_parse("f", (const char *)bytes, len, &v, fuzz_complain, NULL);
    registrar_conf_load(fuzz_file("/etc/porchlight/registrar/registrar.conf", bytes, len), &c,
                        fuzz_complain, NULL);
}

static void registrar_seeds(void)
{
    fuzz_seed_file("config/registrar.conf");
    fuzz_seed_text("[venue]\nid = 0123456789abcdef\nroot = "
                   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
                   "[account 0123456789abcdef]\nrole = kiosk\nkiosk = 0123456789abcdef\n"
                   "password = abcdefghijklmnop\n");
}

static void plan_one(const uint8_t *bytes, size_t len)
{
    static struct plan p;
    if (plan_parse("f", (const char *)bytes, len, &p, fuzz_complain, NULL) != 0)
        return;
    for (size_t i = 0; i < p.targets_count; i++) {
        const struct plan_target *t = &p.targets[i];
        FUZZ_MUST(plan_kind_name(t->kind)[0] && t->root < (int)p.roots_count);
        FUZZ_MUST(i == 0 || plan_phase_of(p.targets[i - 1].kind) <= plan_phase_of(t->kind));
        FUZZ_MUST(!t->path[0] || (!plan_path_wrong(t->path) && t->root >= 0));
    }
}

static void plan_seeds(void)
{
    fuzz_seed_text("[root venue]\npath = /srv/venue\nsettle = yes\n[file f]\n"
                   "path = /srv/venue/f\nalso = yes\n[unit u]\nunit = venue-book.service\n"
                   "[luks l]\npath = /srv/venue/l\nmapping = venue\nheader = /srv/venue/h\n"
                   "[cell c]\ncell = tpm:1800001\n[tmpfs t]\npath = /run/venue/t\n"
                   "[root run]\npath = /run/venue\n[credential k]\npath = /srv/venue/k\n"
                   "[luks d]\ndevice = /dev/disk/by-partuuid/1234\n");
}

/* Section, key and value in the first three lines; the file in the rest. */
static void conf_edit_one(const uint8_t *bytes, size_t len)
{
    static struct conf_text c;
    char *rest = fuzz_text(bytes, len), *word[3];
    for (size_t i = 0; i < 3; i++) {
        word[i] = strsep(&rest, "\n");
        if (!rest)
            return;
    }
    if (conf_text_set(&c, rest, strlen(rest)) != 0)
        return;
    conf_set(&c, word[0], word[1], word[2][0] ? word[2] : NULL);
    conf_has(&c, word[0]);
    conf_drop(&c, word[0]);
    FUZZ_MUST(c.len < sizeof c.text && strlen(c.text) == c.len);
}

static void conf_edit_seeds(void)
{
    fuzz_seed_text("broker here\nhost\nlocalhost\n# top\n[broker here]\n#host = a\nport = 1\n\n"
                   "[alert]\nrelay = yes\n");
    fuzz_seed_text("alert\nrelay\n\n[alert]\nrelay = yes\n");
}

static void duration_one(const uint8_t *bytes, size_t len)
{
    int64_t ns, again;
    char out[32];
    if (duration_parse(fuzz_text(bytes, len), &ns) != 0)
        return;
    duration_format(ns, out, sizeof out);
    FUZZ_MUST(ns >= 0 && duration_parse(out, &again) == 0 && again == ns);
}

static void duration_seeds(void)
{
    fuzz_seed_text("20ms");
    fuzz_seed_text("1.5s");
    fuzz_seed_text("366d");
    fuzz_seed_text("0");
    fuzz_seed_text("0.000000001s");
}

static void secret_one(const uint8_t *bytes, size_t len)
{
    uint8_t key[32];
    secret_read_file(fuzz_file("/etc/porchlight/key", bytes, len), true, key, sizeof key,
                     fuzz_complain, NULL);
}

static void secret_seeds(void)
{
    fuzz_seed_text("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n");
}

/* --- the wipe's records ----------------------------------------------------------------------- */

/* Two heads, then slots; magic, version and sums are made right where the first byte says so. */
static void progress_one(const uint8_t *bytes, size_t len)
{
    static uint8_t file[PROGRESS_SIZE];
    static struct plan plan;
    struct progress_head head;
    struct progress_slot slot;
    struct progress p;
    uint8_t how;
    memset(file, 0, sizeof file);
    fuzz_take(&bytes, &len, &how, 1);
    for (size_t page = 0; page < 2; page++) {
        fuzz_take(&bytes, &len, &head, sizeof head);
        if (how & 1 << page) {
            head.magic = 0x50524849u;
            head.version = 2;
            crypto_generichash(head.sum, sizeof head.sum, (uint8_t *)&head,
                               offsetof(struct progress_head, sum), NULL, 0);
        }
        memcpy(file + page * PROGRESS_PAGE, &head, sizeof head);
    }
    for (uint32_t i = 0; i < PLAN_TARGETS_MAX && len > 0; i++) {
        fuzz_take(&bytes, &len, &slot, sizeof slot);
        if (how & 4) {
            slot.magic = 0x50524853u;
            slot.index = i;
            memcpy(slot.run, head.run, sizeof slot.run);
            crypto_generichash(slot.sum, sizeof slot.sum, (uint8_t *)&slot,
                               offsetof(struct progress_slot, sum), NULL, 0);
        }
        memcpy(file + (2 + i) * PROGRESS_PAGE, &slot, sizeof slot);
    }
    fuzz_file("/wipe/progress", file, how & 8 ? sizeof file : (size_t)(how & 7) * PROGRESS_PAGE);
    char folder[256];
    snprintf(folder, sizeof folder, "%s/wipe", fuzz_prefix());
    if (progress_open(&p, folder, "progress", geteuid(), how & 16) != 0)
        return;
    FUZZ_MUST(p.head.count <= PLAN_TARGETS_MAX);
    for (size_t i = 0; i <= PLAN_TARGETS_MAX; i++)
        progress_get(&p, i, &slot);
    if (!(how & 16)) {
        FUZZ_MUST(progress_lock(&p) == 1 && progress_intend(&p, &plan, true) == 0);
        FUZZ_MUST(p.head.state == PROGRESS_INTENT && !progress_get(&p, 0, &slot));
    }
    progress_close(&p);
}

static void progress_seeds(void)
{
    static uint8_t seed[1 + 2 * sizeof(struct progress_head) + 2 * sizeof(struct progress_slot)];
    for (uint8_t how = 0; how < 32; how = (uint8_t)(how + 7)) {
        seed[0] = how;
        seed[1 + offsetof(struct progress_head, state)] = PROGRESS_INTENT;
        fuzz_seed(seed, sizeof seed);
    }
}

static void remembered_one(const uint8_t *bytes, size_t len)
{
    static struct remembered m, again;
    if (!remembered_parse(fuzz_text(bytes, len), &m)) {
        FUZZ_MUST(m.count == 0);
        return;
    }
    char *text = remembered_print(&m);
    FUZZ_MUST(text && remembered_parse(text, &again) && again.count == m.count);
    free(text);
}

static void remembered_seeds(void)
{
    struct remembered *m = calloc(1, sizeof *m);
    FUZZ_MUST(m);
    for (m->count = 0; m->count < 2; m->count++) {
        struct remembered_target *t = &m->targets[m->count];
        strcpy(t->name, "sheets");
        strcpy(t->path, "/srv/venue/sheets");
        strcpy(t->at.type, "ext4");
        t->at.known = true;
        strcpy(t->at.source, "/dev/mmcblk0p2");
        strcpy(t->inner[0], "/srv/venue/sheets/inner");
        t->inner_count = m->count;
    }
    char *text = remembered_print(m);
    FUZZ_MUST(text);
    fuzz_seed_text(text);
    free(text);
    free(m);
}

static void mounts_one(const uint8_t *bytes, size_t len)
{
    const char *text = fuzz_text(bytes, len), *at = text;
    struct place_mount m;
    struct mount_source source;
    char within[PLACE_WITHIN_MAX];
    while (place_next_mount(&at, &m))
        FUZZ_MUST(!place_within(&m, "/srv/venue/list", within) || within[0] == '/');
    mount_source_of(text, 0xfe00, &source);
}

static void mounts_seeds(void)
{
    fuzz_seed_text(
        "27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/root rw,discard\nthis is no mount\n"
        "31 27 7:0 / /srv/two\\040words ro master:1 propagate_from:2 - ext4 /dev/loop0 "
        "rw,data=journal\n32 27 0:50 /@data /srv/venue rw - btrfs /dev/sda2 rw,subvol=/@data\n"
        "33 27 0:51 / /srv/o rw - overlay o rw,lowerdir=/l,upperdir=/u,workdir=/w\n");
}

static void luks_one(const uint8_t *bytes, size_t len)
{
    struct luks_facts f = {.form = LUKS_2, .header = 16384, .front = 1 << 24};
    luks_facts_of_json(&f, fuzz_text(bytes, len));
    enum luks_remark remark = luks_judge(&f, UINT64_C(1) << 30, false);
    FUZZ_MUST(remark < LUKS_REMARKS && luks_saying(remark));
}

static void luks_seeds(void)
{
    fuzz_seed_text(
        "{\"keyslots\":{\"0\":{\"type\":\"luks2\",\"area\":{\"type\":\"raw\",\"offset\":"
        "\"32768\",\"size\":\"258048\"}}},\"segments\":{\"0\":{\"type\":\"crypt\","
        "\"offset\":\"16777216\",\"size\":\"dynamic\",\"encryption\":\"aes-xts-plain64\","
        "\"flags\":[\"in-reencryption\"]}},\"config\":{\"requirements\":{\"mandatory\":["
        "\"online-reencrypt-v2\"]}}}");
}

/* --- who belongs ------------------------------------------------------------------------------ */

static void roster_one(const uint8_t *bytes, size_t len)
{
    size_t line = 0, count = 0;
    struct roster *p = roster_open(fuzz_file("/var/lib/porchlight/phones", bytes, len), &line);
    if (!p) {
        FUZZ_MUST(errno != EBADMSG || line > 0);
        return;
    }
    char account[TOPIC_ID_LEN + 1] = "";
    for (const struct phone *one; (one = roster_after(p, account)); count++) {
        FUZZ_MUST(strcmp(one->account, account) > 0 && strlen(one->account) == TOPIC_ID_LEN);
        snprintf(account, sizeof account, "%s", one->account);
    }
    FUZZ_MUST(count == 0 || roster_remove(p, account) == 0);
    FUZZ_MUST(count == 0 || !roster_find(p, account));
    roster_free(p);
}

static void roster_seeds(void)
{
    fuzz_seed_text("porchlight phones 1\n");
    fuzz_seed_text("porchlight phones 1 rotated\n0123456789abcdef member invited " FUZZ_ZEROS
                   "\n1123456789abcdef staff in " FUZZ_ONES "\n2123456789abcdef relay in " FUZZ_ONES
                   "\n3123456789abcdef member gone " FUZZ_ONES "\n");
}

static void staff_one(const uint8_t *bytes, size_t len)
{
    struct sealer_keys keys = {.secret = {0}};
    struct sealer sealer = {.keys = &keys};
    static struct staff s;
    uint8_t proof[CERT_PROOF];
    memcpy(keys.root, fuzz_root.public, sizeof keys.root);
    memset(sealer.venue, 0x11, sizeof sealer.venue);
    struct root_word none = {.made = 0};
    fuzz_file("/var/lib/porchlight/staff/" FUZZ_ACCOUNT ".cert", bytes, len);
    fuzz_file("/var/lib/porchlight/all-clear", bytes, len);
    staff_read(&s, fuzz_prefix(), &sealer, &none);
    FUZZ_MUST(s.count <= 1);
    staff_proof_read(fuzz_prefix(), proof);
}

static void staff_seeds(void)
{
    struct cert_staff cert;
    uint8_t bytes[CERT_STAFF];
    char text[2 * CERT_STAFF + 2];
    memset(cert.venue, 0x11, sizeof cert.venue);
    sodium_hex2bin(cert.account, sizeof cert.account, FUZZ_ACCOUNT, 16, NULL, NULL, NULL);
    memcpy(cert.public, fuzz_phone.public, sizeof cert.public);
    memcpy(bytes, cert.public, sizeof cert.public);
    cert_staff_sign(&cert, fuzz_root.secret, bytes + ENVELOPE_PUBLIC);
    sodium_bin2hex(text, sizeof text, bytes, sizeof bytes);
    strcat(text, "\n");
    fuzz_seed_text(text);
}

static void subs_one(const uint8_t *bytes, size_t len)
{
    static const uint8_t seed[32] = {1};
    struct subs s;
    fuzz_file("/var/lib/porchlight-relay/subscriptions", bytes, len);
    if (subs_load(&s, fuzz_prefix(), seed) == 0) {
        s.dirty = true;
        subs_save(&s);
    }
    subs_finish(&s);
}

static void subs_seeds(void)
{
    static const uint8_t seed[32] = {1};
    struct push_offer_letter l = {.account = FUZZ_ACCOUNT, .endpoint = "https://p.example.net/a"};
    struct subs s;
    char path[512], text[4096];
    FUZZ_MUST(subs_load(&s, fuzz_prefix(), seed) == 0);
    for (uint8_t i = 0; i < 3; i++) {
        l.auth[0] = i;
        subs_put(&s, &l);
    }
    subs_staff(&s, FUZZ_ACCOUNT);
    FUZZ_MUST(subs_save(&s) == 0);
    subs_finish(&s);
    snprintf(path, sizeof path, "%s/var/lib/porchlight-relay/subscriptions", fuzz_prefix());
    FILE *f = fopen(path, "re");
    FUZZ_MUST(f);
    fuzz_seed(text, fread(text, 1, sizeof text, f));
    fclose(f);
}

static void root_kept_one(const uint8_t *bytes, size_t len)
{
    struct root_word all = {.made = 0};
    fuzz_file("/var/lib/porchlight-relay/root-2222222222222222", bytes, len);
    root_kept_read(fuzz_prefix(), "2222222222222222", &all);
    FUZZ_MUST(all.revoked_count <= ROOT_WORD_REVOKED_MAX);
}

static void root_kept_seeds(void)
{
    struct root_word w = {.made = 1800000000};
    uint8_t wire[ENVELOPE_SIZE], account[8] = {3};
    root_word_revoke(&w, account);
    root_word_write(&w, wire);
    fuzz_seed(wire, sizeof wire);
}

static bool ring_kept_is_signed(void *context, size_t i, const uint8_t wire[ENVELOPE_SIZE],
                                struct message *ring)
{
    (void)context;
    *ring = (struct message){.kind = MSG_RING, .epoch = wire[0]};
    return i == 0 && wire[ENVELOPE_SIZE - 1] == 1;
}

static void ring_kept_one(const uint8_t *bytes, size_t len)
{
    static const char *const kiosks[] = {"2222222222222222"};
    struct message ring;
    int64_t late_s;
    fuzz_file("/var/lib/porchlight-relay/ring-2222222222222222", bytes, len);
    struct ring_kept *k = ring_kept_new(fuzz_prefix(), kiosks, 1);
    FUZZ_MUST(k);
    if (ring_kept_read(k, 0, ring_kept_is_signed, NULL, &ring, &late_s))
        FUZZ_MUST(late_s >= 0 && len == ENVELOPE_SIZE + 8);
    ring_kept_free(k);
}

static void ring_kept_seeds(void)
{
    uint8_t kept[ENVELOPE_SIZE + 8] = {[ENVELOPE_SIZE - 1] = 1, [ENVELOPE_SIZE + 7] = 9};
    fuzz_seed(kept, sizeof kept);
}

static void ledger_one(const uint8_t *bytes, size_t len)
{
    struct ledger_entry e;
    fuzz_file("/var/lib/porchlight-registrar/1111111111111111-2222222222222222", bytes, len);
    if (ledger_read(fuzz_prefix(), "1111111111111111", "2222222222222222", &e) == 0) {
        FUZZ_MUST(e.suspended_count <= LEDGER_SUSPENDED_MAX);
        ledger_write(fuzz_prefix(), "1111111111111111", "2222222222222222", &e);
        ledger_entry_free(&e);
    }
}

static void ledger_seeds(void)
{
    fuzz_seed_text("2 7 0123456789abcdef0123456789abcdef 1 0 0 470000 19600 3 7 2\n" FUZZ_ACCOUNT
                   "\n1123456789abcdef\n");
}

static void spare_one(const uint8_t *bytes, size_t len)
{
    struct spare_account a;
    const char *file = fuzz_file("/etc/porchlight/spare", bytes, len);
    for (int staff = 0; staff < 2; staff++)
        if (spare_account_find(file, staff, &a) == 0) {
            FUZZ_MUST(strlen(a.account) == 16 && strlen(a.password) >= 16);
            spare_account_use(file, &a);
        }
}

static void spare_seeds(void)
{
    fuzz_seed_text("# made by the operator\nmember 0123456789abcdef abcdefghijklmnop\n\n"
                   "staff 1123456789abcdef abcdefghijklmnop\nused 2123456789abcdef\n");
}

const struct fuzz_target fuzz_files[] = {
    {"config", config_one, config_seeds, 32768},
    {"relay-conf", relay_conf_one, relay_conf_seeds, 16384},
    {"registrar-conf", registrar_one, registrar_seeds, 8192},
    {"plan", plan_one, plan_seeds, 4096},
    {"conf-edit", conf_edit_one, conf_edit_seeds, 4096},
    {"duration", duration_one, duration_seeds, 64},
    {"secret", secret_one, secret_seeds, 512},
    {"progress", progress_one, progress_seeds, 4096},
    {"remembered", remembered_one, remembered_seeds, 8192},
    {"mounts", mounts_one, mounts_seeds, 4096},
    {"luks", luks_one, luks_seeds, 4096},
    {"roster", roster_one, roster_seeds, 4096},
    {"staff", staff_one, staff_seeds, 1024},
    {"subscriptions", subs_one, subs_seeds, 4096},
    {"root-kept", root_kept_one, root_kept_seeds, 1024},
    {"ring-kept", ring_kept_one, ring_kept_seeds, 1024},
    {"ledger", ledger_one, ledger_seeds, 2048},
    {"spare-accounts", spare_one, spare_seeds, 2048},
    {.name = NULL},
};
