/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "issuers.h"

#include <string.h>

static struct {
    X509 *item[CG_ISSUERS_SHARED_MAX]; /* owned references */
    size_t count, next;                /* next: the oldest, once all places are taken */
    const STACK_OF(X509) *last;        /* compared, never dereferenced */
    bool proven;
} issuers;

static X509 *find(const X509 *certificate)
{
    for (size_t i = 0; i < issuers.count; i++)
        if (issuers.item[i] == certificate ||
            (X509_NAME_cmp(X509_get_subject_name(issuers.item[i]), X509_get_subject_name(certificate)) == 0 &&
             X509_cmp(issuers.item[i], certificate) == 0))
            return issuers.item[i];
    return NULL;
}

X509 *cg_issuers_shared(X509 *certificate)
{
    X509 *found = find(certificate);
    if (found || !X509_up_ref(certificate))
        return found ? found : certificate;
    size_t place = issuers.count < CG_ISSUERS_SHARED_MAX ? issuers.count++ : issuers.next++ % CG_ISSUERS_SHARED_MAX;
    X509_free(issuers.item[place]);
    issuers.item[place] = certificate;
    return certificate;
}

void cg_issuers_replace(const STACK_OF(X509) *sent)
{
    STACK_OF(X509) *chain = (STACK_OF(X509) *)(uintptr_t)sent;
    issuers.last = sent;
    for (int i = 1; issuers.proven && i < sk_X509_num(chain); i++) {
        X509 *copy = sk_X509_value(chain, i), *shared = find(copy);
        if (!shared || shared == copy || !X509_up_ref(shared))
            continue;
        (void)sk_X509_set(chain, i, shared);
        X509_free(copy);
    }
}

bool cg_issuers_are_of(const SSL *ssl)
{
    return issuers.last && issuers.last == SSL_get_peer_cert_chain(ssl);
}

void cg_issuers_set_proven(bool proven)
{
    issuers.proven = proven;
}

bool cg_issuers_are_proven(void)
{
    return issuers.proven;
}

void cg_issuers_forget(void)
{
    for (size_t i = 0; i < issuers.count; i++)
        X509_free(issuers.item[i]);
    memset(issuers.item, 0, sizeof issuers.item);
    issuers.count = issuers.next = 0;
}
