/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "verdict.h"

#include <openssl/x509_vfy.h>
#include <string.h>

int cg_verdict_x509_error(const struct cg_verdict *verdict)
{
    if (verdict && verdict->decision == CG_ACCEPT)
        return X509_V_OK;
    int error = verdict ? cg_reason_row(verdict->reason)->x509_error : 0;
    return error ? error : X509_V_ERR_APPLICATION_VERIFICATION;
}

const struct cg_finding *cg_verdict_audited(const struct cg_verdict *verdict)
{
    for (int i = 0; i < verdict->nfindings; i++)
        if (verdict->findings[i].mode == CG_AUDIT)
            return &verdict->findings[i];
    return NULL;
}

void cg_verdict_clear(struct cg_verdict *verdict)
{
    if (!verdict)
        return;
    sk_X509_pop_free(verdict->path, X509_free);
    memset(verdict, 0, sizeof *verdict);
}
