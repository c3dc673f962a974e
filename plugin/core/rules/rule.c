/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "rule.h"

#include "core/cert/name.h"

#include <openssl/x509_vfy.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum cg_rule_result cg_rule_fail(char *detail, const char *format, ...)
{
    char line[1024];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    cg_text_escape(line, n < 0 ? 0 : strlen(line), detail, CG_DETAIL_MAX);
    return CG_RULE_FAIL;
}

struct cg_cert_label cg_rule_cert_label(const struct cg_path_facts *facts, int depth)
{
    struct cg_cert_label label;
    char name[sizeof label.text - 2];
    if (depth < 0 || depth >= facts->ncerts)
        depth = 0;
    cg_name_text(X509_get_subject_name(facts->cert[depth].x509), name, sizeof name);
    snprintf(label.text, sizeof label.text, "'%s'", name);
    return label;
}

enum cg_rule_result cg_rule_x509(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    for (int i = 0; i < facts->x509.count; i++)
        if (facts->x509.item[i].reason == reason && facts->x509.item[i].depth == depth)
            return cg_rule_fail(detail, "%s: OpenSSL reports: %s", cg_rule_cert_label(facts, depth).text,
                                X509_verify_cert_error_string(facts->x509.item[i].error));
    return CG_RULE_PASS;
}
