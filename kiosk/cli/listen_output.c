#include "kiosk/cli/listen_output.h"

#include "kiosk/cli/print.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- JSON ------------------------------------------------------------------------------------- */

static cJSON *object(const char *kind, int64_t at)
{
    char digits[24];
    cJSON *o = cJSON_CreateObject();
    snprintf(digits, sizeof digits, "%" PRId64, at);
    if (kind)
        cJSON_AddStringToObject(o, "kind", kind);
    cJSON_AddRawToObject(o, "received_ns", digits); /* more digits than cJSON writes */
    return o;
}

static void listen_output_print(cJSON *o)
{
    print_json(o);
    cJSON_Delete(o);
}

static void add_origin(cJSON *o, const struct phone_client_heard *h, const struct mqtt_event *e,
                       const char *broker)
{
    cJSON_AddStringToObject(o, "topic", h->topic);
    cJSON_AddStringToObject(o, "kiosk", h->kiosk ? h->kiosk->id : "");
    cJSON_AddStringToObject(o, "broker", broker);
    cJSON_AddBoolToObject(o, "retained", e->retained);
}

static void add_root(cJSON *o, const struct root_word *w, enum view_verdict verdict)
{
    char id[37], account[2 * ENVELOPE_ID + 1];
    message_id_write(&w->id, id);
    cJSON_AddStringToObject(o, "verdict", view_verdict_name(verdict));
    cJSON_AddBoolToObject(o, "retired", w->retired);
    if (w->ended)
        cJSON_AddStringToObject(o, "ended", id);
    else
        cJSON_AddNullToObject(o, "ended");
    cJSON *all = cJSON_AddArrayToObject(o, "revoked");
    for (size_t i = 0; i < w->revoked_count; i++) {
        sodium_bin2hex(account, sizeof account, w->revoked[i], ENVELOPE_ID);
        cJSON_AddItemToArray(all, cJSON_CreateString(account));
    }
}

/* The message's keys unchanged: numbers keep the digits that the kiosk wrote. */
static void print_message(const struct phone_client_heard *h, const struct mqtt_event *e,
                          const char *broker)
{
    cJSON *more = object(NULL, e->at);
    add_origin(more, h, e, broker);
    if (!h->words) {
        cJSON_AddStringToObject(more, "verdict", view_verdict_name(h->verdict));
        cJSON_AddBoolToObject(more, "proved", h->word.proved);
    }
    char *text = cJSON_PrintUnformatted(more);
    int keys = (int)strlen(h->text) - 1; /* all but the closing brace */
    printf("%.*s,%s\n", keys, h->text, text ? text + 1 : "}");
    fflush(stdout);
    cJSON_free(text);
    cJSON_Delete(more);
}

/* --- words ------------------------------------------------------------------------------------ */

static void listen_output_say(const char *who, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void listen_output_say(const char *who, const char *format, ...)
{
    struct timespec now;
    struct tm tm;
    char clock[16] = "";
    va_list args;
    clock_gettime(CLOCK_REALTIME, &now);
    if (localtime_r(&now.tv_sec, &tm))
        strftime(clock, sizeof clock, "%H:%M:%S", &tm);
    printf("%s.%03ld  %-10s ", clock, now.tv_nsec / 1000000, who);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);
}

static const char *words_of(const struct message *m)
{
    switch (m->kind) {
    case MSG_LOCKDOWN:
        return "LOCKDOWN";
    case MSG_CAUTION:
        return strcmp(m->detail, "unclear") == 0 ? "CAUTION: an unclear signal, do not come"
                                                 : "CAUTION: do not come";
    case MSG_ALL_CLEAR:
        return strcmp(m->detail, "unconfirmed") == 0
                   ? "all-clear was pressed at the door, NOT CONFIRMED"
                   : "all-clear";
    case MSG_CODE:
        return strcmp(m->detail, "unknown") == 0
                   ? "the code was pressed at the door, and the kiosk has restarted in this alert: "
                     "perhaps UNDER DURESS"
                   : "the code was pressed at the door";
    case MSG_DURESS:
        return "the code was pressed at the door UNDER DURESS";
    case MSG_NOTHING:
        return "nothing was pressed at the door";
    case MSG_DOOR:
        return "door";
    case MSG_FAULT:
        return strcmp(m->detail, "copy") == 0
                   ? "a copy of this kiosk has spoken, or it has lost its "
                     "record; if you restored a backup on a second Pi, "
                     "stop one of the two"
               : strcmp(m->detail, "unknown-alert") == 0
                   ? "a broker keeps an alert that this kiosk does not know; begin it again or end "
                     "it from a staff phone"
                   : "fault";
    case MSG_DRILL_REPORT:
        return "drill report";
    case MSG_COUNTS:
        return "answers";
    case MSG_STATE:
        return "state";
    case MSG_ONLINE:
        return "the kiosk is online";
    case MSG_LOST:
        return "the broker lost the kiosk";
    default:
        return message_kind_name(m->kind);
    }
}

static const char *words_of_verdict(const struct phone_client_heard *h)
{
    switch (h->verdict) {
    case VIEW_REPEATED:
        return " (again)";
    case VIEW_OLD:
        return " (REFUSED: older than what was already received; late, or replayed)";
    case VIEW_UNPROVED:
        return " (NOT BELIEVED: no staff phone's proof; the lockdown goes on)";
    case VIEW_LATE:
        return " (LATE: check. It is old, or nobody knows how old)";
    case VIEW_DISOWNED:
        return " (REFUSED: this kiosk is retired)";
    default:
        return "";
    }
}

static bool is_door(enum message_kind k)
{
    return k == MSG_CODE || k == MSG_DURESS || k == MSG_NOTHING;
}

/* Beats and repetitions of what is known are not printed for a person. */
static bool worth_a_line(const struct phone_client_heard *h, bool news)
{
    switch (h->verdict) {
    case VIEW_TOLD:
    case VIEW_LATE:
        return true;
    case VIEW_UNPROVED:
        return news;
    case VIEW_ACCEPTED:
        if (h->message.kind == MSG_COUNTS)
            return news;
        return h->message.kind != MSG_BEAT && h->message.kind != MSG_STATE &&
               !is_door(h->message.kind) && h->message.kind != MSG_ONLINE;
    case VIEW_REPEATED:
        return h->message.kind <= MSG_ALL_CLEAR;
    default:
        return h->message.kind != MSG_LOST && h->message.kind != MSG_ONLINE &&
               h->message.kind != MSG_NOTHING && !h->word.retained;
    }
}

static void say_counts(const struct message *m, const char *broker)
{
    if (!alert_id_is_none(&m->id))
        listen_output_say(broker, "answers: %u of %u, safe %u, need HELP %u, no answer yet %u",
                          m->seen, m->of, m->safe, m->help, m->of > m->seen ? m->of - m->seen : 0);
    if (m->phones > 0)
        listen_output_say(broker, "phones: %u of %u got a silent weekly test in the last 14 days",
                          m->rang, m->phones);
}

static void say_message(const struct phone_client_heard *h, const char *broker)
{
    const struct message *m = &h->message;
    char age[48] = "", id[40] = "";
    bool detail = m->detail[0] != '\0' && (m->kind == MSG_DOOR || m->kind == MSG_FAULT);
    if (m->age_ms >= 0)
        snprintf(age, sizeof age, ", %" PRId64 " ms after the gesture", m->age_ms);
    if (m->kind <= MSG_ALL_CLEAR) {
        char whole[37];
        message_id_write(&m->id, whole);
        snprintf(id, sizeof id, " [%.8s]", whole);
    }
    listen_output_say(broker, "%s%s%s%s%s%s%s%s%s%s%s", m->drill ? "DRILL: " : "", words_of(m),
                      detail ? " " : "", detail ? m->detail : "", m->where[0] ? ", at " : "",
                      m->where, m->kind == MSG_STATE ? " " : "",
                      m->kind == MSG_STATE ? alert_state_name(m->state) : id, age,
                      m->resumed ? ", resumed after a restart" : "", words_of_verdict(h));
}

static void say_root(const struct phone_client_heard *h, const char *broker)
{
    const struct root_word *w = &h->said;
    if (h->kiosk->view.retired)
        listen_output_say(broker, "this kiosk is RETIRED by the venue's root key: all it sends is "
                                  "ignored");
    if (h->verdict == VIEW_TOLD)
        listen_output_say(broker, "the alert was ENDED by the venue's root key");
    if (w->revoked_count > 0)
        listen_output_say(broker, "revoked by the venue's root key: %zu staff %s", w->revoked_count,
                          w->revoked_count == 1 ? "phone" : "phones");
}

static void say_piece(const struct words_piece *p, const char *broker)
{
    if (p->link[0])
        listen_output_say(broker, "what to do now: contact %s", p->link);
    for (size_t i = 0; i < p->count; i++)
        listen_output_say(broker, "what to do now, %s, %s: %s", p->language, p->lines[i].key,
                          p->lines[i].text);
}

/* --- the lines -------------------------------------------------------------------------------- */

/* What was received as an object: a message, or why there is none. */
static void print_received(const struct phone_client_heard *h, const struct mqtt_event *e,
                           const char *broker)
{
    const char *special = h->root ? "root" : h->closed ? "closed" : h->refused ? "refused" : NULL;
    if (!special) {
        print_message(h, e, broker);
        return;
    }
    cJSON *o = object(special, e->at);
    add_origin(o, h, e, broker);
    if (h->refused && !h->closed)
        cJSON_AddStringToObject(o, "why", h->refused);
    if (h->root)
        add_root(o, &h->said, h->verdict);
    listen_output_print(o);
}

void listen_output_message(bool json, const struct phone_client_heard *h,
                           const struct mqtt_event *e, const char *broker, bool news)
{
    if (json) {
        print_received(h, e, broker);
    } else if (h->root) {
        say_root(h, broker);
    } else if (h->refused && !h->closed) {
        listen_output_say(broker, "REFUSED a message on %s: %s",
                          h->topic[0] ? h->topic : "an unknown topic", h->refused);
    } else if (h->words) {
        say_piece(&h->piece, broker);
    } else if (h->closed || !worth_a_line(h, news)) {
        return;
    } else if (h->message.kind == MSG_COUNTS) {
        say_counts(&h->message, broker);
    } else {
        say_message(h, broker);
    }
}

void listen_output_link(bool json, const struct mqtt_event *e, const char *broker)
{
    char why[BROKERS_WHY_MAX];
    bool up = e->kind != MQTT_DOWN;
    brokers_why(e, why);
    if (json) {
        cJSON *o = object("link", e->at);
        cJSON_AddStringToObject(o, "broker", broker);
        cJSON_AddBoolToObject(o, "up", up);
        cJSON_AddStringToObject(o, "fault", mqtt_fault_name(e->fault));
        cJSON_AddStringToObject(o, "reason", why);
        listen_output_print(o);
    } else if (up) {
        listen_output_say(broker, "connected, listening");
    } else {
        listen_output_say(broker, "not connected: %s", why);
    }
}

static cJSON *shown_object(const struct view_shown *s, bool staff)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "show", view_show_name(s->show));
    cJSON_AddBoolToObject(o, "drill", s->drill);
    cJSON_AddBoolToObject(o, "silent", s->silent);
    cJSON_AddBoolToObject(o, "stale", s->stale);
    cJSON_AddBoolToObject(o, "delayed", s->delayed);
    cJSON_AddBoolToObject(o, "undated", s->undated);
    cJSON_AddBoolToObject(o, "held", s->held);
    cJSON_AddBoolToObject(o, "late", s->late);
    cJSON_AddBoolToObject(o, "rooted", s->rooted);
    if (staff) {
        cJSON_AddBoolToObject(o, "duress", s->duress);
        cJSON_AddBoolToObject(o, "code", s->code);
    }
    return o;
}

/* What is so at one of the kiosks at least. */
static void shown_add(struct view_shown *all, const struct view_shown *one)
{
    all->duress |= one->duress;
    all->code |= one->code;
    all->delayed |= one->delayed;
    all->undated |= one->undated;
    all->held |= one->held;
    all->late |= one->late;
    all->rooted |= one->rooted;
    all->silent |= one->silent && !one->undated && one->show != VIEW_RETIRED;
}

static void say_shown(const struct view_shown *s)
{
    static const char *const words[] = {
        [VIEW_QUIET] = "quiet",
        [VIEW_ALL_CLEAR] = "all-clear",
        [VIEW_DRILL] = "drill",
        [VIEW_RETIRED] = "retired: this kiosk is disowned",
        [VIEW_UNKNOWN] = "unknown",
        [VIEW_LOST] = "no sign of life from the kiosk",
        [VIEW_CAUTION] = "CAUTION",
        [VIEW_UNCONFIRMED] = "ALERT; all-clear pressed at the door, not confirmed",
        [VIEW_LOCKDOWN] = "LOCKDOWN",
    };
    const char *when = s->held      ? ", messages are held back"
                       : s->delayed ? ", what it sends arrives late"
                       : s->undated ? ", how old its messages are is not known yet"
                                    : "";
    listen_output_say("=", "%s%s%s%s%s%s%s", words[s->show],
                      s->show == VIEW_ALL_CLEAR && s->rooted ? ", ended by the root key" : "",
                      s->show >= VIEW_CAUTION && s->silent ? " (kiosk silent)" : "", when,
                      s->late ? ", an alarm came late: check" : "",
                      s->duress ? ", pressed UNDER DURESS at the door" : "",
                      s->code ? ", the code was pressed at the door" : "");
}

void listen_output_show(bool json, const struct phone_client *m, const struct view_rules *r,
                        enum view_show worst, int64_t now)
{
    struct view_shown all = {.show = worst};
    cJSON *o = json ? object("show", now) : NULL, *kiosks = NULL;
    if (json) {
        cJSON_AddStringToObject(o, "show", view_show_name(worst));
        kiosks = cJSON_AddObjectToObject(o, "kiosks");
    }
    for (size_t i = 0; i < m->kiosks_count; i++) {
        struct view_shown s = view_look(&m->kiosks[i].view, r, now);
        shown_add(&all, &s);
        if (json)
            cJSON_AddItemToObject(kiosks, m->kiosks[i].id, shown_object(&s, r->staff));
    }
    if (json)
        listen_output_print(o);
    else
        say_shown(&all);
}

void listen_output_answer(bool json, const char *kind, const char *what, const char *reason,
                          int64_t now)
{
    if (json) {
        cJSON *o = object(kind, now);
        cJSON_AddStringToObject(o, "what", what);
        cJSON_AddStringToObject(o, "reason", reason);
        listen_output_print(o);
    } else {
        listen_output_say("answer", "%s %s%s%s", kind, what, reason[0] ? ": " : "", reason);
    }
}
