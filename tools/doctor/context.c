/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct cg_doctor_finding *new_finding(struct cg_doctor *d)
{
    struct cg_doctor_finding *finding = realloc(d->finding, (d->count + 1) * sizeof *finding);
    if (!finding) {
        d->memory_short = true;
        return NULL;
    }
    d->finding = finding;
    return &finding[d->count++];
}

void cg_doctor_report(struct cg_doctor *d, const struct cg_rule_row *row, const char *format, ...)
{
    struct cg_doctor_finding *finding = new_finding(d);
    struct cg_error clean = {""};
    char text[sizeof clean.text];
    va_list args;
    if (!finding)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    cg_error_set(&clean, "%s", text); /* escapes control characters */
    *finding = (struct cg_doctor_finding){.row = row};
    snprintf(finding->what, sizeof finding->what, "%s", clean.text);
}

void cg_doctor_report_line(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_conf_line *line)
{
    size_t before = d->count;
    cg_doctor_report(d, row, "%s:%u: %s%s%s", line->file, line->line, line->key, line->value[0] ? " " : "",
                     line->value);
    if (d->count > before)
        d->finding[before].line = line;
}

void cg_doctor_each_line(struct cg_doctor *d, const struct cg_rule_row *row, const char *const *keys,
                         bool (*test)(const struct cg_conf_line *))
{
    for (size_t i = 0; i < d->conf.count; i++)
        for (const char *const *key = keys; *key; key++)
            if (strcmp(d->conf.item[i].key, *key) == 0 && test(&d->conf.item[i]))
                cg_doctor_report_line(d, row, &d->conf.item[i]);
}

bool cg_doctor_plugin_requires(const struct cg_doctor *d, uint16_t port)
{
    if (!d->snapshot)
        return false;
    const struct cg_profile *client = &cg_policy_listener(d->snapshot->policy, port)->client;
    return client->certificate == CG_CERT_REQUIRED && client->mode[CG_REASON_NO_CERTIFICATE] == CG_ENFORCE;
}

const char *cg_doctor_event_log(const struct cg_doctor *d)
{
    const char *file = d->snapshot ? d->snapshot->policy->log.file : NULL;
    return file && strcmp(file, "-") != 0 ? file : NULL;
}
