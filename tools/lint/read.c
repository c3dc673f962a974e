/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "read.h"

#include "core/base/datetime.h"
#include "core/cert/format.h"
#include "core/file/file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_LIMIT (256U << 20)

static struct cg_lint_object *add(struct cg_lint_objects *objects, enum cg_lint_kind kind, const char *file,
                                  int64_t now)
{
    struct cg_lint_object *item = NULL;
    if (objects->count < objects->limit)
        item = realloc(objects->item, (objects->count + 1) * sizeof *item);
    if (!item)
        return NULL;
    objects->item = item;
    item += objects->count++;
    *item = (struct cg_lint_object){.kind = kind, .file = file, .now = now};
    return item;
}

bool cg_lint_objects_certificate(struct cg_lint_objects *objects, const char *file, int64_t now, X509 *cert)
{
    struct cg_lint_object *o = add(objects, CG_LINT_CERTIFICATE, file, now);
    if (!o || !X509_up_ref(cert))
        return false;
    o->cert = cert;
    return cg_lint_read_facts(o);
}

static int64_t seconds(const ASN1_TIME *time)
{
    int64_t t = CG_TIME_NONE;
    (void)cg_time_seconds(time, &t);
    return t;
}

bool cg_lint_objects_crl(struct cg_lint_objects *objects, const char *file, int64_t now, X509_CRL *crl)
{
    struct cg_lint_object *o = add(objects, CG_LINT_CRL, file, now);
    if (!o || !X509_CRL_up_ref(crl))
        return false;
    o->crl = crl;
    o->not_before = seconds(X509_CRL_get0_lastUpdate(crl));
    o->not_after = seconds(X509_CRL_get0_nextUpdate(crl));
    return true;
}

static bool add_key(struct cg_lint_objects *objects, const char *file, int64_t now, EVP_PKEY *key, bool encrypted,
                    bool old_cipher)
{
    struct stat st = {0};
    struct cg_lint_object *o = add(objects, CG_LINT_KEY, file, now);
    if (!o) {
        EVP_PKEY_free(key);
        return false;
    }
    stat(file, &st);
    o->key = key;
    o->mode = st.st_mode;
    o->encrypted = encrypted;
    o->old_cipher = old_cipher;
    return true;
}

bool cg_lint_objects_key(struct cg_lint_objects *objects, const char *file, int64_t now, EVP_PKEY *key)
{
    return add_key(objects, file, now, key, false, false);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Blocks of other kinds (parameters, requests, public keys) are skipped. */
static bool add_pem(struct cg_lint_objects *objects, const char *file, int64_t now, const char *name,
                    const char *header, const unsigned char *der, long len)
{
    const unsigned char *p = der;
    bool ok = true;
    if (strcmp(name, PEM_STRING_X509) == 0 || strcmp(name, PEM_STRING_X509_OLD) == 0 ||
        strcmp(name, PEM_STRING_X509_TRUSTED) == 0) {
        X509 *cert = strcmp(name, PEM_STRING_X509_TRUSTED) == 0 ? d2i_X509_AUX(NULL, &p, len) : d2i_X509(NULL, &p, len);
        ok = cert && p == der + len && cg_lint_objects_certificate(objects, file, now, cert);
        X509_free(cert);
    } else if (strcmp(name, PEM_STRING_X509_CRL) == 0) {
        X509_CRL *crl = d2i_X509_CRL(NULL, &p, len);
        ok = crl && p == der + len && cg_lint_objects_crl(objects, file, now, crl);
        X509_CRL_free(crl);
    } else if (strcmp(name, PEM_STRING_PKCS8) == 0) {
        ok = add_key(objects, file, now, NULL, true, false);
    } else if (ends_with(name, "PRIVATE KEY")) {
        bool encrypted = strstr(header, "ENCRYPTED");
        ok = add_key(objects, file, now, encrypted ? NULL : d2i_AutoPrivateKey(NULL, &p, len), encrypted, encrypted);
    }
    return ok;
}

static bool read_pem(struct cg_lint_objects *objects, const char *file, int64_t now, const struct cg_bytes *bytes,
                     struct cg_error *err)
{
    BIO *bio = BIO_new_mem_buf(bytes->data, (int)bytes->len);
    char *name = NULL, *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    bool ok = bio;
    for (int block = 1; ok && PEM_read_bio(bio, &name, &header, &der, &len); block++) {
        ok = add_pem(objects, file, now, name, header, der, len);
        if (!ok)
            cg_error_set(err, "cannot read %s: PEM block %d (%s) is malformed, or there are more than %zu objects",
                         file, block, name, objects->limit);
        OPENSSL_free(name);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)len);
    }
    ERR_clear_error();
    BIO_free(bio);
    return ok;
}

static bool read_der(struct cg_lint_objects *objects, const char *file, int64_t now, const struct cg_bytes *bytes)
{
    const unsigned char *p = bytes->data, *end = p + bytes->len;
    bool ok = false;
    X509 *cert = d2i_X509(NULL, &p, (long)bytes->len);
    if (cert && p == end)
        ok = cg_lint_objects_certificate(objects, file, now, cert);
    X509_free(cert);
    if (ok)
        return true;
    X509_CRL *crl = d2i_X509_CRL(NULL, (p = bytes->data, &p), (long)bytes->len);
    if (crl && p == end)
        ok = cg_lint_objects_crl(objects, file, now, crl);
    X509_CRL_free(crl);
    if (ok)
        return true;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, (p = bytes->data, &p), (long)bytes->len);
    if (key && p == end)
        return add_key(objects, file, now, key, false, false);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return false;
}

bool cg_lint_objects_read(struct cg_lint_objects *objects, const char *file, int64_t now, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    size_t before = objects->count;
    /* CG_FILE_PUBLIC, although keys are read too: a key that everyone can read is a finding, not an error. */
    if (!cg_file_read(file, CG_FILE_PUBLIC, FILE_LIMIT, &bytes, err))
        return false;
    bool ok = true;
    if (memmem(bytes.data, bytes.len, "-----BEGIN ", 11))
        ok = read_pem(objects, file, now, &bytes, err);
    else
        read_der(objects, file, now, &bytes);
    if (ok && objects->count == before) {
        if (!cg_format_explain(file, NULL, bytes.data, bytes.len, CG_WANT_CERTIFICATES, err))
            cg_error_set(err, "%s: expected certificates, CRLs or private keys in PEM or DER, found none", file);
        ok = false;
    }
    cg_bytes_wipe(&bytes);
    return ok;
}

void cg_lint_objects_free(struct cg_lint_objects *objects)
{
    for (size_t i = 0; i < objects->count; i++) {
        struct cg_lint_object *o = &objects->item[i];
        EVP_PKEY_free(o->key);
        X509_free(o->cert);
        cg_lint_free_facts(o);
        X509_CRL_free(o->crl);
    }
    free(objects->item);
    *objects = (struct cg_lint_objects){0};
}
