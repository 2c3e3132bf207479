#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/ns.h"
#include "kiosk/core/view.h"
#include "tests/unit/core/vectors.h"

static bool flag(const cJSON *step, const char *key)
{
    return cJSON_IsTrue(cJSON_GetObjectItem(step, key));
}

static uint64_t number(const cJSON *step, const char *key)
{
    const cJSON *item = cJSON_GetObjectItem(step, key);
    return item == NULL ? 0 : (uint64_t)item->valuedouble;
}

static struct alert_id id_of(const cJSON *letter)
{
    struct alert_id id = {{0}};
    if (letter != NULL)
        memset(id.bytes, letter->valuestring[0], sizeof id.bytes);
    return id;
}

/* The vectors write a nonce by its first byte. */
static void nonce_of(const char *hex, uint8_t out[FRESHNESS_NONCE])
{
    memset(out, 0, FRESHNESS_NONCE);
    vectors_hex(hex, out, 1);
}

static struct message message_of(const cJSON *step)
{
    struct message m = {.age_ms = -1};
    const char *kind = vectors_text(step, "say");
    while (m.kind < MSG_KINDS && strcmp(message_kind_name(m.kind), kind) != 0)
        m.kind++;
    assert_int_not_equal(m.kind, MSG_KINDS);
    m.id = id_of(cJSON_GetObjectItem(step, "id"));
    m.epoch = number(step, "epoch");
    m.seq = number(step, "seq");
    m.connection = number(step, "connection");
    m.up_ms = number(step, "up");
    m.help = (uint32_t)number(step, "help");
    const cJSON *names = cJSON_GetObjectItem(step, "names");
    for (int i = 0; i < cJSON_GetArraySize(names); i++)
        m.newest[i] = (uint64_t)cJSON_GetArrayItem(names, i)->valuedouble;
    if (cJSON_GetObjectItem(step, "echo"))
        nonce_of(vectors_text(step, "echo"), m.echo[m.echo_count++]);
    m.drill = flag(step, "drill");
    m.resumed = flag(step, "resumed");
    m.unconfirmed = flag(step, "unconfirmed");
    const cJSON *pressed = cJSON_GetObjectItem(step, "pressed");
    if (pressed != NULL)
        snprintf(m.at, sizeof m.at, "%s", pressed->valuestring);
    const cJSON *detail = cJSON_GetObjectItem(step, "detail");
    if (detail != NULL)
        snprintf(m.detail, sizeof m.detail, "%s", detail->valuestring);
    if (m.kind == MSG_STATE) {
        const char *state = vectors_text(step, "state");
        while (strcmp(alert_state_name(m.state), state) != 0)
            assert_true(m.state++ < ALERT_LOCKDOWN);
    }
    return m;
}

static struct view_message word_of(const cJSON *step, const struct message *m)
{
    struct view_message w = {.message = m, .retained = flag(step, "retained")};
    const cJSON *proof = cJSON_GetObjectItem(step, "proof");
    const cJSON *age = cJSON_GetObjectItem(step, "wall_age");
    w.wall_age = cJSON_IsNumber(age) ? (int64_t)age->valuedouble * NS_PER_MS
                 : age || w.retained ? -1
                                     : 0;
    if (proof != NULL) {
        w.proved = true;
        w.proved_id = id_of(cJSON_GetArrayItem(proof, 0));
        w.proved_epoch = (uint64_t)cJSON_GetArrayItem(proof, 1)->valuedouble;
        w.proved_seq = (uint64_t)cJSON_GetArrayItem(proof, 2)->valuedouble;
        const cJSON *account = cJSON_GetArrayItem(proof, 3);
        memset(w.proved_account, account ? account->valuestring[0] : 'a', ENVELOPE_ID);
    }
    return w;
}

static const uint8_t own_key[ENVELOPE_PUBLIC] = {7}, other_key[ENVELOPE_PUBLIC] = {8};

static struct root_word root_of(const cJSON *says)
{
    struct root_word w = {.made = 1};
    const cJSON *retired = cJSON_GetObjectItem(says, "retired"),
                *ended = cJSON_GetObjectItem(says, "ended"), *one;
    w.retired = retired != NULL;
    memcpy(w.public, cJSON_IsTrue(retired) ? own_key : other_key, sizeof w.public);
    if (ended != NULL) {
        w.ended = true;
        w.id = id_of(cJSON_GetArrayItem(ended, 0));
        w.epoch = (uint64_t)cJSON_GetArrayItem(ended, 1)->valuedouble;
        w.seq = (uint64_t)cJSON_GetArrayItem(ended, 2)->valuedouble;
    }
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(says, "revoked"))
        memset(w.revoked[w.revoked_count++], one->valuestring[0], ENVELOPE_ID);
    return w;
}

static void run_root(const char *name, struct view_kiosk *v, const cJSON *step, int64_t now)
{
    struct root_word w = root_of(cJSON_GetObjectItem(step, "root"));
    const cJSON *then = cJSON_GetObjectItem(step, "root_then");
    const char *verdict = view_verdict_name(view_root(v, &w, own_key, now));
    if (then != NULL && strcmp(verdict, then->valuestring) != 0)
        fail_msg("%s: the root key's message is %s instead of %s", name, verdict,
                 then->valuestring);
}

/* Every key is known: a misspelt expectation must not pass unread. */
static void check_keys(const char *name, const cJSON *step)
{
    static const char *const known[] = {
        "at",       "say",         "link",  "root",       "then",      "show",    "duress",
        "silent",   "stale",       "id",    "epoch",      "seq",       "drill",   "resumed",
        "detail",   "unconfirmed", "state", "connection", "proof",     "pressed", "retained",
        "wall_age", "code",        "up",    "names",      "echo",      "ask",     "delayed",
        "undated",  "held",        "late",  "rooted",     "root_then", "help",
    };
    const cJSON *item;
    cJSON_ArrayForEach(item, step)
    {
        size_t i = 0;
        while (i < sizeof known / sizeof known[0] && strcmp(known[i], item->string) != 0)
            i++;
        if (i == sizeof known / sizeof known[0])
            fail_msg("%s: unknown key \"%s\"", name, item->string);
    }
}

static void compare_flag(const char *name, const cJSON *step, const char *key, bool got)
{
    const cJSON *expected = cJSON_GetObjectItem(step, key);
    if (expected != NULL && cJSON_IsTrue(expected) != got)
        fail_msg("%s, at %.0f: %s is %d", name, vectors_number(step, "at"), key, got);
}

static void run_step(const char *name, struct view_kiosk *v, const struct view_rules *r,
                     const cJSON *step)
{
    double at = vectors_number(step, "at");
    int64_t now = (int64_t)at * NS_PER_MS;
    check_keys(name, step);
    if (cJSON_GetObjectItem(step, "link") != NULL)
        view_link(v, flag(step, "link"), now);
    if (cJSON_GetObjectItem(step, "root") != NULL)
        run_root(name, v, step, now);
    if (cJSON_GetObjectItem(step, "ask")) {
        uint8_t nonce[FRESHNESS_NONCE];
        nonce_of(vectors_text(step, "ask"), nonce);
        freshness_ask(&v->fresh, nonce, now);
    }
    if (cJSON_GetObjectItem(step, "say") != NULL) {
        struct message m = message_of(step);
        struct view_message w = word_of(step, &m);
        const char *verdict = view_verdict_name(view_step(v, r, &w, now));
        const cJSON *then = cJSON_GetObjectItem(step, "then");
        if (then != NULL && strcmp(verdict, then->valuestring) != 0)
            fail_msg("%s, at %.0f: %s instead of %s", name, at, verdict, then->valuestring);
    }
    struct view_shown shown = view_look(v, r, now);
    const cJSON *show = cJSON_GetObjectItem(step, "show");
    if (show != NULL && strcmp(view_show_name(shown.show), show->valuestring) != 0)
        fail_msg("%s, at %.0f: shows %s instead of %s", name, at, view_show_name(shown.show),
                 show->valuestring);
    compare_flag(name, step, "duress", shown.duress);
    compare_flag(name, step, "code", shown.code);
    compare_flag(name, step, "silent", shown.silent);
    compare_flag(name, step, "stale", shown.stale);
    compare_flag(name, step, "delayed", shown.delayed);
    compare_flag(name, step, "undated", shown.undated);
    compare_flag(name, step, "held", shown.held);
    compare_flag(name, step, "late", shown.late);
    compare_flag(name, step, "rooted", shown.rooted);
}

static void test_cases(void **state)
{
    (void)state;
    cJSON *json = vectors_load("tests/vectors/view.json");
    const cJSON *one, *step, *cases = cJSON_GetObjectItem(json, "cases");
    assert_true(cJSON_GetArraySize(cases) >= 30);
    cJSON_ArrayForEach(one, cases)
    {
        const cJSON *rules = cJSON_GetObjectItem(one, "rules");
        struct view_rules r = {
            .lost_after = VIEW_LOST_AFTER,
            .stale_after = VIEW_STALE_AFTER,
            .all_clear_lasts = VIEW_ALL_CLEAR_LASTS,
            .staff = flag(rules, "staff"),
            .plain = flag(rules, "plain"),
        };
        struct view_kiosk v;
        view_init(&v);
        view_link(&v, true, 0);
        cJSON_ArrayForEach(step, cJSON_GetObjectItem(one, "steps"))
            run_step(vectors_text(one, "name"), &v, &r, step);
    }
    cJSON_Delete(json);
}

static enum view_show show_named(const char *name)
{
    for (enum view_show s = VIEW_QUIET; s <= VIEW_LOCKDOWN; s++) {
        if (strcmp(view_show_name(s), name) == 0)
            return s;
    }
    fail_msg("no show is called \"%s\"", name);
    return VIEW_QUIET;
}

static void test_worst_wins(void **state)
{
    (void)state;
    cJSON *json = vectors_load("tests/vectors/view.json");
    const cJSON *one, *name, *table = cJSON_GetObjectItem(json, "worst");
    assert_true(cJSON_GetArraySize(table) >= 10);
    cJSON_ArrayForEach(one, table)
    {
        enum view_show shows[8];
        size_t n = 0;
        cJSON_ArrayForEach(name, cJSON_GetObjectItem(one, "of")) shows[n++] =
            show_named(name->valuestring);
        assert_string_equal(view_show_name(view_worst(shows, n)), vectors_text(one, "is"));
    }
    cJSON_Delete(json);
}

static void test_an_unlinked_view_knows_nothing(void **state)
{
    (void)state;
    const struct view_rules r = {VIEW_LOST_AFTER, VIEW_STALE_AFTER, VIEW_ALL_CLEAR_LASTS, 0, 0};
    struct view_kiosk v;
    view_init(&v);
    assert_int_equal(view_look(&v, &r, 0).show, VIEW_UNKNOWN);
    assert_int_equal(view_look(&v, &r, 1000 * NS_PER_S).show, VIEW_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_worst_wins),
        cmocka_unit_test(test_an_unlinked_view_knows_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
