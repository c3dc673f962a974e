/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Deny list (every certificate of the path) and allow list (the end entity). Digests are computed only if a list
 * needs them. */
#include "rule.h"

#include "core/cert/list.h"
#include "core/cert/name.h"

enum cg_rule_result cg_rule_deny_list(const struct cg_path_facts *facts, enum cg_reason reason, int depth, char *detail)
{
    (void)reason;
    const struct cg_certificate_list *list = &facts->in->profile->deny;
    const X509 *cert = facts->cert[depth].x509;
    char serial[CG_HEX_MAX];
    bool fault = false;
    const struct cg_certificate_match *match = cg_list_find(list, cert, &fault);
    if (fault)
        return CG_RULE_FAULT;
    if (!match)
        return CG_RULE_PASS;
    cg_serial_text(X509_get0_serialNumber(cert), serial, sizeof serial);
    return cg_rule_fail(detail, "%s, serial number %s, is on the deny list%s%s", cg_rule_cert_label(facts, depth).text,
                        serial, match->note ? ": " : "", match->note ? match->note : "");
}

enum cg_rule_result cg_rule_allow_list(const struct cg_path_facts *facts, enum cg_reason reason, int depth,
                                       char *detail)
{
    (void)reason;
    const struct cg_certificate_list *list = &facts->in->profile->allow;
    const X509 *cert = facts->cert[depth].x509;
    bool fault = false;
    if (list->count == 0 || cg_list_find(list, cert, &fault))
        return CG_RULE_PASS;
    char sha256[CG_HEX_MAX];
    if (fault || !cg_sha256_text(cert, sha256))
        return CG_RULE_FAULT;
    return cg_rule_fail(detail, "%s is not on the allow list; its SHA-256 is %s", cg_rule_cert_label(facts, depth).text,
                        sha256);
}
