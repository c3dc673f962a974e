/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/csr.h"
#include "ca_options/issue_options.h"
#include "verbs.h"

#define AT(field) offsetof(struct cg_issue_options, field)

static const struct cg_option options[] = {
    {"as", "broker|bridge|client", "what the certificate is for (default client)", CG_OPT_CHOICE, 0, AT(as)},
    {"name", "NAME", "name of the folder under live/ (default: the request's common name)", CG_OPT_STRING, 0, AT(name)},
    {"san", "TYPE:NAME", "a name of the certificate: dns:, ip:, uri:, email:, dirname:, rid: or other: (repeatable)",
     CG_OPT_LIST, 0, AT(san)},
    {"accept-names", NULL, "take the SANs that the request asks for", CG_OPT_FLAG, 0, AT(accept_names)},
    {"lifetime", "DURATION", "validity (default: broker and bridge 90d, client 365d)", CG_OPT_LIFETIME, 0,
     AT(lifetime)},
};

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_issue_options o = *(const struct cg_issue_options *)values;
    struct cg_error err = {""};
    char name[CG_NAME_MAX + 1] = "";
    o.csr = cli->args[0];
    o.profile = cg_ca_profile_find(o.as ? o.as : "client");
    if (!o.name) {
        if (!cg_csr_common_name(o.csr, name, sizeof name, &err))
            return cg_fail(cli, CG_EXIT_FAILED, &err);
        o.name = name;
    }
    return cg_issue_options_run(cli, &o);
}

const struct cg_verb cg_verb_sign = {
    .name = "sign",
    .group = CG_GROUP_CA,
    .arguments = "CSR",
    .summary = "certify a key that was made elsewhere",
    .description = "Reads a certificate signing request (PKCS#10, PEM), checks that its maker holds the key, shows "
                   "what it asks\n"
                   "for, and issues a certificate by the profile of --as. Nothing that the request asks for is taken "
                   "over but the\n"
                   "key, unless --accept-names says so for its SANs.",
    .examples = "certguard sign sensor3.csr\n"
                "certguard sign broker2.csr --as broker --name broker2 --san dns:broker2.lan",
    .min_args = 1,
    .max_args = 1,
    .needs_key = true,
    .options = options,
    .noptions = CG_COUNT(options),
    .options_size = sizeof(struct cg_issue_options),
    .run = run,
};
