/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Lint: a sequence of certificates and CRLs in DER. Every rule runs for each of them, and the rules for pairs for all. Findings
 * are printable text, and a second run gives the same number of findings. */
#include "core/base/text.h"
#include "fuzz.h"
#include "lint/lint.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#define OBJECTS_MAX 8

static void check_text(const char *text, size_t size)
{
    char out[1024];
    if (strnlen(text, size) == size || !cg_text_escape(text, strlen(text), out, sizeof out))
        abort();
}

static bool add_certificate(struct cg_lint *lint, const unsigned char **at, long len)
{
    X509 *cert = d2i_X509(NULL, at, len);
    bool added = cert && cg_lint_add_certificate(lint, cert);
    X509_free(cert);
    return added;
}

static bool add_crl(struct cg_lint *lint, const unsigned char **at, long len)
{
    X509_CRL *crl = d2i_X509_CRL(NULL, at, len);
    bool added = crl && cg_lint_add_crl(lint, crl);
    X509_CRL_free(crl);
    return added;
}

static void run(struct cg_lint *lint)
{
    if (!cg_lint_run(lint))
        abort();
    size_t count = cg_lint_count(lint);
    for (size_t i = 0; i < count; i++) {
        const struct cg_lint_finding *f = cg_lint_finding(lint, i);
        if (!f->row->id[0] || f->number >= cg_lint_objects(lint))
            abort();
        check_text(f->object, sizeof f->object);
        check_text(f->detail, sizeof f->detail);
    }
    if (!cg_lint_run(lint) || cg_lint_count(lint) != count)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const unsigned char *at = data, *end = data + size;
    struct cg_lint *lint = size <= 65536 ? cg_lint_new(1900000000) : NULL;
    if (!lint)
        return 0;
    for (int i = 0; i < OBJECTS_MAX && at < end; i++)
        if (!add_certificate(lint, &at, end - at) && !add_crl(lint, &at, end - at))
            break;
    ERR_clear_error();
    run(lint);
    cg_lint_free(lint);
    return 0;
}
