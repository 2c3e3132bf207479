#ifndef PORCHLIGHT_TESTS_UNIT_EXPLORE_H
#define PORCHLIGHT_TESTS_UNIT_EXPLORE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Visits every state that a pure module can reach, by every order of events, and checks what must
 * hold after each step. A state is a plain struct without padding that matters: the model zeroes it
 * once and writes whole fields. Times in it are relative to now and cut off where they no longer
 * make a difference, so that the number of states is finite. */

#define EXPLORE_SKIP ((const char *)1) /* this event cannot happen in this state */

struct explore_model {
    size_t size;   /* bytes of a state */
    size_t events; /* numbered from 0 */
    /* One event. NULL: all that must hold does; EXPLORE_SKIP; else a sentence that says what does
     * not. `context` is the caller's. */
    const char *(*step)(void *state, size_t event, const void *context);
    const char *(*event_name)(size_t event);
    const void *context;
};

struct explore_result {
    size_t states, transitions, depth; /* depth: events to the farthest state that was expanded */
    const char *broken;                /* NULL: everything held */
};

struct explore_graph {
    const struct explore_model *model;
    unsigned char *states;
    size_t count, room;
    uint32_t *parent, *via, *depth;
    uint32_t *slots; /* open addressing; 0: free, else the state's number + 1 */
    size_t slots_count;
};

static inline uint64_t explore_hash(const unsigned char *bytes, size_t size)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (size_t i = 0; i < size; i++)
        h = (h ^ bytes[i]) * UINT64_C(1099511628211);
    return h ^ (h >> 29);
}

static inline uint32_t *explore_slot(struct explore_graph *g, const void *state)
{
    size_t at = (size_t)explore_hash(state, g->model->size) & (g->slots_count - 1);
    while (g->slots[at] &&
           memcmp(g->states + (g->slots[at] - 1) * g->model->size, state, g->model->size) != 0)
        at = (at + 1) & (g->slots_count - 1);
    return &g->slots[at];
}

static inline void explore_grow(struct explore_graph *g)
{
    if (g->count < g->room)
        return;
    g->room = g->room ? 2 * g->room : 4096;
    g->states = realloc(g->states, g->room * g->model->size);
    g->parent = realloc(g->parent, g->room * sizeof *g->parent);
    g->via = realloc(g->via, g->room * sizeof *g->via);
    g->depth = realloc(g->depth, g->room * sizeof *g->depth);
    free(g->slots);
    g->slots_count = 4 * g->room;
    g->slots = calloc(g->slots_count, sizeof *g->slots);
    if (!g->states || !g->parent || !g->via || !g->depth || !g->slots)
        abort();
    for (size_t i = 0; i < g->count; i++)
        *explore_slot(g, g->states + i * g->model->size) = (uint32_t)i + 1;
}

static inline void explore_add(struct explore_graph *g, const void *state, uint32_t parent,
                               uint32_t via, uint32_t depth)
{
    explore_grow(g);
    uint32_t *slot = explore_slot(g, state);
    if (*slot)
        return;
    memcpy(g->states + g->count * g->model->size, state, g->model->size);
    g->parent[g->count] = parent;
    g->via[g->count] = via;
    g->depth[g->count] = depth;
    *slot = (uint32_t)++g->count;
}

/* The shortest way to what broke, one event a line. */
static inline void explore_tell(const struct explore_graph *g, size_t state, size_t event)
{
    size_t path[256], n = 0;
    for (size_t at = state; g->depth[at] > 0 && n < 256; at = g->parent[at])
        path[n++] = g->via[at];
    while (n > 0)
        fprintf(stderr, "  %s\n", g->model->event_name(path[--n]));
    fprintf(stderr, "  %s\n", g->model->event_name(event));
}

/* From `first`, to at most `depth` events away. */
static inline struct explore_result explore(const struct explore_model *m, const void *first,
                                            size_t depth)
{
    struct explore_graph g = {.model = m};
    struct explore_result r = {0};
    unsigned char *state = malloc(m->size);
    if (!state)
        abort();
    explore_add(&g, first, 0, 0, 0);
    for (size_t i = 0; i < g.count && !r.broken && g.depth[i] < depth; i++) {
        r.depth = g.depth[i] + 1;
        for (size_t event = 0; event < m->events && !r.broken; event++) {
            memcpy(state, g.states + i * m->size, m->size);
            r.broken = m->step(state, event, m->context);
            if (r.broken == EXPLORE_SKIP) {
                r.broken = NULL;
                continue;
            }
            r.transitions++;
            if (r.broken)
                explore_tell(&g, i, event);
            else
                explore_add(&g, state, (uint32_t)i, (uint32_t)event, g.depth[i] + 1);
        }
    }
    r.states = g.count;
    free(state);
    free(g.states);
    free(g.parent);
    free(g.via);
    free(g.depth);
    free(g.slots);
    return r;
}

#endif
