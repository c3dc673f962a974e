/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
#include "scan.h"
#include "base/array.h"
#include "base/failure.h"
#include "ca/key.h"
#include "core/cert/name.h"
#include "core/path/path.h"

#include <openssl/err.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define DEPTH_MAX   6
#define OBJECTS_MAX ((size_t)200000)
#define MORE_KEYS   ((size_t)64) /* encrypted keys that are tried after the first CA key was decrypted */

/* ---- reading the folder ---- */

static const char *keep_name(struct cg_import_scan *scan, const char *path)
{
    char **files = cg_array_grow(scan->files, scan->nfiles, sizeof *files);
    if (!files)
        return NULL;
    scan->files = files;
    return (files[scan->nfiles] = strdup(path)) ? files[scan->nfiles++] : NULL;
}

/* Other files (requests, configuration, notes) are skipped. */
static bool read_file(struct cg_import_scan *scan, const struct cg_import_scan_request *request, const char *path,
                      struct cg_error *err)
{
    struct cg_error why = {""};
    const char *name = keep_name(scan, path);
    if (!name)
        return cg_fail_memory(err);
    cg_progress(request->progress, scan->nfiles, 0);
    if (!cg_lint_objects_read(&scan->objects, name, request->now, &why) && request->skipped)
        request->skipped(request->context, why.text);
    if (scan->objects.count < OBJECTS_MAX)
        return true;
    return cg_fail_text(err, "cannot read %s: more than %zu certificates and keys. Name a folder with fewer", path,
                        OBJECTS_MAX);
}

static bool read_folder(struct cg_import_scan *scan, const struct cg_import_scan_request *request, const char *folder,
                        int depth, struct cg_error *err)
{
    struct dirent **entries = NULL;
    char path[PATH_MAX];
    bool ok = true;
    int n = scandir(folder, &entries, NULL, alphasort);
    if (n < 0)
        return cg_fail_errno(err, "read the folder", folder);
    for (int i = 0; i < n; i++) {
        const char *name = entries[i]->d_name;
        struct stat st;
        /* links to folders are not followed, so that there are no loops */
        if (ok && name[0] != '.' && snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path &&
            lstat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                ok = depth <= 0 || read_folder(scan, request, path, depth - 1, err);
            else if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
                ok = read_file(scan, request, path, err);
        }
        free(entries[i]);
    }
    free(entries);
    return ok;
}

/* ---- finding the CA ---- */

static bool is_ca_with_key(const struct cg_lint_object *cert, const struct cg_lint_object *key)
{
    return cert->kind == CG_LINT_CERTIFICATE && cert->ca && key->kind == CG_LINT_KEY && key->key && cert->key &&
           EVP_PKEY_eq(cert->key, key->key) == 1;
}

static const struct cg_lint_object *key_of(const struct cg_import_scan *scan, const struct cg_lint_object *cert)
{
    for (size_t i = 0; i < scan->objects.count; i++)
        if (is_ca_with_key(cert, &scan->objects.item[i]))
            return &scan->objects.item[i];
    return NULL;
}

/* The number of CA certificates, with their keys or without. */
static size_t count_cas(const struct cg_import_scan *scan, bool with_key)
{
    size_t count = 0;
    for (size_t i = 0; i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        count += o->kind == CG_LINT_CERTIFICATE && o->ca && (key_of(scan, o) != NULL) == with_key;
    }
    return count;
}

static bool is_sealed(const struct cg_lint_object *o)
{
    return o->kind == CG_LINT_KEY && o->encrypted && !o->key;
}

/* Used only if there is no unencrypted CA key. The passphrase is asked for once and tried on each encrypted key, and after
 * the first CA key on a few more: the key of a root may be encrypted too. */
static bool decrypt_keys(struct cg_import_scan *scan, const struct cg_import_scan_request *request,
                         struct cg_error *err)
{
    struct cg_error last = {""};
    size_t more = MORE_KEYS;
    for (size_t i = 0; i < scan->objects.count && more && !(count_cas(scan, true) && !count_cas(scan, false)); i++) {
        struct cg_lint_object *o = &scan->objects.item[i];
        if (!is_sealed(o))
            continue;
        last.text[0] = '\0';
        o->key = cg_key_load_sealed(&request->passphrase, o->file, &last);
        more -= count_cas(scan, true) > 0;
    }
    if (count_cas(scan, true) || !last.text[0])
        return true;
    return cg_fail_text(err, "%s", last.text);
}

static bool is_same_ca(const struct cg_lint_object *a, const struct cg_lint_object *b)
{
    return X509_NAME_cmp(X509_get_subject_name(a->cert), X509_get_subject_name(b->cert)) == 0 &&
           EVP_PKEY_eq(a->key, b->key) == 1;
}

/* A CA may be there twice, or renewed with the same key: the one with the latest expiry is used. */
static bool is_better(const struct cg_lint_object *o, const struct cg_lint_object *best)
{
    return is_same_ca(o, best) ? o->not_after > best->not_after : cg_cert_is_issued_by(o->cert, best->cert);
}

static bool use_ca(struct cg_import_scan *scan, const struct cg_lint_object *o)
{
    const struct cg_lint_object *key = key_of(scan, o);
    scan->cert = o->cert;
    scan->cert_file = o->file;
    scan->key = key->key;
    scan->key_file = key->file;
    scan->key_was_sealed = key->encrypted;
    return true;
}

static bool is_wanted(const struct cg_lint_object *o, const X509 *wanted)
{
    return o->kind == CG_LINT_CERTIFICATE && (!wanted || X509_cmp(o->cert, wanted) == 0);
}

/* Of several CAs, the one below the others is the issuing CA. If there are two, the user must choose. */
static bool choose(struct cg_import_scan *scan, const char *folder, const X509 *wanted, struct cg_error *err)
{
    const struct cg_lint_object *best = NULL, *other = NULL;
    for (size_t i = 0; i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        if (!is_wanted(o, wanted) || !key_of(scan, o))
            continue;
        if (!best || is_better(o, best))
            best = o;
        else if (!is_same_ca(o, best) && !cg_cert_is_issued_by(best->cert, o->cert))
            other = o;
    }
    if (best && !other)
        return use_ca(scan, best);
    if (other)
        cg_error_set(err, "%s and %s are both CAs with a key. Choose one with --ca FILE", best->file, other->file);
    else
        cg_error_set(err,
                     "cannot find a CA with its private key in %s: searched for a certificate with CA:TRUE (or an old "
                     "self-signed one) and its key, for example ca.crt and ca.key",
                     folder);
    return false;
}

/* An encrypted key does not show whose it is: the only one, or the only one with "root" in its name, is the root's. */
static const char *guess_root_key(const struct cg_import_scan *scan)
{
    const char *only = NULL, *called = NULL;
    size_t sealed = 0, named = 0;
    for (size_t i = 0; i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        if (!is_sealed(o))
            continue;
        const char *slash = strrchr(o->file, '/');
        bool is_named = strcasestr(slash ? slash : o->file, "root");
        sealed++;
        named += is_named;
        only = o->file;
        called = is_named ? o->file : called;
    }
    return sealed == 1 ? only : named == 1 ? called : NULL;
}

static bool find_root(struct cg_import_scan *scan, struct cg_error *err)
{
    char subject[512];
    if (cg_path_is_self_signed(scan->cert)) {
        scan->root = scan->cert;
        return true;
    }
    for (size_t i = 0; i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        if (o->kind != CG_LINT_CERTIFICATE || !o->self_issued || !o->key || X509_verify(scan->cert, o->key) != 1)
            continue;
        const struct cg_lint_object *key = key_of(scan, o);
        scan->root = o->cert;
        scan->root_key = key ? key->key : NULL;
        scan->root_key_file = !key ? guess_root_key(scan) : key->encrypted ? key->file : NULL;
        return true;
    }
    ERR_clear_error();
    cg_name_text(X509_get_issuer_name(scan->cert), subject, sizeof subject);
    return cg_fail_text(
        err,
        "cannot find the root: %s was issued by %s, whose self-signed certificate is not in the folder. Put it "
        "there, with or without its key",
        scan->cert_file, subject);
}

/* The key at a URI counts as found. It is read first, so that no other key needs a passphrase. */
static bool read_uri(struct cg_import_scan *scan, const struct cg_import_scan_request *request, struct cg_error *err)
{
    const char *uri = request->key_uri;
    EVP_PKEY *key = uri ? cg_key_by_uri(&request->passphrase, uri, err) : NULL;
    return !uri || (key && cg_lint_objects_key(&scan->objects, uri, request->now, key));
}

bool cg_import_scan_folder(struct cg_import_scan *scan, const struct cg_import_scan_request *request,
                           struct cg_error *err)
{
    *scan = (struct cg_import_scan){.objects.limit = OBJECTS_MAX};
    X509 *named = request->wanted ? cg_cert_load(request->wanted, err) : NULL;
    bool ok = (named || !request->wanted) && read_uri(scan, request, err) &&
              read_folder(scan, request, request->folder, DEPTH_MAX, err) &&
              (count_cas(scan, true) || decrypt_keys(scan, request, err)) &&
              choose(scan, request->folder, named, err) && find_root(scan, err);
    ERR_clear_error();
    X509_free(named);
    return ok;
}

void cg_import_scan_free(struct cg_import_scan *scan)
{
    cg_lint_objects_free(&scan->objects);
    for (size_t i = 0; i < scan->nfiles; i++)
        free(scan->files[i]);
    free(scan->files);
    free(scan->index);
    *scan = (struct cg_import_scan){0};
}

bool cg_cert_is_issued_by(X509 *cert, X509 *issuer)
{
    bool issued = X509_NAME_cmp(X509_get_issuer_name(cert), X509_get_subject_name(issuer)) == 0 &&
                  X509_verify(cert, X509_get0_pubkey(issuer)) == 1;
    ERR_clear_error();
    return issued;
}

bool cg_import_scan_issued(const struct cg_import_scan *scan, X509 *cert)
{
    return cg_cert_is_issued_by(cert, scan->cert) && X509_cmp(cert, scan->cert) != 0 && X509_cmp(cert, scan->root) != 0;
}

EVP_PKEY *cg_import_scan_key_of(const struct cg_import_scan *scan, const X509 *cert)
{
    for (size_t i = 0; i < scan->objects.count; i++) {
        const struct cg_lint_object *o = &scan->objects.item[i];
        if (o->kind == CG_LINT_KEY && o->key && EVP_PKEY_eq(o->key, X509_get0_pubkey(cert)) == 1)
            return o->key;
    }
    return NULL;
}
