/* What a registrar reads: requests and answers, and what its broker says. */

#include "tests/fuzz/fuzz.h"

#include "kiosk/common/dynsec.h"
#include "kiosk/core/ns.h"
#include "kiosk/core/registration.h"
#include "kiosk/mqtt/thread.h"
#include "kiosk/registrar/broker_admin.h"
#include "kiosk/registrar/rabbit_rights.h"

#include <cjson/cJSON.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- registrations: requests and answers ------------------------------------------------------ */

static void registration_one(const uint8_t *bytes, size_t len)
{
    struct registration_request r, same;
    struct registration_answer a, repeated;
    char text[ENVELOPE_LETTER_MAX + 1], second[ENVELOPE_LETTER_MAX + 1];
    size_t n, m;
    if (registration_read((const char *)bytes, len, &r) == 0 &&
        registration_write(&r, text, &n) == 0) {
        FUZZ_MUST(registration_read(text, n, &same) == 0);
        FUZZ_MUST(registration_write(&same, second, &m) == 0 && strcmp(text, second) == 0);
    }
    if (registration_answer_read((const char *)bytes, len, &a) == 0 &&
        registration_answer_write(&a, text, &n) == 0) {
        FUZZ_MUST(registration_answer_read(text, n, &repeated) == 0);
        FUZZ_MUST(registration_answer_write(&repeated, second, &m) == 0 &&
                  strcmp(text, second) == 0);
    }
}

static void registration_seeds(void)
{
    char text[ENVELOPE_LETTER_MAX + 1];
    size_t n;
    for (enum registration_kind kind = 0; kind < REGISTRATION_KINDS; kind++) {
        struct registration_request r = {.kind = kind, .number = 7, .account = FUZZ_ACCOUNT};
        bool role = kind == REGISTRATION_CREATE || kind == REGISTRATION_PROMOTE;
        r.role = role ? REGISTRATION_MEMBER : REGISTRATION_NOBODY;
        strcpy(r.password, role || kind == REGISTRATION_PASSWORD ? "abcdefghijklmnop" : "");
        strcpy(r.kiosk, kind == REGISTRATION_DISOWN ? "2222222222222222" : "");
        memcpy(r.public, fuzz_kiosk.public, sizeof r.public);
        r.has_grant = kind == REGISTRATION_SUSPEND;
        r.has_staff = kind == REGISTRATION_PROMOTE;
        FUZZ_MUST(registration_write(&r, text, &n) == 0);
        fuzz_seed(text, n);
    }
    for (enum registration_outcome o = REGISTRATION_DONE; o <= REGISTRATION_OLD; o++) {
        struct registration_answer a = {
            .outcome = o, .number = 7, .last = 6, .after_s = o == REGISTRATION_LATER ? 60 : 0};
        strcpy(a.why, o == REGISTRATION_DONE ? "" : "the account is another kiosk's");
        FUZZ_MUST(registration_answer_write(&a, text, &n) == 0);
        fuzz_seed(text, n);
    }
}

/* --- hello and announcement: signed for whatever they say ------------------------------------- */

static void hello_one(const uint8_t *bytes, size_t len)
{
    static const char title[] = "porchlight-registrar";
    struct envelope_place at = fuzz_place("");
    uint8_t wire[ENVELOPE_SIZE], again[ENVELOPE_SIZE], text[sizeof title + 16 + 9], form;
    struct registration_hello h;
    struct registration_announcement a;
    fuzz_take(&bytes, &len, &form, 1);
    fuzz_take(&bytes, &len, wire, sizeof wire);
    wire[0] = ENVELOPE_VERSION;
    wire[1] = form % 2 ? 9 : 10;
    if (wire[1] == 10) {
        memcpy(wire + 2, fuzz_root.public, ENVELOPE_PUBLIC);
        memcpy(text, title, sizeof title);
        memcpy(text + sizeof title, at.venue, 8);
        memcpy(text + sizeof title + 8, at.kiosk, 8);
        memcpy(text + sizeof title + 16, wire + 98, 9);
        crypto_sign_detached(wire + 34, NULL, text, sizeof text, fuzz_root.secret);
    }
    if (registration_hello_read(wire, sizeof wire, &h) == 0) {
        registration_hello_write(&h, again);
        FUZZ_MUST(memcmp(wire, again, sizeof wire) == 0);
    }
    if (registration_announcement_read(wire, sizeof wire, &at, &a) == 0) {
        registration_announce(&a, &at, fuzz_root.secret, again);
        FUZZ_MUST(memcmp(wire, again, sizeof wire) == 0);
    }
}

static void hello_seeds(void)
{
    uint8_t seed[1 + ENVELOPE_SIZE] = {0};
    fuzz_seed(seed, sizeof seed);
    seed[0] = 1;
    seed[1 + 40] = 7;
    fuzz_seed(seed, sizeof seed);
}

/* --- the broker's answers to a registrar: TAG stands for the packet's own --------------------- */

static void dynsec_one(const uint8_t *bytes, size_t len)
{
    static struct mqtt_publication p;
    static struct mqtt_event e;
    struct broker_admin_order o = {.role = ROLE_MEMBER,
                                   .venue = "1111111111111111",
                                   .kiosk = "2222222222222222",
                                   .account = FUZZ_ACCOUNT,
                                   .password = "abcdefghijklmnop"};
    struct broker_admin_result r;
    uint8_t verb;
    fuzz_take(&bytes, &len, &verb, 1);
    o.verb = (enum broker_admin_verb)(verb % (BROKER_ADMIN_SELF + 1));
    struct broker_admin *a = dynsec_admin_new();
    FUZZ_MUST(a);
    broker_admin_begin(a, &o);
    if (broker_admin_next(a, NS_PER_S, &p)) {
        static const char key[] = "\"correlationData\":\"";
        const char *text = fuzz_text(bytes, len), *tag, *at;
        ((char *)p.payload)[p.len] = '\0';
        tag = strstr((const char *)p.payload, key);
        FUZZ_MUST(tag);
        e = (struct mqtt_event){.kind = MQTT_MESSAGE};
        snprintf(e.topic, sizeof e.topic, "%s", DYNSEC_RESPONSE);
        at = strstr(text, "TAG");
        e.len = (size_t)snprintf((char *)e.payload, sizeof e.payload, "%.*s%.*s%s",
                                 at ? (int)(at - text) : (int)strlen(text), text,
                                 at ? (int)strcspn(tag + sizeof key - 1, "\"") : 0,
                                 tag + sizeof key - 1, at ? at + 3 : "");
        if (e.len >= sizeof e.payload)
            e.len = sizeof e.payload - 1;
        broker_admin_receive(a, &e, &r);
        FUZZ_MUST(memchr(r.fault, '\0', sizeof r.fault));
    }
    broker_admin_free(a);
}

static void dynsec_seeds(void)
{
    static const char *const answers[] = {
        "{\"responses\":[{\"command\":\"getClient\",\"correlationData\":\"TAG\",\"data\":{"
        "\"client\":"
        "{\"username\":\"" FUZZ_ACCOUNT "\",\"textdescription\":\"porchlight 2 1111111111111111 "
        "2222222222222222\",\"disabled\":true,\"roles\":[{\"rolename\":\"member-" FUZZ_ACCOUNT
        "\"}],\"groups\":[]}}}]}",
        "{\"responses\":[{\"command\":\"createRole\",\"correlationData\":\"TAG\",\"error\":\"Role "
        "already exists\"}]}",
        "{\"responses\":[{\"command\":\"createClient\",\"correlationData\":\"TAG\"}]}",
        "{\"responses\":[{\"command\":\"getClient\",\"correlationData\":\"TAG\",\"error\":\"Client "
        "not found\"}]}",
    };
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++)
        for (int verb = 0; verb <= BROKER_ADMIN_SELF; verb += 2) {
            char seed[1024] = {(char)verb};
            snprintf(seed + 1, sizeof seed - 1, "%s", answers[i]);
            fuzz_seed(seed, 1 + strlen(seed + 1));
        }
}

static void description_one(const uint8_t *bytes, size_t len)
{
    char venue[TOPIC_ID_LEN + 1], kiosk[TOPIC_ID_LEN + 1];
    bool current;
    if (dynsec_description_read(fuzz_text(bytes, len), venue, kiosk, &current) == 0)
        FUZZ_MUST(strlen(venue) == TOPIC_ID_LEN && strlen(kiosk) == TOPIC_ID_LEN);
}

static void description_seeds(void)
{
    char out[DYNSEC_DESCRIPTION_MAX];
    dynsec_description("1111111111111111", "2222222222222222", out);
    fuzz_seed_text(out);
}

/* --- the tags of a RabbitMQ user, as its API gives them --- */

static void tags_one(const uint8_t *bytes, size_t len)
{
    cJSON *tags = cJSON_ParseWithLength((const char *)bytes, len);
    struct registration_account a = rabbit_rights_account(tags);
    cJSON *again = rabbit_rights_tags(a.role, a.venue, a.kiosk, a.suspended);
    struct registration_account b = rabbit_rights_account(again);
    FUZZ_MUST(a.role == b.role && a.suspended == b.suspended && strcmp(a.venue, b.venue) == 0 &&
              strcmp(a.kiosk, b.kiosk) == 0);
    cJSON_Delete(again);
    cJSON_Delete(tags);
}

static void tags_seeds(void)
{
    fuzz_seed_text("[\"porchlight-member\",\"venue-1111111111111111\","
                   "\"kiosk-2222222222222222\",\"suspended\"]");
    fuzz_seed_text("\"administrator,porchlight-kiosk,venue-1111111111111111\"");
}

const struct fuzz_target fuzz_registrar[] = {
    {"registration", registration_one, registration_seeds, 1024},
    {"hello", hello_one, hello_seeds, 770},
    {"dynsec", dynsec_one, dynsec_seeds, 2048},
    {"description", description_one, description_seeds, 128},
    {"tags", tags_one, tags_seeds, 512},
    {.name = NULL},
};
