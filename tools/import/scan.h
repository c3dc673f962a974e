/* SPDX-License-Identifier: EPL-2.0 OR BSD-3-Clause */
/* Scanning the folder of a CA of another program: `openssl ca`, easy-rsa, or the commands of a tutorial. Files are recognized
 * by their contents, whatever their layout; the folder is only read. The verb import owns the struct; the rest of import
 * reads it. */
#ifndef CG_TOOLS_IMPORT_SCAN_H
#define CG_TOOLS_IMPORT_SCAN_H

#include "lint/read.h"

#include "base/progress.h"
#include "base/secrets.h"

#include <openssl/evp.h>

struct cg_import_scan {
    struct cg_lint_objects objects; /* every certificate, CRL and private key, each with its file */
    char **files;                   /* the names that the objects point to, and those of index.txt and crlnumber */
    size_t nfiles;

    X509 *cert; /* the issuing CA; borrowed from objects, like everything below */
    const char *cert_file;
    EVP_PKEY *key; /* its private key */
    const char *key_file;
    bool key_was_sealed;       /* encrypted with a passphrase */
    X509 *root;                /* cert, or the CA above it */
    EVP_PKEY *root_key;        /* NULL: not found, not decrypted, or root is cert */
    const char *root_key_file; /* an encrypted file with this key; probably, if root_key is NULL */
    const char **index;        /* files: every database of this CA. cg_import_choose_database fills this and the rest */
    size_t nindex;
    const char *number; /* crlnumber; NULL: none */
    const char *step;   /* step-ca's own database, which is not read; NULL: none */
};

struct cg_import_scan_request {
    const char *folder;
    const char *wanted;  /* the file of the CA certificate, if the folder has several CAs; or NULL */
    const char *key_uri; /* of the CA's key, if that is not in the folder; or NULL */
    int64_t now;         /* seconds since 1970 */

    struct cg_passphrase_source passphrase; /* of the CA's key */

    /* Called for every skipped file (a request, notes), with the reason. May be NULL. */
    void (*skipped)(const void *context, const char *why);
    const void *context;          /* of skipped */
    struct cg_progress *progress; /* in files; may be NULL */
};

/* Reads the folder and finds the CA in it. False with what was searched for. Free it in every case. */
bool cg_import_scan_folder(struct cg_import_scan *scan, const struct cg_import_scan_request *request,
                           struct cg_error *err);
void cg_import_scan_free(struct cg_import_scan *scan);

/* Issued by the issuing CA, and not a CA of the scan itself. */
bool cg_import_scan_issued(const struct cg_import_scan *scan, X509 *cert);

/* True if issuer has the issuer's name and signed cert. Empties the OpenSSL error queue. */
bool cg_cert_is_issued_by(X509 *cert, X509 *issuer);

/* The private key of a certificate, if one without a passphrase was found; else NULL. */
EVP_PKEY *cg_import_scan_key_of(const struct cg_import_scan *scan, const X509 *cert);

#endif
