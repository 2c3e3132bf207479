#include "kiosk/cli/keys/keyset.h"
#include "kiosk/cli/keys/pki.h"
#include "kiosk/cli/members/accounts.h"
#include "kiosk/cli/templates.h"
#include "kiosk/common/topics.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { DAY = 24 * 3600 };
#define NOW ((time_t)1800000000)

/* --- keys ------------------------------------------------------------------------------------ */

static void test_the_root_key_certifies_a_kiosks_key(void **state)
{
    struct keyset *k = keyset_new();
    struct cert_kiosk cert;
    char venue[KEYSET_ID_TEXT], kiosk[KEYSET_ID_TEXT];

    (void)state;
    keyset_make(k);
    keyset_id(k, "venue", 0, venue);
    keyset_id(k, "kiosk", 1, kiosk);
    assert_true(topic_is_id(venue) && topic_is_id(kiosk));
    keyset_kiosk(k, venue, kiosk);
    keyset_id_bytes(venue, cert.venue);
    keyset_id_bytes(kiosk, cert.kiosk);
    memcpy(cert.public, k->kiosk_public, sizeof cert.public);
    assert_true(cert_kiosk_check(&cert, k->root_public, k->certificate));
    cert.kiosk[0] ^= 1;
    assert_false(cert_kiosk_check(&cert, k->root_public, k->certificate));
    keyset_free(k);
}

static void test_ids_and_passwords_are_derived_from_the_root_key_and_differ(void **state)
{
    struct keyset *k = keyset_new(), *other = keyset_new();
    char ids[4][KEYSET_ID_TEXT], words[3][KEYSET_PASSWORD];

    (void)state;
    keyset_make(k);
    memcpy(other->root_seed, k->root_seed, sizeof k->root_seed);
    keyset_root(other);
    assert_memory_equal(other->root_public, k->root_public, sizeof k->root_public);
    keyset_id(k, "kiosk", 1, ids[0]);
    keyset_id(k, "kiosk", 2, ids[1]);
    keyset_id(k, "venue", 1, ids[2]);
    keyset_id(other, "kiosk", 1, ids[3]);
    assert_string_equal(ids[0], ids[3]);
    assert_string_not_equal(ids[0], ids[1]);
    assert_string_not_equal(ids[0], ids[2]);
    keyset_password(k, "here", 1, words[0]);
    keyset_password(k, "outside", 1, words[1]);
    keyset_password(other, "here", 1, words[2]);
    assert_string_equal(words[0], words[2]);
    assert_string_not_equal(words[0], words[1]);
    assert_int_equal(strlen(words[0]), 32);
    other->root_seed[0] ^= 1;
    keyset_password(other, "here", 1, words[2]);
    assert_string_not_equal(words[0], words[2]);
    keyset_free(k);
    keyset_free(other);
}

/* --- certificates ---------------------------------------------------------------------------- */

static void test_a_server_certificate_is_signed_by_the_authority(void **state)
{
    struct pki_pair *ca = calloc(3, sizeof *ca), *other = ca + 1, *server = ca + 2;
    char names[][PKI_NAME_MAX] = {"porchlight.local", "192.168.1.7", "2001:db8::1"};
    char found[PKI_NAMES_MAX][PKI_NAME_MAX];
    long days;

    (void)state;
    assert_int_equal(pki_authority(ca, NOW), 0);
    assert_int_equal(pki_authority(other, NOW), 0);
    assert_int_equal(pki_server(ca, names, 3, NOW, server), 0);
    assert_true(pki_is_signed_by(server->certificate, ca->certificate));
    assert_false(pki_is_signed_by(server->certificate, other->certificate));
    assert_int_equal(pki_names(server->certificate, found), 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(found[i], names[i]);
    assert_int_equal(pki_days_left(server->certificate, NOW, &days), 0);
    assert_int_equal(days, PKI_SERVER_DAYS);
    assert_int_equal(pki_days_left(server->certificate, NOW + 366 * (time_t)DAY, &days), 0);
    assert_int_equal(days, -1);
    assert_int_equal(pki_days_left(ca->certificate, NOW, &days), 0);
    assert_int_equal(days, PKI_CA_DAYS);
    free(ca);
}

static void test_bad_names_and_bad_certificates_are_refused(void **state)
{
    struct pki_pair *ca = calloc(2, sizeof *ca), *server = ca + 1;
    char bad[][PKI_NAME_MAX] = {"", "a b", "a,DNS:b", "a\nb", "*.example.org/"};
    char names[PKI_NAMES_MAX][PKI_NAME_MAX], good[1][PKI_NAME_MAX] = {"a"};
    long days;

    (void)state;
    assert_int_equal(pki_authority(ca, NOW), 0);
    EACH_ROW (i, bad, NULL)
        assert_int_equal(pki_server(ca, bad + i, 1, NOW, server), -1);
    assert_int_equal(pki_server(ca, good, 0, NOW, server), -1);
    assert_int_equal(pki_days_left("nothing", NOW, &days), -1);
    assert_int_equal(pki_names("nothing", names), -1);
    assert_false(pki_is_signed_by("nothing", ca->certificate));
    ca->key[100] ^= 1;
    assert_int_equal(pki_server(ca, good, 1, NOW, server), -1);
    free(ca);
}

/* --- accounts -------------------------------------------------------------------------------- */

#define VENUE   "0123456789abcdef"
#define KIOSK   "fedcba9876543210"
#define ACCOUNT "00112233445566aa"
#define SECRET  "a-password-of-32-characters-long"

static size_t count(const cJSON *all, const char *list)
{
    return (size_t)cJSON_GetArraySize(cJSON_GetObjectItem(all, list));
}

static void test_accounts_get_their_roles(void **state)
{
    cJSON *all = accounts_new();

    (void)state;
    assert_int_equal(accounts_put(all, ROLE_KIOSK, VENUE, KIOSK, KIOSK, SECRET), 0);
    assert_int_equal(count(all, "clients"), 1);
    assert_int_equal(count(all, "roles"), 1);
    assert_int_equal(accounts_put(all, ROLE_MEMBER, VENUE, KIOSK, ACCOUNT, SECRET), 0);
    assert_int_equal(accounts_put(all, ROLE_MEMBER, VENUE, KIOSK, ACCOUNT, SECRET), 0);
    assert_int_equal(count(all, "clients"), 2);
    assert_int_equal(count(all, "roles"), 2);
    assert_true(accounts_have(all, ACCOUNT));
    assert_false(accounts_have(all, VENUE));
    assert_int_equal(accounts_put(all, ROLE_MEMBER, VENUE, KIOSK, "nobody", SECRET), -1);
    char *text = cJSON_Print(all);
    assert_null(strstr(text, SECRET));
    cJSON *again = accounts_read(text);
    assert_true(again && cJSON_Compare(again, all, 1));
    cJSON_free(text);
    cJSON_Delete(again);
    cJSON_Delete(all);
    assert_null(accounts_read("{\"clients\":[]}"));
    assert_null(accounts_read("no"));
}

/* As set-up of 0.1.0 made it: the kiosk administers the broker. */
static const char old_accounts[] =
    "{\"clients\":[{\"username\":\"" KIOSK "\",\"clientid\":\"" KIOSK "\",\"roles\":["
    "{\"rolename\":\"kiosk-" KIOSK "\"},{\"rolename\":\"steward-" KIOSK "\"}]},"
    "{\"username\":\"" ACCOUNT "\",\"roles\":[{\"rolename\":\"member-" ACCOUNT "\"}]}],"
    "\"roles\":[{\"rolename\":\"steward-" KIOSK "\",\"acls\":[{\"acltype\":\"publishClientSend\","
    "\"topic\":\"$CONTROL/dynamic-security/v1\",\"allow\":true}]},"
    "{\"rolename\":\"kiosk-" KIOSK "\",\"acls\":[]},{\"rolename\":\"member-" ACCOUNT
    "\",\"acls\":[]}]}";

static void test_an_older_brokers_kiosks_administer_it_no_more(void **state)
{
    cJSON *all = accounts_read(old_accounts);

    (void)state;
    accounts_take_stewards(all, VENUE);
    char *text = cJSON_PrintUnformatted(all);
    assert_null(strstr(text, "steward"));
    assert_null(strstr(text, "CONTROL"));
    assert_non_null(strstr(text, "\"textdescription\":\"porchlight " VENUE " " KIOSK));
    assert_non_null(strstr(text, "/registrar\""));
    assert_int_equal(count(all, "clients"), 2);
    assert_int_equal(count(all, "roles"), 2);
    cJSON_free(text);
    cJSON_Delete(all);
    accounts_take_stewards(NULL, VENUE);
}

static void test_a_bridge_passes_on_only_answers_and_commands(void **state)
{
    char kiosks[1][TOPIC_ID_LEN + 1] = {KIOSK};
    cJSON *all = accounts_new();

    (void)state;
    assert_int_equal(accounts_put_bridge(all, VENUE, kiosks, 1, ACCOUNT, SECRET), 0);
    char *text = cJSON_PrintUnformatted(all);
    assert_non_null(strstr(text, "porchlight/" VENUE "/" KIOSK "/ack/+"));
    assert_non_null(strstr(text, "/command/+"));
    assert_null(strstr(text, "/alert"));
    assert_null(strstr(text, "subscribe"
                             "Literal"));
    cJSON_free(text);
    cJSON_Delete(all);
}

/* --- templates ------------------------------------------------------------------------------ */

static void test_templates_are_filled_or_refused(void **state)
{
    static const struct template_word words[] = {{"A", "1"}, {"LONG_ONE", "two"}, {NULL, NULL}};
    char *text = template_fill("t", "x@A@y@LONG_ONE@ a@b @a@ @", words);

    (void)state;
    assert_string_equal(text, "x1ytwo a@b @a@ @");
    free(text);
    assert_null(template_fill("t", "x@B@", words));
    assert_non_null(strstr(template_conf, "[switch counter]"));
    assert_non_null(strstr(template_mosquitto, "@PORT_TLS@"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_root_key_certifies_a_kiosks_key),
        cmocka_unit_test(test_ids_and_passwords_are_derived_from_the_root_key_and_differ),
        cmocka_unit_test(test_a_server_certificate_is_signed_by_the_authority),
        cmocka_unit_test(test_bad_names_and_bad_certificates_are_refused),
        cmocka_unit_test(test_accounts_get_their_roles),
        cmocka_unit_test(test_an_older_brokers_kiosks_administer_it_no_more),
        cmocka_unit_test(test_a_bridge_passes_on_only_answers_and_commands),
        cmocka_unit_test(test_templates_are_filled_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
