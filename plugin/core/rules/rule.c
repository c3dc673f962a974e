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

struct cg_cert_label cg_rule_cert_label(const struct cg_rule_input *input, int depth)
{
    struct cg_cert_label who;
    char name[sizeof who.text - 2];
    if (depth < 0 || depth >= input->ncerts)
        depth = 0;
    cg_name_text(X509_get_subject_name(input->cert[depth].x509), name, sizeof name);
    snprintf(who.text, sizeof who.text, "'%s'", name);
    return who;
}

enum cg_rule_result cg_rule_x509(const struct cg_rule_input *input, enum cg_reason reason, int depth, char *detail)
{
    for (int i = 0; i < input->x509.count; i++)
        if (input->x509.item[i].reason == reason && input->x509.item[i].depth == depth)
            return cg_rule_fail(detail, "%s: OpenSSL says: %s", cg_rule_cert_label(input, depth).text,
                                X509_verify_cert_error_string(input->x509.item[i].error));
    return CG_RULE_PASS;
}
