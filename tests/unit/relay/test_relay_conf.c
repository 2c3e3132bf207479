#include "kiosk/core/ns.h"
#include "kiosk/relay/relay_conf.h"
#include "kiosk/relay/webpush_sender.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char head[] = "[relay]\naccount = 0123456789abcdef\n"
                           "[venue]\nid = 0123456789abcdef\n"
                           "[broker]\nhost = localhost\nca = /etc/ca.pem\n";
static const char kiosk[] = "[kiosk entrance]\nid = 0123456789abcdef\n";
static const char push[] = "[push first]\nurl = https://push.example.org/topic\n";

struct said {
    char text[4096];
    int count;
};

static void hear(void *context, const char *sentence)
{
    struct said *s = context;
    size_t at = strlen(s->text);

    snprintf(s->text + at, sizeof s->text - at, "%s\n", sentence);
    s->count++;
}

static int parse(const char *text, struct relay_conf *c, struct said *s)
{
    *s = (struct said){.count = 0};
    return relay_conf_parse("relay.conf", text, strlen(text), c, hear, s);
}

static void a_whole_file_is_read(void **state)
{
    char text[2048];
    struct relay_conf c;
    struct said s;

    (void)state;
    snprintf(text, sizeof text, "%s%s%sclick = https://page.example.org/\ntoken = push-first\n",
             head, kiosk, push);
    assert_int_equal(parse(text, &c, &s), 0);
    assert_string_equal(c.relay.word, "The kettle is on");
    assert_true(c.relay.beat == 5 * NS_PER_S && c.relay.blind == 60 * NS_PER_S);
    assert_true(c.broker.tls && c.broker.port == 8883);
    assert_int_equal(c.kiosks_count, 1);
    assert_string_equal(c.kiosks[0].name, "entrance");
    assert_string_equal(c.pushes[0].token, "push-first");
}

static void the_explained_file_is_read(void **state)
{
    struct relay_conf c;
    struct said s = {.count = 0};

    (void)state;
    assert_int_equal(relay_conf_load("config/relay.conf", &c, hear, &s), 0);
    assert_int_equal(c.pushes_count, 1);
    assert_int_equal(relay_conf_load("config/no-such.conf", &c, hear, &s), -1);
    assert_int_equal(s.count, 1);
}

/* Each is appended to a good head, and must be complained about with these words. */
static const struct {
    const char *text, *words;
} bad[] = {
    {"", "relay.conf: no [kiosk NAME] section"},
    {"[kiosk a]\nid = 0123456789abcdef\n", "no [push NAME] and no [webpush]"},
    {"[kiosk a]\nid = 0123\n[push p]\nurl = https://a/b\n", "relay.conf:9: [kiosk a] id: found"},
    {"[kiosk a]\n[push p]\nurl = https://a/b\n", "relay.conf:8: [kiosk a] id: is missing"},
    {"[kiosk]\nid = 0123456789abcdef\n", "with a name of 1 to 31"},
    {"[kiosk A]\nid = 0123456789abcdef\n", "with a name of 1 to 31"},
    {"[push p]\nurl = http://push.example.org/t\n", "use https"},
    {"[push p]\nurl = ftp://push.example.org/t\n", "expected an address"},
    {"[push p]\nurl = https:///t\n", "expected an address"},
    {"[push p]\nurl = https://a/b c\n", "expected an address"},
    {"[push p]\nurl = https://a/b\nurl = https://a/b\n", "already at line 9"},
    {"[push p]\nurl = https://a/b\nprio = 5\n", "prio: found an unknown key; expected one of url"},
    {"[webpush]\n", "[webpush] contact: is missing"},
    {"[webpush]\ncontact = me\n", "that begins with mailto:"},
    {"[webpush]\ncontact = https://a/\nca = ca.pem\n", "[webpush] ca: found"},
    {"[drawer]\n", "unknown section [drawer]"},
    {"[venue x]\nid = 0123456789abcdef\n", "unknown section [venue x]"},
    {"[relay]\naccount = 0123456789abcdef\n", "already at line 1"},
    {"nonsense\n", "relay.conf:8: "},
};

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    EACH_ROW (i, bad, bad[i].text) {
        char text[2048];
        struct relay_conf c;
        struct said s;

        snprintf(text, sizeof text, "%s%s", head, bad[i].text);
        assert_int_equal(parse(text, &c, &s), -1);
        if (!strstr(s.text, bad[i].words))
            fail_msg("case %zu: \"%s\" is not in: %s", i, bad[i].words, s.text);
    }
}

static void web_push_alone_is_enough(void **state)
{
    char text[2048];
    struct relay_conf c;
    struct said s;

    (void)state;
    snprintf(text, sizeof text, "%s%s[webpush]\ncontact = mailto:a@example.org\n", head, kiosk);
    assert_int_equal(parse(text, &c, &s), 0);
    assert_int_equal(c.pushes_count, 0);
    assert_string_equal(c.web.contact, "mailto:a@example.org");
    assert_true(webpush_sender_allows(c.web.services, "https://fcm.googleapis.com/fcm/send/x"));
    assert_true(webpush_sender_allows(c.web.services, "https://web.push.apple.com/x"));
    static const char *const refused[] = {
        "http://fcm.googleapis.com/x",
        "https://evil.example/fcm.googleapis.com",
        "https://fcm.googleapis.com.evil/x",
        "https://fcm.googleapis.com:8443/x",
        "https://xpush.apple.com/x",
        "https://push.apple.com/x",
        "https://fcm.googleapis.com@evil/x",
        "https://10.0.0.1/x",
        "https://evil?web.push.apple.com/x",
        "https:///x",
        "https://.push.apple.com@10.0.0.1/x",
        "",
        "http",
        "https:/",
    };
    EACH_ROW (i, refused, refused[i])
        if (webpush_sender_allows(c.web.services, refused[i]))
            fail_msg("allowed: %s", refused[i]);
}

static void plain_brokers_are_for_this_machine(void **state)
{
    char text[2048];
    struct relay_conf c;
    struct said s;

    (void)state;
    snprintf(text, sizeof text,
             "[relay]\naccount = 0123456789abcdef\n[venue]\nid = 0123456789abcdef\n"
             "[broker]\nhost = broker.example.org\ntls = no\n%s%s",
             kiosk, push);
    assert_int_equal(parse(text, &c, &s), -1);
    assert_non_null(strstr(s.text, "relay.conf:7: [broker] tls: found no for broker.example.org, "
                                   "expected yes"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_read),
        cmocka_unit_test(the_explained_file_is_read),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(web_push_alone_is_enough),
        cmocka_unit_test(plain_brokers_are_for_this_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
