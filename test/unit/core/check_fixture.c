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

/* One for all cases of a test program, so that a case meets the signatures of those before it. */
static struct cg_signature_cache *shared_cache(void)
{
    static struct cg_signature_cache *cache;
    if (!cache)
        cache = cg_signature_cache_new(CG_SIGNATURE_CACHE_BYTES);
    if (!cache)
        abort();
    return cache;
}

static bool same_path(const STACK_OF(X509) *a, const STACK_OF(X509) *b)
{
    bool same = sk_X509_num(a) == sk_X509_num(b);
    for (int i = 0; same && i < sk_X509_num(a); i++)
        same = X509_cmp(sk_X509_value(a, i), sk_X509_value(b, i)) == 0;
    return same;
}

static bool same_findings(const struct cg_verdict *a, const struct cg_verdict *b)
{
    bool same = a->nfindings == b->nfindings;
    for (int i = 0; same && i < a->nfindings; i++)
        same = a->findings[i].reason == b->findings[i].reason && a->findings[i].mode == b->findings[i].mode &&
               a->findings[i].depth == b->findings[i].depth &&
               strcmp(a->findings[i].detail, b->findings[i].detail) == 0;
    return same;
}

static bool same(const struct cg_verdict *a, const struct cg_verdict *b)
{
    return a->decision == b->decision && a->reason == b->reason && a->depth == b->depth && a->complete == b->complete &&
           a->signatures_hold == b->signatures_hold && a->not_after == b->not_after &&
           strcmp(a->detail, b->detail) == 0 && same_findings(a, b) && same_path(a->path, b->path);
}

void fixture_verdict(const struct cg_check_input *in, struct cg_verdict *out)
{
    struct cg_check_input with_cache = *in;
    with_cache.signatures = shared_cache();
    cg_check(in, out);
    for (int i = 0; i < 3; i++) {
        struct cg_verdict verdict;
        cg_check(&with_cache, &verdict);
        if (!same(&verdict, out)) {
            fprintf(stderr, "check_fixture: with the cache of signatures %s (%s), without %s (%s)\n",
                    cg_reason_row(verdict.reason)->code, verdict.detail, cg_reason_row(out->reason)->code, out->detail);
            abort();
        }
        cg_verdict_clear(&verdict);
    }
}

void fixture_check(struct cg_pki *pki, const struct fixture_case *row, struct cg_verdict *out)
{
    struct fixture_inputs inputs;
    fixture_open(pki, row, &inputs);
    fixture_verdict(&inputs.check, out);
    fixture_close(&inputs);
}
