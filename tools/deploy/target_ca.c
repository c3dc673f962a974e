/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "target_ca.h"
#include "core/cert/name.h"
#include "core/file/file.h"
#include "folder.h"
#include "store/index.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdio.h>

#define FILE_LIMIT ((size_t)1 << 20)

/* Without following a planted link. */
static BIO *open_file(const struct cg_target *target, const char *name, struct cg_bytes *bytes)
{
    struct cg_folder folder;
    struct stat st;
    bool ok = cg_folder_open(&folder, target->to, false, NULL) && cg_folder_read(&folder, name, FILE_LIMIT, bytes, &st);
    cg_folder_close(&folder);
    return ok ? BIO_new_mem_buf(bytes->data, (int)bytes->len) : NULL;
}

X509 *cg_target_cert(const struct cg_target *target, struct cg_error *err)
{
    struct cg_bytes bytes = {0};
    BIO *bio = open_file(target, "cert.pem", &bytes);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    if (!cert)
        cg_error_set(err, "cannot read %s/cert.pem: there is no such certificate, or this user may not read it",
                     target->to);
    BIO_free(bio);
    ERR_clear_error();
    cg_bytes_free(&bytes);
    return cert;
}

bool cg_target_is_in_place(const struct cg_ca *ca, const struct cg_target *target)
{
    bool found = false;
    X509 *there = cg_target_cert(target, NULL);
    for (unsigned n = there ? cg_ca_generation(ca, target->name) : 0; n && !found; n--) {
        X509 *cert = cg_ca_generation_cert(ca, target->name, n, NULL);
        found = cert && X509_cmp(cert, there) == 0;
        X509_free(cert);
    }
    X509_free(there);
    return found;
}

static bool is_same_ca(const X509 *one, const X509 *other)
{
    return X509_NAME_cmp(X509_get_subject_name(one), X509_get_subject_name(other)) == 0 &&
           EVP_PKEY_eq(X509_get0_pubkey(one), X509_get0_pubkey(other)) == 1;
}

/* The first certificate of the target's ca.pem, if this CA's root is not in that file; else NULL. */
static X509 *other_ca(const struct cg_ca *ca, const struct cg_target *target)
{
    struct cg_bytes bytes = {0};
    X509 *first = NULL, *next;
    bool ours = false;
    BIO *bio = open_file(target, "ca.pem", &bytes);
    while (bio && !ours && (next = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        ours = is_same_ca(next, ca->root);
        if (first)
            X509_free(next);
        else
            first = next;
    }
    ERR_clear_error();
    BIO_free(bio);
    cg_bytes_free(&bytes);
    if (ours || (first && cg_target_is_in_place(ca, target))) {
        X509_free(first);
        first = NULL;
    }
    return first;
}

/* With the serial number, since many CAs have the same name. */
static const char *ca_text(const X509 *cert, char out[320])
{
    char subject[256], *serial = cg_index_serial(X509_get0_serialNumber(cert));
    cg_name_text(X509_get_subject_name(cert), subject, sizeof subject);
    snprintf(out, 320, "%s, serial %.45s", subject, serial ? serial : "");
    OPENSSL_free(serial);
    return out;
}

bool cg_target_is_of_ca(const struct cg_ca *ca, const struct cg_target *target, struct cg_error *err)
{
    char theirs[320], ours[320], word[PATH_MAX];
    X509 *other = target->is_typed ? NULL : other_ca(ca, target);
    if (other)
        cg_error_set(
            err,
            "cannot deploy to %s: it contains the files of another CA (%s; this CA is %s). Nothing was changed "
            "there. If that CA replaces this one: certguard -C %s deploy %s --forget %s. If this CA is right: "
            "certguard -C %s deploy %s --to %s",
            target->to, ca_text(other, theirs), ca_text(ca->root, ours), ca->word, target->name,
            cg_target_word(target, word), ca->word, target->name, word);
    X509_free(other);
    return !other;
}

bool cg_target_changes_ca(const struct cg_ca *ca, const struct cg_target *target, struct cg_target_change *change)
{
    X509 *other = target->is_typed ? other_ca(ca, target) : NULL;
    if (!other)
        return false;
    ca_text(other, change->theirs);
    ca_text(ca->root, change->ours);
    X509_free(other);
    return true;
}
