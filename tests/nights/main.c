/* Simulated nights: see README.md. */

#include "tests/nights/night.h"
#include "tests/nights/story.h"
#include "tests/nights/watch.h"

#include <cjson/cJSON.h>
#include <getopt.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct night night;

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t play(uint64_t seed, uint32_t without)
{
    night_draw(&night, seed);
    night_play(&night, without);
    return world_hash();
}

int main(int argc, char **argv)
{
    static const struct option known[] = {{"seed", required_argument, NULL, 's'},
                                          {"count", required_argument, NULL, 'c'},
                                          {"seconds", required_argument, NULL, 't'},
                                          {"story", no_argument, NULL, 'v'},
                                          {0}};
    uint64_t seed = 1, count = 0;
    double limit = 0;
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 's')
            seed = strtoull(optarg, NULL, 10);
        else if (c == 'c')
            count = strtoull(optarg, NULL, 10);
        else if (c == 't')
            limit = atof(optarg);
        else if (c == 'v')
            story_told = true;
        else
            return 2;
    }
    if (sodium_init() < 0)
        return 2;
    setenv("TZ", "UTC", 1);
    setvbuf(stdout, NULL, _IOLBF, 0);
    cJSON_Hooks hooks = {malloc, free};
    cJSON_InitHooks(&hooks);
    printf("seed %" PRIu64 "\n", seed);
    double began = seconds(CLOCK_MONOTONIC);
    uint64_t done = 0, bad = 0, events = 0;
    for (; count > 0 ? done < count : seconds(CLOCK_MONOTONIC) - began < limit; done++) {
        const struct failure *f;
        uint64_t hash = play(seed + done, 0);
        size_t n = watch_failures(&f);
        bad += n > 0;
        events += world_events();
        for (size_t i = 0; i < n; i++)
            printf("seed %" PRIu64 ": %s: %s\n", seed + done, f[i].name, f[i].text);
        if (story_told)
            printf("hash %016" PRIx64 "\n", hash);
    }
    double took = seconds(CLOCK_MONOTONIC) - began, worked = seconds(CLOCK_PROCESS_CPUTIME_ID);
    printf("%" PRIu64 " nights, %" PRIu64
           " failed, %.1f s; %.0f nights an hour of one core, %.0f events each\n",
           done, bad, took, (double)done / worked * 3600, (double)events / (double)done);
    venue_clean();
    return bad > 0;
}
