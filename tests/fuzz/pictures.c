/* What the screen shows: photos, the programme, languages, and the monitor's own description. */

#include "tests/fuzz/fuzz.h"

#include "kiosk/common/utf8.h"
#include "kiosk/screen/bidi.h"
#include "kiosk/screen/exif.h"
#include "kiosk/screen/ics.h"
#include "kiosk/screen/language.h"
#include "kiosk/screen/panel.h"
#include "kiosk/screen/programme.h"

#include <stdio.h>
#include <string.h>

static void photo_one(const uint8_t *bytes, size_t len)
{
    uint32_t x = 0, y = 0;
    struct photo_head h = photo_head_read(bytes, len);
    photo_format(bytes, len);
    FUZZ_MUST(h.orientation >= 1 && h.orientation <= 8);
    if (h.w == 0 || h.h == 0)
        return;
    bool turned = h.orientation >= 5;
    photo_turn(h.orientation, h.w, h.h, (turned ? h.h : h.w) - 1, (turned ? h.w : h.h) - 1, &x, &y);
    FUZZ_MUST(x < h.w && y < h.h);
}

static void photo_seeds(void)
{
    /* A JPEG's beginning with EXIF in either byte order, orientation 6, and its frame. */
    static const uint8_t frame[] = {0xff, 0xc0, 0, 17,   8, 0,    6,    0,    9, 3,
                                    1,    0x22, 0, 0x11, 1, 0x11, 0xff, 0xd9, 0, 0};
    static const char exif[][33] = {
        "Exif\0\0MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\6\0\0\0\0\0\0",
        "Exif\0\0II*\0\10\0\0\0\1\0\22\1\3\0\1\0\0\0\6\0\0\0\0\0\0\0",
    };
    static const uint8_t png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\6\0\0\0\11\10\2\0\0\0"
                                 "\0\0\0\0\0\0\0\0IEND\xae\x42\x60\x82";
    for (size_t i = 0; i < 2; i++) {
        uint8_t seed[4 + 2 + sizeof exif[0] + sizeof frame] = {0xff, 0xd8, 0xff, 0xe1, 0, 35};
        memcpy(seed + 6, exif[i], sizeof exif[i]);
        memcpy(seed + 6 + sizeof exif[i], frame, sizeof frame);
        fuzz_seed(seed, sizeof seed);
    }
    fuzz_seed(png, sizeof png - 1);
    fuzz_seed("\0\0\0\30ftypheic\0\0\0\0mif1heic", 24);
}

static void events_check(int rc, const struct programme *p, const char why[PROGRAMME_WHY])
{
    FUZZ_MUST(rc == 0 || (why[0] && utf8_valid(why, strlen(why))));
    FUZZ_MUST(p->count <= PROGRAMME_MOST);
    for (size_t i = 0; i < p->count; i++) {
        FUZZ_MUST(utf8_valid(p->event[i].title, strlen(p->event[i].title)));
        FUZZ_MUST(i == 0 || p->event[i - 1].minute <= p->event[i].minute);
    }
}

/* A Sunday evening. */
static const struct tm today = {.tm_year = 126, .tm_mon = 10, .tm_mday = 22, .tm_hour = 19};

static void programme_one(const uint8_t *bytes, size_t len)
{
    struct programme p;
    char why[PROGRAMME_WHY] = "";
    int rc = programme_parse("f", (const char *)bytes, len, &today, &p, why);
    events_check(rc, &p, why);
}

static void programme_seeds(void)
{
    fuzz_seed_text("# a remark\n18:00 Every day\n[fri]\n19:00 Film and talk\n20:00-22:30 Dance\n"
                   "[sun]\n8 pm Quiz\n20h Late\n[2026-11-22]\n18.30 Choir\n23:00-01:00 Night\n");
    fuzz_seed_text("[Sunday]\n19:00 \xd8\xb9\xd8\xb1\xd8\xb6 Film 2\n[22.11.2026]\n7pm a\n"
                   "1:00 b\n2:00 c\n3:00 d\n4:00 e\n5:00 f\n6:00 g\n");
}

static void ics_one(const uint8_t *bytes, size_t len)
{
    struct programme p;
    char why[PROGRAMME_WHY] = "";
    int rc = ics_parse("f.ics", (const char *)bytes, len, &today, &p, why);
    events_check(rc, &p, why);
}

static void ics_seeds(void)
{
    fuzz_seed_text("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1@example.org\r\n"
                   "DTSTART;TZID=Asia/Baku:20261122T190000\r\nDTEND;TZID=Asia/Baku:20261122T213000"
                   "\r\nSUMMARY:Film\\, and a\r\n  talk\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
    fuzz_seed_text("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261004T180000Z\nDURATION:PT1H30M\n"
                   "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=20;BYDAY=SU,MO;WKST=SU\nSUMMARY:Choir\n"
                   "EXDATE:20261108T180000Z\nSTATUS:CONFIRMED\nEND:VEVENT\nBEGIN:VEVENT\n"
                   "DTSTART:20261120T200000\nRRULE:FREQ=DAILY;UNTIL=20261201T000000Z\nSUMMARY:Tea\n"
                   "END:VEVENT\nEND:VCALENDAR\n");
}

static void language_one(const uint8_t *bytes, size_t len)
{
    struct language l;
    char why[PROGRAMME_WHY] = "", out[LANGUAGE_LINE];
    if (language_parse("f", (const char *)bytes, len, &l, why) != 0) {
        FUZZ_MUST(why[0] && utf8_valid(why, strlen(why)));
        return;
    }
    language_date(&l, 6, 22, 10, 2026, out, sizeof out);
    FUZZ_MUST(utf8_valid(out, strlen(out)));
    language_number(&l, 1234567, 2, out, 8);
}

static void language_seeds(void)
{
    static const char *const files[] = {"config/languages/en.conf", "config/languages/ar.conf",
                                        "config/languages/ka.conf"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        fuzz_seed_file(files[i]);
}

static void bidi_one(const uint8_t *bytes, size_t len)
{
    static struct bidi_run runs[ITEM_TEXT_MAX];
    const char *line = fuzz_text(bytes, len);
    size_t n = bidi_runs(line, bidi_is_rtl(line), "Arab", runs), all = 0;
    for (size_t i = 0; i < n; i++) {
        FUZZ_MUST(runs[i].text >= line && runs[i].text + runs[i].bytes <= line + strlen(line));
        FUZZ_MUST(utf8_valid(runs[i].text, runs[i].bytes));
        all += runs[i].bytes;
    }
    FUZZ_MUST(all <= strlen(line));
    FUZZ_MUST(utf8_fit(line, 7) <= 7 && utf8_span(line, 3) <= strlen(line));
    size_t trimmed = len;
    utf8_trim((const char *)bytes, &trimmed);
    FUZZ_MUST(trimmed <= len);
    utf8_printable((const char *)bytes, len);
}

static void bidi_seeds(void)
{
    fuzz_seed_text("\xd8\xb9\xd8\xb1\xd8\xb6 Film 2026, \xd8\xb9");
    fuzz_seed_text("Film \xe2\x80\xae\xd8\xb9 1 \xd7\x90");
}

static void panel_one(const uint8_t *bytes, size_t len)
{
    char sys[256];
    struct panel_state state;
    snprintf(sys, sizeof sys, "%s/sys", fuzz_prefix());
    fuzz_file("/sys/class/drm/card0-HDMI-A-1/status", "connected\n", 10);
    fuzz_file("/sys/class/drm/card0-HDMI-A-1/edid", bytes, len);
    panel_look(sys, &state);
    FUZZ_MUST(state.connected && state.inches >= 0 && state.inches < 1000);
}

static void panel_seeds(void)
{
    uint8_t edid[128] = {0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0};
    edid[21] = 15;
    edid[22] = 9;
    fuzz_seed(edid, sizeof edid);
    edid[54] = 1;
    edid[66] = 154;
    edid[67] = 86;
    fuzz_seed(edid, sizeof edid);
}

const struct fuzz_target fuzz_pictures[] = {
    {"photo", photo_one, photo_seeds, 4096},
    {"programme", programme_one, programme_seeds, 4096},
    {"ics", ics_one, ics_seeds, 4096},
    {"language", language_one, language_seeds, 8192},
    {"bidi", bidi_one, bidi_seeds, 512},
    {"panel", panel_one, panel_seeds, 600},
    {.name = NULL},
};
