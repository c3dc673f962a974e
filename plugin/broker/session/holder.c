/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "holder.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
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

/* Room for nnames; the digests are 0. */
static struct cg_holder *new_holder(unsigned nnames)
{
    struct cg_holder *holder = calloc(1, sizeof *holder + nnames * sizeof holder->name[0]);
    if (holder)
        *holder = (struct cg_holder){.nnames = nnames, .references = 1};
    return holder;
}

static bool set_key(struct cg_holder *holder)
{
    uint64_t members[3 + CG_HOLDER_NAMES] = {holder->username, holder->subject, holder->nnames};
    memcpy(members + 3, holder->name, holder->nnames * sizeof holder->name[0]);
    holder->key = cg_digest64(members, sizeof members);
    return holder->key != 0;
}

static uint64_t digest_name(const GENERAL_NAME *name)
{
    unsigned char *der = NULL;
    int len = i2d_GENERAL_NAME((GENERAL_NAME *)(uintptr_t)name, &der);
    uint64_t digest = len > 0 ? cg_digest64(der, (size_t)len) : 0;
    OPENSSL_free(der);
    return digest;
}

static bool set_subject(struct cg_holder *holder, const X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    const unsigned char *der = NULL;
    size_t len = 0;
    if (X509_NAME_entry_count(subject) == 0)
        return true;
    holder->subject = X509_NAME_get0_der(subject, &der, &len) == 1 ? cg_digest64(der, len) : 0;
    return holder->subject != 0;
}

static bool set_members(struct cg_holder *holder, const X509 *certificate, const GENERAL_NAMES *names,
                        const char *username)
{
    for (unsigned i = 0; i < holder->nnames; i++)
        if (!(holder->name[i] = digest_name(sk_GENERAL_NAME_value(names, (int)i))))
            return false;
    if (*username && !(holder->username = cg_digest64(username, strlen(username))))
        return false;
    return set_subject(holder, certificate) && set_key(holder);
}

struct cg_holder *cg_holder_of(const X509 *certificate, const char *username)
{
    int critical = -1;
    ERR_set_mark();
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, NULL);
    int count = sk_GENERAL_NAME_num(names) > 0 ? sk_GENERAL_NAME_num(names) : 0;
    bool readable = names || critical == -1; /* or no extension */
    struct cg_holder *holder = readable ? new_holder(count < CG_HOLDER_NAMES ? (unsigned)count : CG_HOLDER_NAMES)
                                        : NULL;
    if (holder && !set_members(holder, certificate, names, username)) {
        cg_holder_free(holder);
        holder = NULL;
    }
    GENERAL_NAMES_free(names);
    ERR_pop_to_mark();
    return holder;
}

struct cg_holder *cg_holder_ref(struct cg_holder *holder)
{
    if (holder)
        holder->references++;
    return holder;
}

void cg_holder_free(struct cg_holder *holder)
{
    if (holder && --holder->references == 0)
        free(holder);
}

void cg_holder_renew(struct cg_holder **holder, struct cg_holder *renewed)
{
    struct cg_holder *earlier = *holder, *merged;
    bool lacks_username = earlier && !renewed->username && earlier->username;
    bool lacks_names = earlier && !renewed->nnames && earlier->nnames;
    if (!lacks_username && !lacks_names) {
        merged = cg_holder_ref(renewed);
    } else {
        const struct cg_holder *named = lacks_names ? earlier : renewed;
        merged = new_holder(named->nnames);
        if (!merged)
            return;
        merged->key = renewed->key;
        merged->username = (lacks_username ? earlier : renewed)->username;
        merged->subject = renewed->subject;
        memcpy(merged->name, named->name, named->nnames * sizeof named->name[0]);
    }
    cg_holder_free(earlier);
    *holder = merged;
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
