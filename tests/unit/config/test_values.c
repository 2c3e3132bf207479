#include "config/config.h"
#include "config/uses.h"
#include "tests/unit/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* What right values become, and how a file is opened. */

#define MS INT64_C(1000000)
#define S  (1000 * MS)
#define BASE                                                                                       \
    "[venue]\nid = 00112233445566ff\n[kiosk]\nid = aabbccddeeff0011\n"                             \
    "[broker out]\nhost = mqtt.example.org\nca = /ca.pem\n"
#define SWITCH "[switch front]\nline = sim:front\n"

static void never(void *context, const char *sentence)
{
    (void)context;
    fail_msg("%s", sentence);
}

static struct config *parsed(const char *text)
{
    struct config *c = malloc(sizeof *c);

    memset(c, 0xA5, sizeof *c);
    assert_int_equal(config_parse("t.conf", text, strlen(text), c, never, NULL), 0);
    return c;
}

static void a_simulated_line_may_be_found_active(void **state)
{
    struct config *c = parsed(BASE SWITCH "other_line = sim:front-nc=1\n");

    (void)state;
    assert_string_equal(c->switches[0].other.address, "sim:front-nc=1");
    assert_true(c->simulated);
    free(c);
}

static void two_ways_to_one_broker(void **state)
{
    struct config *c = parsed(BASE "interface = eth0\nuser = a\npassword = a\n" SWITCH
                                   "[broker lte]\nhost = mqtt.example.org\nca = /ca.pem\n"
                                   "interface = wwan0\nuser = b\npassword = b\n"
                                   "[broker home]\nhost = 192.0.2.1\nca = /ca.pem\n");

    (void)state;
    assert_int_equal(c->brokers_count, 3);
    assert_string_equal(c->brokers[1].interface, "wwan0");
    assert_string_equal(c->brokers[2].interface, "");
    assert_int_equal(config_home(c, 0), 0);
    assert_int_equal(config_home(c, 1), 0);
    assert_int_equal(config_home(c, 2), 2);
    free(c);
}

static void a_button_by_radio(void **state)
{
    struct config *c = parsed(BASE SWITCH "[switch hall]\nline = mqtt:zigbee2mqtt/hall button\n"
                                          "[buttons]\nhost = 127.0.0.1\ntls = no\n"
                                          "base = zigbee2mqtt\n");

    (void)state;
    assert_string_equal(c->buttons.base, "zigbee2mqtt");
    assert_string_equal(config_button_topic(&c->switches[1].line), "zigbee2mqtt/hall button");
    assert_null(config_button_topic(&c->switches[0].line));
    assert_int_equal(c->switches[1].wipe_hold, 0);
    assert_int_equal(c->switches[0].wipe_hold, 4 * S);
    assert_true(c->simulated);
    assert_string_equal(c->buttons.broker.name, "buttons");
    assert_int_equal(c->buttons.silence, 25 * 3600 * S);
    free(c);
}

static void defaults(void **state)
{
    struct config *c = parsed(BASE SWITCH);
    const struct config_switch *s = &c->switches[0];

    (void)state;
    assert_string_equal(c->venue.id, "00112233445566ff");
    assert_false(c->kiosk.plain || c->kiosk.cover || c->wipe.enabled || c->alert.relay);
    assert_string_equal(c->kiosk.record, "");
    assert_string_equal(c->buttons.broker.host, "");
    assert_int_equal(c->alert.abort_window, 45 * S);
    assert_int_equal(c->alert.drill_from, -1);
    assert_int_equal(c->timing.keepalive, 10 * S);
    assert_int_equal(c->screen.quiet_to, -1);
    assert_string_equal(c->screen.scene, "window");
    assert_string_equal(c->screen.languages[2], "en");
    assert_int_equal(c->screen.languages_count, 3);
    assert_true(fabs(c->screen.latitude - 40.41) < 1e-9);
    assert_int_equal(c->switches_count, 1);
    assert_string_equal(s->name, "front");
    assert_int_equal(s->hold, 1500 * MS);
    assert_int_equal(s->wipe_hold, 4 * S);
    assert_int_equal(s->code, 5);
    assert_int_equal(s->line.bias, CONFIG_BIAS_PULL_UP);
    assert_true(s->line.active_low);
    assert_string_equal(s->other.address, "");
    assert_int_equal(c->doors_count, 0);
    assert_int_equal(c->brokers[0].port, 8883);
    assert_true(c->brokers[0].tls);
    assert_false(c->brokers[0].outside);
    assert_true(c->simulated);
    free(c);
}

static const char *uses_of(const struct config_output *o)
{
    static char text[CONFIG_USES_MAX * CONFIG_USE_MAX];
    size_t len = 0;
    for (size_t i = 0; i < o->uses_count; i++) {
        char use[CONFIG_USE_MAX];
        config_use_write(&o->uses[i], use, sizeof use);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? ", " : "", use);
    }
    return text;
}

/* [feel] is the last of them. */
static void assert_outputs(const struct config *c)
{
    assert_int_equal(c->outputs_count, 3);
    assert_string_equal(c->outputs[0].name, "lamp");
    assert_int_equal(c->outputs[0].kind, CONFIG_LAMP);
    assert_int_equal(c->outputs[0].tick, 100 * MS);
    assert_string_equal(uses_of(&c->outputs[0]), "trouble: slow, help: two long, all-clear: fast");
    assert_true(c->outputs[1].visible);
    assert_string_equal(uses_of(&c->outputs[1]), "accepted: two short");
    assert_string_equal(c->outputs[2].name, "feel");
    assert_string_equal(c->outputs[2].line.address, "GPIO4");
    assert_int_equal(c->outputs[2].line.bias, CONFIG_BIAS_NONE);
    assert_int_equal(c->outputs[2].kind, CONFIG_MOTOR);
    assert_int_equal(c->outputs[2].tick, 80 * MS);
    assert_string_equal(uses_of(&c->outputs[2]), "sensed: one short, accepted: two short");
}

static void every_kind_of_value(void **state)
{
    struct config *c = parsed(
        BASE
        "outside=yes\r\n\tport\t=\t18883\t; the other one\n\n  # indented\n"
        "[switch bar-2]\nline = gpiochip0:17\nother_line = GPIO27\nbias = pull-down\n"
        "active = high\nwipe_hold = 0\ncode = 12\n"
        "[door d_1] # trailing\nline = pinctrl-bcm2711:22\nheld_open = 0\nactive = low\n"
        "[broker home]\nhost = 127.0.0.1\ntls = no\nport = 1883\nuser = a.b@c\n"
        "password = broker-home\n"
        "[broker six]\nhost = fe80::1\nca = /x\n"
        "[screen]\nscene = pictures\npictures = /srv/p\nlatitude = -33.5\nlongitude = 151\n"
        "rotation = 270\nquiet_hours = 22:30-06:00\nlanguages = ka,  en\ntimezone = Asia/Baku\n"
        "[feel]\nline = GPIO4\ntick = 80ms\nbias = none\n"
        "[output lamp]\nline = GPIO5\non = trouble, help: two long ,all-clear:fast\n"
        "[output bell]\nline = GPIO6\nkind = sounder\nvisible = yes\non = accepted\n"
        "[switch remote]\nline = key:AB: Shutter 3:KEY_F5+BTN_0\n"
        "[alert]\ndrill = sun 15:00-17:00\n");

    (void)state;
    assert_true(c->brokers[0].outside);
    assert_int_equal(c->brokers[0].port, 18883);
    assert_string_equal(c->switches[0].name, "bar-2");
    assert_string_equal(c->switches[0].other.address, "GPIO27");
    assert_int_equal(c->switches[0].other.bias, CONFIG_BIAS_PULL_DOWN);
    assert_false(c->switches[0].other.active_low);
    assert_int_equal(c->switches[0].wipe_hold, 0);
    assert_int_equal(c->switches[0].code, 12);
    assert_string_equal(c->doors[0].line.address, "pinctrl-bcm2711:22");
    assert_int_equal(c->doors[0].held_open, 0);
    assert_true(c->doors[0].line.active_low);
    assert_int_equal(c->brokers_count, 3);
    assert_false(c->brokers[1].tls);
    assert_string_equal(c->brokers[1].password, "broker-home");
    assert_string_equal(c->brokers[2].host, "fe80::1");
    assert_true(fabs(c->screen.latitude + 33.5) < 1e-9);
    assert_true(fabs(c->screen.longitude - 151) < 1e-9);
    assert_int_equal(c->screen.rotation, 270);
    assert_int_equal(c->screen.quiet_from, 22 * 60 + 30);
    assert_int_equal(c->screen.quiet_to, 6 * 60);
    assert_int_equal(c->screen.languages_count, 2);
    assert_string_equal(c->screen.languages[0], "ka");
    assert_string_equal(c->screen.timezone, "Asia/Baku");
    assert_int_equal(c->feel.line.bias, CONFIG_BIAS_NONE);
    assert_int_equal(c->feel.tick, 80 * MS);
    assert_string_equal(c->switches[1].line.address, "key:AB: Shutter 3:KEY_F5+BTN_0");
    assert_outputs(c);
    assert_int_equal(c->alert.drill_from, 6 * 1440 + 15 * 60);
    assert_int_equal(c->alert.drill_to, 6 * 1440 + 17 * 60);
    assert_false(c->simulated);
    free(c);
}

static void every_spelling_of_a_host(void **state)
{
    static const char *const hosts[] = {"mqtt.example.org", "mqtt.example.org.",  "192.0.2.7",
                                        "2001:db8::7",      "[2001:db8::7]",      "fe80::7%eth0",
                                        "[fe80::7%wlan0]",  "b\u00fccher.example"};
    (void)state;
    EACH_ROW (i, hosts, hosts[i]) {
        char text[512];
        snprintf(text, sizeof text, BASE SWITCH "[broker b]\nhost = %s\nport = 1\nca = /ca\n",
                 hosts[i]);
        struct config *c = parsed(text);
        assert_string_equal(c->brokers[1].host, hosts[i]);
        free(c);
    }
}

static void hours(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        struct config_hours first, last;
    } cases[] = {
        {"", 0, {0, 0}, {0, 0}},
        {"mon 09:00-17:00", 1, {540, 1020}, {540, 1020}},
        {"mon-fri 18:00-02:00", 5, {1080, 1560}, {4 * 1440 + 1080, 5 * 1440 + 120}},
        {"mon-fri 18:00-02:00, sat 12:00-04:00", 6, {1080, 1560}, {5 * 1440 + 720, 6 * 1440 + 240}},
        {"sun 22:00-03:00", 1, {6 * 1440 + 1320, 180}, {6 * 1440 + 1320, 180}},
        {"sun 22:00-24:00", 1, {6 * 1440 + 1320, 0}, {6 * 1440 + 1320, 0}},
        {"daily 00:00-24:00", 7, {0, 1440}, {6 * 1440, 0}},
        {"sat-mon 10:00-12:00", 3, {5 * 1440 + 600, 5 * 1440 + 720}, {600, 720}},
        {"mon 08:00-12:00,mon 12:00-14:00", 2, {480, 720}, {720, 840}},
        {"tue 23:59-00:00", 1, {2879, 2880}, {2879, 2880}},
    };
    char text[512];

    (void)state;
    EACH_ROW (i, cases, cases[i].text) {
        snprintf(text, sizeof text, BASE SWITCH "[door d]\nline = sim:d\nhours = %s\n",
                 cases[i].text);
        struct config *c = parsed(text);
        const struct config_door *d = &c->doors[0];
        assert_int_equal(d->hours_count, cases[i].count);
        if (d->hours_count) {
            assert_memory_equal(&d->hours[0], &cases[i].first, sizeof d->hours[0]);
            assert_memory_equal(&d->hours[d->hours_count - 1], &cases[i].last, sizeof d->hours[0]);
        }
        free(c);
    }
}

/* --- files ---------------------------------------------------------------------------------- */

static char folder[64], path[128], said[8192];

static void keep(void *context, const char *sentence)
{
    (void)context;
    size_t len = strlen(said);
    snprintf(said + len, sizeof said - len, "%s\n", sentence);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/porchlight-config-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a.conf", folder);
    said[0] = '\0';
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static void write_file(const char *text, size_t len, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, len), len);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static int load(void)
{
    struct config *c = malloc(sizeof *c);
    int result = config_load(path, c, keep, NULL);

    free(c);
    return result;
}

static void loads_a_file(void **state)
{
    (void)state;
    write_file(BASE SWITCH, strlen(BASE SWITCH), 0644);
    assert_int_equal(load(), 0);
    assert_string_equal(said, "");
    write_file("\xEF\xBB\xBF" BASE SWITCH, strlen(BASE SWITCH) + 3, 0644);
    assert_int_equal(load(), 0);
}

static void missing(void **state)
{
    (void)state;
    assert_int_equal(load(), -1);
    assert_non_null(strstr(said, "a.conf: there is no such file; porchlight setup makes one"));
}

static void writable_by_anyone(void **state)
{
    (void)state;
    write_file(BASE SWITCH, strlen(BASE SWITCH), 0666);
    assert_int_equal(load(), -1);
    assert_non_null(strstr(said, "everybody on this machine may change it; chmod o-w it"));
}

static void no_file_of_text(void **state)
{
    static char zeros[100], many[70000];

    (void)state;
    write_file(zeros, sizeof zeros, 0644);
    assert_int_equal(load(), -1);
    write_file("[\0v\0]\0\n", 7, 0644);
    assert_int_equal(load(), -1);
    assert_non_null(
        strstr(said, "found UTF-16 text, which cannot be read; save the file as UTF-8"));
    memset(many, '\n', sizeof many);
    write_file(many, sizeof many, 0644);
    assert_int_equal(load(), -1);
    assert_non_null(strstr(said, "is larger than 64 kB"));
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(load(), -1);
    assert_non_null(strstr(said, "is not a regular file"));
    rmdir(path);
    assert_int_equal(mkfifo(path, 0600), 0); /* would hold an open that waits for a writer */
    assert_int_equal(load(), -1);
    assert_non_null(strstr(said, "is not a regular file"));
}

#define with_folder(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ways_to_one_broker),
        cmocka_unit_test(a_button_by_radio),
        cmocka_unit_test(defaults),
        cmocka_unit_test(a_simulated_line_may_be_found_active),
        cmocka_unit_test(every_kind_of_value),
        cmocka_unit_test(every_spelling_of_a_host),
        cmocka_unit_test(hours),
        with_folder(loads_a_file),
        with_folder(missing),
        with_folder(writable_by_anyone),
        with_folder(no_file_of_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
