/* Simulated nights: see README.md. */

#include "tests/nights/known.h"
#include "tests/nights/night.h"
#include "tests/nights/pair.h"
#include "tests/nights/script.h"
#include "tests/nights/story.h"
#include "tests/nights/transcript.h"
#include "tests/nights/watch.h"

#include <cjson/cJSON.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SHRUNK_MOST = 5 };

static const char usage[] =
    "Usage: nights [--seed S] [--count N | --seconds T] [--known FILE] [--weights FILE]\n"
    "       nights --seed S --story [--without BITS]\n"
    "       nights --seed S --shrink INVARIANT\n"
    "       nights --night FILE [--story]\n"
    "Plays simulated nights and says what failed in them (tests/nights/README.md).\n"
    "\n"
    "  --seed S          the first night; the next one has S + 1\n"
    "  --count N         so many nights; 1 if neither is given\n"
    "  --seconds T       nights for so long\n"
    "  --known FILE      failures that are known are counted apart\n"
    "  --weights FILE    how likely each gesture and fault is\n"
    "  --story           tell the night, one line an event\n"
    "  --without BITS    leave out these of its happenings, as --shrink prints them\n"
    "  --shrink NAME     leave out what the failure of this invariant does not need\n"
    "  --until NAME      end with the first night in which this invariant fails, and say how many\n"
    "  --transcript FILE write what phones went through, for replay.mjs\n"
    "  --night FILE      play a night that was kept; 0 if it fails or holds as it says\n"
    "  --fail-fast       end at the first failure that is not known\n";

struct options {
    uint64_t seed, count;
    double seconds;
    uint32_t without;
    const char *shrink, *script, *until;
    bool fail_fast;
};

static struct night night;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A crash of the code under test is a failure too, and its seed must be known. */
static void on_crash(int number)
{
    char text[96];
    int len =
        snprintf(text, sizeof text, "seed %" PRIu64 ": crashed (signal %d)\n", night.seed, number);
    (void)!write(STDERR_FILENO, text, (size_t)len);
    _exit(3);
}

static void crashes_catch(void)
{
    static uint8_t stack[64 * 1024];
    const stack_t other = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction act = {.sa_handler = on_crash, .sa_flags = SA_ONSTACK};
    sigaltstack(&other, NULL);
    sigaction(SIGSEGV, &act, NULL);
    sigaction(SIGABRT, &act, NULL);
    sigaction(SIGBUS, &act, NULL);
}

static int arguments_read(int argc, char **argv, struct options *o)
{
    static const struct option known[] = {{"seed", required_argument, NULL, 's'},
                                          {"count", required_argument, NULL, 'c'},
                                          {"seconds", required_argument, NULL, 't'},
                                          {"story", no_argument, NULL, 'v'},
                                          {"known", required_argument, NULL, 'k'},
                                          {"weights", required_argument, NULL, 'w'},
                                          {"without", required_argument, NULL, 'o'},
                                          {"shrink", required_argument, NULL, 'r'},
                                          {"fail-fast", no_argument, NULL, 'f'},
                                          {"until", required_argument, NULL, 'u'},
                                          {"night", required_argument, NULL, 'n'},
                                          {"transcript", required_argument, NULL, 'j'},
                                          {0}};
    *o = (struct options){.seed = 1, .count = 1};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 's')
            o->seed = strtoull(optarg, NULL, 10);
        else if (c == 'c')
            o->count = strtoull(optarg, NULL, 10);
        else if (c == 't')
            o->seconds = strtod(optarg, NULL);
        else if (c == 'v')
            story_told = true;
        else if (c == 'o')
            o->without = (uint32_t)strtoul(optarg, NULL, 16);
        else if (c == 'r')
            o->shrink = optarg;
        else if (c == 'u')
            o->until = optarg;
        else if (c == 'n')
            o->script = optarg;
        else if (c == 'j') {
            if (transcript_open(optarg) != 0)
                return -1;
        } else if (c == 'f')
            o->fail_fast = true;
        else if (c == 'k' ? known_read(optarg) != 0 : c != 'w' || night_weights(optarg) != 0)
            return -1;
    }
    return optind == argc ? 0 : -1;
}

/* --- what is printed -------------------------------------------------------------------------- */

static void shrink(uint64_t seed, const char *invariant)
{
    transcript_mute(true);
    uint32_t without = night_shrink(seed, invariant);
    printf("shrunk: --seed %" PRIu64 " --without %x\n", seed, without);
    story_told = true;
    pair_or_one_draw(&night, seed);
    night_reduce(&night, without);
    script_write(stdout, &night, invariant);
    night_play(&night, without);
    story_told = false;
    transcript_mute(false);
}

/* --- many nights ------------------------------------------------------------------------------ */

struct run {
    uint64_t nights, failed, known, shrunk, events;
    double began;
};

static void judge(struct run *r)
{
    struct failure copy[FAILURES];
    const struct failure *f;
    size_t n = watch_failures(&f);
    uint64_t seed = night.seed;
    bool is_new = false, is_known = false;
    memcpy(copy, f, n * sizeof *f);
    for (size_t i = 0; i < n; i++) {
        struct known *k = known_find(&night, copy[i].name);
        is_known = is_known || k;
        if (k) {
            k->first = k->met++ == 0 ? seed : k->first;
            continue;
        }
        printf("seed %" PRIu64 ": %s: %s\n", seed, copy[i].name, copy[i].text);
        is_new = true;
        if (r->shrunk < SHRUNK_MOST) {
            r->shrunk++;
            shrink(seed, copy[i].name);
        }
    }
    r->failed += is_new;
    r->known += is_known && !is_new;
}

static void report(const struct run *r)
{
    double took = seconds(CLOCK_MONOTONIC) - r->began, worked = seconds(CLOCK_PROCESS_CPUTIME_ID);
    struct known *k;
    size_t n = known_all(&k);
    for (size_t i = 0; i < n; i++)
        if (k[i].met > 0)
            printf("known: %s, %" PRIu64 " times, first with seed %" PRIu64 ": %s\n",
                   k[i].invariant, k[i].met, k[i].first, k[i].why);
    printf("%" PRIu64 " nights in %.1f s: %" PRIu64 " failed, %" PRIu64 " in a known way; "
           "%.0f nights an hour of one core, %.0f events a night\n",
           r->nights, took, r->failed, r->known, (double)r->nights / worked * 3600,
           (double)r->events / (double)r->nights);
}

static bool fails_now(const char *invariant)
{
    const struct failure *f;
    size_t n = watch_failures(&f);
    for (size_t i = 0; i < n; i++)
        if (strcmp(f[i].name, invariant) == 0 && !known_find(&night, invariant))
            return true;
    return false;
}

static int nights(const struct options *o)
{
    struct run r = {.began = seconds(CLOCK_MONOTONIC)};
    printf("nights from seed %" PRIu64 "\n", o->seed);
    while (o->seconds > 0 ? seconds(CLOCK_MONOTONIC) - r.began < o->seconds : r.nights < o->count) {
        pair_or_one_play(&night, o->seed + r.nights, o->without);
        r.nights++;
        r.events += world_events();
        if (story_told)
            printf("hash %016" PRIx64 "\n", world_hash());
        if (o->until && fails_now(o->until)) {
            printf("caught after %" PRIu64 " nights\n", r.nights);
            break;
        }
        if (o->until)
            continue;
        judge(&r);
        if (o->fail_fast && r.failed > 0)
            break;
    }
    report(&r);
    return r.failed > 0;
}

/* 0: what it says is so: the invariant that it names fails, and no other. */
static int play_script(const char *path)
{
    char fails[SCRIPT_NAME];
    const struct failure *f;
    if (script_read(path, &night, fails) != 0)
        return 2;
    if (night.pair != PAIR_NONE)
        pair_play(&night, 0);
    else
        night_play(&night, 0);
    size_t n = watch_failures(&f);
    bool met = false, others = false;
    for (size_t i = 0; i < n; i++) {
        bool said = strcmp(f[i].name, fails) == 0;
        printf("%s: %s: %s\n", path, f[i].name, f[i].text);
        met = met || said;
        others = others || !said;
    }
    if (!met && fails[0] != '\0')
        printf("%s: %s holds: it was fixed, or the night no longer shows it\n", path, fails);
    return met == (fails[0] != '\0') && !others ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct options o;
    cJSON_Hooks hooks = {malloc, free};
    int status = 0;
    if (arguments_read(argc, argv, &o) != 0) {
        fputs(usage, stderr);
        return 2;
    }
    if (sodium_init() < 0)
        return 2;
    setenv("TZ", "UTC", 1);
    setvbuf(stdout, NULL, _IOLBF, 0);
    cJSON_InitHooks(&hooks);
    crashes_catch();
    if (o.script)
        status = play_script(o.script);
    else if (o.shrink)
        shrink(o.seed, o.shrink);
    else
        status = nights(&o);
    transcript_close();
    venue_clean();
    return status;
}
