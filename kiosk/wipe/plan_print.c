#include "kiosk/wipe/plan_print.h"

#include "kiosk/common/file.h"
#include "kiosk/common/wrap.h"
#include "kiosk/wipe/target.h"

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const phases[] = {
    [PLAN_STOP] = "First, what uses the data is stopped",
    [PLAN_KEYS] = "Then keys are destroyed",
    [PLAN_REST] = "Then everything that is slow",
    [PLAN_LAST] = "Last, once the alert is handed over or has expired",
};

static const char *plan_print_place(const struct plan_target *t)
{
    return t->path[0] ? t->path : t->word;
}

enum { INDENT = 6 };

/* A line each, indented. */
static void plan_print_notes(FILE *out, size_t columns, const char *notes)
{
    char line[TARGET_NOTES_MAX];

    while (*notes) {
        size_t len = strcspn(notes, "\n");
        snprintf(line, sizeof line, "%.*s", (int)len, notes);
        fprintf(out, "%*s", INDENT, "");
        wrap_text(out, columns, INDENT, INDENT, line);
        notes += len + (notes[len] == '\n');
    }
}

static void plan_print_text(const struct plan *p, const struct scope *s, const char *prefix,
                            FILE *out)
{
    size_t columns = isatty(fileno(out)) ? WRAP_COLUMNS : SIZE_MAX; /* in a pipe, one line */
    int phase = -1;
    for (size_t i = 0; i < p->targets_count; i++) {
        const struct plan_target *t = &p->targets[i];
        const struct target_ops *ops = target_ops(t->kind);
        struct target_view view;
        char text[TARGET_WHY_MAX + 64];

        if ((int)plan_phase_of(t->kind) != phase) {
            phase = (int)plan_phase_of(t->kind);
            fprintf(out, "%s%s:\n", i ? "\n" : "", phases[phase]);
        }
        target_look(s, t, &view);
        fprintf(out, "  %s %s: %s%s (%s)\n%*s", plan_kind_name(t->kind), t->name,
                t->root >= 0 ? prefix : "", plan_print_place(t), view.seen, INDENT, "");
        if (view.best > WIPE_DESTROYED)
            snprintf(text, sizeof text, "Would be reported as %s: %s.",
                     wipe_outcome_name(view.best), view.why);
        wrap_text(out, columns, INDENT, INDENT, view.best > WIPE_DESTROYED ? text : ops->promise);
        plan_print_notes(out, columns, view.notes);
    }
}

static int plan_print_json(const struct plan *p, const struct scope *s, FILE *out)
{
    cJSON *top = cJSON_CreateObject(), *list = cJSON_AddArrayToObject(top, "targets");
    char *text;
    for (size_t i = 0; i < p->targets_count; i++) {
        const struct plan_target *t = &p->targets[i];
        const struct target_ops *ops = target_ops(t->kind);
        cJSON *one = cJSON_CreateObject();
        struct target_view view;

        target_look(s, t, &view);
        cJSON_AddStringToObject(one, "kind", plan_kind_name(t->kind));
        cJSON_AddStringToObject(one, "name", t->name);
        cJSON_AddStringToObject(one, "place", plan_print_place(t));
        cJSON_AddStringToObject(one, "seen", view.seen);
        cJSON_AddNumberToObject(one, "phase", plan_phase_of(t->kind));
        cJSON_AddStringToObject(one, "promise", ops->promise);
        cJSON_AddStringToObject(one, "best", wipe_outcome_name(view.best));
        cJSON_AddStringToObject(one, "why", view.why);
        cJSON_AddStringToObject(one, "notes", view.notes);
        cJSON_AddItemToArray(list, one);
    }
    text = cJSON_Print(top);
    cJSON_Delete(top);
    if (!text)
        return -1;
    fprintf(out, "%s\n", text);
    free(text);
    return 0;
}

int plan_print(const struct run *r, FILE *out, bool json)
{
    struct plan p;
    struct scope s;
    int result = 0;

    if (!run_load(r, &p) || scope_init(&s, r->prefix, &p) < 0)
        return -1;
    if (json)
        result = plan_print_json(&p, &s, out);
    else
        plan_print_text(&p, &s, r->prefix, out);
    scope_finish(&s);
    return result;
}
