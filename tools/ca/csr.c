/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "csr.h"
#include "base/failure.h"
#include "core/cert/name.h"
#include "core/cert/pem.h"
#include "core/file/file.h"
#include "names.h"
#include "store/owner.h"

#include <openssl/pem.h>

#include <string.h>

#define CSR_LIMIT ((size_t)64 << 10)

/* PEM, or DER without trailing bytes. */
static X509_REQ *decode(const struct cg_bytes *bytes)
{
    const unsigned char *end = bytes->data;
    if (!cg_is_der(bytes->data, bytes->len)) {
        BIO *bio = BIO_new_mem_buf(bytes->data, (int)bytes->len);
        X509_REQ *csr = bio ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
        BIO_free(bio);
        return csr;
    }
    X509_REQ *csr = d2i_X509_REQ(NULL, &end, (long)bytes->len);
    if (csr && end == bytes->data + bytes->len)
        return csr;
    X509_REQ_free(csr);
    return NULL;
}

X509_REQ *cg_csr_load(const char *path, struct cg_error *err)
{
    struct cg_bytes bytes;
    const struct cg_file_user before = cg_owner_outside();
    const bool is_read = cg_file_read(path, CG_FILE_PUBLIC, CSR_LIMIT, &bytes, err);
    cg_owner_back(before);
    if (!is_read)
        return NULL;
    X509_REQ *csr = decode(&bytes);
    EVP_PKEY *key = csr ? X509_REQ_get0_pubkey(csr) : NULL;
    if (!csr || !key || X509_REQ_verify(csr, key) != 1) {
        cg_fail_openssl(err, csr ? "verify" : "read", path);
        cg_error_prefix(err, csr ? "the request is not signed by its own key, so its maker may not have the key"
                                 : "expected a certificate signing request in PEM or DER");
        X509_REQ_free(csr);
        csr = NULL;
    }
    cg_bytes_free(&bytes);
    return csr;
}

static bool check_name(const GENERAL_NAME *name, struct cg_error *err)
{
    char text[512];
    GENERAL_NAMES *scratch = sk_GENERAL_NAME_new_null();
    bool ok = cg_san_is_sound(name);
    cg_san_text(name, text, sizeof text);
    if (!ok)
        cg_error_set(err, "%s: malformed", text);
    /* the other types have no further rules */
    bool typed = cg_san_type(name) & (CG_SAN_DNS | CG_SAN_IP | CG_SAN_URI | CG_SAN_EMAIL);
    ok = ok && scratch && (!typed || cg_san_add(scratch, text, err));
    if (!ok)
        cg_error_prefix(err, "invalid SAN in the request");
    GENERAL_NAMES_free(scratch);
    return ok;
}

GENERAL_NAMES *cg_csr_names(X509_REQ *csr, struct cg_error *err)
{
    STACK_OF(X509_EXTENSION) *extensions = X509_REQ_get_extensions(csr);
    GENERAL_NAMES *names = X509V3_get_d2i(extensions, NID_subject_alt_name, NULL, NULL);
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
    if (!names)
        return sk_GENERAL_NAME_new_null();
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        if (!check_name(sk_GENERAL_NAME_value(names, i), err)) {
            GENERAL_NAMES_free(names);
            return NULL;
        }
    return names;
}

bool cg_csr_common_name(const char *path, char *out, size_t size, struct cg_error *err)
{
    X509_REQ *csr = cg_csr_load(path, err);
    if (!csr)
        return false;
    const X509_NAME *subject = X509_REQ_get_subject_name(csr);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *text = NULL;
    int len = at < 0 ? -1 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    bool ok = len > 0 && cg_text_escape(text, (size_t)len, out, size);
    if (!ok)
        cg_error_set(err, "%s has no common name that can be the name of a folder. Choose a name with --name", path);
    OPENSSL_free(text);
    X509_REQ_free(csr);
    return ok;
}
