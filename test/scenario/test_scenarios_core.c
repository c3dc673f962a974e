/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* The scenario table in the core: cg_check with a fixed clock. Also checks that every reason has a scenario. */
#include "core/check.h"
#include "core/policy/policy_load.h"
#include "core/trust/trust.h"
#include "lib/tap.h"
#include "row.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define NOW INT64_C(1800000000)

static bool add(bool (*adder)(struct cg_trust *, const char *, const void *, size_t, struct cg_error *),
                struct cg_trust *trust, const struct cg_pki *pki, const char *names, struct cg_error *err)
{
    char *pem = names ? cg_pki_pem(pki, names) : NULL;
    bool ok = !pem || adder(trust, names, pem, strlen(pem), err);
    free(pem);
    return ok;
}

static struct cg_trust *load_trust(const struct cg_scenario *row, const struct cg_pki *pki, struct cg_error *err)
{
    struct cg_trust *trust = cg_trust_new();
    char *crls = row->crls ? cg_pki_pem(pki, row->crls) : NULL;
    bool ok = add(cg_trust_add_intermediate_anchors, trust, pki, row->intermediate_anchors, err) &&
              add(cg_trust_add_anchors, trust, pki, cg_row_anchors(row), err) &&
              add(cg_trust_add_intermediates, trust, pki, row->intermediates, err) &&
              (!crls || cg_trust_add_crls(trust, row->crls, crls, strlen(crls), err));
    free(crls);
    if (ok)
        return trust;
    cg_trust_free(trust);
    return NULL;
}

/* The verdict and the detail, or the audited finding, are as in the row. */
static bool as_expected(const struct cg_scenario *row, const struct cg_verdict *verdict)
{
    const struct cg_finding *audited = cg_verdict_audited(verdict);
    bool ok = verdict->reason == row->expect && (verdict->decision == CG_ACCEPT) == (row->expect == CG_REASON_OK);
    if (row->audited)
        ok = ok && audited && audited->reason == row->audited;
    if (row->expect != CG_REASON_OK)
        ok = ok && *verdict->detail && (!row->words || strstr(verdict->detail, row->words));
    return ok;
}

static void run(const struct cg_scenario *row)
{
    struct cg_error err = {""};
    struct cg_verdict verdict = {0};
    struct cg_pki *pki = cg_row_pki(row, NOW);
    char *text = cg_row_policy(row);
    cg_pki_make(pki, cg_row_recipe(row));
    STACK_OF(X509) *sent = cg_pki_stack(pki, cg_row_send(row));
    struct cg_policy *policy = cg_policy_parse("scenario.json", text, strlen(text), &err);
    struct cg_trust *trust = policy ? load_trust(row, pki, &err) : NULL;
    bool server = row->purpose == CG_PURPOSE_SERVER;
    struct cg_check_input in = {
        .profile = policy ? server ? &policy->base.server : &policy->base.client : NULL,
        .trust = trust,
        .purpose = server ? CG_PURPOSE_SERVER : CG_PURPOSE_CLIENT,
        .leaf = sk_X509_value(sent, 0),
        .sent = sent,
        .host = row->host,
        .now = NOW,
    };
    if (trust)
        cg_check(&in, &verdict);
    cg_tap(trust && as_expected(row, &verdict) && ERR_peek_error() == 0, "%s", row->sentence);
    cg_tap_note("%s: %s%s", cg_reason_row(verdict.reason)->code, verdict.detail, err.text);
    for (int i = 0; i < verdict.nfindings; i++)
        cg_tap_note("  finding %s: %s", cg_reason_row(verdict.findings[i].reason)->code, verdict.findings[i].detail);
    ERR_clear_error();
    cg_verdict_clear(&verdict);
    cg_trust_free(trust);
    cg_policy_free(policy);
    sk_X509_pop_free(sent, X509_free);
    free(text);
    cg_pki_free(pki);
}

static void check_that_reasons_have_rows(void)
{
    for (int reason = CG_REASON_OK; reason < CG_REASON_COUNT; reason++) {
        bool found = false;
        const char *exception = cg_scenario_exception((enum cg_reason)reason);
        for (size_t i = 0; cg_scenario_at(i); i++)
            found = found || cg_scenario_at(i)->expect == (enum cg_reason)reason;
        const char *code = cg_reason_row((enum cg_reason)reason)->code;
        if (exception)
            cg_tap(!found, "reason %s has no row: %s", code, exception);
        else
            cg_tap(found, "reason %s has a row", code);
    }
}

int main(void)
{
    for (size_t i = 0; cg_scenario_at(i); i++)
        if (!(cg_scenario_at(i)->not_in & CG_NOT_CORE))
            run(cg_scenario_at(i));
    check_that_reasons_have_rows();
    return cg_tap_done();
}
