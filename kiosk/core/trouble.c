#include "kiosk/core/trouble.h"

#include "kiosk/core/ns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 24 * 60 };

#define URGENT (TROUBLE_AT_ONCE | TROUBLE_WAKES)

static const struct trouble_kind kinds[TROUBLE_COUNT] = {
    [TROUBLE_UNDERVOLTAGE] = {"undervoltage",
                              "The supply voltage is too low, or was since power-up: the Pi may "
                              "restart just when somebody presses the switch.",
                              TROUBLE_CUED | TROUBLE_MEASURED, 0, 0},
    [TROUBLE_HEAT] = {"heat", "The Pi is too hot, so it reacts late and may stop.",
                      TROUBLE_CUED | TROUBLE_MEASURED, 0, 0},
    [TROUBLE_MAINS] = {"mains", "Mains power is lost: the kiosk runs on its battery.",
                       URGENT | TROUBLE_CUED, 10, 30},
    [TROUBLE_UPS_LOW] = {"ups-low", "The UPS is almost empty: the kiosk will stop soon.",
                         URGENT | TROUBLE_CUED, 0, 60},
    [TROUBLE_UPS_SILENT] = {"ups-silent",
                            "The UPS does not report, so a power failure would not be noticed.",
                            TROUBLE_CUED, 30, 10},
    [TROUBLE_UPS_WORN] = {"ups-worn", "The UPS says that its battery should be replaced.",
                          TROUBLE_CUED, 0, 60},
    [TROUBLE_BATTERY] = {"battery", "A battery is low.", TROUBLE_CUED | TROUBLE_MEASURED, 0, 0},
    [TROUBLE_LID] = {"lid", "The kiosk's box is open.", URGENT | TROUBLE_HIDDEN, 0, 10},
    [TROUBLE_TILT] = {"tilt", "The kiosk was moved.", URGENT | TROUBLE_HIDDEN, 0, 10},
    [TROUBLE_TAMPER] = {"box-tamper", "Somebody touches the kiosk.", URGENT | TROUBLE_HIDDEN, 0,
                        10},
    [TROUBLE_CARD_WORN] = {"card-worn", "The card is wearing out.", TROUBLE_CUED | TROUBLE_MEASURED,
                           0, 0},
    [TROUBLE_CARD_ERRORS] = {"card-errors",
                             "The card has errors or accepts no writes: a power cut would make the "
                             "kiosk forget an alert.",
                             TROUBLE_CUED | TROUBLE_MEASURED, 0, 0},
    [TROUBLE_DISK_FULL] = {"disk-full", "The disk is almost full.", TROUBLE_CUED | TROUBLE_MEASURED,
                           0, 0},
    [TROUBLE_CLOCK] = {"clock", "The clock is not set by a time server.",
                       TROUBLE_CUED | TROUBLE_MEASURED, 0, 0},
    [TROUBLE_CERTIFICATE_90] = {"certificate-90", "A certificate ends within 90 days.",
                                TROUBLE_MEASURED, 0, 0},
    [TROUBLE_CERTIFICATE_14] =
        {"certificate-14",
         "A certificate ends within 14 days, or has ended: phones will refuse this broker.",
         TROUBLE_CUED | TROUBLE_MEASURED, 0, 0},
    [TROUBLE_BROKER_RIGHTS] = {"broker-rights", "A broker refuses something that the kiosk needs.",
                               TROUBLE_AT_ONCE | TROUBLE_CUED | TROUBLE_BEGUN_ELSEWHERE, 0, 60},
    [TROUBLE_BROKER_LIMITS] = {"broker-limits", "A broker allows less than the kiosk needs.",
                               TROUBLE_AT_ONCE | TROUBLE_CUED | TROUBLE_BEGUN_ELSEWHERE, 0, 60},
    [TROUBLE_PATH_DOWN] = {"path-down", "One of several ways to the brokers has failed.",
                           TROUBLE_CUED | TROUBLE_BEGUN_ELSEWHERE | TROUBLE_ENDED_ELSEWHERE, 0, 30},
    [TROUBLE_RELAY_SILENT] = {"relay-silent",
                              "The relay is silent, or cannot push: locked phones would not ring.",
                              TROUBLE_AT_ONCE, 0, 10},
    [TROUBLE_RELAY_ONE] = {"one-relay-silent",
                           "One of the relays is silent, or cannot push: the others ring locked "
                           "phones.",
                           TROUBLE_WAKES | TROUBLE_CUED, 0, 10},
    [TROUBLE_PAGE] = {"page", "The members' page cannot be reached from the kiosk.",
                      TROUBLE_CUED | TROUBLE_MEASURED, 0, 0},
    [TROUBLE_NO_PHONE_RANG] = {"no-phone-rang",
                               "In the last drill, no phone rang and nobody answered.",
                               TROUBLE_CUED, 60, 0},
    [TROUBLE_UPDATE] = {"update", "An update of Porchlight is available.", TROUBLE_MEASURED, 0, 0},
    [TROUBLE_BACKUP] = {"backup", "The last backup is older than a change that matters.",
                        TROUBLE_MEASURED, 0, 0},
};

const struct trouble_kind *trouble_kind(enum trouble t)
{
    return &kinds[t];
}

enum trouble trouble_of_code(const char *code)
{
    enum trouble t = 0;
    while (t < TROUBLE_COUNT && strcmp(kinds[t].code, code) != 0)
        t++;
    return t;
}

trouble_set trouble_flagged(enum trouble_flag f)
{
    trouble_set set = 0;
    for (enum trouble t = 0; t < TROUBLE_COUNT; t++)
        if (kinds[t].flags & f)
            set |= TROUBLE_BIT(t);
    return set;
}

/* Follows what is found, once it has been so for long enough. */
static void settle(struct troubles *s, enum trouble t, bool found, int64_t now, int64_t wall)
{
    trouble_set bit = TROUBLE_BIT(t);
    bool active = s->standing & bit;
    if (found == active) {
        s->changing &= ~bit;
        return;
    }
    if (!(s->changing & bit))
        s->changed[t] = now;
    s->changing |= bit;
    if (now - s->changed[t] < (found ? kinds[t].lasts : kinds[t].clears) * NS_PER_S)
        return;
    s->changing &= ~bit;
    s->standing ^= bit;
    s->since[t] = found ? wall : 0;
}

/* Whether staff are to be told now that it began or is over. */
static bool is_news(const struct troubles *s, enum trouble t, bool quiet)
{
    bool differs = (s->standing ^ s->told) & TROUBLE_BIT(t);
    return differs && (!quiet || kinds[t].flags & TROUBLE_AT_ONCE);
}

size_t troubles_step(struct troubles *s, trouble_set judged, trouble_set found, bool quiet,
                     int64_t now, int64_t wall, struct trouble_news out[TROUBLE_COUNT])
{
    size_t n = 0;
    for (enum trouble t = 0; t < TROUBLE_COUNT; t++) {
        trouble_set bit = TROUBLE_BIT(t);
        if (judged & bit)
            settle(s, t, found & bit, now, wall);
        if (!is_news(s, t, quiet))
            continue;
        s->told ^= bit;
        struct trouble_news *one = &out[n++];
        *one = (struct trouble_news){.trouble = t, .over = !(s->standing & bit)};
        snprintf(one->detail, sizeof one->detail, "%s%s", kinds[t].code, one->over ? "-over" : "");
    }
    return n;
}

size_t troubles_write(const struct troubles *s, char out[TROUBLE_TEXT_MAX])
{
    size_t len = 0;
    out[0] = '\0';
    for (enum trouble t = 0; t < TROUBLE_COUNT; t++) {
        bool active = s->standing & TROUBLE_BIT(t), told = s->told & TROUBLE_BIT(t);
        if (kinds[t].flags & TROUBLE_HIDDEN || (!active && !told))
            continue;
        len += (size_t)snprintf(out + len, TROUBLE_TEXT_MAX - len, "%s %lld %s\n", kinds[t].code,
                                (long long)s->since[t],
                                !active ? "over"
                                : told  ? "told"
                                        : "held");
    }
    return len;
}

static void troubles_read_line(struct troubles *s, const char *line)
{
    char code[TROUBLE_CODE_MAX + 1], how[8];
    long long since;
    if (sscanf(line, "%18s %lld %7s", code, &since, how) != 3)
        return;
    enum trouble t = trouble_of_code(code);
    if (t == TROUBLE_COUNT || kinds[t].flags & TROUBLE_HIDDEN)
        return;
    s->since[t] = since;
    if (strcmp(how, "over") != 0)
        s->standing |= TROUBLE_BIT(t);
    if (strcmp(how, "held") != 0)
        s->told |= TROUBLE_BIT(t);
}

void troubles_read(struct troubles *s, const char *text)
{
    *s = (struct troubles){.standing = 0};
    while (*text) {
        troubles_read_line(s, text);
        text += strcspn(text, "\n");
        text += *text == '\n';
    }
}

bool trouble_is_quiet(int minute, int from, int to)
{
    if (minute < 0 || from < 0)
        return false;
    minute %= DAY;
    return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}
