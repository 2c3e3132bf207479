#include "config/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Broken configs, each with all complaints that it gets. In the cases, W is a working config
 * of 11 lines that ends inside its [broker out]; what is wrong follows from line 12 on, or is
 * in a config of its own. */

#define IDS    "[venue]\nid = 00112233445566ff\n[kiosk]\nid = aabbccddeeff0011\n"
#define SWITCH "[switch front]\nline = sim:front\n"
#define BROKER "[broker out]\nhost = mqtt.example.org\nca = /ca.pem\n"
#define W      IDS SWITCH "\n\n" BROKER

/* After W and one line more: another way to its broker. After W: four lines. */
#define SECOND_WAY "[broker b]\nhost = mqtt.example.org\nca = /ca\ninterface = wwan0\n"
#define BUTTONS    "[buttons]\nhost = 127.0.0.1\ntls = no\n"

#define FIFTY "01234567890123456789012345678901234567890123456789"
#define THOUSAND                                                                                   \
    FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY      \
        FIFTY FIFTY FIFTY FIFTY FIFTY
#define LONG THOUSAND THOUSAND THOUSAND THOUSAND FIFTY FIFTY

enum { SAID_MAX = 4 };

static const struct {
    const char *text;
    const char *said[SAID_MAX]; /* without "t.conf"; all of them, in this order */
} cases[] = {
    /* lines */
    {W "hello\n", {":12: expected key = value, or a # in front if it is a comment"}},
    {W "port: 8883\n", {":12: expected key = value, or a # in front if it is a comment"}},
    {W "= 8883\n", {":12: expected a key before the = sign"}},
    {W "[wipe\n",
     {":12: found [wipe, expected a section header such as [venue] and nothing after it"}},
    {W "[wipe] enabled = yes\n",
     {":12: found [wipe] enabled = yes, expected a section header such as [venue] and nothing "
      "after it"}},
    {W "port = 88\x01\n",
     {":12: found a control character; expected text (is this the right file?)"}},
    {W "ca = /" LONG "\n", {":12: the line is longer than 4096 bytes; shorten it"}},
    {W "host = " THOUSAND "\n",
     {":12: [broker out] host: this key is already at line 10; expected it once: remove one"}},
    {"id = 00112233445566ff\n" W,
     {":1: id: found a key before any section; expected a header such as [venue] above it"}},

    /* sections and keys */
    {W "[wiping]\n",
     {":12: found the unknown section [wiping]; expected one of [venue] [kiosk] [plain] [switch "
      "NAME] "
      "[door NAME] [output NAME] [input NAME] [broker NAME] [buttons] [alert] [trouble] [wipe] "
      "[screen] [feel] "
      "[timing]"}},
    {W "[wipe now]\n",
     {":12: found the unknown section [wipe now]; expected one of [venue] [kiosk] [plain] [switch "
      "NAME] "
      "[door NAME] [output NAME] [input NAME] [broker NAME] [buttons] [alert] [trouble] [wipe] "
      "[screen] [feel] "
      "[timing]"}},
    {W "[input lid]\nline = ups:office\nkind = lid\n",
     {":13: [input lid] line: found ups:office, expected a line of the header: a UPS can only "
      "report kind = mains"}},
    {W "[input lid]\nline = ups:\nkind = mains\n",
     {":13: [input lid] line: found \"ups:\", expected a line such as gpiochip0:24 or GPIO24, or a "
      "UPS: ups:NAME or ups:NAME@127.0.0.1:3493; upsc -l lists the names that NUT knows"}},
    {W "[input lid]\nline = sim:front\nkind = door\n",
     {":14: [input lid] kind: found \"door\", expected one of mains, lid, tilt, tamper"}},
    {W "[input lid]\nline = sim:front\nkind = lid\n",
     {":13: [input lid] line: found sim:front, which line 6 already uses; expected a line of its "
      "own"}},
    {W "[input lid]\nkind = lid\n",
     {":12: [input lid] line: is missing; expected a line such as gpiochip0:24 or GPIO24, or a "
      "UPS: ups:NAME or ups:NAME@127.0.0.1:3493"}},
    {W "[switch]\nline = sim:b\n",
     {":12: found [switch]; expected [switch NAME] with a name of 1 to 31 lower-case letters, "
      "digits, - and _"}},
    {W "[switch Bar]\nline = sim:b\n",
     {":12: found [switch Bar]; expected [switch NAME] with a name of 1 to 31 lower-case letters, "
      "digits, - and _"}},
    {W "[switch a/../b]\nline = sim:b\n",
     {":12: found [switch a/../b]; expected [switch NAME] with a name of 1 to 31 lower-case "
      "letters, digits, - and _"}},
    {W "[switch front]\nline = sim:b\n",
     {":12: [switch front] this section is already at line 5; expected it once: join "
      "them"}},
    {W "[venue]\nid = 00112233445566fe\n",
     {":12: [venue] this section is already at line 1; expected it once: join them"}},
    {W "prot = 8883\n",
     {":12: [broker out] prot: found an unknown key; expected one of host, port, "
      "tls, "
      "ca, user, password, phones, phones_ca, registrar, outside, "
      "interface"}},
    {W "Port = 8883\n",
     {":12: [broker out] Port: found an unknown key; expected one of host, port, "
      "tls, "
      "ca, user, password, phones, phones_ca, registrar, outside, "
      "interface"}},
    {W "port = 8883\nport = 8884\n",
     {":13: [broker out] port: this key is already at line 12; expected it once: remove one"}},
    {W "[switch b]\nline=sim:1\n[switch c]\nline=sim:2\n[switch d]\nline=sim:3\n[switch e]\n"
       "line=sim:4\n[switch f]\nline=sim:5\n[switch g]\nline=sim:6\n[switch h]\nline=sim:7\n"
       "[switch i]\nline=sim:8\n",
     {":26: found one more [switch NAME]; expected at most 8"}},

    /* what must be there */
    {"",
     {": no [switch NAME] section: nobody could raise an alarm; expected at least one",
      ": no [broker NAME] section: nobody would be alerted; expected at least one",
      ": [venue] id: is missing; expected 16 digits of 0-9 and a-f; porchlight setup makes it",
      ": [kiosk] id: is missing; expected 16 digits of 0-9 and a-f; porchlight setup makes it"}},
    {IDS BROKER,
     {": no [switch NAME] section: nobody could raise an alarm; expected at least one"}},
    {IDS SWITCH, {": no [broker NAME] section: nobody would be alerted; expected at least one"}},
    {W "[door d]\n",
     {":12: [door d] line: is missing; expected a line: gpiochip0:17, pinctrl-bcm2711:17, a line's "
      "name such as GPIO17, or sim:NAME"}},
    {W "port =\n",
     {":12: [broker out] port: found nothing after the =, expected a whole number from 1 to "
      "65535"}},

    /* durations and numbers */
    {W "[alert]\nabort_window = 45\n",
     {":13: [alert] abort_window: found \"45\", expected 0 for none, or a duration from 1ms to 1h, "
      "such as 45s; write the unit directly after the number: us, ms, s, min, h or d"}},
    {W "[alert]\nabort_window = 45 s\n",
     {":13: [alert] abort_window: found \"45 s\", expected 0 for none, or a duration from 1ms to "
      "1h, "
      "such as 45s; leave no space between number and unit"}},
    {W "[alert]\nabort_window = 0,5s\n",
     {":13: [alert] abort_window: found \"0,5s\", expected 0 for none, or a duration from 1ms to "
      "1h, "
      "such as 45s; write decimals after a point, as in 1.5"}},
    {W "[alert]\nabort_window = 45sec\n",
     {":13: [alert] abort_window: found \"45sec\", expected 0 for none, or a duration from 1ms to "
      "1h, such as 45s"}},
    {W "[alert]\nabort_window = -45s\n",
     {":13: [alert] abort_window: found \"-45s\", expected 0 for none, or a duration from 1ms to "
      "1h, "
      "such as 45s"}},
    {W "[alert]\nabort_window = 2h\n",
     {":13: [alert] abort_window: found \"2h\", expected 0 for none, or a duration from 1ms to 1h, "
      "such as 45s"}},
    {W "[alert]\nabort_window = 45s # as we agreed\n",
     {":13: [alert] abort_window: found \"45s # as we agreed\", expected 0 for none, or a duration "
      "from 1ms to 1h, such as 45s; put the comment on a line of its own"}},
    {W "[wipe]\ngrace = 2min\n",
     {":13: [wipe] grace: found \"2min\", expected 0 for none, or a duration from 1ms to 60s"}},
    {W "[switch b]\nline = sim:b\ndebounce = 0\n",
     {":14: [switch b] debounce: found \"0\", expected a duration from 1ms to 200ms, such as "
      "30ms"}},
    {W "[timing]\nkeepalive = 1500ms\n",
     {":13: [timing] keepalive: found \"1500ms\", expected a duration of whole seconds from 5s to "
      "60s, such as 10s"}},
    {W "port = 0\n",
     {":12: [broker out] port: found \"0\", expected a whole number from 1 to 65535"}},
    {W "port = 4294967297\n",
     {":12: [broker out] port: found \"4294967297\", expected a whole number from 1 to 65535; "
      "write digits only"}},
    {W "port = +1\n",
     {":12: [broker out] port: found \"+1\", expected a whole number from 1 to 65535; write digits "
      "only"}},
    {W "[switch b]\nline = sim:b\ncode = 2\n",
     {":14: [switch b] code: found \"2\", expected a whole number from 4 to 12"}},
    {W "[switch b]\nline = sim:b\ncode = 3\n",
     {":14: [switch b] code: found \"3\", expected a whole number from 4 to 12"}},
    {W "[switch b]\nline = sim:b\ncode = five\n",
     {":14: [switch b] code: found \"five\", expected a whole number from 4 to 12; write digits "
      "only"}},
    {W "[screen]\nlatitude = 91\n",
     {":13: [screen] latitude: found \"91\", expected degrees from -90 to 90, such as 40.41"}},
    {W "[screen]\nlatitude = 40,41\n",
     {":13: [screen] latitude: found \"40,41\", expected degrees from -90 to 90, such as 40.41; "
      "write decimals after a point, as in 1.5"}},
    {W "[screen]\nlatitude = 40N\n",
     {":13: [screen] latitude: found \"40N\", expected degrees from -90 to 90, such as 40.41; "
      "write "
      "degrees as a decimal number, south and west with a minus"}},

    /* choices */
    {W "outside = true\n", {":12: [broker out] outside: found \"true\", expected yes or no"}},
    {W "[switch b]\nline = sim:b\nbias = up\n",
     {":14: [switch b] bias: found \"up\", expected one of as-is, pull-up, pull-down, none"}},
    {W "[switch b]\nline = sim:b\nactive = 0\n",
     {":14: [switch b] active: found \"0\", expected low (a contact to ground) or high"}},
    {W "[screen]\nscene = window|lantern\n",
     {":13: [screen] scene: found \"window|lantern\", expected one of window, lantern, pictures, "
      "programme, none"}},
    {W "[screen]\nrotation = 45\n",
     {":13: [screen] rotation: found \"45\", expected one of 0, 90, 180, 270"}},
    {W "[screen]\nlanguages = az, az\n",
     {":13: [screen] languages: found \"az, az\", expected one to eight languages by their short "
      "names, such as az, ru, en; one of them is there twice"}},
    {W "[screen]\nlanguages = Azeri\n",
     {":13: [screen] languages: found \"Azeri\", expected one to eight languages by their short "
      "names, such as az, ru, en"}},
    {W "[screen]\ncity = Bakuu\n",
     {":13: [screen] city: found \"Bakuu\", which is not among the cities of time zones; expected "
      "perhaps Baku (all are in /usr/share/zoneinfo/zone.tab), or latitude and longitude in "
      "its place"}},
    {W "[screen]\ncity = Ouagadougouville\n",
     {":13: [screen] city: found \"Ouagadougouville\", which is not among the cities of time "
      "zones; "
      "expected one of /usr/share/zoneinfo/zone.tab, or latitude and longitude in its place"}},
    {W "[screen]\ntimezone = Asia/Nowhere\n",
     {":13: [screen] timezone: found \"Asia/Nowhere\", expected a time zone such as Asia/Baku, or "
      "nothing for the system's; timedatectl list-timezones lists them"}},
    {W "[screen]\ntimezone = ../../etc/passwd\n",
     {":13: [screen] timezone: found \"../../etc/passwd\", expected a time zone such as Asia/Baku, "
      "or nothing for the system's; timedatectl list-timezones lists them"}},

    /* names and addresses */
    {"[venue]\nid = 00112233445566FF\n[kiosk]\nid = aabbccddeeff0011\n" SWITCH BROKER,
     {":2: [venue] id: found \"00112233445566FF\", expected 16 digits of 0-9 and a-f; porchlight "
      "setup makes one, or: od -An -N8 -tx8 /dev/urandom"}},
    {"[venue]\nid = 0011\n[kiosk]\nid = aabbccddeeff0011\n" SWITCH BROKER,
     {":2: [venue] id: found \"0011\", expected 16 digits of 0-9 and a-f; porchlight setup makes "
      "one, or: od -An -N8 -tx8 /dev/urandom"}},
    {"[venue]\nid = 0011223344556677\npage = kettle.example.org\n[kiosk]\nid = "
     "aabbccddeeff0011\n" SWITCH BROKER,
     {":3: [venue] page: found \"kettle.example.org\", expected an address of at most 127 bytes "
      "that begins with https://; only a name of this machine itself (localhost) may go without "
      "TLS"}},
    {"[venue]\nid = 0011223344556677\npage = https://k.example/#\n[kiosk]\nid = "
     "aabbccddeeff0011\n" SWITCH BROKER,
     {":3: [venue] page: found \"https://k.example/#\", expected an address of at most 127 bytes "
      "that begins with https://; an address has no spaces, no # and no ?"}},
    {"[venue]\nid = 0011223344556677\n[kiosk]\nid = aabbccddeeff0011\n" SWITCH BROKER
     "phones = ws://k.example/mqtt\n",
     {":10: [broker out] phones: found \"ws://k.example/mqtt\", expected an address of at most 127 "
      "bytes that begins with wss://; only a name of this machine itself (localhost) may go "
      "without TLS"}},
    {W "[door d]\nline = 22\n",
     {":13: [door d] line: found \"22\", expected a line: gpiochip0:17, pinctrl-bcm2711:17, a "
      "line's name such as GPIO17, or sim:NAME; put the chip in front of the number, as in "
      "gpiochip0:17"}},
    {W "[door d]\nline = gpiochip0:GPIO22\n",
     {":13: [door d] line: found \"gpiochip0:GPIO22\", expected a line: gpiochip0:17, "
      "pinctrl-bcm2711:17, a line's name such as GPIO17, or sim:NAME; after the chip comes the "
      "line's number"}},
    {W "[door d]\nline = /dev/gpiochip0 22\n",
     {":13: [door d] line: found \"/dev/gpiochip0 22\", expected a line: gpiochip0:17, "
      "pinctrl-bcm2711:17, a line's name such as GPIO17, or sim:NAME; gpioinfo lists the lines of "
      "this machine"}},
    {W "[door d]\nline = sim:door=0\n",
     {":13: [door d] line: found \"sim:door=0\", expected a line: gpiochip0:17, "
      "pinctrl-bcm2711:17, a line's name such as GPIO17, or sim:NAME"}},
    {IDS SWITCH "[broker b]\nhost = mqtts://x.org\nca = /ca\n",
     {":8: [broker b] host: found \"mqtts://x.org\", expected a host name or an address, such as "
      "mqtt.example.org or 192.168.1.20; leave out everything up to and including ://"}},
    {IDS SWITCH "[broker b]\nhost = x.org:8883\nca = /ca\n",
     {":8: [broker b] host: found \"x.org:8883\", expected a host name or an address, such as "
      "mqtt.example.org or 192.168.1.20; the port is a key of its own: port = 8883"}},
    {IDS SWITCH "[broker b]\nhost = -x\nca = /ca\n",
     {":8: [broker b] host: found \"-x\", expected a host name or an address, such as "
      "mqtt.example.org or 192.168.1.20"}},
    {IDS SWITCH "[broker b]\nhost = 192.168.1.300\nca = /ca\n",
     {":8: [broker b] host: found \"192.168.1.300\", expected a host name or an address, such as "
      "mqtt.example.org or 192.168.1.20; an address has four numbers from 0 to 255, without zeros "
      "in front"}},
    {IDS SWITCH "[broker b]\nhost = 192.168.001.020\nca = /ca\n",
     {":8: [broker b] host: found \"192.168.001.020\", expected a host name or an address, such as "
      "mqtt.example.org or 192.168.1.20; an address has four numbers from 0 to 255, without zeros "
      "in front"}},
    {IDS SWITCH "[broker b]\nhost = 20\nca = /ca\n",
     {":8: [broker b] host: found \"20\", expected a host name or an address, such as "
      "mqtt.example.org or 192.168.1.20; an address has four numbers from 0 to 255, without zeros "
      "in front"}},
    {IDS SWITCH "[broker b]\nhost = x." FIFTY FIFTY ".org\nca = /ca\n",
     {":8: [broker b] host: found \"x." FIFTY FIFTY ".org\", expected a host name or an address, "
      "such as mqtt.example.org or 192.168.1.20; between two dots of a name are 63 letters at "
      "most"}},
    {IDS SWITCH "[broker b]\nhost = x.org\nca = ca.pem\n",
     {":9: [broker b] ca: found \"ca.pem\", expected a full path; begin with /"}},
    {W "user = me\npassword = hunter2!\n",
     {":13: [broker out] password: found \"hunter2!\", expected the name of a credential's file, "
      "such as broker-outside; the password itself is in a file of that name in "
      "/etc/porchlight/credentials, never here"}},
    {W "user = a\u200Bb\npassword = x\n",
     {":12: [broker out] user: found \"a   b\", expected an account's name of at most 255 "
      "bytes; something invisible is in it; type it again by hand"}},
    {W "user = a\u202Eb\npassword = x\n",
     {":12: [broker out] user: found \"a   b\", expected an account's name of at most 255 "
      "bytes; something invisible is in it; type it again by hand"}},
    {W "user = caf\xE9\npassword = x\n",
     {":12: [broker out] user: found \"caf \", expected an account's name of at most 255 "
      "bytes; save the file as UTF-8"}},

    /* hours */
    {W "[door d]\nline = sim:d\nhours = mon-fri 18:00-02:00, tue 01:00-03:00\n",
     {":14: [door d] hours: found \"mon-fri 18:00-02:00, tue 01:00-03:00\", expected opening hours "
      "such as mon-fri 18:00-02:00, sat 12:00-04:00, or nothing; two of these openings overlap"}},
    {W "[door d]\nline = sim:d\nhours = sun 23:00-02:00, mon 01:59-03:00\n",
     {":14: [door d] hours: found \"sun 23:00-02:00, mon 01:59-03:00\", expected opening hours "
      "such "
      "as mon-fri 18:00-02:00, sat 12:00-04:00, or nothing; two of these openings overlap"}},
    {W "[door d]\nline = sim:d\nhours = 18:00-02:00\n",
     {":14: [door d] hours: found \"18:00-02:00\", expected opening hours such as mon-fri "
      "18:00-02:00, sat 12:00-04:00, or nothing; days are mon tue wed thu fri sat sun, mon-fri, or "
      "daily, then a space and the time"}},
    {W "[door d]\nline = sim:d\nhours = mon 8:00-17:00\n",
     {":14: [door d] hours: found \"mon 8:00-17:00\", expected opening hours such as mon-fri "
      "18:00-02:00, sat 12:00-04:00, or nothing; write times as 18:00-02:00, with two digits each "
      "and no spaces"}},
    {W "[door d]\nline = sim:d\nhours = mon 08:00-24:01\n",
     {":14: [door d] hours: found \"mon 08:00-24:01\", expected opening hours such as mon-fri "
      "18:00-02:00, sat 12:00-04:00, or nothing; write times as 18:00-02:00, with two digits each "
      "and no spaces"}},
    {W "[door d]\nline = sim:d\nhours = mon 08:00-08:00\n",
     {":14: [door d] hours: found \"mon 08:00-08:00\", expected opening hours such as mon-fri "
      "18:00-02:00, sat 12:00-04:00, or nothing; for a whole day write 00:00-24:00"}},
    {W "[door d]\nline = sim:d\nhours = mon 08:00-09:00,\n",
     {":14: [door d] hours: found \"mon 08:00-09:00,\", expected opening hours such as mon-fri "
      "18:00-02:00, sat 12:00-04:00, or nothing; commas go between two openings, not at the end"}},
    {W "[alert]\ndrill = mon-fri 15:00-17:00\n",
     {":13: [alert] drill: found \"mon-fri 15:00-17:00\", expected one day and time such as sun "
      "15:00-17:00, or nothing; one day and one time"}},
    {W "[screen]\nquiet_hours = 2-9\n",
     {":13: [screen] quiet_hours: found \"2-9\", expected a time such as 02:00-09:00, or nothing; "
      "write times as 18:00-02:00, with two digits each and no spaces"}},

    /* overlaps */
    {W "[switch b]\nline = sim:b\nhold = 700ms\n",
     {":14: [switch b] hold: found 700ms, expected more than press_max, which is 800ms: a press "
      "must end before a hold is one"}},
    {W "[switch b]\nline = sim:b\nhold = 800ms\n",
     {":14: [switch b] hold: found 800ms, expected more than press_max, which is 800ms: a press "
      "must end before a hold is one"}},
    {W "[switch b]\nline = sim:b\npress_max = 2s\n",
     {":14: [switch b] press_max: found 2s, expected less than hold, which is 1.5s: a press must "
      "end before a hold is one"}},
    {W "[switch b]\nline = sim:b\nhold = 5s\n",
     {":14: [switch b] hold: found 5s, expected less than wipe_hold, which is 4s: the wipe has the "
      "longer hold"}},
    {W "[switch b]\nline = sim:b\nhold = 2s\nwipe_hold = 2s\n",
     {":15: [switch b] wipe_hold: found 2s, expected more than hold, which is 2s: the wipe has the "
      "longer hold"}},
    {W "[switch b]\nline = sim:b\nwipe_hold = 31s\n",
     {":14: [switch b] wipe_hold: found 31s, expected less than stuck, which is 30s: a hold must "
      "come before a stuck switch"}},
    {W "[switch b]\nline = sim:b\nwipe_hold = 0\nhold = 20s\nstuck = 10s\n",
     {":16: [switch b] stuck: found 10s, expected more than hold, which is 20s: a hold must come "
      "before a stuck switch"}},
    {W "[switch b]\nline = sim:b\ndebounce = 150ms\npress_max = 150ms\ngap = 140ms\n",
     {":15: [switch b] press_max: found 150ms, expected more than debounce, which is 150ms: a "
      "press must last longer than the bounce",
      ":16: [switch b] gap: found 140ms, expected more than debounce, which is 150ms: a pause must "
      "last longer than the bounce"}},
    {W "[timing]\nbackoff = 1min\n",
     {":13: [timing] backoff: found 60s, expected less than backoff_max, which is 30s: the pause "
      "grows from the first to the second"}},
    {W "[timing]\nstate = 5s\n",
     {":13: [timing] state: found 5s, expected more than state_alert, which is 10s: during an "
      "alert the state must not be sent less often"}},

    /* lines used twice or mixed */
    {W "[switch b]\nline = sim:front\n",
     {":13: [switch b] line: found sim:front, which line 6 already uses; expected a line of its "
      "own"}},
    {W "[switch b]\nline = sim:b\nother_line = sim:b\n",
     {":14: [switch b] other_line: found sim:b, which line 13 already uses; expected a line of its "
      "own"}},
    {W "[door b]\nline = gpiochip0:22\n",
     {":13: [door b] line: found gpiochip0:22 beside sim:front of line 6; expected every line to "
      "be "
      "simulated, or none"}},
    {W "[output o]\nline = gpiochip0:22\non = help\n",
     {":13: [output o] line: found gpiochip0:22 beside sim:front of line 6; expected every line to "
      "be simulated, or none"}},
    {W "[feel]\nline = gpiochip0:22\n",
     {":13: [feel] line: found gpiochip0:22 beside sim:front of line 6; expected every line to be "
      "simulated, or none"}},

    /* buttons without wires */
    {W "[switch b]\nline = key:Remote:F5\n",
     {":13: [switch b] line: found \"key:Remote:F5\", expected a line: gpiochip0:17, "
      "pinctrl-bcm2711:17, a line's name such as GPIO17, sim:NAME, mqtt:TOPIC for a button by "
      "radio, "
      "or key:DEVICE:KEY for one by USB or Bluetooth; porchlight setup lists the buttons of this "
      "machine, and learns which key one sends"}},
    {W "[switch b]\nline = key::KEY_A\n",
     {":13: [switch b] line: found \"key::KEY_A\", expected a line: gpiochip0:17, "
      "pinctrl-bcm2711:17, a line's name such as GPIO17, sim:NAME, mqtt:TOPIC for a button by "
      "radio, "
      "or key:DEVICE:KEY for one by USB or Bluetooth; porchlight setup lists the buttons of this "
      "machine, and learns which key one sends"}},
    {W "[switch b]\nline = key:R:KEY_A+KEY_B+KEY_C+KEY_D+KEY_E\n",
     {":13: [switch b] line: found \"key:R:KEY_A+KEY_B+KEY_C+KEY_D+KEY_E\", expected a line: "
      "gpiochip0:17, pinctrl-bcm2711:17, a line's name such as GPIO17, sim:NAME, mqtt:TOPIC for a "
      "button by radio, or key:DEVICE:KEY for one by USB or Bluetooth; one switch takes at most 4 "
      "keys of a device"}},
    {IDS "[switch a]\nline = GPIO17\nother_line = key:Remote:KEY_A\n" BROKER,
     {":7: [switch a] other_line: found \"key:Remote:KEY_A\", expected a line: gpiochip0:17, "
      "pinctrl-bcm2711:17, a line's name such as GPIO17, or sim:NAME; after the chip comes the "
      "line's number"}},
    {IDS "[switch a]\nline = GPIO17\n[door b]\nline = key:Remote:KEY_A\n" BROKER,
     {":8: [door b] line: found \"key:Remote:KEY_A\", expected a line: gpiochip0:17, "
      "pinctrl-bcm2711:17, a line's name such as GPIO17, or sim:NAME; after the chip comes the "
      "line's number"}},
    {IDS "[switch a]\nline = key:Remote:KEY_A\n[switch b]\nline = key:Remote:KEY_B\n" BROKER,
     {":8: [switch b] line: found key:Remote:KEY_B, whose device line 6 already uses; expected one "
      "switch for each device. For several of its keys write key:DEVICE:KEY_A+KEY_B there"}},

    /* outputs */
    {W "[output o]\nline = sim:o\n",
     {":12: [output o] on: is missing; expected what it shows and how, such as \"trouble: slow, "
      "help: three long\"; it can show sensed, accepted, seen, safe, help, no-path, trouble, "
      "lockdown and all-clear"}},
    {W "[output o]\nline = sim:o\non = help: often\n",
     {":14: [output o] on: found \"help: often\", expected what it shows and how, such as "
      "\"trouble: slow, help: three long\"; it can show sensed, accepted, seen, safe, help, "
      "no-path, trouble, lockdown and all-clear; the patterns are one, two or three short or long, "
      "slow, fast and steady"}},
    {W "[output o]\nline = sim:o\non = help, help: slow\n",
     {":14: [output o] on: found \"help, help: slow\", expected what it shows and how, such as "
      "\"trouble: slow, help: three long\"; it can show sensed, accepted, seen, safe, help, "
      "no-path, trouble, lockdown and all-clear; one of them is there twice"}},
    {W "[output o]\nline = sim:o\non = help, accepted\n",
     {":14: [output o] on: found \"accepted: two short\" for a lamp, which everybody in the room "
      "can notice, so that it would betray the alarm; expected kind = motor for one that only "
      "staff can feel, or visible = yes if it is where only staff are"}},
    {W "[output o]\nline = sim:o\nkind = sounder\non = sensed\n",
     {":15: [output o] on: found \"sensed: one short\" for a sounder, which everybody in the room "
      "can notice, so that it would betray the alarm; expected kind = motor for one that only "
      "staff can feel, or visible = yes if it is where only staff are"}},
    {W "[output o]\nline = sim:o\nkind = relay\non = lockdown\nvisible = no\n",
     {":15: [output o] on: found \"lockdown: steady\" for a relay, which everybody in the room "
      "can notice, so that it would betray the alarm; expected kind = motor for one that only "
      "staff can feel, or visible = yes if it is where only staff are"}},
    {W "[output feel]\nline = sim:o\non = help\n[feel]\nline = sim:feel\n",
     {":15: [feel] found [feel] beside [output feel]; expected one of them: [feel] is the older "
      "way to write it"}},

    /* brokers */
    {W "tls = no\n",
     {":12: [broker out] tls: found no for mqtt.example.org, expected yes: without TLS anyone on "
      "the way reads the password; only a broker on this machine (127.0.0.1) may do without"}},
    {IDS SWITCH "[broker b]\nhost = 127.evil.org\ntls = no\n",
     {":9: [broker b] tls: found no for 127.evil.org, expected yes: without TLS anyone on the way "
      "reads the password; only a broker on this machine (127.0.0.1) may do without"}},
    {IDS SWITCH "[broker b]\nhost = x.org\n",
     {":7: [broker b] ca: is missing; expected the PEM file of the one CA that the broker's "
      "certificate must chain to"}},
    {W "user = me\n",
     {":12: [broker out] user: found \"me\" without a password; expected password = broker-out and "
      "that file among the credentials"}},
    {W "password = broker-out\n",
     {":12: [broker out] password: found \"broker-out\" without a user; expected user = NAME "
      "beside "
      "it"}},
    {W "[broker b]\nhost = mqtt.example.org\nca = /ca\n",
     {":13: [broker b] host: found mqtt.example.org port 8883, which is [broker out]'s; expected "
      "another broker, or two different interface = NAME, one in each section, for two ways to "
      "this one"}},
    {W "interface = eth0\n[broker b]\nhost = mqtt.example.org\nca = /ca\n",
     {":14: [broker b] host: found mqtt.example.org port 8883, which is [broker out]'s; expected "
      "another broker, or two different interface = NAME, one in each section, for two ways to "
      "this one"}},
    {W "interface = eth0\n[broker b]\nhost = mqtt.example.org\nca = /ca\ninterface = eth0\n",
     {":14: [broker b] host: found mqtt.example.org port 8883, which is [broker out]'s; expected "
      "another broker, or two different interface = NAME, one in each section, for two ways to "
      "this one"}},
    {W "interface = eth0\nuser = me\npassword = a\n" SECOND_WAY "user = me\npassword = a\n",
     {":19: [broker b] user: found \"me\", which [broker out] uses too; expected an account of its "
      "own for each way: with one account, two connections close each other"}},
    {W "interface = eth0\n" SECOND_WAY "phones = wss://x.example/mqtt\n",
     {":17: [broker b] phones: found \"wss://x.example/mqtt\"; expected it in [broker out] alone, "
      "which is the same broker: phones would connect to it twice"}},
    {W "interface = a/b\n",
     {":12: [broker out] interface: found \"a/b\", expected a network interface such as eth0 or "
      "wwan0, at most 15 bytes; ip link lists those of this machine"}},

    /* buttons by radio */
    {W "[switch b]\nline = mqtt:z/b\n",
     {":13: [switch b] line: found a button by radio, but no broker in [buttons] to read it from; "
      "expected host = 127.0.0.1, or wherever its messages come to, in [buttons]"}},
    {W BUTTONS "[switch b]\nline = mqtt:z/b\nwipe_hold = 4s\n",
     {":17: [switch b] wipe_hold: a button by radio never starts the wipe, because whoever is near "
      "could send the same signal; expected 0, or no wipe_hold here"}},
    {W BUTTONS "[switch b]\nline = mqtt:z/b\ncode = 6\n",
     {":17: [switch b] code: a button by radio takes no code, because whoever is near could record "
      "and send it; expected no code here"}},
    {W BUTTONS "[switch b]\nline = mqtt:z/b\nother_line = sim:c\n",
     {":17: [switch b] other_line: found sim:c beside a button without wires, which has no "
      "second contact; expected no other_line here"}},
    {IDS "[switch a]\nline = key:Remote:KEY_A\nother_line = GPIO17\n" BROKER,
     {":7: [switch a] other_line: found GPIO17 beside a button without wires, which has no second "
      "contact; expected no other_line here"}},
    {W BUTTONS "[switch b]\nline = mqtt:z/+\n",
     {":16: [switch b] line: found \"mqtt:z/+\", expected a line: gpiochip0:17, "
      "pinctrl-bcm2711:17, a line's name such as GPIO17, sim:NAME, mqtt:TOPIC for a button by "
      "radio, or key:DEVICE:KEY for one by USB or Bluetooth; write the whole topic of one button: "
      "no + and no #, and no / in front"}},
    {W BUTTONS "[switch b]\nline = mqtt:z/b\n[switch c]\nline = mqtt:z/b\n",
     {":18: [switch c] line: found mqtt:z/b, which line 16 already uses; expected a line of its "
      "own"}},
    {W BUTTONS "[switch b]\nline = mqtt:" FIFTY FIFTY "012345678901234\n",
     {":16: [switch b] line: found \"mqtt:" FIFTY FIFTY "012345678901234\", expected "
      "a line: gpiochip0:17, pinctrl-bcm2711:17, a line's name such as GPIO17, sim:NAME, "
      "mqtt:TOPIC "
      "for a button by radio, or key:DEVICE:KEY for one by USB or Bluetooth; it is too long; give "
      "the button a shorter name in its gateway"}},
    {W BUTTONS "base = z/+\n[switch b]\nline = mqtt:z/b\n",
     {":15: [buttons] base: found \"z/+\", expected the base topic of the buttons' gateway, such "
      "as "
      "home/zigbee2mqtt, at most 114 bytes; no + and no #, and no / at either end"}},
    {W BUTTONS "base = z/\n[switch b]\nline = mqtt:z/b\n",
     {":15: [buttons] base: found \"z/\", expected the base topic of the buttons' gateway, such as "
      "home/zigbee2mqtt, at most 114 bytes; no + and no #, and no / at either end"}},
    {W BUTTONS "base = home/z\n[switch b]\nline = mqtt:home/zig/b\n",
     {":15: [buttons] base: found home/z, but no switch has a line = mqtt:home/z/...; expected "
      "what "
      "zigbee2mqtt has as its base_topic, or no base here"}},
    {W BUTTONS "[door d]\nline = mqtt:z/b\n",
     {":16: [door d] line: found \"mqtt:z/b\", expected a line: gpiochip0:17, pinctrl-bcm2711:17, "
      "a "
      "line's name such as GPIO17, or sim:NAME; gpioinfo lists the lines of this machine"}},
    {W "[buttons]\nhost = hall.example\n",
     {":12: [buttons] ca: is missing; expected the PEM file of the one CA that the broker's "
      "certificate must chain to"}},
    {W "[buttons]\nhost = hall.example\ntls = no\n",
     {":14: [buttons] tls: found no for hall.example, expected yes: without TLS anyone on the way "
      "reads the password; only a broker on this machine (127.0.0.1) may do without"}},
    {IDS "[switch b]\nline = mqtt:z/b\n" BROKER BUTTONS "[wipe]\nenabled = yes\n",
     {":14: [wipe] enabled: found yes, but every switch has wipe_hold = 0; expected one switch "
      "that can start the wipe, or enabled = no"}},

    /* contradictions */
    {"[venue]\nid = 00112233445566ff\n[kiosk]\nid = aabbccddeeff0011\nplain = yes\ncover = "
     "yes\n" SWITCH BROKER,
     {":6: [kiosk] cover: found yes beside plain = yes; expected one of them: cover hides among "
      "sealed messages, which plain has none of"}},
    {"[venue]\nid = 00112233445566ff\n[kiosk]\nid = 00112233445566ff\n" SWITCH BROKER,
     {":4: [kiosk] id: found the venue's own id; expected another: porchlight setup makes one"}},
    {W "[screen]\nscene = pictures\n",
     {":13: [screen] scene: found pictures, expected pictures = FOLDER beside it"}},
    {W "[screen]\nscene = programme\n",
     {":13: [screen] scene: found programme, expected programme = FILE beside it"}},
    {IDS SWITCH "wipe_hold = 0\n" BROKER "[wipe]\nenabled = yes\n",
     {":12: [wipe] enabled: found yes, but every switch has wipe_hold = 0; expected one switch "
      "that "
      "can start the wipe, or enabled = no"}},

    /* several at once: each is reported */
    {W "port = x\nuser = a\u200Bb\n[alert]\nabort_window = 1\n[nope]\na = b\n",
     {":12: [broker out] port: found \"x\", expected a whole number from 1 to 65535; write digits "
      "only",
      ":13: [broker out] user: found \"a   b\", expected an account's name of at most 255 "
      "bytes; something invisible is in it; type it again by hand",
      ":15: [alert] abort_window: found \"1\", expected 0 for none, or a duration from 1ms to 1h, "
      "such as 45s; write the unit directly after the number: us, ms, s, min, h or d",
      ":16: found the unknown section [nope]; expected one of [venue] [kiosk] [plain] [switch "
      "NAME] [door NAME] [output NAME] [input NAME] [broker NAME] [buttons] [alert] [trouble] "
      "[wipe] [screen] "
      "[feel] "
      "[timing]"}},
};
enum { CASES = sizeof cases / sizeof cases[0] };
_Static_assert(CASES >= 40, "at least forty broken configs");

struct heard {
    size_t which, count;
    int wrong;
};

static void hear(void *context, const char *sentence)
{
    struct heard *h = context;
    const char *expected = h->count < SAID_MAX ? cases[h->which].said[h->count] : NULL;
    char whole[1024];

    snprintf(whole, sizeof whole, "t.conf%s", expected ? expected : " (nothing more)");
    if (strcmp(whole, sentence) != 0) {
        print_error("case %zu:\n%s\n  said     %s\n  expected %s\n", h->which, cases[h->which].text,
                    sentence, whole);
        h->wrong++;
    }
    h->count++;
}

static void each_is_told_exactly(void **state)
{
    struct config *c = calloc(1, sizeof *c);
    int wrong = 0;

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        struct heard h = {.which = i};
        size_t expected = 0;
        while (expected < SAID_MAX && cases[i].said[expected])
            expected++;
        int result = config_parse("t.conf", cases[i].text, strlen(cases[i].text), c, hear, &h);
        if (result != -1 || h.count != expected) {
            print_error("case %zu:\n%s\n  %zu complaints in place of %zu\n", i, cases[i].text,
                        h.count, expected);
            wrong++;
        }
        wrong += h.wrong;
    }
    free(c);
    assert_int_equal(wrong, 0);
}

static void never(void *context, const char *sentence)
{
    (void)context;
    fail_msg("%s", sentence);
}

/* What the cases begin with is itself in order: they fail for what they show, nothing else. */
static void the_base_is_in_order(void **state)
{
    struct config *c = calloc(1, sizeof *c);

    (void)state;
    assert_int_equal(config_parse("t.conf", W, strlen(W), c, never, NULL), 0);
    free(c);
}

static void ignore(void *context, const char *sentence)
{
    int *n = context;

    (*n)++;
    assert_true(strlen(sentence) > strlen("t.conf: "));
}

/* Every working and broken text, cut at every byte and with bytes changed: an answer, and with a
 * complaint whenever it is no. Under ASan and UBSan this is what would show a bad index. */
static void cut_and_bent(void **state)
{
    struct config *c = calloc(1, sizeof *c);
    uint32_t seed = 7;

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        size_t len = strlen(cases[i].text);
        for (size_t at = 0; at < len; at += 1 + at % 5) {
            char *text = malloc(len);
            int n = 0;
            memcpy(text, cases[i].text, len);
            seed = seed * 1664525u + 1013904223u;
            text[at] = (char)(seed >> 24);
            int whole = config_parse("t.conf", text, len, c, ignore, &n);
            assert_int_equal(whole, n ? -1 : 0);
            n = 0;
            int cut = config_parse("t.conf", text, at, c, ignore, &n);
            assert_int_equal(cut, n ? -1 : 0);
            free(text);
        }
    }
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_base_is_in_order),
        cmocka_unit_test(each_is_told_exactly),
        cmocka_unit_test(cut_and_bent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
