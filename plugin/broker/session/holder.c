/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "holder.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <string.h>

uint64_t cg_digest64(const void *bytes, size_t len)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    uint64_t value = 0;
    if (EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL) != 1)
        return 0;
    memcpy(&value, digest, sizeof value);
    return value ? value : 1;
}

static bool add_name(const GENERAL_NAME *name, struct cg_holder *out)
{
    unsigned char *der = NULL;
    int len = i2d_GENERAL_NAME((GENERAL_NAME *)(uintptr_t)name, &der);
    uint64_t digest = len > 0 ? cg_digest64(der, (size_t)len) : 0;
    OPENSSL_free(der);
    out->name[out->nnames++] = digest;
    return digest != 0;
}

static bool add_names(const X509 *certificate, struct cg_holder *out)
{
    int critical = -1;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL);
    bool ok = names || critical == -1; /* no extension */
    for (int i = 0; ok && i < sk_GENERAL_NAME_num(names) && out->nnames < CG_HOLDER_NAMES; i++)
        ok = add_name(sk_GENERAL_NAME_value(names, i), out);
    GENERAL_NAMES_free(names);
    return ok;
}

static bool add_subject(const X509 *certificate, struct cg_holder *out)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const unsigned char *der = NULL;
    size_t len = 0;
    if (X509_NAME_entry_count(subject) == 0)
        return true;
    out->subject = X509_NAME_get0_der(subject, &der, &len) == 1 ? cg_digest64(der, len) : 0;
    return out->subject != 0;
}

bool cg_holder_of(const X509 *certificate, const char *username, struct cg_holder *out)
{
    memset(out, 0, sizeof *out);
    ERR_set_mark();
    bool ok = add_subject(certificate, out) && add_names(certificate, out);
    ERR_pop_to_mark();
    if (ok && *username)
        ok = (out->username = cg_digest64(username, strlen(username))) != 0;
    out->key = ok ? cg_digest64(out, sizeof *out) : 0;
    return out->key != 0;
}

void cg_holder_renew(struct cg_holder *holder, const struct cg_holder *renewed)
{
    const struct cg_holder earlier = *holder;
    *holder = *renewed;
    if (!holder->username)
        holder->username = earlier.username;
    if (holder->nnames > 0)
        return;
    memcpy(holder->name, earlier.name, sizeof holder->name);
    holder->nnames = earlier.nnames;
}

static bool share_a_name(const struct cg_holder *a, const struct cg_holder *b)
{
    for (unsigned i = 0; i < a->nnames; i++)
        for (unsigned k = 0; k < b->nnames; k++)
            if (a->name[i] == b->name[k])
                return true;
    return false;
}

bool cg_holder_same(const struct cg_holder *a, const struct cg_holder *b)
{
    if (a->username && b->username)
        return a->username == b->username;
    if (a->subject != b->subject)
        return false;
    bool may_lack_names = a->subject && (a->nnames == 0 || b->nnames == 0);
    return may_lack_names || share_a_name(a, b);
}
