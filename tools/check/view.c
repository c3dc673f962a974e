/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "view.h"

#include "cli/print.h"
#include "core/cert/name.h"
#include "core/rules/rules.h"

static const struct cg_finding *finding_of(const struct cg_verdict *v, enum cg_reason reason)
{
    for (int i = 0; i < v->nfindings; i++)
        if (v->findings[i].reason == reason)
            return &v->findings[i];
    return NULL;
}

static const char *rule_result(const struct cg_verdict *v, const struct cg_profile *profile, enum cg_reason reason)
{
    const struct cg_finding *f = finding_of(v, reason);
    if (profile->mode[reason] == CG_OFF)
        return "off";
    if (f)
        return f->mode == CG_AUDIT ? "audit" : "failed";
    /* without a valid path most rules do not run */
    return v->complete && v->nfindings < CG_FINDINGS_MAX ? "passed" : "not checked";
}

void cg_verdict_show_rules(const struct cg_verdict *v, const struct cg_profile *profile)
{
    for (size_t i = 0; i < cg_rules_count(); i++) {
        enum cg_reason reason = cg_rules_reason(i);
        const struct cg_finding *f = finding_of(v, reason);
        cg_print(stdout, "  %-28s %-10s %s\n", cg_reason_row(reason)->code, rule_result(v, profile, reason),
                 f ? f->detail : "");
    }
}

cJSON *cg_verdict_rules_json(const struct cg_verdict *v, const struct cg_profile *profile)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < cg_rules_count(); i++) {
        enum cg_reason reason = cg_rules_reason(i);
        const struct cg_finding *f = finding_of(v, reason);
        cJSON *rule = cg_json_of("rule", cg_reason_row(reason)->code, "result", rule_result(v, profile, reason));
        if (f)
            cJSON_AddStringToObject(rule, "detail", f->detail);
        cJSON_AddItemToArray(list, rule);
    }
    return list;
}

cJSON *cg_verdict_json(const struct cg_verdict *v, const char *fix)
{
    const struct cg_reason_row *row = cg_reason_row(v->reason);
    cJSON *path = NULL, *object = cg_json_of("decision", v->decision == CG_ACCEPT ? "accept" : "reject");
    cg_json_add(object, "reason", row->code, "why", row->sentence, "detail", v->detail, "fix", fix, "ref", row->ref);
    cJSON_AddNumberToObject(object, "depth", v->depth);
    if (v->path)
        path = cJSON_AddArrayToObject(object, "path");
    for (int i = 0; i < sk_X509_num(v->path); i++) {
        char name[512];
        cg_name_text(X509_get_subject_name(sk_X509_value(v->path, i)), name, sizeof name);
        cJSON_AddItemToArray(path, cJSON_CreateString(name));
    }
    return object;
}

void cg_verdict_show(const struct cg_verdict *v, const char *fix, bool with_path)
{
    const struct cg_reason_row *row = cg_reason_row(v->reason);
    bool accepted = v->decision == CG_ACCEPT;
    const struct cg_finding *audited = cg_verdict_audited(v);
    cg_print_in(stdout, accepted ? CG_GREEN : CG_RED, "%s", accepted ? "accept" : "reject");
    cg_print(stdout, " %s\n", row->code);
    if (audited)
        cg_print(stdout, "  audit only: %s: %s\n", cg_reason_row(audited->reason)->code, audited->detail);
    if (!accepted) {
        cg_print(stdout, "  %s\n", row->sentence);
        if (v->detail[0])
            cg_print(stdout, "  Found: %s\n", v->detail);
        cg_print(stdout, "  Fix: %s\n", fix);
        if (row->ref[0])
            cg_print(stdout, "  See: %s\n", row->ref);
    }
    for (int i = 0; with_path && i < sk_X509_num(v->path); i++) {
        char name[512];
        cg_name_text(X509_get_subject_name(sk_X509_value(v->path, i)), name, sizeof name);
        cg_print(stdout, "  path %d: %s\n", i, name);
    }
}
