#include "config/config.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What is left of a config with mistakes, and what pasted text becomes. In the cases, W is a config
 * of two switches, a door and two brokers, with the wipe enabled. */

#define IDS    "[venue]\nid = 00112233445566ff\n[kiosk]\nid = aabbccddeeff0011\n"
#define SWITCH "[switch front]\nline = sim:front\n[switch bar]\nline = sim:bar\n"
#define DOOR   "[door entrance]\nline = sim:entrance\n"
#define BROKER "[broker one]\nhost = one.example\nca = /ca.pem\n"
#define WIPE   "[wipe]\nenabled = yes\n"
#define W      IDS WIPE SWITCH DOOR BROKER "[broker two]\nhost = two.example\nca = /ca.pem\n"

static void count(void *context, const char *sentence)
{
    int *n = context;
    (void)sentence;
    (*n)++;
}

static void most_summarise(const struct config *c, char out[512])
{
    int n = 0;
    for (size_t i = 0; i < c->switches_count; i++)
        n += sprintf(out + n, "%s%s ", c->switches[i].name,
                     c->switches[i].wipe_hold > 0 ? "+wipe" : "");
    for (size_t i = 0; i < c->doors_count; i++)
        n += sprintf(out + n, "%s ", c->doors[i].name);
    for (size_t i = 0; i < c->brokers_count; i++)
        n += sprintf(out + n, "%s:%d ", c->brokers[i].name, c->brokers[i].port);
    sprintf(out + n, "%s %s %s%s", c->wipe.enabled ? "wipes" : "no wipe", c->screen.scene,
            c->simulated ? "simulated" : "real", c->kiosk.cover ? " cover" : "");
}

#define ALL "front+wipe bar+wipe entrance one:8883 two:8883 wipes window simulated"

static const struct {
    const char *text;
    int result;
    const char *left;
} left_cases[] = {
    {W, 0, ALL},
    /* one part is out, the others work */
    {W "[broker three]\nca = /ca.pem\n", 1, ALL},
    {W "[broker three]\nhost = http://x\nca = /ca.pem\n", 1, ALL},
    {W "[broker three]\nhost = three.example\n", 1, ALL},
    {W "[broker three]\nhost = three.example\nca = ca.pem\n", 1, ALL},
    {W "[broker three]\nhost = three.example\nca = /ca\nuser = me\n", 1, ALL},
    {W "[broker three]\nhost = one.example\nca = /ca\n", 1, ALL},
    {W "[broker three]\nhost = three.example\nca = /ca\ntls = no\n", 1, ALL},
    {W "[switch three]\nline = mqtt:z/three\n", 1, ALL},
    {W "[switch three]\nline = mqtt:z/three\n[buttons]\nhost = x/y\n", 1, ALL},
    {W "[buttons]\nhost = hall.example\n", 1, ALL},
    {W "[brokr three]\nhost = three.example\n", 1, ALL},
    {IDS WIPE SWITCH DOOR "[broker zero]\nport = 1\n" BROKER, 1,
     "front+wipe bar+wipe entrance one:8883 wipes window simulated"},
    {W "[door yard]\nline = 22\n", 1, ALL},
    {W "[door yard]\nline = sim:front\n", 1, ALL},
    {W "[door yard]\nline = GPIO22\n", 1,
     "yard one:8883 two:8883 no wipe window real"}, /* real lines are kept, simulated ones are not
                                                     */
    {W "[switch desk]\n", 1, ALL},
    {W "[switch desk]\nline = sim:bar\n", 1, ALL},
    {W "[switch Desk]\nline = sim:desk\n", 1, ALL},
    {W "[feel]\nline = sim:bar\n", 1, ALL},
    /* a key alone has its default */
    {W "port = 99999\n", 1, ALL},
    {W "prot = 1\n", 1, ALL},
    {W "[screen]\nscene = pictures\n", 1, ALL},
    {W "[screen]\nscene = cinema\n", 1, ALL},
    {W "[screen]\ncity = Nowhere\n", 1, ALL},
    {W "[timing]\nbackoff = 5min\n", 1, ALL},
    {W "[switch desk]\nline = sim:desk\ncode = x\n", 1,
     "front+wipe bar+wipe desk+wipe entrance one:8883 two:8883 wipes window simulated"},
    {W "hello\n\x01\n", 1, ALL},
    /* nothing is destroyed because of a mistake */
    {W "[switch desk]\nline = sim:desk\nwipe_hold = 6 s\n", 1,
     "front+wipe bar+wipe desk entrance one:8883 two:8883 wipes window simulated"},
    {W "[switch desk]\nline = sim:desk\nhold = 6s\n", 1,
     "front+wipe bar+wipe desk entrance one:8883 two:8883 wipes window simulated"},
    {IDS SWITCH BROKER "[wipe]\nenabled = ja\n", 1,
     "front+wipe bar+wipe one:8883 no wipe window simulated"},
    {IDS SWITCH BROKER "[wipe]\nenabled = yes\ngrace = 20\n", 1,
     "front+wipe bar+wipe one:8883 no wipe window simulated"},
    /* what it can do without */
    {IDS SWITCH "[broker one]\n", 1, "front+wipe bar+wipe no wipe window simulated"},
    {IDS BROKER "[switch front]\n", 1, "one:8883 no wipe window real"},
    {IDS SWITCH BROKER "[kiosk]\nplain = maybe\n", 1,
     "front+wipe bar+wipe one:8883 no wipe window simulated"}, /* the section is there twice */
    /* what it cannot do without */
    {"[venue]\nid = 0011\n[kiosk]\nid = aabbccddeeff0011\n" SWITCH BROKER, -1, NULL},
    {"[venue]\nid = 00112233445566ff\n[kiosk]\nid = 00112233445566ff\n" SWITCH BROKER, -1, NULL},
    {IDS "plain = maybe\n" SWITCH BROKER, -1, NULL},
    {"", -1, NULL},
};

static void leaves_out_what_is_wrong(void **state)
{
    struct config *c = calloc(1, sizeof *c);

    (void)state;
    EACH_ROW (i, left_cases, left_cases[i].text) {
        const char *text = left_cases[i].text, *left = left_cases[i].left;
        char found[512] = "";
        int most = 0, all = 0;
        int result = config_parse_most("t.conf", text, strlen(text), c, count, &most);
        if (result >= 0)
            most_summarise(c, found);
        int strict = config_parse("t.conf", text, strlen(text), c, count, &all);
        assert_string_equal(found, left ? left : "");
        assert_int_equal(result, left_cases[i].result);
        assert_int_equal(most, all);
        assert_int_equal(strict == 0, result == 0);
    }
    free(c);
}

#define P IDS SWITCH

static const struct {
    const char *text, *host, *user, *wording;
} pasted_cases[] = {
    {P "[broker b]\nhost = x.example\nca = /ca\nuser = u\npassword = b\n", "x.example", "u", ""},
    {"\uFEFF" P "[broker b]\r\nhost = x.example\r\nca = /ca\r\n", "x.example", "", ""},
    {P "[broker b]\nhost\u00A0=\u00A0x.example\u00A0\nca = /ca\u200B\n", "x.example", "", ""},
    {P "[broker b]\nhost = \"x.example\"\nca = '/ca'\n", "x.example", "", ""},
    {P "[broker b]\nhost = \u201Cx.example\u201D ; ours\nca = /ca\n", "x.example", "", ""},
    {P "[broker b]\nhost = x.example\nca = /ca\nuser = a:b;c ;d # \"e\" = \u00FC\npassword = b\n",
     "x.example", "a:b;c ;d # \"e\" = \u00FC", ""},
    {P "[broker b]\nhost = x.example\nca = /ca\nuser = hub.example/kiosk 1/?api-version=2021-04-12"
       "&DeviceClientType=c%2F1.4.1&a=0123456789012345678901234567890123456789012345678901234567\n"
       "password = b\n",
     "x.example",
     "hub.example/kiosk 1/?api-version=2021-04-12"
     "&DeviceClientType=c%2F1.4.1&a=0123456789012345678901234567890123456789012345678901234567",
     ""},
    {P BROKER "[plain]\nlockdown = Tea ; cake # and \"more\"\n", "one.example", "",
     "Tea ; cake # and \"more\""},
    {P BROKER "[plain]\nlockdown = \u00A0\u00C7ay haz\u0131rd\u0131r\u00A0\n", "one.example", "",
     "\u00C7ay haz\u0131rd\u0131r"},
};

static void print_sentence(void *context, const char *sentence)
{
    (void)context;
    print_error("%s\n", sentence);
}

static void takes_what_people_paste(void **state)
{
    struct config *c = calloc(1, sizeof *c);

    (void)state;
    EACH_ROW (i, pasted_cases, pasted_cases[i].text) {
        const char *text = pasted_cases[i].text;
        assert_int_equal(config_parse("t.conf", text, strlen(text), c, print_sentence, NULL), 0);
        assert_string_equal(c->brokers[0].host, pasted_cases[i].host);
        assert_string_equal(c->brokers[0].user, pasted_cases[i].user);
        if (pasted_cases[i].wording[0])
            assert_string_equal(c->plain.lockdown, pasted_cases[i].wording);
    }
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_out_what_is_wrong),
        cmocka_unit_test(takes_what_people_paste),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
