/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "numbers_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct cg_pki *pki;

struct cg_pki *numbers_open(const char *label)
{
    pki = fixture_open(label);
    cg_pki_make(pki, "six: crl issuer=root number=6 days=-3..7\n"
                     "seven: crl issuer=root number=7 days=-2..7\n"
                     "eight: crl issuer=root number=8 days=-1..7\n"
                     "seven-again: crl issuer=root number=7 days=-1..7\n"
                     "delta: crl issuer=root number=9 delta=8\n"
                     "none: crl issuer=root number=none days=-2..7\n"
                     "other5: crl issuer=other number=5\n"
                     "other4: crl issuer=other number=4\n"
                     "other-longest: crl issuer=other number=730750818665451459101842416358141509827966271487\n");
    assert_int_equal(mkdir(cg_scratch_path("state"), 0700), 0);
    return pki;
}

struct cg_crl *numbers_read_crl(const char *name)
{
    unsigned char *der = NULL;
    struct cg_error err = {""};
    int len = i2d_X509_CRL(cg_pki_crl(pki, name), &der);
    STACK_OF(X509) *issuers = cg_pki_stack(pki, "root other");
    struct cg_crl *crl = cg_crl_read(der, (size_t)len, issuers, false, &err);
    sk_X509_pop_free(issuers, X509_free);
    OPENSSL_free(der);
    if (!crl)
        fail_msg("%s: %s", name, err.text);
    return crl;
}

void numbers_raise(struct cg_crl_numbers *numbers, const char *name)
{
    struct cg_crl *crl = numbers_read_crl(name);
    assert_true(cg_crl_numbers_raise(numbers, crl));
    cg_crl_free(crl);
}

void numbers_save(const struct cg_crl_numbers *numbers, const char *file)
{
    size_t len = 0;
    char *text = cg_crl_numbers_text(numbers, &len);
    assert_non_null(text);
    cg_scratch_write(file, text);
    free(text);
}
