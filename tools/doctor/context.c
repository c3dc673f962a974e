/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "context.h"

#include "core/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void cg_doctor_report(struct cg_doctor *d, const struct cg_rule_row *row, const char *format, ...)
{
    struct cg_doctor_finding *finding = realloc(d->finding, (d->count + 1) * sizeof *finding);
    char text[sizeof finding->detail];
    va_list args;
    if (!finding) {
        d->memory_short = true;
        return;
    }
    d->finding = finding;
    finding += d->count++;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    *finding = (struct cg_doctor_finding){.row = row};
    cg_text_escape(text, strlen(text), finding->detail, sizeof finding->detail);
}

void cg_doctor_report_line_and(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_conf_line *line,
                               const char *more)
{
    size_t before = d->count;
    cg_doctor_report(d, row, "%s:%u: %s%s%s%s", line->file, line->line, line->key, line->value[0] ? " " : "",
                     line->value, more);
    if (d->count > before)
        d->finding[before].line = line;
}

void cg_doctor_report_line(struct cg_doctor *d, const struct cg_rule_row *row, const struct cg_conf_line *line)
{
    cg_doctor_report_line_and(d, row, line, "");
}

void cg_doctor_report_listener(struct cg_doctor *d, const struct cg_rule_row *row, unsigned listener, const char *what)
{
    cg_doctor_report(d, row, "%s: listener on port %u: %s", d->conf.files[0],
                     (unsigned)cg_conf_port(&d->conf, listener), what);
}

bool cg_doctor_is_one_of(const char *key, const char *const *keys)
{
    for (; *keys; keys++)
        if (strcmp(key, *keys) == 0)
            return true;
    return false;
}

bool cg_doctor_has_plugin(const struct cg_doctor *d)
{
    return d->plugin;
}

bool cg_doctor_is_2_0_11(const struct cg_doctor *d)
{
    return strcmp(d->version, "2.0.11") == 0;
}

bool cg_doctor_is_2_1(const struct cg_doctor *d)
{
    return strncmp(d->version, "2.", 2) == 0 && strncmp(d->version, "2.0.", 4) != 0;
}

bool cg_doctor_has_trust(const struct cg_conf *conf, unsigned listener)
{
    return cg_conf_find(conf, listener, "cafile") || cg_conf_find(conf, listener, "capath");
}

const struct cg_listener_policy *cg_doctor_policy(const struct cg_doctor *d, unsigned listener)
{
    return d->snapshot ? cg_policy_listener(d->snapshot->policy, cg_conf_port(&d->conf, listener)) : NULL;
}

bool cg_doctor_asks(const struct cg_doctor *d, unsigned plugin, enum cg_doctor_question question)
{
    static const struct {
        const char *name;
        bool asked[2]; /* CG_DOCTOR_LOGIN, CG_DOCTOR_TOPICS */
    } rows[] = {{"mosquitto_certguard", {true, false}},
                {CG_CONF_PASSWORD_PLUGIN, {true, false}},
                {CG_CONF_ACL_PLUGIN, {false, true}},
                {"mosquitto_persist_sqlite", {false, false}},
                {"mosquitto_sparkplug_aware", {false, false}}};
    for (size_t i = 0; i < CG_COUNT(rows); i++)
        if (cg_conf_plugin_is(&d->conf, plugin, rows[i].name))
            return rows[i].asked[question];
    return true;
}

unsigned cg_doctor_guard(const struct cg_doctor *d, unsigned listener)
{
    for (unsigned p = 1; p <= d->conf.plugins; p++)
        if (cg_conf_is_certguard(&d->conf, p) && cg_conf_plugin_applies(&d->conf, p, listener))
            return p;
    return 0;
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
