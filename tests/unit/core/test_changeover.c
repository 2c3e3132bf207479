#include "kiosk/core/changeover.h"
#include "kiosk/core/ns.h"
#include "tests/unit/rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MS NS_PER_MS

/* One line of a table: at this time the contacts are in this position; 'r'est (nc alone), 'p'ressed
 * (no alone), '0' neither, '2' both, 't': only time passes. A NULL word means that nothing is said.
 */
struct step {
    int64_t ms;
    char contacts;
    const char *said; /* words, each with its time in ms: "cut@150" */
};

enum { STEPS_MAX = 16 };

struct night {
    const char *what;
    char found; /* the contacts at start, time 0 */
    struct step steps[STEPS_MAX];
};

static const struct night nights[] = {
    {"a press and its release",
     'r',
     {{100, '0', ""}, {105, 'p', "pressed@105"}, {400, '0', ""}, {405, 'r', "released@405"}}},
    {"a throw that makes before it breaks",
     'r',
     {{100, '2', ""}, {105, 'p', "pressed@105"}, {400, '2', ""}, {405, 'r', "released@405"}}},
    {"no throw seen at all", 'r', {{100, 'p', "pressed@100"}, {200, 'r', "released@200"}}},
    {"a touch that goes back", 'r', {{100, '0', ""}, {190, 'r', ""}, {900, 't', ""}}},
    {"a worn contact flickers in a hold",
     'r',
     {{100, 'p', "pressed@100"},
      {300, '0', ""},
      {350, 'p', ""},
      {900, '0', ""},
      {990, 'p', ""},
      {2000, '0', ""},
      {2003, 'r', "released@2003"}}},
    {"a throw of exactly throw_time is one too many",
     'r',
     {{100, '0', ""}, {199, 't', ""}, {200, 't', "cut@200"}, {300, 'r', "repaired@300"}}},
    {"cut at rest, noticed late", 'r', {{100, '0', ""}, {900, 't', "cut@200"}, {5000, 't', ""}}},
    {"short at rest", 'r', {{100, '2', ""}, {900, 't', "short@200"}, {950, 'r', "repaired@950"}}},
    {"cut in a hold: the press ends, and is a fault",
     'r',
     {{100, 'p', "pressed@100"},
      {600, '0', ""},
      {800, 't', "released@700 cut@700"},
      {900, 'r', "repaired@900"}}},
    {"short in a hold",
     'r',
     {{100, 'p', "pressed@100"}, {600, '2', ""}, {800, 't', "released@700 short@700"}}},
    {"time and a level in one call",
     'r',
     {{100, 'p', "pressed@100"}, {600, '0', ""}, {800, 'r', "released@700 cut@700 repaired@800"}}},
    {"neither and both by turns are one throw",
     'r',
     {{100, '0', ""}, {140, '2', ""}, {180, '0', ""}, {230, 't', "cut@200"}}},
    {"found pressed", 'p', {{50, 't', ""}, {500, 'r', "released@500"}}},
    {"found cut", '0', {{50, 't', ""}, {150, 't', "cut@100"}, {200, 'r', "repaired@200"}}},
    {"found in a throw", '0', {{50, 'p', "pressed@50"}, {90, 'r', "released@90"}}},
    {"found shorted", '2', {{150, 't', "short@100"}}},
    {"the nc wire is cut for days: the switch still works, the fault continues",
     'r',
     {{100, '0', ""},
      {200, 't', "cut@200"},
      {90000, 'p', "pressed@90000"},
      {90200, '0', "released@90200"},
      {90400, 'p', "pressed@90400"},
      {90600, '0', "released@90600"},
      {99000, 't', ""},
      {99100, 'r', "repaired@99100"},
      {99200, 'p', "pressed@99200"}}},
    {"the no wire is shorted for days: the same",
     'r',
     {{100, '2', ""},
      {200, 't', "short@200"},
      {9000, 'p', "pressed@9000"},
      {11000, '2', "released@11000"}}},
    {"cut, then pressed at once: hands at the wires, no press",
     'r',
     {{100, '0', ""},
      {200, 't', "cut@200"},
      {5099, 'p', ""},
      {5199, 't', "tamper@5199"},
      {9000, 't', ""},
      {9001, 'r', "repaired@9001"}}},
    {"the same, a millisecond later: the fault has lasted long enough",
     'r',
     {{100, '0', ""}, {200, 't', "cut@200"}, {5100, 'p', "pressed@5100"}}},
    {"tampered with, then left alone: worn like any fault",
     'r',
     {{100, '0', ""},
      {1000, '2', "cut@200"},
      {1100, 't', "tamper@1100"},
      {7000, 'p', "pressed@7000"},
      {7100, '2', "released@7100"}}},
    {"cut, then short: one fault with another name",
     'r',
     {{100, '0', ""},
      {200, 't', "cut@200"},
      {60000, '2', ""},
      {60050, '0', ""},
      {61000, '2', ""},
      {61200, 't', "tamper@61100"},
      {61300, 'r', "repaired@61300"}}},
    {"a worn switch that fails further in a press",
     'r',
     {{100, '0', ""},
      {200, 't', "cut@200"},
      {9000, 'p', "pressed@9000"},
      {9300, '2', ""},
      {9500, 't', "released@9400 tamper@9400"}}},
    {"a flicker starts the fault's patience again",
     'r',
     {{100, '0', ""},
      {4000, '2', "cut@200"},
      {4010, '0', ""},
      {8000, 'p', ""},
      {8050, '0', ""},
      {13100, 'p', "pressed@13100"}}},
    {"the same levels again are no news",
     'r',
     {{100, 'r', ""}, {200, 'p', "pressed@200"}, {300, 'p', ""}, {400, 'r', "released@400"}}},
};

static void decode(char contacts, bool *no, bool *nc)
{
    *no = contacts == 'p' || contacts == '2';
    *nc = contacts == 'r' || contacts == '2';
}

static void write_down(const struct changeover_event *e, size_t n, char *out, size_t size)
{
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(out);
        snprintf(out + used, size - used, "%s%s@%lld", i ? " " : "",
                 changeover_event_name(e[i].kind), (long long)(e[i].at / MS));
    }
}

static void run_night(const struct night *night)
{
    struct changeover p;
    struct changeover_event e[CHANGEOVER_MAX];
    bool no, nc;
    decode(night->found, &no, &nc);
    changeover_start(&p, 100 * MS, no, nc, 0);
    for (size_t i = 0; i < STEPS_MAX && night->steps[i].contacts; i++) {
        const struct step *s = &night->steps[i];
        char said[256];
        size_t n;
        if (s->contacts == 't') {
            n = changeover_time(&p, s->ms * MS, e);
        } else {
            decode(s->contacts, &no, &nc);
            n = changeover_levels(&p, no, nc, s->ms * MS, e);
        }
        write_down(e, n, said, sizeof said);
        if (strcmp(said, s->said))
            fail_msg("%s: at %lld ms said \"%s\", expected \"%s\"", night->what, (long long)s->ms,
                     said, s->said);
        assert_true(changeover_deadline(&p) > s->ms * MS);
    }
}

static void every_night_goes_as_written(void **state)
{
    (void)state;
    EACH_ROW (i, nights, nights[i].what)
        run_night(&nights[i]);
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

struct watch {
    bool pressed, fault;
    int64_t last;
};

static void check_event(struct watch *w, const struct changeover_event *e)
{
    assert_true(e->at >= w->last);
    w->last = e->at;
    switch (e->kind) {
    case CHANGEOVER_PRESSED:
    case CHANGEOVER_RELEASED:
        assert_int_equal(w->pressed, e->kind == CHANGEOVER_RELEASED);
        w->pressed = e->kind == CHANGEOVER_PRESSED;
        break;
    case CHANGEOVER_CUT:
    case CHANGEOVER_SHORT:
        assert_false(w->fault);
        w->fault = true;
        break;
    case CHANGEOVER_TAMPER:
        assert_true(w->fault);
        break;
    case CHANGEOVER_REPAIRED:
        assert_true(w->fault);
        w->fault = false;
        break;
    }
}

/* Whatever the wires do: press and release alternate, so do a fault and its end, a switch at rest
 * is neither pressed nor at fault, and both or neither for longer than a throw is no press. */
static void nothing_is_said_twice_or_out_of_order(void **state)
{
    (void)state;
    uint64_t x = 0x9e3779b97f4a7c15;
    struct changeover p;
    struct changeover_event e[CHANGEOVER_MAX];
    struct watch w = {0};
    int64_t now = 0, ambiguous_since = 0;
    bool was_ambiguous = false;
    changeover_start(&p, 100 * MS, false, true, now);
    for (int i = 0; i < 300000; i++) {
        uint64_t r = next_random(&x);
        static const int64_t spans[] = {1, 20, 90, 100, 110, 1000, 5100, 9000};
        now += spans[r & 7] * MS;
        bool no = (r >> 8) & 1, nc = (r >> 9) & 1;
        bool time_only = (r >> 10) % 4 == 0;
        size_t n = time_only ? changeover_time(&p, now, e) : changeover_levels(&p, no, nc, now, e);
        assert_true(n <= CHANGEOVER_MAX);
        for (size_t k = 0; k < n; k++)
            check_event(&w, &e[k]);
        assert_int_equal(p.pressed, w.pressed);
        assert_int_equal(p.fault, w.fault);
        bool ambiguous = p.no == p.nc;
        if (ambiguous && !was_ambiguous)
            ambiguous_since = now;
        was_ambiguous = ambiguous;
        if (ambiguous && now - ambiguous_since >= 100 * MS)
            assert_true(!w.pressed && w.fault);
        if (p.nc && !p.no)
            assert_true(!w.pressed && !w.fault);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_night_goes_as_written),
        cmocka_unit_test(nothing_is_said_twice_or_out_of_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
