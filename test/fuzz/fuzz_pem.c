/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* PEM bundles: any bytes give certificates or an error with a text, and the same for CRLs. */
#include "core/cert/pem.h"
#include "core/trust/trust.h"
#include "fuzz.h"

#include <openssl/err.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cg_error err = {""};
    STACK_OF(X509) *certs = NULL;
    bool ok = cg_certificates_read("fuzz.pem", data, size, 8, &certs, &err);
    if (ok ? sk_X509_num(certs) < 1 || sk_X509_num(certs) > 8 : certs || !err.text[0])
        abort();
    sk_X509_pop_free(certs, X509_free);

    struct cg_trust *trust = cg_trust_new();
    (void)cg_trust_add_anchors(trust, "fuzz.pem", data, size, &err);
    err.text[0] = '\0';
    if (!cg_trust_add_crls(trust, "fuzz.pem", data, size, &err) && !err.text[0])
        abort();
    cg_trust_free(trust);
    if (ERR_peek_error())
        abort(); /* the error queue must stay empty */
    return 0;
}
