#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kiosk/core/freshness.h"
#include "kiosk/core/ns.h"
#include "tests/unit/core/vectors.h"
#include "tests/unit/rows.h"

static const char *const groups[FRESHNESS_GROUPS] = {"state", "staff", "ring"};

static enum freshness_group group_of(const char *name)
{
    for (size_t i = 0; i < FRESHNESS_GROUPS; i++) {
        if (strcmp(groups[i], name) == 0)
            return (enum freshness_group)i;
    }
    fail_msg("no such group: %s", name);
    return FRESHNESS_GROUPS;
}

static double element(const cJSON *array, int i)
{
    const cJSON *item = cJSON_GetArrayItem(array, i);
    if (!cJSON_IsNumber(item))
        fail_msg("the vectors lack a number");
    return item->valuedouble;
}

/* The vectors write a nonce by its first byte. */
static void nonce_of(const cJSON *hex, uint8_t out[FRESHNESS_NONCE])
{
    memset(out, 0, FRESHNESS_NONCE);
    vectors_hex(hex->valuestring, out, 1);
}

static void take_beat(struct freshness *f, const cJSON *json, int64_t now)
{
    uint8_t echo[FRESHNESS_ECHO_MAX][FRESHNESS_NONCE];
    struct freshness_beat b = {
        .epoch = (uint64_t)vectors_number(json, "epoch"),
        .up = (int64_t)vectors_number(json, "up") * NS_PER_MS,
        .echo = echo,
    };
    const cJSON *newest = cJSON_GetObjectItem(json, "newest"), *one;
    for (int i = 0; i < FRESHNESS_GROUPS; i++)
        b.newest[i] = (uint64_t)element(newest, i);
    cJSON_ArrayForEach(one, cJSON_GetObjectItem(json, "echo")) nonce_of(one, echo[b.echo_count++]);
    freshness_beat(f, &b, now);
}

static void act(struct freshness *f, const cJSON *step, int64_t now)
{
    const cJSON *ask = cJSON_GetObjectItem(step, "ask");
    const cJSON *beat = cJSON_GetObjectItem(step, "beat");
    const cJSON *got = cJSON_GetObjectItem(step, "got");
    uint8_t nonce[FRESHNESS_NONCE];
    if (cJSON_IsTrue(cJSON_GetObjectItem(step, "linked")))
        freshness_linked(f, now);
    if (ask) {
        nonce_of(ask, nonce);
        freshness_ask(f, nonce, now);
    }
    if (beat)
        take_beat(f, beat, now);
    if (got)
        freshness_got(f, group_of(cJSON_GetArrayItem(got, 0)->valuestring),
                      (uint64_t)element(got, 1), (uint64_t)element(got, 2), now);
}

static void look(const char *name, struct freshness *f, const cJSON *step, int64_t now)
{
    const cJSON *age = cJSON_GetObjectItem(step, "age");
    const cJSON *held = cJSON_GetObjectItem(step, "held");
    const cJSON *wants = cJSON_GetObjectItem(step, "wants");
    long at = (long)(now / NS_PER_MS);
    if (age) {
        int64_t is = (int64_t)vectors_number(step, "is");
        int64_t got =
            freshness_age(f, (uint64_t)element(age, 0), (int64_t)element(age, 1) * NS_PER_MS, now);
        if (got != (is < 0 ? -1 : is * NS_PER_MS))
            fail_msg("%s, at %ld: the age is %lld ns", name, at, (long long)got);
    }
    if (held && cJSON_IsTrue(held) != freshness_held(f, now))
        fail_msg("%s, at %ld: held is wrong", name, at);
    if (held && cJSON_IsTrue(held) != (freshness_deadline(f) <= now))
        fail_msg("%s, at %ld: the deadline is wrong", name, at);
    if (wants && cJSON_IsTrue(cJSON_GetArrayItem(wants, 1)) !=
                     freshness_wants(f, (uint64_t)element(wants, 0), now))
        fail_msg("%s, at %ld: wants is wrong", name, at);
}

/* Every key is known: a misspelt expectation must not pass unread. */
static void check_keys(const char *name, const cJSON *step)
{
    static const char known[] = " at ask beat got linked age is held wants ";
    const cJSON *item;
    cJSON_ArrayForEach(item, step)
    {
        char word[32];
        snprintf(word, sizeof word, " %s ", item->string);
        if (strstr(known, word) == NULL)
            fail_msg("%s: unknown key \"%s\"", name, item->string);
    }
}

static void test_cases(void **state)
{
    (void)state;
    cJSON *json = vectors_load("tests/vectors/freshness.json");
    const cJSON *one, *step, *name, *cases = cJSON_GetObjectItem(json, "cases");
    assert_true(cJSON_GetArraySize(cases) >= 20);
    cJSON_ArrayForEach(one, cases)
    {
        const cJSON *named = cJSON_GetObjectItem(one, "reads");
        bool reads[FRESHNESS_GROUPS] = {named == NULL};
        cJSON_ArrayForEach(name, named) reads[group_of(name->valuestring)] = true;
        struct freshness f;
        freshness_init(&f, reads);
        cJSON_ArrayForEach(step, cJSON_GetObjectItem(one, "steps"))
        {
            int64_t now = (int64_t)vectors_number(step, "at") * NS_PER_MS;
            check_keys(vectors_text(one, "name"), step);
            act(&f, step, now);
            look(vectors_text(one, "name"), &f, step, now);
        }
    }
    cJSON_Delete(json);
}

static void test_what_waits_longest_is_due_first(void **state)
{
    static const int64_t since[][FRESHNESS_GROUPS] = {
        {5, 7, 9}, {9, 7, 5}, {7, 5, 9}, {NS_NEVER, 5, NS_NEVER}, {5, NS_NEVER, NS_NEVER}};
    struct freshness f = {.asked = NS_NEVER};
    (void)state;
    EACH_ROW (i, since, NULL) {
        for (size_t k = 0; k < FRESHNESS_GROUPS; k++)
            f.groups[k].since = since[i][k];
        assert_int_equal(freshness_deadline(&f), 5 + FRESHNESS_HELD_AFTER);
    }
    for (size_t k = 0; k < FRESHNESS_GROUPS; k++)
        f.groups[k].since = NS_NEVER;
    assert_int_equal(freshness_deadline(&f), NS_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases),
                                       cmocka_unit_test(test_what_waits_longest_is_due_first)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
