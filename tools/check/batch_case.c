/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "batch_case.h"

#include "core/cert/list.h"
#include "core/cert/name.h"

#include <cjson/cJSON.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* --- anchors --- */

static int trust_id(enum cg_purpose purpose)
{
    return purpose == CG_PURPOSE_SERVER   ? X509_TRUST_SSL_SERVER
           : purpose == CG_PURPOSE_CLIENT ? X509_TRUST_SSL_CLIENT
                                          : X509_TRUST_DEFAULT;
}

/* Adds the certificate's key to the deny list of the case, which starts with that of the policy. */
static bool deny(struct cg_batch_case *c, const X509 *cert)
{
    const struct cg_certificate_list *old = &c->profile.deny;
    struct cg_certificate_match *item = calloc(old->count + 1, sizeof *item);
    struct cg_denied_key *key = calloc(1, sizeof *key);
    if (!item || !key || !cg_spki_sha256(cert, key->sha256)) {
        free(item);
        free(key);
        return false;
    }
    if (old->count)
        memcpy(item, old->item, old->count * sizeof *item);
    item[old->count] = (struct cg_certificate_match){.spki_sha256 = key->sha256,
                                                     .note = "not trusted for this purpose"};
    key->next = c->denied_keys;
    c->denied_keys = key;
    free(c->denied);
    c->denied = item;
    c->profile.deny = (struct cg_certificate_list){.item = item, .count = old->count + 1};
    cg_list_sort(&c->profile.deny);
    return true;
}

static bool add_marked_root(struct cg_batch_case *c, const char *place, X509 *cert, struct cg_error *err)
{
    unsigned char *der = NULL;
    bool rejected = X509_check_trust(cert, trust_id(c->input.purpose), 0) == X509_TRUST_REJECTED;
    int len = i2d_X509(cert, &der); /* without the marks */
    bool ok = len > 0 && (rejected ? deny(c, cert) : cg_trust_add_anchors(c->trust, place, der, (size_t)len, err));
    OPENSSL_free(der);
    return ok;
}

bool cg_batch_add_root(struct cg_batch_case *c, const char *place, const struct cg_bytes *bytes, struct cg_error *err)
{
    const char *mark = "-----BEGIN TRUSTED CERTIFICATE-----";
    if (!memmem(bytes->data, bytes->len, mark, strlen(mark)))
        return cg_trust_add_anchors(c->trust, place, bytes->data, bytes->len, err);
    BIO *bio = BIO_new_mem_buf(bytes->data, (int)bytes->len);
    X509 *cert = bio ? PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL) : NULL;
    bool ok = cert && add_marked_root(c, place, cert, err);
    if (!cert)
        cg_error_set(err, "\"%s\": expected a certificate after \"TRUSTED CERTIFICATE\"", place);
    X509_free(cert);
    BIO_free(bio);
    ERR_clear_error();
    return ok;
}

/* --- CRLs --- */

static void keep_refused(struct cg_batch_case *out, const struct cg_bytes *bytes)
{
    const unsigned char *p = bytes->data;
    BIO *bio = BIO_new_mem_buf(bytes->data, (int)bytes->len);
    X509_CRL *crl = bio ? PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL) : NULL;
    if (!crl)
        crl = d2i_X509_CRL(NULL, &p, (long)bytes->len);
    X509_NAME *issuer = crl ? X509_NAME_dup(X509_CRL_get_issuer(crl)) : NULL;
    if (!issuer || !sk_X509_NAME_push(out->refused_issuers, issuer)) {
        X509_NAME_free(issuer);
        out->refused_unnamed = true;
    }
    X509_CRL_free(crl);
    BIO_free(bio);
    ERR_clear_error();
}

void cg_batch_add_crl(struct cg_batch_case *c, const char *place, const struct cg_bytes *bytes)
{
    struct cg_error refused = {""};
    if (cg_trust_add_crls(c->trust, place, bytes->data, bytes->len, &refused))
        return;
    if (!c->refused_crl.text[0])
        c->refused_crl = refused;
    keep_refused(c, bytes);
}

bool cg_batch_crl_matters(const struct cg_batch_case *c, const struct cg_verdict *verdict)
{
    bool matters = c->refused_unnamed;
    for (int i = 0; i < sk_X509_NAME_num(c->refused_issuers); i++)
        for (int j = 0; j < sk_X509_num(verdict->path); j++)
            matters |= X509_NAME_cmp(sk_X509_NAME_value(c->refused_issuers, i),
                                     X509_get_issuer_name(sk_X509_value(verdict->path, j))) == 0;
    return matters;
}

void cg_batch_trust_sent(struct cg_trust *trust, const STACK_OF(X509) *sent)
{
    for (int i = 0; i < sk_X509_num(sent); i++) {
        X509 *cert = sk_X509_value(sent, i);
        unsigned char *der = NULL;
        bool signs_crls = X509_get_key_usage(cert) != UINT32_MAX && X509_get_key_usage(cert) & KU_CRL_SIGN;
        int len = signs_crls || X509_check_ca(cert) ? i2d_X509(cert, &der) : 0;
        if (len > 0)
            cg_trust_add_intermediates(trust, "sent", der, (size_t)len, NULL);
        OPENSSL_free(der);
    }
}

void cg_batch_case_clear(struct cg_batch_case *c)
{
    cg_trust_free(c->trust);
    X509_free(c->leaf);
    sk_X509_pop_free(c->sent, X509_free);
    sk_X509_NAME_pop_free(c->refused_issuers, X509_NAME_free);
    free(c->host);
    free(c->oids);
    cJSON_Delete(c->json);
    free(c->denied);
    while (c->denied_keys) {
        struct cg_denied_key *key = c->denied_keys;
        c->denied_keys = key->next;
        free(key);
    }
    *c = (struct cg_batch_case){0};
}
