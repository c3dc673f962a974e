/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "check_fixture.h"

#include "core/policy/policy_load.h"
#include "core/trust/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef bool add_function(struct cg_trust *, const char *, const void *, size_t, struct cg_error *);

static void die(const char *what, const struct cg_error *err)
{
    fprintf(stderr, "check_fixture: %s: %s\n", what, err->text);
    abort();
}

static void add(struct cg_trust *trust, struct cg_pki *pki, const char *names, add_function *function)
{
    struct cg_error err = {""};
    char *pem = names ? cg_pki_pem(pki, names) : NULL;
    if (pem && !function(trust, names, pem, strlen(pem), &err))
        die(names, &err);
    free(pem);
}

void fixture_open(struct cg_pki *pki, const struct fixture_case *row, struct fixture_inputs *out)
{
    struct cg_error err = {""};
    char json[2048];
    if (row->recipe)
        cg_pki_make(pki, row->recipe);
    snprintf(json, sizeof json, "{\"trust\": {\"anchors\": \"ca.pem\"%s}%s}",
             row->crls ? ", \"crls\": \"crl.pem\"" : "", row->policy ? row->policy : "");
    out->policy = cg_policy_parse("policy.json", json, strlen(json), &err);
    out->trust = cg_trust_new();
    if (!out->policy || !out->trust)
        die(json, &err);
    add(out->trust, pki, row->intermediate_anchors, cg_trust_add_intermediate_anchors);
    add(out->trust, pki, row->anchors ? row->anchors : "root", cg_trust_add_anchors);
    add(out->trust, pki, row->intermediates, cg_trust_add_intermediates);
    char *pem = row->crls ? cg_pki_pem(pki, row->crls) : NULL;
    if (pem && !cg_trust_add_crls(out->trust, "crl", pem, strlen(pem), &err))
        die(row->crls, &err);
    free(pem);
    out->sent = row->sent ? cg_pki_stack(pki, row->sent) : NULL;
    out->check = (struct cg_check_input){.profile = row->purpose == CG_PURPOSE_SERVER ? &out->policy->base.server
                                                                                      : &out->policy->base.client,
                                         .trust = out->trust,
                                         .purpose = row->purpose ? row->purpose : CG_PURPOSE_CLIENT,
                                         .leaf = cg_pki_cert(pki, row->leaf ? row->leaf : "c"),
                                         .sent = out->sent,
                                         .host = row->host,
                                         .now = FIXTURE_NOW};
}

void fixture_close(struct fixture_inputs *inputs)
{
    sk_X509_pop_free(inputs->sent, X509_free);
    cg_trust_free(inputs->trust);
    cg_policy_free(inputs->policy);
}

void fixture_check(struct cg_pki *pki, const struct fixture_case *row, struct cg_verdict *out)
{
    struct fixture_inputs inputs;
    fixture_open(pki, row, &inputs);
    cg_check(&inputs.check, out);
    fixture_close(&inputs);
}
