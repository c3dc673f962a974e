/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "findings.h"

#include "print.h"

const char *cg_severity_text(enum cg_severity severity)
{
    static const char *const text[] = {"notice", "warning", "error"};
    return text[severity];
}

static const char *if_any(const char *text)
{
    return text && *text ? text : NULL;
}

cJSON *cg_found_json(const struct cg_found *found)
{
    const struct cg_rule_row *row = found->row;
    cJSON *object = cg_json_of("id", row->id, "severity", cg_severity_text(row->severity), "why", row->why);
    cg_json_add(object, "detail", if_any(found->detail), "ref", row->ref, "fix", row->fix);
    cg_json_add(object, "file", if_any(found->file), "object", if_any(found->object));
    if (found->line)
        cJSON_AddNumberToObject(object, "line", found->line);
    return object;
}

void cg_severity_print(enum cg_severity severity)
{
    static const enum cg_colour colours[] = {CG_DIM, CG_YELLOW, CG_RED};
    cg_print_in(stdout, colours[severity], "%s", cg_severity_text(severity));
}

void cg_found_print(const struct cg_found *found)
{
    const char *ref = found->row->ref;
    cg_print(stdout, "%s%s", found->file, found->file[0] ? ": " : "");
    cg_severity_print(found->row->severity);
    cg_print(stdout, ": %s (%s)\n", found->row->why, found->row->id);
    cg_print(stdout, "    %s%s%s%s%s%s\n", found->object, found->detail[0] ? ": " : "", found->detail,
             ref[0] ? " [" : "", ref, ref[0] ? "]" : "");
    cg_print(stdout, "    %s\n", found->row->fix);
}

void cg_rules_print(const struct cg_cli *cli, const struct cg_rule_row *(*row)(size_t index))
{
    cJSON *list = cJSON_CreateArray();
    const struct cg_rule_row *r;
    for (size_t i = 0; (r = row(i)); i++) {
        cJSON_AddItemToArray(list, cg_found_json(&(struct cg_found){.row = r}));
        if (!cli->json)
            cg_print(stdout, "%-34s %-8s %s%s%s%s\n", r->id, cg_severity_text(r->severity), r->why,
                     r->ref[0] ? " [" : "", r->ref, r->ref[0] ? "]" : "");
    }
    cg_result(cli, list);
}
