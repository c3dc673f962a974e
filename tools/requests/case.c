/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "case.h"
#include "base/failure.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const words[] = {
    [CG_CASE_FAULTY] = "faulty",       [CG_CASE_WAITING] = "waiting", [CG_CASE_ANSWERED] = "answered",
    [CG_CASE_CONFIRMED] = "confirmed", [CG_CASE_REFUSED] = "refused", [CG_CASE_FORKED] = "forked",
    [CG_CASE_LATER] = "later",
};

const char *cg_case_word(enum cg_case_state state)
{
    return words[state];
}

bool cg_case_refuse(struct cg_case *item, enum cg_reason reason, const char *detail)
{
    item->state = CG_CASE_REFUSED;
    return cg_refuse(&item->refusal, reason, "%s", detail);
}

bool cg_case_fail(struct cg_case *item)
{
    item->state = CG_CASE_FAULTY;
    return false;
}

bool cg_case_was_refused(const struct cg_cases *cases, const struct cg_case *item, enum cg_reason reason)
{
    char text[CG_REFUSED_MAX];
    snprintf(text, sizeof text, "%s %s", item->item->id, cg_reason_row(reason)->code);
    return cg_serials_has(&cases->refused, text);
}

EVP_PKEY *cg_case_key(const struct cg_case *item, struct cg_error *err)
{
    const struct cg_der *spki = &item->item->mail.request.spki;
    const unsigned char *at = spki->at;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, spki->end - spki->at);
    if (!key)
        cg_fail_openssl(err, "read", "the key of the request");
    return key;
}

void cg_cases_clear(struct cg_cases *cases)
{
    free(cases->item);
    cg_serials_free(&cases->refused);
    cg_serials_free(&cases->forked);
    *cases = (struct cg_cases){.issuer = NULL};
}
