/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Rules on the constraints that a CA sets for the names and policies of certificates below it. */
#include "base/array.h"
#include "core/cert/name.h"
#include "core/cert/name_syntax.h"
#include "rules.h"

static bool nc_empty(const struct cg_lint_object *o)
{
    return o->nc && ((!o->nc->permittedSubtrees && !o->nc->excludedSubtrees) ||
                     sk_GENERAL_SUBTREE_num(o->nc->permittedSubtrees) == 0 ||
                     sk_GENERAL_SUBTREE_num(o->nc->excludedSubtrees) == 0); /* -1 if there is no list */
}

/* The plugin rejects every certificate below that has a name of that form. */
static bool nc_malformed(const struct cg_lint_object *o, char *detail, size_t size)
{
    const STACK_OF(GENERAL_SUBTREE) *lists[] = {o->nc ? o->nc->permittedSubtrees : NULL,
                                                o->nc ? o->nc->excludedSubtrees : NULL};
    for (size_t i = 0; i < CG_COUNT(lists); i++)
        for (int j = 0; j < sk_GENERAL_SUBTREE_num(lists[i]); j++) {
            const GENERAL_NAME *base = sk_GENERAL_SUBTREE_value(lists[i], j)->base;
            bool has_syntax = base->type == GEN_DNS || base->type == GEN_EMAIL || base->type == GEN_URI ||
                              base->type == GEN_IPADD;
            cg_san_text(base, detail, size);
            if (has_syntax && !cg_constraint_is_well_formed(base))
                return true;
        }
    return false;
}

static bool policy_constraints_empty(const struct cg_lint_object *o)
{
    return o->pcons && !o->pcons->requireExplicitPolicy && !o->pcons->inhibitPolicyMapping;
}

static const struct cg_lint_rule rules[] = {
    {{"name_constraints_in_leaf", CG_LINT_ERROR, "RFC 5280 4.2.1.10",
      "The certificate has nameConstraints but is not a CA.", "Issue it again without them."},
     CG_SCOPE_LEAF,
     .has = NID_name_constraints},
    {{"name_constraints_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.10",
      "The nameConstraints, or one of their lists, are empty.",
      "Issue the CA certificate again with the same name and key and without nameConstraints. Or create a new CA "
      "(certguard init --permit-dns DOMAIN) and " CG_TRUST_BOTH},
     .holds = nc_empty},
    {{"name_constraints_malformed", CG_LINT_ERROR, "RFC 5280 4.2.1.10",
      "A name constraint is malformed. Verifiers ignore it, or reject every certificate that has a name of its kind.",
      "Write hosts and domains without a scheme, an \"@\" or a dot at the end, and addresses with a prefix as mask, as "
      "this command does: certguard init --permit-dns DOMAIN"},
     .found = nc_malformed},
    {{"policy_constraints_empty", CG_LINT_ERROR, "RFC 5280 4.2.1.11", "The policyConstraints are empty.",
      "Issue it again."},
     .holds = policy_constraints_empty},
};

const struct cg_lint_rules cg_lint_constraint_rules = {CG_LINT_CERTIFICATE, rules, CG_COUNT(rules)};
