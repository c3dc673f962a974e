/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "ca/csr.h"
#include "ca_options/issue_options.h"
#include "verbs.h"

#define OF(field) offsetof(struct cg_issue_options, field)

static const struct cg_option options[] = {
    {"as", "broker|bridge|client", "type of the certificate (default client)", CG_OPT_CHOICE, 0, OF(as)},
    {"name", "NAME", "name of the folder under live/ (default: the request's common name)", CG_OPT_STRING, 0,
     OF(request.name)},
    {"accept-names", NULL, "include the SANs that the request contains", CG_OPT_FLAG, 0, OF(request.accept_names)},
    CG_CONTENT_ROWS(OF),
    CG_PLACE_ROWS(OF),
};

static bool check(const struct cg_cli *cli, const void *values, struct cg_error *err)
{
    (void)cli;
    return cg_issue_options_check(values, err);
}

static int run(const struct cg_cli *cli, const void *values)
{
    struct cg_issue_options o = *(const struct cg_issue_options *)values;
    struct cg_error err = {""};
    char name[CG_NAME_MAX + 1] = "";
    o.csr = cli->args[0];
    o.request.profile = cg_ca_profile_find(o.as ? o.as : "client");
    if (!o.request.name) {
        if (!cg_csr_common_name(o.csr, name, sizeof name, &err))
            return cg_fail(cli, CG_EXIT_FAILED, &err);
        o.request.name = name;
    }
    return cg_issue_options_run(cli, &o);
}

const struct cg_verb cg_verb_sign = {
    .name = "sign",
    .group = CG_GROUP_CA,
    CG_ARGUMENTS("CSR", 1, 1),
    .completes = CG_WORD_FILE,
    .summary = "issue a certificate for a key that was created elsewhere",
    .description = "Reads a certificate signing request (PKCS#10, PEM or DER), verifies its signature, and shows its\n"
                   "contents. Then it issues a certificate of the type given by --as. Only the key is taken from the\n"
                   "request; with --accept-names also its subject alternative names (SANs). With --to, the certificate "
                   "is\n"
                   "also deployed, beside the key that is there.",
    .examples = "certguard sign sensor3.csr\n"
                "certguard sign broker2.csr --as broker --name broker2 --san dns:broker2.lan",
    .needs_key = true,
    CG_OPTIONS(options, struct cg_issue_options),
    .check = check,
    .run = run,
};
