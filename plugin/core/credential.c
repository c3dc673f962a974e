/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "credential.h"

#include "core/cert/format.h"
#include "core/cert/name.h"
#include "core/cert/pem.h"
#include "core/file/file.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define CHAIN_MAX        ((size_t)1 << 20)
#define KEY_MAX          ((size_t)256 << 10)
#define CERTIFICATES_MAX 20

/* Called only for an encrypted key: nobody can type a passphrase. */
static int refuse_passphrase(char *buffer, int size, int writing, void *encrypted)
{
    (void)buffer, (void)size, (void)writing;
    *(bool *)encrypted = true;
    return -1;
}

static void explain_key(const char *file, const struct cg_bytes *bytes, bool encrypted, struct cg_error *err)
{
    static const char mark[] = "PRIVATE KEY-----";
    char user[CG_FILE_USER_MAX], word[PATH_MAX];
    cg_file_user(user);
    if (!cg_file_shell_word(file, word, sizeof word))
        snprintf(word, sizeof word, "FILE");
    if (encrypted)
        cg_error_set(err,
                     "%s: the private key is encrypted, and the broker cannot ask for its passphrase. Name a file "
                     "without one: openssl pkey -in %s -out KEY && chown %s KEY && chmod 0600 KEY",
                     file, word, user);
    else if (memmem(bytes->data, bytes->len, mark, strlen(mark)) ||
             !cg_format_explain(file, NULL, bytes->data, bytes->len, CG_WANT_KEY, err))
        cg_error_set(err,
                     "%s: expected a private key in PEM, found none that can be read. Check that it is the right file "
                     "and that it is complete",
                     file);
}

static EVP_PKEY *load_key(const char *file, struct cg_error *err)
{
    struct cg_bytes bytes;
    bool encrypted = false;
    EVP_PKEY *key = NULL;
    if (!cg_file_read(file, CG_FILE_PRIVATE_KEY, KEY_MAX, &bytes, err))
        return NULL;
    ERR_set_mark();
    BIO *bio = BIO_new_mem_buf(bytes.data, (int)bytes.len);
    key = bio ? PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &encrypted) : NULL;
    ERR_pop_to_mark();
    if (!key)
        explain_key(file, &bytes, encrypted, err);
    BIO_free(bio);
    cg_bytes_wipe(&bytes);
    return key;
}

static STACK_OF(X509) *load_chain(const char *file, struct cg_error *err)
{
    struct cg_bytes bytes;
    STACK_OF(X509) *certs = NULL;
    if (!cg_file_read(file, CG_FILE_PUBLIC, CHAIN_MAX, &bytes, err))
        return NULL;
    bool ok = cg_certificates_read(file, bytes.data, bytes.len, CERTIFICATES_MAX, &certs, err);
    cg_bytes_free(&bytes);
    return ok ? certs : NULL;
}

static bool key_fits(const char *chain_file, const char *key_file, const STACK_OF(X509) *certs, EVP_PKEY *key,
                     struct cg_error *err)
{
    int fits = -1;
    ERR_set_mark();
    for (int i = 0; fits < 0 && i < sk_X509_num(certs); i++)
        fits = X509_check_private_key(sk_X509_value(certs, i), key) == 1 ? i : -1;
    ERR_pop_to_mark();
    if (fits > 0)
        cg_error_set(err,
                     "%s: the key %s belongs to certificate %d of the file. Put the broker's own certificate first, "
                     "then its intermediates",
                     chain_file, key_file, fits + 1);
    else if (fits < 0)
        cg_error_set(err,
                     "%s: the key %s belongs to none of its certificates. Use the key that the certificate was issued "
                     "for. One of the two files may be outdated",
                     chain_file, key_file);
    return fits == 0;
}

/* The peer either has the anchor or does not trust it, so it is not sent. */
static void drop_anchors(STACK_OF(X509) *chain)
{
    ERR_set_mark();
    for (int i = sk_X509_num(chain) - 1; i >= 0; i--)
        if (X509_self_signed(sk_X509_value(chain, i), 0) == 1)
            X509_free(sk_X509_delete(chain, i));
    ERR_pop_to_mark();
}

struct cg_credential *cg_credential_load(const char *chain_file, const char *key_file, struct cg_error *err)
{
    struct cg_credential *credential = calloc(1, sizeof *credential);
    if (credential && !(credential->file = strdup(chain_file))) {
        free(credential);
        credential = NULL;
    }
    if (!credential) {
        cg_error_set(err, "%s: out of memory", chain_file);
        return NULL;
    }
    atomic_init(&credential->references, 1);
    atomic_init(&credential->held, false);
    credential->chain = load_chain(chain_file, err);
    credential->key = credential->chain ? load_key(key_file, err) : NULL;
    if (!credential->key || !key_fits(chain_file, key_file, credential->chain, credential->key, err)) {
        cg_credential_free(credential);
        return NULL;
    }
    credential->leaf = sk_X509_shift(credential->chain);
    drop_anchors(credential->chain);
    return credential;
}

const char *cg_credential_key_type(const struct cg_credential *credential)
{
    const EVP_PKEY *key = X509_get0_pubkey(credential->leaf);
    const char *type = key ? EVP_PKEY_get0_type_name(key) : NULL;
    return type ? type : "unknown";
}

bool cg_credential_is_held(const struct cg_credential *credential)
{
    return atomic_load(&((struct cg_credential *)(uintptr_t)credential)->held);
}

void cg_credential_hold(struct cg_credential *credential)
{
    atomic_store(&credential->held, true);
}

void cg_credential_release(const struct cg_credential *credential)
{
    atomic_store(&((struct cg_credential *)(uintptr_t)credential)->held, false);
}

struct cg_credential *cg_credential_ref(struct cg_credential *credential)
{
    if (credential)
        atomic_fetch_add_explicit(&credential->references, 1, memory_order_relaxed);
    return credential;
}

void cg_credential_free(struct cg_credential *credential)
{
    if (!credential || atomic_fetch_sub_explicit(&credential->references, 1, memory_order_acq_rel) != 1)
        return;
    X509_free(credential->leaf);
    sk_X509_pop_free(credential->chain, X509_free);
    EVP_PKEY_free(credential->key);
    free(credential->file);
    free(credential);
}

void cg_credentials_clear(struct cg_credentials *credentials)
{
    for (size_t i = 0; i < credentials->count; i++) {
        cg_credential_free(credentials->item[i]);
        cg_file_states_clear(&credentials->files[i]);
    }
    credentials->count = 0;
}

static bool has_name(const GENERAL_NAMES *names, const GENERAL_NAME *name)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
        if (GENERAL_NAME_cmp((GENERAL_NAME *)(uintptr_t)sk_GENERAL_NAME_value(names, i),
                             (GENERAL_NAME *)(uintptr_t)name) == 0)
            return true;
    return false;
}

bool cg_credential_covers(const struct cg_credential *renewed, const struct cg_credential *old, char *missing,
                          size_t size)
{
    GENERAL_NAMES *had = X509_get_ext_d2i(old->leaf, NID_subject_alt_name, NULL, NULL);
    GENERAL_NAMES *has = X509_get_ext_d2i(renewed->leaf, NID_subject_alt_name, NULL, NULL);
    bool covers = true;
    for (int i = 0; covers && i < sk_GENERAL_NAME_num(had); i++) {
        covers = has_name(has, sk_GENERAL_NAME_value(had, i));
        if (!covers)
            cg_san_text(sk_GENERAL_NAME_value(had, i), missing, size);
    }
    GENERAL_NAMES_free(had);
    GENERAL_NAMES_free(has);
    return covers;
}
